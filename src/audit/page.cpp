#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "bart/audit/audit_text.h"
#include "bart/html/html.h"
#include "bart/inspect/thumbnail.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "check_audit.h"
#include "kinds.h"
#include "page_script.h"
#include "page_style.h"

namespace bart {
namespace {

// What the page shows at most; the CSV and the JSON have everything.
constexpr std::size_t most_labels = 400;
constexpr std::size_t most_groups = 60;   // of each kind
constexpr std::size_t most_in_group = 8;  // pictures
constexpr std::size_t most_poor = 60;     // of each kind
constexpr int thumbnail_height = 170, thumbnail_width = 270;

/// The first `most` of a list.
template <class T>
std::span<const T> first_of(const std::vector<T>& list, std::size_t most) {
  return std::span(list).first(std::min(list.size(), most));
}

std::string limited(std::size_t all, std::size_t most) {
  return all <= most
             ? ""
             : fmt::format(" The first {} are shown; audit.csv lists all {}.", most, with_commas(all));
}

/// Of all pictures that the page shows.
Thumbnails thumbnails_of(const Audit& audit, const OnProgress& progress) {
  std::vector<std::uint32_t> wanted;
  for (const LabelIssue& issue : first_of(audit.label_issues, most_labels)) wanted.push_back(issue.picture);
  for (const GroupKind& kind : group_kinds) {
    for (const DuplicateGroup& group : first_of(audit.inspection.*kind.groups, most_groups)) {
      std::ranges::copy(first_of(group.pictures, most_in_group), std::back_inserter(wanted));
    }
  }
  for (const PoorKind& kind : poor_kinds) {
    std::ranges::copy(first_of(audit.*kind.pictures, most_poor), std::back_inserter(wanted));
  }
  return read_thumbnails(audit.inspection, std::move(wanted), thumbnail_width, thumbnail_height, progress);
}

/// Makes the page of one audit.
class Page {
 public:
  Page(const Audit& audit, const OnProgress& progress)
      : audit_(audit), inspection_(audit.inspection), thumbnails_(thumbnails_of(audit, progress)) {
    for (const LabelIssue& issue : audit.label_issues) likely_[issue.picture] = issue.likely;
  }

  std::string text() const {
    const std::string title = html_text(std::filesystem::path(inspection_.source).filename().string());
    std::string html = html_head(title + " – bart audit", audit_style);
    html += fmt::format(
        "<body data-folder=\"{}\"><main>\n"
        "<header><h1>{}</h1><p>{} in {}. Probabilities: {}; for {:.1f} % of the judged pictures the label is "
        "the "
        "most probable class.</p></header>\n{}{}",
        html_text(std::filesystem::absolute(inspection_.folder).string()), title,
        counted(inspection_.pictures.size(), "picture", "pictures"),
        counted(inspection_.classes.size(), "class", "classes"), html_text(audit_.how), 100 * audit_.accuracy,
        cards(), tools());
    html += label_section();
    for (const GroupKind& kind : group_kinds) html += group_section(kind);
    for (const PoorKind& kind : poor_kinds) html += poor_section(kind);
    html += unreadable_section();
    html += "<datalist id=\"class-names\">";
    for (const InspectedClass& one : inspection_.classes) {
      html += fmt::format("<option value=\"{}\"></option>", html_text(one.name));
    }
    return html + fmt::format("</datalist></main><script>{}</script></body></html>\n", audit_script);
  }

 private:
  std::string class_name(std::int32_t label) const {
    return html_text(inspection_.classes[static_cast<std::size_t>(label)].name);
  }

  /// For text between tags.
  std::string shown_name(std::int32_t label) const {
    return html_breakable(inspection_.classes[static_cast<std::size_t>(label)].name);
  }

  std::string cards() const {
    std::string html = "<div class=\"cards\">\n";
    const auto card = [&](std::size_t count, const char* meaning) {
      html += html_card(with_commas(count), meaning);
    };
    card(audit_.label_issues.size(), "probably mislabelled");
    card(inspection_.same_bytes.size() + inspection_.same_pixels.size(), "groups of exact duplicates");
    card(inspection_.near_duplicates.size(), "groups of near duplicates");
    for (const PoorKind& kind : poor_kinds) card((audit_.*kind.pictures).size(), kind.name);
    card(inspection_.unreadable.size(), "unreadable files");
    return html + "</div>\n";
  }

  std::string tools() const {
    return "<div class=\"bar\" hidden><span><b></b> decided</span><progress max=\"" +
           std::to_string(decidable()) +
           "\"></progress><button type=\"button\" class=\"save\">Save decisions</button></div>\n"
           "<p class=\"keys\" hidden><span><kbd>k</kbd> keep, <kbd>m</kbd> move to the class in the box, "
           "<kbd>c</kbd> choose another class, <kbd>r</kbd> remove, <kbd>u</kbd> clear the decision, "
           "<kbd>←</kbd> <kbd>→</kbd> previous and next picture, <kbd>s</kbd> save.</span> Saving writes "
           "decisions.json, which <code>bart apply decisions.json</code> carries out. Nothing is deleted, "
           "and <code>--undo</code> reverses everything.</p>\n<noscript><p class=\"note\">Making decisions "
           "on this page needs JavaScript; audit.csv has the same lists.</p></noscript>\n";
  }

