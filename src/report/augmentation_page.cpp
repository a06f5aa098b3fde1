#include "bart/report/augmentation_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "bart/augment/picture_change.h"
#include "bart/dataset/load.h"
#include "bart/html/html.h"
#include "bart/pictures/encode_jpeg.h"

namespace bart {
namespace {

constexpr std::uint32_t epochs = 8;
constexpr std::size_t most_pictures = 12;
constexpr int side = 128;  // of the pictures in pixels

std::string image_of(const Picture& picture) {
  return fmt::format(
      "<td><img width=\"{0}\" height=\"{0}\" alt=\"\" src=\"data:image/jpeg;base64,{1}\"></td>",
      picture.width, base64(encode_jpeg(picture, 90)));
}

}  // namespace

std::string augmentation_page(const std::filesystem::path& folder, std::span<const std::string> files,
                              const Augmentation& augmentation, std::uint32_t seed,
                              bool apply_exif_orientation) {
  const std::size_t count = std::min(most_pictures, files.size());
  std::vector<std::uint32_t> numbers;
  Listing shown_ones{.folder = folder, .classes = {}, .pictures = {}};
  for (std::size_t k = 0; k < count; ++k) {
    numbers.push_back(static_cast<std::uint32_t>((2 * k + 1) * files.size() / (2 * count)));
    // One class per picture, because a class without pictures is an error.
    shown_ones.classes.push_back(fmt::format("{}", k));
    shown_ones.pictures.push_back({files[numbers.back()], static_cast<std::int32_t>(k)});
  }
  const LoadedPictures pictures = load_pictures(
      shown_ones,
      {.image_size = larger_side(side), .apply_exif_orientation = apply_exif_orientation, .strict = true});
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
      "charset=\"utf-8\"><title>Augmentation</title>\n<style>{}\n"
      "td img {{ display: block }} td, th {{ padding: 2px; text-align: left }}</style></head>\n<body><main>\n"
      "<h1>What the network will see</h1>\n<p>Each picture as it is, and as it is changed in the first {} "
      "epochs of a training with the seed {}.</p>\n<p><code>{}</code></p>\n<table><tr><th>Picture</th><th>As "
      "it is</th>",
      html_style, epochs, seed, html_text(augmentation_text(augmentation)));
  for (std::uint32_t epoch = 1; epoch <= epochs; ++epoch) page += fmt::format("<th>{}</th>", epoch);
  page += "</tr>\n";
  Picture shown{side, side, std::vector<std::uint8_t>(std::size_t{side} * side * 3)};
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::span from(pictures.picture(i), pictures.bytes_each());
    page += fmt::format("<tr><td>{}</td>", html_text(pictures.files[i]));
    const auto add = [&](const Augmentation& a, std::uint32_t epoch) {
      augment_picture(a, {seed, epoch, numbers[i]}, from, pictures.image_size, shown.pixels, side);
      page += image_of(shown);
    };
    add({}, 0);
    for (std::uint32_t epoch = 1; epoch <= epochs; ++epoch) add(augmentation, epoch);
    page += "</tr>\n";
  }
  return page + "</table></main></body></html>\n";
}

}  // namespace bart
