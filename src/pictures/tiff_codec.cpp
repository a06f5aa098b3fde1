#include "tiff_codec.h"

#include <tiffio.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tiff_work.h"

namespace bart {
namespace {

// The file in memory that libtiff reads, and libtiff's last message.
struct Source {
  Bytes file;
  std::uint64_t at = 0;
  char message[256] = "it cannot be decoded";
};

Source& source_of(thandle_t handle) {
  return *static_cast<Source*>(handle);
}

tmsize_t read_source(thandle_t handle, void* to, tmsize_t size) {
  Source& source = source_of(handle);
  const Bytes bytes = slice(source.file, source.at, std::size_t(std::max<tmsize_t>(size, 0)));
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  source.at += bytes.size();
  return tmsize_t(bytes.size());
}

toff_t seek_source(thandle_t handle, toff_t offset, int whence) {
  Source& source = source_of(handle);
  source.at = offset + (whence == SEEK_CUR ? source.at : whence == SEEK_END ? source.file.size() : 0);
  return source.at;
}

// Each handle has handlers of its own: libtiff's global ones would be shared by all threads.
int keep_message(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  Source& source = source_of(user);
  std::vsnprintf(source.message, sizeof source.message, format, arguments);
  for (char& c : source.message)
    if (c == '\n') c = ' ';
  return 1;
}

int ignore_message(TIFF*, void*, const char*, const char*, va_list) {
  return 1;
}

using Tiff = std::unique_ptr<TIFF, void (*)(TIFF*)>;

Tiff open_tiff(Source& source) {
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), tmsize_t{1} << 30);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_message, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore_message, nullptr);
  return {TIFFClientOpenExt(
              "TIFF", "rCm", &source, read_source, [](thandle_t, void*, tmsize_t) { return tmsize_t{0}; },
              seek_source, [](thandle_t) { return 0; },
              [](thandle_t handle) { return toff_t(source_of(handle).file.size()); },
              [](thandle_t, void**, toff_t*) { return 0; }, [](thandle_t, void*, toff_t) {}, options.get()),
          [](TIFF* tiff) {
            if (tiff) TIFFClose(tiff);
          }};
}

[[noreturn]] void broken(const Source& source) {
  throw PictureError(std::string("broken TIFF: ") + source.message);
}

std::uint32_t field(TIFF* tiff, std::uint32_t tag, std::uint32_t otherwise) {
  std::uint32_t value = 0;
  return TIFFGetField(tiff, tag, &value) == 1 ? value : otherwise;
}

std::uint16_t field16(TIFF* tiff, std::uint32_t tag) {
  std::uint16_t value = 0;
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}

// Subsampled YCbCr: libtiff converts it itself, block by block of rows.
Picture decode_as_rgba(TIFF* tiff, const Source& source, std::uint32_t width, std::uint32_t height,
                       Decoding& decoding) {
  char message[1024] = "";
  TIFFRGBAImage image;
  if (!TIFFRGBAImageOK(tiff, message) || !TIFFRGBAImageBegin(&image, tiff, 0, message))
    throw PictureError("broken TIFF: its colors cannot be converted");
  const std::unique_ptr<TIFFRGBAImage, void (*)(TIFFRGBAImage*)> end(&image, TIFFRGBAImageEnd);
  image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;
  if (image.width != width || image.height != height) broken(source);
  const std::uint32_t rows = std::clamp(
      field(tiff, TIFFIsTiled(tiff) ? TIFFTAG_TILELENGTH : TIFFTAG_ROWSPERSTRIP, height), 1u, height);
  const std::uint64_t pixels = checked_product(width, rows);
  const std::uint64_t block = unsigned_size(TIFFIsTiled(tiff) ? TIFFTileSize(tiff) : TIFFStripSize(tiff));
  check_tiff_work(tiff, source.file, block);
  decoding.claim(width, height, checked_sum(checked_product(pixels, 4), block));
  Picture picture = new_picture(width, height);
  std::vector<std::uint32_t> raster(pixels);  // ABGR words
  for (std::uint32_t y = 0; y < height; y += rows) {
    const std::uint32_t count = std::min(rows, height - y);
    image.row_offset = int(y);
    image.col_offset = 0;
    if (!TIFFRGBAImageGet(&image, raster.data(), width, count)) broken(source);
    std::uint8_t* rgb = &picture.pixels[std::size_t(y) * width * 3];
    for (std::size_t i = 0; i < std::size_t(width) * count; ++i, rgb += 3) {
      rgb[0] = std::uint8_t(TIFFGetR(raster[i]));
      rgb[1] = std::uint8_t(TIFFGetG(raster[i]));
      rgb[2] = std::uint8_t(TIFFGetB(raster[i]));
    }
  }
  return picture;
}

}  // namespace

