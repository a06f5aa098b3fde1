#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bart {

/// Whether the file is a video by its first bytes or, where those are not known, by its ending. A picture is
/// none, whatever its ending.
bool is_video(const std::filesystem::path& path);

struct VideoFrame {
  double seconds;                 // its time in the video
  std::vector<std::uint8_t> png;  // the encoded picture, turned upright as the video says
};

/// The frames of a video, which the program ffmpeg decodes. The file is read only as a video (no playlist,
/// script or address is followed), and no shell is involved. ffmpeg ends with this object.
class VideoFrames {
 public:
  /// With `every` above 0: the first frame at or after each multiple of this many seconds; else all frames.
  /// Throws Error when ffmpeg is not installed.
  VideoFrames(const std::filesystem::path& video, double every);
  ~VideoFrames();
  VideoFrames(const VideoFrames&) = delete;
  VideoFrames& operator=(const VideoFrames&) = delete;

  /// The next frame; nothing after the last. Throws Error with ffmpeg's reason when the video cannot be read
  /// to its end or a frame is larger than a picture file may be.
  std::optional<VideoFrame> next();

 private:
  void read_some();
  std::optional<std::vector<std::uint8_t>> take_picture();
  void take_messages();
  void finish();

  std::filesystem::path video_;
  int process_ = -1;
  int pictures_ = -1, messages_ = -1;  // descriptors of ffmpeg's stdout and stderr; -1: at their end
  std::vector<std::uint8_t> bytes_;    // of pictures, from `begin_` on not taken yet
  std::size_t begin_ = 0;
  std::string text_;         // the start of a line of messages
  std::string last_error_;   // the last message that is not about a frame
  bool other_kind_ = false;  // ffmpeg took the file for something that it may not read
  std::vector<double> times_;
  std::size_t taken_ = 0;
};

/// The name of a frame in results, after the W3C's media fragments: "clip.mp4#t=12.480".
std::string frame_name(const std::string& video, double seconds);

}  // namespace bart
