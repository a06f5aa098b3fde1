#include "mistakes.h"

#include <fmt/format.h>

#include "bart/html/html.h"
#include "bart/platform/counted.h"
#include "page_words.h"

namespace bart {
namespace {

std::string image(const ShownPicture& picture, const std::string& address, const std::string& alt) {
  return fmt::format("<img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"{}\" loading=\"lazy\">", address,
                     picture.width, picture.height, alt);
}

/// What the filters know about a picture.
std::string filter_data(const RunRecord& run, const ShownPicture& picture) {
  return fmt::format("data-truth=\"{}\" data-said=\"{}\" data-certainty=\"{:.4f}\" data-file=\"{}\"",
                     class_name(run, picture.truth), class_name(run, picture.classes.front().label),
                     picture.classes.front().probability, html_text(picture.file));
}

std::string other_mistake(const RunRecord& run, const ShownPicture& picture) {
  const std::string truth = class_name(run, picture.truth);
  const ShownClass& said = picture.classes.front();
  return fmt::format(
      "<figure class=\"small\" {}>{}<figcaption><strong>{}</strong> → <strong>{}</strong> {}<small>{}</small>"
      "</figcaption></figure>\n",
      filter_data(run, picture), image(picture, picture.thumbnail, "A picture of " + truth),
      shown_name(run, picture.truth), shown_name(run, said.label), percent(said.probability),
      html_breakable(picture.file));
}

}  // namespace

std::string shown_picture(const RunRecord& run, const ShownPicture& picture) {
  const std::string truth = class_name(run, picture.truth);
  std::string row =
      fmt::format("<span>{}the picture</span>", image(picture, picture.thumbnail, "A picture of " + truth));
  for (const ShownClass& shown : picture.classes) {
    const std::string alt = fmt::format("Where the network found {} in it", class_name(run, shown.label));
    row += fmt::format("<span>{}{}<b>{}</b></span>", image(picture, shown.overlay, alt),
                       shown_name(run, shown.label), percent(shown.probability));
  }
  const std::string said = shown_name(run, picture.classes.front().label);
  return fmt::format(
      "<figure class=\"shown\" {}><div "
      "class=\"row\">{}</div><figcaption>{}<small>{}</small></figcaption></figure>\n",
      filter_data(run, picture), row,
      picture.classes.front().label == picture.truth
          ? fmt::format("<strong>{}</strong>, correct", said)
          : fmt::format("<strong>{}</strong> taken for <strong>{}</strong>", shown_name(run, picture.truth),
                        said),
      html_breakable(picture.file));
}

std::string mistake_gallery(const RunRecord& run, std::span<const ShownPicture> worst,
                            std::span<const ShownPicture> others, std::uint64_t mistakes) {
  const std::size_t shown = worst.size() + others.size();
  std::string html = fmt::format(
      "<p>{} of the test pictures {} predicted as another class{}. Those whose true class has the lowest "
      "probability come first. The first {} also show which parts of the picture count for the predicted "
      "class and for the true class (Grad-CAM; red counts most).</p>\n<div class=\"gallery\" "
      "id=\"gallery\">\n<div "
      "class=\"pictures\">\n",
      with_commas(mistakes), mistakes == 1 ? "was" : "were",
      mistakes > shown ? fmt::format("; the worst {} are shown", with_commas(shown)) : "", worst.size());
  for (const ShownPicture& picture : worst) html += shown_picture(run, picture);
  html += "</div>\n<div class=\"smalls\">\n";
  for (const ShownPicture& picture : others) html += other_mistake(run, picture);
  return html + "</div></div>\n";
}

}  // namespace bart
