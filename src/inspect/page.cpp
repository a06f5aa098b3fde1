#include <fmt/format.h>

#include <algorithm>

#include "bart/html/html.h"
#include "bart/inspect/report.h"
#include "bart/inspect/thumbnail.h"
#include "bart/platform/counted.h"
#include "bart/platform/printable.h"
#include "check_inspection.h"
#include "page_style.h"
#include "words.h"

namespace bart {
namespace {

using namespace words;

constexpr std::size_t samples_per_class = 8;
constexpr std::size_t most_groups = 60;    // of each kind
constexpr std::size_t most_in_group = 12;  // pictures shown
constexpr int thumbnail_height = 112;
constexpr int thumbnail_width = 240;  // at most

/// Evenly spaced pictures of each class.
std::vector<std::vector<std::uint32_t>> samples(const Inspection& inspection) {
  std::vector<std::vector<std::uint32_t>> members(inspection.classes.size());
  for (std::uint32_t i = 0; i < inspection.pictures.size(); ++i) {
    members[static_cast<std::size_t>(inspection.pictures[i].label)].push_back(i);
  }
  for (auto& pictures : members) {
    const std::size_t n = std::min(pictures.size(), samples_per_class);
    for (std::size_t k = 0; k < n; ++k) pictures[k] = pictures[k * pictures.size() / n];
    pictures.resize(n);
  }
  return members;
}

std::string image(const InspectedPicture& picture, const Thumbnail& thumbnail) {
  const std::string name = html_text(picture.file);
  if (thumbnail.jpeg.empty()) return fmt::format("<span class=\"gone\">{} is gone</span>", name);
  return fmt::format(
      "<img src=\"data:image/jpeg;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\" title=\"{}\">",
      thumbnail.jpeg, thumbnail.width, thumbnail.height, name, name);
}

std::string cards(const Inspection& inspection) {
  const auto number = [](std::size_t n) { return counted(n, "", ""); };
  std::string html = "<div class=\"cards\">\n";
  html += html_card(number(inspection.pictures.size()),
                    "pictures in " + counted(inspection.classes.size(), "class", "classes"));
  html +=
      html_card(number(inspection.sizes.size()),
                inspection.sizes.size() == 1
                    ? "size, " + size_range(inspection.sizes)
                    : "different sizes, " +
                          size_range(inspection.sizes).substr(0, size_range(inspection.sizes).find(" (")));
  html += html_card(number(inspection.unreadable.size()), "unreadable files",
                    inspection.unreadable.empty() ? "" : "warning");
  html += html_card(number(surplus_in(inspection.same_bytes) + surplus_in(inspection.same_pixels)),
                    "exact duplicates");
  html += html_card(
      number(pictures_in(inspection.near_duplicates)),
      "pictures in " + counted(inspection.near_duplicates.size(), "group", "groups") + " of near duplicates");
  const std::size_t leaking = inspection.leaking_test_pictures + inspection.leaking_validation_pictures;
  html += html_card(
      percent(leaking, inspection.test_pictures + inspection.validation_pictures),
      fmt::format("of the {} have a near duplicate in the training set",
                  inspection.validation_pictures > 0 ? "test and validation pictures" : "test pictures"),
      leaking > 0 ? "warning" : "");
  return html + "</div>\n";
}

std::string class_table(const Inspection& inspection) {
  std::size_t most = 1;
  for (const InspectedClass& one : inspection.classes) most = std::max(most, one.pictures);
  std::string html =
      "<section aria-labelledby=\"classes\"><h2 id=\"classes\">Classes</h2>\n"
      "<p class=\"key\"><i class=\"train\"></i> training <i class=\"test\"></i> test</p>\n"
      "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Class</th><th scope=\"col\" "
      "class=\"n\">Pictures</th><th scope=\"col\" class=\"bars\"><span class=\"unseen\">As a bar</span></th>"
      "<th scope=\"col\" class=\"n\">Share</th><th scope=\"col\" class=\"n\">Test</th><th scope=\"col\" "
      "class=\"n\">Near duplicates</th><th scope=\"col\" class=\"n\">Unreadable</th><th "
      "scope=\"col\">Formats</th><th scope=\"col\">Modes</th><th "
      "scope=\"col\">Size</th></tr></thead><tbody>\n";
  for (const InspectedClass& one : inspection.classes) {
    const std::size_t held_out = one.test + one.validation;
    const auto width = [&](std::size_t n) {
      return 100.0 * static_cast<double>(n) / static_cast<double>(most);
    };
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"bars\" aria-hidden=\"true\"><i "
        "class=\"train\" style=\"width:{:.2f}%\"></i><i class=\"test\" style=\"width:{:.2f}%\"></i></td><td "
        "class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td>"
        "<td>{}</td><td class=\"nowrap\">{}</td></tr>\n",
        html_breakable(one.name), one.pictures, width(one.pictures - held_out), width(held_out),
        percent(one.pictures, inspection.pictures.size()), held_out, one.near_duplicates, one.unreadable,
        html_text(listed(one.formats)), html_text(listed(one.modes)), size_range(one.sizes));
  }
  return html + "</tbody></table></div></section>\n";
}

std::string sample_section(const Inspection& inspection, const std::vector<std::vector<std::uint32_t>>& shown,
                           const Thumbnails& thumbnails) {
  std::string html = "<section aria-labelledby=\"samples\"><h2 id=\"samples\">Samples of each class</h2>\n";
  for (std::size_t c = 0; c < shown.size(); ++c) {
    html += fmt::format("<h3>{} <small>{}</small></h3><div class=\"strip\">",
                        html_breakable(inspection.classes[c].name),
                        counted(inspection.classes[c].pictures, "picture", "pictures"));
    for (const std::uint32_t i : shown[c]) html += image(inspection.pictures[i], thumbnails.at(i));
    html += "</div>\n";
  }
  return html + "</section>\n";
}

std::string group_section(const Inspection& inspection, const std::vector<DuplicateGroup>& groups,
                          const char* id, const char* heading, const char* meaning,
                          const Thumbnails& thumbnails) {
  if (groups.empty()) return {};
  std::string html = fmt::format(
      "<section aria-labelledby=\"{}\"><h2 id=\"{}\">{}</h2>\n<p>{} {} of {}; {} across classes, {} across "
      "the training and test sets.{}</p>\n",
      id, id, heading, meaning, counted(groups.size(), "group", "groups"),
      counted(pictures_in(groups), "picture", "pictures"), across_classes(groups), across_split(groups),
      groups.size() > most_groups
          ? fmt::format(" The first {} are shown, those across classes before those across the split before "
                        "the largest; the JSON lists all.",
                        most_groups)
          : "");
  html += "<div class=\"groups\">\n";
  for (std::size_t g = 0; g < std::min(groups.size(), most_groups); ++g) {
    const DuplicateGroup& group = groups[g];
    html += "<div class=\"group\"><p>" + counted(group.pictures.size(), "picture", "pictures");
    if (group.across_classes) html += " <b class=\"badge\">across classes</b>";
    if (group.across_split) html += " <b class=\"badge\">across the split</b>";
    html += "</p><div class=\"strip\">";
    for (std::size_t k = 0; k < std::min(group.pictures.size(), most_in_group); ++k) {
      const InspectedPicture& picture = inspection.pictures[group.pictures[k]];
      html += fmt::format("<figure>{}<figcaption>{} <span class=\"side\">{}</span></figcaption></figure>",
                          image(picture, thumbnails.at(group.pictures[k])), html_breakable(picture.file),
                          picture.side == Part::train ? "training" : name_of(picture.side));
    }
    if (group.pictures.size() > most_in_group) {
      html += fmt::format("<p>and {} more</p>", group.pictures.size() - most_in_group);
    }
    html += "</div></div>\n";
  }
  return html + "</div></section>\n";
}

std::string file_section(const char* id, const std::string& heading, const char* column,
                         const std::vector<std::pair<std::string, std::string>>& rows) {
  if (rows.empty()) return {};
  std::string html = fmt::format(
      "<section aria-labelledby=\"{}\"><h2 id=\"{}\">{}</h2>\n<div class=\"scroll\"><table><thead><tr><th "
      "scope=\"col\">File</th><th scope=\"col\">{}</th></tr></thead><tbody>\n",
      id, id, heading, column);
  for (const auto& [file, text] : rows) {
    html +=
        fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", html_breakable(file), html_text(text));
  }
  return html + "</tbody></table></div></section>\n";
}

}  // namespace

