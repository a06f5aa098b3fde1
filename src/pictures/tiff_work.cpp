#include "tiff_work.h"

#include <tiffio.h>

#include <algorithm>

#include "decode_jpeg.h"

namespace bart {
namespace {

// What all strips or tiles may hold inflated, and what those that share bytes may have stored beyond the file
// itself.
constexpr std::uint64_t max_block_bytes = std::uint64_t{1} << 32, max_shared_bytes = std::uint64_t{1} << 24;

// The nanoseconds that a processor may take to inflate them. The costs below are what it was measured
// to take for what inflates most, which is zeros. The largest picture that is read, of 1.4 GB, takes nearly
// all of it by LZMA with a predictor.
constexpr std::uint64_t max_nanoseconds = 4'500'000'000;

struct Cost {
  std::uint64_t byte, row;
};

Cost cost_of(std::uint16_t compression, std::uint16_t predictor, std::uint64_t bits,
             std::uint64_t components) {
  Cost cost{3, 12};
  switch (compression) {
    case COMPRESSION_CCITTRLE:
    case COMPRESSION_CCITTRLEW:
    case COMPRESSION_CCITTFAX3:
    case COMPRESSION_CCITTFAX4:
    case COMPRESSION_LZW:
    case COMPRESSION_OJPEG:
    case COMPRESSION_JPEG:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_ZSTD:
      cost.byte = 1;
      break;
    case COMPRESSION_LZMA:
      cost.byte = 2;
      break;
    default:
      break;
  }
  // libtiff has fast loops for pixels of three and four samples.
  if (predictor == PREDICTOR_HORIZONTAL) cost.byte += bits == 8 && components != 3 && components != 4 ? 2 : 1;
  if (predictor == PREDICTOR_FLOATINGPOINT) cost = {cost.byte + 3, 64};
  return cost;
}

std::uint64_t blocks_of_side_8(std::uint64_t width, std::uint64_t height, std::uint64_t components) {
  return checked_product((width + 7) / 8, (height + 7) / 8, components);
}

// The blocks of 8x8 that the scans of a JPEG stream visit, all of them in each scan: 0 for a single scan,
// which goes through a picture once. libtiff reads a stream that is higher than its strip, too. Arithmetic
// coding can make each block take eight times as long and longer with hardly a byte for it.
std::uint64_t visited_blocks(Bytes jpeg, std::uint64_t blocks) {
  std::uint64_t scans = 0;
  bool arithmetic = false;
  for (std::size_t at = 0; at + 4 <= jpeg.size();) {
    const std::uint8_t marker = jpeg[at + 1];
    // Markers of a segment, which has a length; between them lie the scans' data, and fill bytes.
    if (jpeg[at] != 0xFF || marker < 0xC0 || marker == 0xFF || (marker >= 0xD0 && marker <= 0xD9)) {
      ++at;
      continue;
    }
    const bool frame = marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame && at + 10 <= jpeg.size())
      blocks = std::max(blocks, blocks_of_side_8(u16_be(jpeg, at + 7), u16_be(jpeg, at + 5), jpeg[at + 9]));
    arithmetic = arithmetic || (frame && marker >= 0xC9);
    if (marker == 0xDA) ++scans;
    at += 2 + std::max<std::size_t>(u16_be(jpeg, at + 2), 2);
  }
  return arithmetic || scans > 1 ? checked_product(scans, blocks, arithmetic ? 8 : 1) : 0;
}

std::uint16_t short_field(TIFF* tiff, std::uint32_t tag) {
  std::uint16_t value = 0;
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}

}  // namespace

void check_tiff_work(TIFF* tiff, Bytes file, std::uint64_t block_bytes) {
  const bool tiled = TIFFIsTiled(tiff);
  const std::uint32_t blocks = tiled ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
  std::uint32_t width = 0, height = 0, rows = 0;
  TIFFGetField(tiff, tiled ? TIFFTAG_TILEWIDTH : TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, tiled ? TIFFTAG_TILELENGTH : TIFFTAG_IMAGELENGTH, &height);
  if (!tiled && TIFFGetField(tiff, TIFFTAG_ROWSPERSTRIP, &rows) == 1) height = std::min(height, rows);
  const std::uint16_t compression = short_field(tiff, TIFFTAG_COMPRESSION);
  const std::uint64_t components = short_field(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE
                                       ? 1
                                       : short_field(tiff, TIFFTAG_SAMPLESPERPIXEL);
  const Cost cost = cost_of(compression, short_field(tiff, TIFFTAG_PREDICTOR),
                            short_field(tiff, TIFFTAG_BITSPERSAMPLE), components);
  const std::uint64_t inflated = checked_product(blocks, block_bytes);
  if (inflated > max_block_bytes || checked_sum(checked_product(inflated, cost.byte),
                                                checked_product(blocks, height, cost.row)) > max_nanoseconds)
    throw PictureError("broken TIFF: its strips or tiles hold far more than the picture");

  const std::uint64_t blocks_of_8 = blocks_of_side_8(width, height, components);

  std::uint64_t stored = 0, visited = 0;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const Bytes bytes = slice(file, TIFFGetStrileOffset(tiff, i), TIFFGetStrileByteCount(tiff, i));
    stored += bytes.size();
    if (stored > file.size() + std::max<std::uint64_t>(max_shared_bytes, file.size()))
      throw PictureError("broken TIFF: its strips or tiles share far more of the file than a picture's do");
    if (compression == COMPRESSION_JPEG) visited = checked_sum(visited, visited_blocks(bytes, blocks_of_8));
    if (visited > max_visited_blocks)
      throw PictureError("broken TIFF: its JPEG data has far more scans than its pixels need");
  }
}

}  // namespace bart