  /// The number of different pictures that the page shows.
  std::size_t decidable() const { return thumbnails_.size(); }

  std::string item(std::uint32_t i, const std::string& text) const {
    const InspectedPicture& picture = inspection_.pictures[i];
    const Thumbnail& thumbnail = thumbnails_.at(i);
    const auto likely = likely_.find(i);
    const std::string file = html_text(picture.file);
    const std::string image = thumbnail.jpeg.empty()
                                  ? fmt::format("<span class=\"gone\">{} is gone</span>", file)
                                  : fmt::format(
                                        "<img src=\"data:image/jpeg;base64,{}\" width=\"{}\" height=\"{}\" "
                                        "alt=\"{}\" loading=\"lazy\">",
                                        thumbnail.jpeg, thumbnail.width, thumbnail.height, file);
    return fmt::format(
        "<article class=\"item\" tabindex=\"-1\" data-file=\"{0}\" data-class=\"{1}\">{2}<p>{3}</p><span "
        "class=\"file\">{7}, {4}x{5}</span><p class=\"chosen\" aria-live=\"polite\"></p><div class=\"does\" "
        "hidden>"
        "<button type=\"button\" data-does=\"keep\">Keep</button><button type=\"button\" "
        "data-does=\"remove\">Remove</button><span><button type=\"button\" data-does=\"move\">Move "
        "to</button>"
        "<input list=\"class-names\" value=\"{6}\" aria-label=\"Class to move it "
        "to\"></span></div></article>\n",
        file, class_name(picture.label), image, text, picture.width, picture.height,
        likely != likely_.end() ? class_name(likely->second) : "", html_breakable(picture.file));
  }

  std::string label_section() const {
    std::string html = fmt::format(
        "<p>Pictures whose label is probably wrong, the most doubtful first, by confident learning "
        "(Northcutt et al. "
        "2021).{}</p>\n<div class=\"items\">\n",
        limited(audit_.label_issues.size(), most_labels));
    if (const std::string weakness = weakness_of(audit_); !weakness.empty())
      html = fmt::format("<p class=\"note\">{}</p>\n", weakness) + html;
    if (audit_.label_issues.empty()) html = "<p>No label is in doubt.</p>\n<div>\n";
    for (const LabelIssue& issue : first_of(audit_.label_issues, most_labels)) {
      html += item(
          issue.picture,
          fmt::format("<strong>{}</strong> ({:.1f} %), probably <strong>{}</strong> ({:.1f} %)",
                      shown_name(inspection_.pictures[issue.picture].label), 100 * issue.label_probability,
                      shown_name(issue.likely), 100 * issue.likely_probability));
    }
    return html_section("labels", "Probably mislabelled", html + "</div>\n");
  }

  std::string group_section(const GroupKind& kind) const {
    const std::vector<DuplicateGroup>& groups = inspection_.*kind.groups;
    if (groups.empty()) return {};
    std::string html = fmt::format("<p>{} of {}, those across classes first.{}</p>\n",
                                   counted(groups.size(), "group", "groups"), kind.words,
                                   limited(groups.size(), most_groups));
    for (const DuplicateGroup& group : first_of(groups, most_groups)) {
      html += fmt::format(
          "<div class=\"group\"><p>{}{}{}</p><div class=\"items\">\n",
          counted(group.pictures.size(), "picture", "pictures"),
          group.pictures.size() > most_in_group ? fmt::format(", {} are shown", most_in_group) : "",
          group.across_classes ? " <b class=\"badge\">across classes</b>" : "");
      for (const std::uint32_t i : first_of(group.pictures, most_in_group)) {
        html += item(i, fmt::format("<strong>{}</strong>", shown_name(inspection_.pictures[i].label)));
      }
      html += "</div></div>\n";
    }
    return html_section(kind.name, kind.heading, html);
  }

  std::string poor_section(const PoorKind& kind) const {
    const std::vector<std::uint32_t>& pictures = audit_.*kind.pictures;
    if (pictures.empty()) return {};
    std::string html = fmt::format("<p>{}{}</p>\n<div class=\"items\">\n", kind.meaning,
                                   limited(pictures.size(), most_poor));
    for (const std::uint32_t i : first_of(pictures, most_poor)) {
      html += item(i, fmt::format("<strong>{}</strong>", shown_name(inspection_.pictures[i].label)));
    }
    return html_section(kind.name, kind.heading, html + "</div>\n");
  }

  std::string unreadable_section() const {
    if (inspection_.unreadable.empty()) return {};
    std::string html =
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">File</th><th "
        "scope=\"col\">Reason</th></tr>"
        "</thead><tbody>\n";
    for (const SkippedPicture& file : inspection_.unreadable) {
      html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", html_breakable(file.file),
                          html_text(file.reason));
    }
    return html_section("unreadable", "Unreadable", html + "</tbody></table></div>\n");
  }

  const Audit& audit_;
  const Inspection& inspection_;
  Thumbnails thumbnails_;
  std::map<std::uint32_t, std::int32_t> likely_;  // of the pictures with a doubtful label
};

}  // namespace

std::string audit_page(const Audit& audit, const OnProgress& progress) {
  check(audit);
  if (audit.inspection.folder.empty()) throw Error("the page of an audit names the folder of its pictures");
  return Page(audit, progress).text();
}

}  // namespace bart
