#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checked.h"
#include "unpack.h"

namespace bart {

[[noreturn]] void truncated_png();

/// A chunk of a PNG (W3C, PNG Specification, section 5.3).
struct PngChunk {
  std::string_view name;
  std::size_t at = 0;      // of its data in the file
  std::size_t length = 0;  // as stated
};

/// The header of the chunk at `at`; nothing where the file ends or no chunk name stands there.
std::optional<PngChunk> png_chunk_at(Bytes file, std::size_t at);

struct PngHeader {
  std::int64_t width = 0, height = 0;
  Packing packing{};
  const char* mode = nullptr;  // nullptr: an impossible combination of bits and colours
  bool interlaced = false;
};

/// The content of the chunks besides the pixels. It accepts and refuses the same as Pillow's
/// PngImagePlugin.py.
struct PngFacts {
  std::optional<PngHeader> header;
  Palette palette{};
  std::vector<std::uint8_t> exif;
  std::string exif_profile, xmp;          // from text chunks: a hex dump with three lines before it; XML
  std::optional<std::uint32_t> frames;    // of an animation
  std::optional<std::uint32_t> sequence;  // the last number of an animation's chunks
  struct Box {
    std::uint32_t left, top, width, height;
  };
  std::optional<Box> frame;
  std::size_t text_size = 0, inflated = 0;

  /// Takes the content of the chunk. Throws PictureError if Pillow refuses it.
  void read(Bytes file, const PngChunk& chunk);

 private:
  void read_text(std::string_view key, std::string value);
  void read_international_text(Bytes data);
  void read_frame(Bytes data);
  void read_frame_data(Bytes data);
};

}  // namespace bart
