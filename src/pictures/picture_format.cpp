#include "bart/pictures/picture_format.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "decode_jpeg.h"
#include "known_format.h"

namespace bart {
namespace {

using namespace std::string_view_literals;

constexpr const char* video_advice = "save single frames of it as PNG or JPEG";
constexpr const char* no_picture_advice = "it is no picture";

constexpr KnownFormat jpeg = {"JPEG", decode_jpeg}, png = {"PNG", decode_png}, webp = {"WebP", decode_webp},
                      bmp = {"BMP", decode_bmp}, gif = {"GIF", decode_gif}, ico = {"ICO", decode_ico},
                      pnm = {"PNM", decode_pnm}, tiff = {"TIFF", decode_tiff}, avif = {"AVIF", decode_avif};
constexpr KnownFormat heic = {"HEIC pictures", nullptr, "convert it to JPEG, with heif-convert for example"};
constexpr KnownFormat heif = {"HEIF pictures that are neither HEIC nor AVIF", nullptr};
constexpr KnownFormat miaf_avif = {"AVIF pictures of the brand miaf", nullptr};
constexpr KnownFormat other_avif = {"AVIF pictures of the brands mif2, tmap and 1pic", nullptr};
constexpr KnownFormat cr3 = {"Canon raw pictures (CR3)", nullptr};
constexpr KnownFormat video = {"MP4 videos", nullptr, video_advice};

struct Signature {
  std::string_view bytes;
  KnownFormat format;
};

constexpr Signature read_formats[] = {
    {"\xFF\xD8\xFF"sv, jpeg},
    {"\x89PNG\r\n\x1a\n"sv, png},
    {"BM"sv, bmp},
    {"GIF87a"sv, gif},
    {"GIF89a"sv, gif},
    {"\0\0\1\0"sv, ico},
    {"II*\0"sv, tiff},
    {"MM\0*"sv, tiff},
    {"II\0*"sv, tiff},
    {"MM*\0"sv, tiff},
    {"II+\0"sv, tiff},
    {"MM\0+"sv, tiff},
};

constexpr Signature other_formats[] = {
    {"\xFF\x0A"sv, {"JPEG XL pictures", nullptr}},
    {"\0\0\0\x0CJXL \r\n\x87\n"sv, {"JPEG XL pictures", nullptr}},
    {"\0\0\0\x0CjP  \r\n\x87\n"sv, {"JPEG 2000 pictures", nullptr}},
    {"\xFF\x4F\xFF\x51"sv, {"JPEG 2000 pictures", nullptr}},
    {"\0\0\2\0\0\0"sv, {"Targa (TGA) pictures", nullptr}},
    {"\0\0\x0A\0\0\0"sv, {"Targa (TGA) pictures", nullptr}},
    {"\0\0\2\0"sv, {"cursor (CUR) pictures", nullptr}},
    {"8BPS"sv, {"Photoshop files", nullptr}},
    {"gimp xcf"sv, {"GIMP files", nullptr}},
    {"qoif"sv, {"QOI pictures", nullptr}},
    {"DDS "sv, {"DDS textures", nullptr}},
    {"icns"sv, {"ICNS icons", nullptr}},
    {"\x76\x2F\x31\x01"sv, {"OpenEXR pictures", nullptr}},
    {"#?RADIANCE"sv, {"Radiance HDR pictures", nullptr}},
    {"farbfeld"sv, {"farbfeld pictures", nullptr}},
    {"SIMPLE  ="sv, {"FITS pictures", nullptr}},
    {"%PDF"sv, {"PDF files", nullptr}},
    {"%!PS"sv, {"PostScript files", nullptr}},
    {"<svg"sv, {"SVG drawings", nullptr}},
    {"<?xml"sv, {"SVG drawings and other XML files", nullptr}},
    {"\x1A\x45\xDF\xA3"sv, {"Matroska and WebM videos", nullptr, video_advice}},
    {"PK\3\4"sv, {"ZIP archives", nullptr, no_picture_advice}},
    {"\x1F\x8B"sv, {"gzip archives", nullptr, no_picture_advice}},
};

bool is_webp(Bytes file) {
  return starts_with(file, "RIFF") && starts_with(slice(file, 8), "WEBPVP8") &&
         (starts_with(slice(file, 15), " ") || starts_with(slice(file, 15), "L") ||
          starts_with(slice(file, 15), "X"));
}

bool is_pnm(Bytes file) {
  return file.size() >= 3 && file[0] == 'P' && file[1] >= '1' && file[1] <= '6';
}

/// A file of the ISO base media format begins with a box "ftyp", whose brands say what it holds (ISO/IEC
/// 14496-12, 4.3): the first names the file, the others what a reader must know. Of these, pictures and
/// sequences of any codec (ISO/IEC 23008-12 and 23000-22) the others tell the codec; Pillow reads as AVIF
/// only those that begin with "mif1" or "msf1".
const KnownFormat& brand_of(Bytes file) {
  // Past the length, "ftyp" and the minor version, the brands have four bytes each.
  const std::size_t end = std::min<std::size_t>({u32_be(file, 0), file.size(), picture_format_bytes});
  const auto names = [&](std::string_view brand) {
    for (std::size_t at = 8; at + 4 <= end; at += at == 8 ? 8 : 4)
      if (starts_with(slice(file, at), brand)) return true;
    return false;
  };
  const Bytes major = slice(file, 8);
  if (starts_with(major, "avif") || starts_with(major, "avis")) return avif;
  if (starts_with(major, "hei") || starts_with(major, "hev")) return heic;
  if (starts_with(major, "crx ")) return cr3;
  const auto is_major = [&](std::string_view brand) { return starts_with(major, brand); };
  constexpr std::array read_by_pillow = {"mif1", "msf1"};
  constexpr std::array others = {"mif2", "miaf", "tmap", "1pic", "avci", "avcs"};
  const bool read = std::ranges::any_of(read_by_pillow, is_major);
  if (!read && std::ranges::none_of(others, is_major)) return video;
  if (names("avif") || names("avis")) return read ? avif : is_major("miaf") ? miaf_avif : other_avif;
  for (const char* brand : {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"})
    if (names(brand)) return heic;
  return heif;
}

}  // namespace

const KnownFormat* known_format(Bytes file) {
  for (const Signature& one : read_formats)
    if (starts_with(file, one.bytes)) return &one.format;
  if (is_webp(file)) return &webp;
  if (is_pnm(file)) return &pnm;
  if (file.size() >= 12 && starts_with(file.subspan(4), "ftyp")) return &brand_of(file);
  for (const Signature& one : other_formats)
    if (starts_with(file, one.bytes)) return &one.format;
  return nullptr;
}

std::optional<PictureFormat> picture_format_of(Bytes first_bytes) {
  const KnownFormat* format = known_format(first_bytes);
  if (format == nullptr) return std::nullopt;
  return PictureFormat{format->name, format->decode != nullptr};
}

}  // namespace bart
