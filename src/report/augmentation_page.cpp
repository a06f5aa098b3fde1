#include "bart/report/augmentation_page.h"

#include <fmt/format.h>

#include "bart/augment/picture_change.h"
#include "bart/html/html.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

constexpr std::uint32_t epochs = 8;

std::string image_of(const Picture& picture) {
  return fmt::format(
      "<td><img width=\"{0}\" height=\"{0}\" alt=\"\" src=\"data:image/jpeg;base64,{1}\"></td>",
      picture.width, base64(encode_jpeg(picture, 90)));
}

}  // namespace

std::string augmentation_page(const LoadedPictures& pictures, std::span<const std::uint32_t> numbers,
                              const Augmentation& augmentation, int image_size, std::uint32_t seed) {
  if (numbers.size() != pictures.size()) throw Error("an augmentation page needs a number for each picture");
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
  const auto side = static_cast<std::size_t>(image_size);
  Picture shown{image_size, image_size, std::vector<std::uint8_t>(side * side * 3)};
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::span from(pictures.picture(i), pictures.bytes_each());
    page += fmt::format("<tr><td>{}</td>", html_text(pictures.files[i]));
    const auto add = [&](const Augmentation& a, std::uint32_t epoch) {
      augment_picture(a, {seed, epoch, numbers[i]}, from, pictures.image_size, shown.pixels, image_size);
      page += image_of(shown);
    };
    add({}, 0);
    for (std::uint32_t epoch = 1; epoch <= epochs; ++epoch) add(augmentation, epoch);
    page += "</tr>\n";
  }
  return page + "</table></main></body></html>\n";
}

}  // namespace bart
