// The format: W3C, Portable Network Graphics (PNG) Specification (Second Edition).
#include "bart/pictures/encode_png.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <span>
#include <string_view>

#include "bart/platform/error.h"
#include "checked.h"

namespace bart {
namespace {

using Buffer = std::vector<std::uint8_t>;

constexpr std::size_t pixel_bytes = 3;

void append_big_endian(Buffer& to, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(number >> shift));
}

void append_chunk(Buffer& to, std::string_view type, std::span<const std::uint8_t> data) {
  append_big_endian(to, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = to.size();
  std::copy(type.begin(), type.end(), std::back_inserter(to));
  std::copy(data.begin(), data.end(), std::back_inserter(to));
  const auto checked = std::span<const std::uint8_t>(to).subspan(start);
  append_big_endian(to, static_cast<std::uint32_t>(::crc32_z(0, checked.data(), checked.size())));
}

/// Section 9.4.
int paeth(int left, int above, int corner) {
  const int estimate = left + above - corner;
  const int to_left = std::abs(estimate - left);
  const int to_above = std::abs(estimate - above);
  const int to_corner = std::abs(estimate - corner);
  if (to_left <= to_above && to_left <= to_corner) return left;
  return to_above <= to_corner ? above : corner;
}

/// A row filtered by type 0 to 4 (section 9.2), the type before it.
Buffer filtered(int type, std::span<const std::uint8_t> row, std::span<const std::uint8_t> above) {
  Buffer result = {static_cast<std::uint8_t>(type)};
  result.reserve(row.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const int a = i >= pixel_bytes ? row[i - pixel_bytes] : 0;
    const int b = above[i];
    const int c = i >= pixel_bytes ? above[i - pixel_bytes] : 0;
    const std::array<int, 5> predicted = {0, a, b, (a + b) / 2, paeth(a, b, c)};
    result.push_back(static_cast<std::uint8_t>(row[i] - predicted[static_cast<std::size_t>(type)]));
  }
  return result;
}

/// The filter whose bytes, taken as signed, have the smallest sum: section 12.8's heuristic.
Buffer best_filtered(std::span<const std::uint8_t> row, std::span<const std::uint8_t> above) {
  Buffer best;
  long smallest = std::numeric_limits<long>::max();
  for (int type = 0; type <= 4; ++type) {
    Buffer candidate = filtered(type, row, above);
    long sum = 0;
    for (std::size_t i = 1; i < candidate.size(); ++i)
      sum += std::abs(static_cast<std::int8_t>(candidate[i]));
    if (sum < smallest) {
      smallest = sum;
      best = std::move(candidate);
    }
  }
  return best;
}

}  // namespace

std::vector<std::uint8_t> encode_png(const Picture& picture) {
  check_whole(picture);
  const std::size_t row_bytes = static_cast<std::size_t>(picture.width) * pixel_bytes;
  const Buffer nothing(row_bytes, 0);
  std::span<const std::uint8_t> above = nothing;
  Buffer lines;
  for (int y = 0; y < picture.height; ++y) {
    const auto row = std::span(picture.pixels).subspan(static_cast<std::size_t>(y) * row_bytes, row_bytes);
    const Buffer line = best_filtered(row, above);
    lines.insert(lines.end(), line.begin(), line.end());
    above = row;
  }
  uLongf size = ::compressBound(static_cast<uLong>(lines.size()));
  Buffer compressed(size);
  if (::compress2(compressed.data(), &size, lines.data(), static_cast<uLong>(lines.size()), 6) != Z_OK) {
    throw Error("zlib cannot compress a picture: out of memory");
  }
  compressed.resize(size);

  Buffer png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  Buffer header;
  append_big_endian(header, static_cast<std::uint32_t>(picture.width));
  append_big_endian(header, static_cast<std::uint32_t>(picture.height));
  // Bit depth 8, colour type 2 (RGB), the only methods of compression, filter; not interlaced.
  for (const std::uint8_t byte : {8, 2, 0, 0, 0}) header.push_back(byte);
  append_chunk(png, "IHDR", header);
  append_chunk(png, "IDAT", compressed);
  append_chunk(png, "IEND", {});
  return png;
}

}  // namespace bart
