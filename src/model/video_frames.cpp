#include "bart/model/video_frames.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>
#include <string_view>
#include <utility>

#include "bart/dataset/read_picture_file.h"
#include "bart/pictures/picture_format.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr std::array endings = {".mp4", ".m4v",  ".mov", ".avi", ".mkv", ".webm", ".wmv",
                                ".mpg", ".mpeg", ".flv", ".3gp", ".ogv", ".m2ts", ".mts"};

// ffmpeg's names of what it may take the file for. Playlists (hls, concat) and the like, which name other
// files, are not among them.
constexpr const char* containers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,h264,hevc";

constexpr std::string_view png_signature = "\x89PNG\r\n\x1a\n";

/// Whether the first bytes are those of an ISO base media file (MP4, QuickTime), Matroska, AVI, Flash Video,
/// Ogg, ASF or an MPEG program stream.
bool has_video_signature(std::string_view bytes) {
  if (bytes.size() < 12) return false;
  return bytes.substr(4, 4) == "ftyp" || bytes.starts_with("\x1a\x45\xdf\xa3") ||
         (bytes.starts_with("RIFF") && bytes.substr(8, 4) == "AVI ") || bytes.starts_with("FLV\x01") ||
         bytes.starts_with("OggS") || bytes.starts_with("\x30\x26\xb2\x75\x8e\x66\xcf\x11") ||
         bytes.starts_with(std::string_view("\0\0\x01\xba", 4));
}

/// Of big-endian bytes.
std::uint32_t number_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

/// The arguments of ffmpeg. Each frame that leaves the filters is announced on stderr with its time.
std::vector<std::string> arguments_for(const fs::path& video, double every) {
  std::string filter = "showinfo=checksum=0";
  if (every > 0) {
    filter = fmt::format("select=isnan(prev_selected_t)+gt(floor(t/{0})\\,floor(prev_selected_t/{0})),{1}",
                         every, filter);
  }
  return {"ffmpeg",
          "-nostdin",
          "-hide_banner",
          "-nostats",
          "-loglevel",
          "info",
          "-threads",
          "1",
          "-protocol_whitelist",
          "file,pipe",
          "-format_whitelist",
          containers,
          "-i",
          "file:" + video.string(),
          "-map",
          "0:v:0",
          "-vf",
          filter,
          "-fps_mode",
          "passthrough",
          "-c:v",
          "png",
          "-pix_fmt",
          "rgb24",
          "-f",
          "image2pipe",
          "-"};
}

}  // namespace