Picture decode_with_libtiff(Bytes file, const TiffPixels& stated, const Palette& palette,
                            std::int64_t stated_width, std::int64_t stated_height, Decoding& decoding) {
  check_size(stated_width, stated_height);
  const auto width = std::uint32_t(stated_width), height = std::uint32_t(stated_height);
  Source source{file};
  const Tiff owner = open_tiff(source);
  TIFF* const tiff = owner.get();
  if (!tiff) broken(source);
  if (field(tiff, TIFFTAG_IMAGEWIDTH, 0) != width || field(tiff, TIFFTAG_IMAGELENGTH, 0) != height)
    throw PictureError("broken TIFF: two sizes that contradict each other");

  const bool separate =
      field16(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE && stated.mode_channels > 1;
  const std::uint16_t compression = field16(tiff, TIFFTAG_COMPRESSION);
  TiffPixels layout = stated;
  if (field16(tiff, TIFFTAG_PHOTOMETRIC) == PHOTOMETRIC_YCBCR) {
    if (compression != COMPRESSION_JPEG || separate)
      return decode_as_rgba(tiff, source, width, height, decoding);
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  if (layout.kind == TiffPixels::Kind::ycbcr) layout.kind = TiffPixels::Kind::rgb;
  if (separate && layout.bits != 8 && layout.bits != 16) broken(source);
  if (separate && layout.mode_channels < 3)
    throw PictureError(
        "TIFF pictures with alpha on a plane of its own are not supported: convert it to PNG or JPEG");

  // Strips are tiles as wide as the picture.
  const bool tiled = TIFFIsTiled(tiff);
  const std::uint32_t block_width = tiled ? field(tiff, TIFFTAG_TILEWIDTH, 0) : width;
  const std::uint32_t block_height = tiled ? field(tiff, TIFFTAG_TILELENGTH, 0)
                                           : std::min(field(tiff, TIFFTAG_ROWSPERSTRIP, height), height);
  check_size(block_width, block_height);
  const std::size_t planes = separate ? std::size_t(layout.mode_channels) : 1;
  const std::size_t sample_bits = std::size_t(layout.bits) * std::size_t(separate ? 1 : layout.samples);
  const std::size_t row_bytes = bytes_of_bits(checked_product(block_width, sample_bits));
  const std::size_t expected_size = checked_product(row_bytes, block_height);
  const tmsize_t block_size = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
  const tmsize_t libtiff_row = tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
  if (block_size <= 0 || std::size_t(block_size) > expected_size || libtiff_row <= 0 ||
      row_bytes > std::size_t(libtiff_row) || (tiled && std::size_t(block_size) != expected_size))
    throw PictureError("broken TIFF: blocks of an unexpected size");

  constexpr bool little = true;  // libtiff gives samples in the machine's order
  const std::uint64_t block_bytes =
      std::max<std::uint64_t>(unsigned_size(block_size), checked_product(libtiff_row, block_height));
  check_tiff_work(tiff, file, block_bytes);
  decoding.claim(width, height,
                 checked_sum(block_bytes, separate ? checked_product(width, height, planes) : 0));
  Picture picture = new_picture(width, height);
  std::vector<std::uint8_t> block(block_bytes);
  // Separate planes are interleaved here, high bytes only, and unpacked at the end.
  std::vector<std::uint8_t> interleaved(separate ? checked_product(width, height, planes) : 0);
  const std::size_t sample_bytes = std::size_t(layout.bits) / 8;
  // The rows of a block are one long row where there is nothing between them.
  const bool whole_rows = !separate && block_width == width && std::size_t(libtiff_row) == row_bytes &&
                          checked_product(width, sample_bits) % 8 == 0;
  for (std::uint32_t y = 0; y < height; y += block_height)
    for (std::size_t plane = 0; plane < planes; ++plane)
      for (std::uint32_t x = 0; x < width; x += block_width) {
        const tmsize_t read =
            tiled ? TIFFReadTile(tiff, block.data(), x, y, 0, std::uint16_t(plane))
                  : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, y, std::uint16_t(plane)), block.data(),
                                         block_size);
        if (read == -1) broken(source);
        const std::uint32_t columns = std::min(block_width, width - x),
                            rows = std::min(block_height, height - y);
        if (whole_rows) {
          unpack_tiff_row(layout, little, block.data(), std::size_t(rows) * width, palette,
                          &picture.pixels[std::size_t(y) * width * 3]);
          continue;
        }
        for (std::uint32_t row = 0; row < rows; ++row) {
          const std::uint8_t* from = &block[row * std::size_t(libtiff_row)];
          const std::size_t to = std::size_t(y + row) * width + x;
          if (!separate) {
            unpack_tiff_row(layout, little, from, columns, palette, &picture.pixels[to * 3]);
            continue;
          }
          for (std::size_t i = 0; i < columns; ++i)
            interleaved[(to + i) * planes + plane] = from[i * sample_bytes + sample_bytes - 1];
        }
      }
  if (separate) {
    layout.bits = 8;
    layout.samples = int(planes);
    unpack_tiff_row(layout, little, interleaved.data(), std::size_t(width) * height, palette,
                    picture.pixels.data());
  }
  return picture;
}

}  // namespace bart