std::string inspection_page(const Inspection& inspection, const OnProgress& progress) {
  check(inspection);
  const std::vector<std::vector<std::uint32_t>> shown = samples(inspection);
  std::vector<std::uint32_t> wanted;
  for (const auto& pictures : shown) wanted.insert(wanted.end(), pictures.begin(), pictures.end());
  for (const auto* groups : {&inspection.same_bytes, &inspection.same_pixels, &inspection.near_duplicates}) {
    for (std::size_t g = 0; g < std::min(groups->size(), most_groups); ++g) {
      const auto& pictures = (*groups)[g].pictures;
      const auto n = static_cast<std::ptrdiff_t>(std::min(pictures.size(), most_in_group));
      wanted.insert(wanted.end(), pictures.begin(), pictures.begin() + n);
    }
  }
  const Thumbnails thumbnails =
      read_thumbnails(inspection, std::move(wanted), thumbnail_width, thumbnail_height, progress);

  const std::string title = html_text(inspection.source);
  std::string html = html_head(title + " – bart inspect", page_style);
  html += fmt::format(
      "<body><main>\n<header><h1>{}</h1><p>{}, {}. "
      "The training and test pictures are those of {}.</p></header>\n",
      title, counted(inspection.pictures.size(), "picture", "pictures"), megabytes(inspection.bytes),
      split_name(inspection));
  html += cards(inspection);
  if (const std::size_t leaking = inspection.leaking_test_pictures + inspection.leaking_validation_pictures;
      leaking > 0) {
    html += fmt::format(
        "<p class=\"note\"><strong>The leak.</strong> {} of the {} have a near duplicate among the training "
        "pictures, so accuracy on them looks better than it is. A grouped split keeps near duplicates on one "
        "side.</p>\n",
        leaking, held_out_pictures(inspection));
  }
  if (without_training(inspection)) {
    html +=
        "<p class=\"note\"><strong>No training.</strong> There are no pictures for training, only for "
        "validation or testing: bart train stops.</p>\n";
  }
  html += class_table(inspection);
  html += sample_section(inspection, shown, thumbnails);
  html += group_section(inspection, inspection.same_bytes, "same-bytes", "Same bytes",
                        "Files that are copies of each other.", thumbnails);
  html += group_section(inspection, inspection.same_pixels, "same-pixels", "Same pixels",
                        "Files of different bytes that decode to the same picture.", thumbnails);
  html += group_section(inspection, inspection.near_duplicates, "near-duplicates", "Near duplicates",
                        "Pictures of one scene, joined where two look the same.", thumbnails);
  std::vector<std::pair<std::string, std::string>> rows;
  for (const std::uint32_t i : converted(inspection)) {
    rows.emplace_back(inspection.pictures[i].file, inspection.pictures[i].mode);
  }
  html += file_section("converted", "Converted to RGB", "Mode", rows);
  rows.clear();
  for (const SkippedPicture& picture : inspection.unreadable) rows.emplace_back(picture.file, picture.reason);
  html += file_section("unreadable", "Unreadable files, " + what_training_does(inspection), "Reason", rows);
  return html + "</main></body></html>\n";
}

}  // namespace bart