bool is_video(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  std::array<char, picture_format_bytes> first{};
  std::ifstream file(path, std::ios::binary);
  file.read(first.data(), first.size());
  const std::string_view bytes(first.data(), static_cast<std::size_t>(file.gcount()));
  const auto format = picture_format_of({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  if (format) return format->name.ends_with(" videos");
  if (has_video_signature(bytes)) return true;
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(endings, ending) != endings.end();
}

VideoFrames::VideoFrames(const fs::path& video, double every) : video_(video) {
  int pictures[2], messages[2];
  if (::pipe2(pictures, O_CLOEXEC) != 0) throw Error(std::strerror(errno));
  pictures_ = pictures[0];
  if (::pipe2(messages, O_CLOEXEC) != 0) {
    const int error = errno;
    ::close(pictures[0]);
    ::close(pictures[1]);
    throw Error(std::strerror(error));
  }
  messages_ = messages[0];
  std::vector<std::string> arguments = arguments_for(video, every);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pictures[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, messages[1], STDERR_FILENO);
  pid_t process = -1;
  const int error = ::posix_spawnp(&process, "ffmpeg", &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pictures[1]);
  ::close(messages[1]);
  if (error == 0) {
    process_ = process;
    return;
  }
  ::close(pictures_);
  ::close(messages_);
  if (error == ENOENT) {
    throw Error(
        "this is a video, and the program ffmpeg, which reads its frames, is not installed: install ffmpeg "
        "(on Debian and Ubuntu: apt install ffmpeg)");
  }
  throw Error(fmt::format("cannot start ffmpeg, which reads videos: {}", std::strerror(error)));
}

VideoFrames::~VideoFrames() {
  if (process_ > 0) ::kill(process_, SIGKILL);
  for (const int fd : {pictures_, messages_}) {
    if (fd >= 0) ::close(fd);
  }
  if (process_ > 0) {
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

std::optional<VideoFrame> VideoFrames::next() {
  std::optional<std::vector<std::uint8_t>> picture;
  for (;;) {
    if (!picture) picture = take_picture();
    if (picture && taken_ < times_.size()) return VideoFrame{times_[taken_++], std::move(*picture)};
    if (pictures_ < 0 && messages_ < 0) break;
    read_some();
  }
  finish();
  if (picture || begin_ < bytes_.size()) throw Error("ffmpeg ended within a frame");
  return std::nullopt;
}

/// Waits for output of ffmpeg and reads it.
void VideoFrames::read_some() {
  pollfd ready[] = {{pictures_, POLLIN, 0}, {messages_, POLLIN, 0}};
  if (::poll(ready, 2, -1) < 0) {
    if (errno == EINTR) return;
    throw Error(fmt::format("cannot read from ffmpeg: {}", std::strerror(errno)));
  }
  std::array<char, 65536> piece;
  const auto read_from = [&](const pollfd& one, int& fd) -> std::string_view {
    if (one.fd < 0 || one.revents == 0) return {};
    const ssize_t size = ::read(fd, piece.data(), piece.size());
    if (size > 0) return {piece.data(), static_cast<std::size_t>(size)};
    if (size == 0 || errno != EINTR) ::close(std::exchange(fd, -1));
    return {};
  };
  const std::string_view pixels = read_from(ready[0], pictures_);
  if (begin_ > 0) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  bytes_.insert(bytes_.end(), pixels.begin(), pixels.end());
  text_ += read_from(ready[1], messages_);
  take_messages();
}

/// The first whole PNG file of what was read, which consists of chunks up to IEND (PNG specification, 5.3).
std::optional<std::vector<std::uint8_t>> VideoFrames::take_picture() {
  const std::span<const std::uint8_t> left = std::span(bytes_).subspan(begin_);
  if (left.size() < png_signature.size()) return std::nullopt;
  if (!std::ranges::equal(left.first(png_signature.size()), png_signature,
                          [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); })) {
    throw Error("ffmpeg did not return PNG pictures");
  }
  std::size_t at = png_signature.size();
  while (at + 8 <= left.size()) {
    const bool last = std::memcmp(left.data() + at + 4, "IEND", 4) == 0;
    at += std::size_t{12} + number_at(left, at);
    if (at > max_picture_file_bytes) throw Error("a frame is larger than a picture file may be");
    if (last && at <= left.size()) {
      begin_ += at;
      return std::vector<std::uint8_t>(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  if (left.size() > max_picture_file_bytes) throw Error("a frame is larger than a picture file may be");
  return std::nullopt;
}

/// Takes the times of frames from lines such as "[Parsed_showinfo_0 @ 0x55] n: 3 pts: 1 pts_time:0.12 …".
void VideoFrames::take_messages() {
  for (std::size_t end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
    const std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    if (line.find("Parsed_showinfo") == std::string::npos) {
      const bool indented = line.starts_with(' ');
      if (line.find("not on whitelist") != std::string::npos) other_kind_ = true;
      if (!line.empty() && !indented) last_error_ = line;
      continue;
    }
    constexpr std::string_view key = "pts_time:";
    const std::size_t found = line.find(key);
    if (found == std::string::npos) continue;
    const double seconds = std::strtod(line.c_str() + found + key.size(), nullptr);
    times_.push_back(std::isfinite(seconds) ? seconds : 0);
  }
  if (text_.size() > 65536) text_.clear();  // no line of ffmpeg's is so long
}

/// Takes ffmpeg's exit status.
void VideoFrames::finish() {
  if (process_ < 0) return;
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  if (status == 0) return;
  if (other_kind_) throw Error("this is not a video, or a playlist, which is not read");
  std::string reason = last_error_;
  const std::string prefix = "file:" + video_.string() + ": ";
  if (reason.starts_with(prefix)) reason.erase(0, prefix.size());
  throw Error(fmt::format("ffmpeg cannot read this video{}{}", reason.empty() ? "" : ": ", reason));
}

std::string frame_name(const std::string& video, double seconds) {
  return fmt::format("{}#t={:.3f}", video, seconds);
}

}  // namespace bart
