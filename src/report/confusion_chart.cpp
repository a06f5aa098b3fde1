#include "confusion_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <numeric>
#include <utility>

#include "bart/html/html.h"
#include "bart/platform/printable.h"

namespace bart {
namespace {

constexpr double letter = 7.2;  // the mean width of a letter of the labels
constexpr std::size_t longest_label = 26;
constexpr std::size_t most_labels = 150;  // more labels could not be read
constexpr std::size_t most_numbers = 64;  // with more classes the cells show no numbers

/// At most longest_label letters of it.
std::string label_of(const std::string& name) {
  const std::string text = printable(name);
  if (columns_of(text) <= longest_label) return html_text(text);
  std::size_t letters = 0, end = 0;
  while (letters < longest_label) {
    ++end;
    letters += (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
  }
  return html_text(text.substr(0, end)) + "…";
}

}  // namespace

std::vector<std::int32_t> similarity_order(const ConfusionMatrix& matrix) {
  const auto n = static_cast<std::int32_t>(matrix.classes);
  std::vector<double> supports;
  for (std::int32_t c = 0; c < n; ++c)
    supports.push_back(static_cast<double>(std::max<std::int64_t>(1, matrix.support(c))));
  const auto similarity = [&](std::int32_t a, std::int32_t b) {
    return static_cast<double>(matrix.at(a, b)) / supports[static_cast<std::size_t>(a)] +
           static_cast<double>(matrix.at(b, a)) / supports[static_cast<std::size_t>(b)];
  };
  std::deque<std::int32_t> chain;
  std::vector<std::int32_t> left(matrix.classes);
  std::iota(left.begin(), left.end(), 0);
  if (n < 2) return left;
  double most = -1;
  std::pair<std::int32_t, std::int32_t> first{0, 0};
  for (std::int32_t a = 0; a < n; ++a) {
    for (std::int32_t b = a + 1; b < n; ++b) {
      if (const double s = similarity(a, b); s > most) {
        most = s;
        first = {a, b};
      }
    }
  }
  chain = {first.first, first.second};
  std::erase(left, first.first);
  std::erase(left, first.second);
  const auto nearest = [&](std::int32_t end) {
    return std::ranges::max_element(left, {}, [&](std::int32_t c) { return similarity(end, c); });
  };
  while (!left.empty()) {
    const auto before = nearest(chain.front()), after = nearest(chain.back());
    if (similarity(chain.front(), *before) > similarity(chain.back(), *after)) {
      chain.push_front(*before);
      left.erase(before);
    } else {
      chain.push_back(*after);
      left.erase(after);
    }
  }
  return {chain.begin(), chain.end()};
}

std::string confusion_chart(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  const std::size_t n = matrix.classes;
  const double cell = std::clamp(900.0 / static_cast<double>(n), 4.0, 46.0);
  const bool labelled = n <= most_labels;
  const double font = std::clamp(cell * 0.82, 5.0, 12.0);
  std::size_t longest = 4;
  for (const std::string& name : names)
    longest = std::max(longest, std::min(columns_of(name), longest_label + 1));
  const double room = labelled ? 12 + static_cast<double>(longest) * letter * font / 12 : 12;
  const double side = cell * static_cast<double>(n);
  const double count_font = std::clamp(cell * 0.52, 5.0, 12.0);  // three digits fit into a cell

  std::string cells, numbers, labels;
  const auto classes = static_cast<std::int32_t>(n);
  const auto name_of = [&](std::int32_t label) -> const std::string& {
    return names[static_cast<std::size_t>(label)];
  };
  for (std::int32_t truth = 0; truth < classes; ++truth) {
    const std::int64_t support = matrix.support(truth);
    const double middle = (static_cast<double>(truth) + 0.5) * cell;
    if (labelled) {
      labels += fmt::format(
          "<text class=\"row\" data-c=\"{0}\" x=\"{1:.1f}\" y=\"{2:.1f}\" text-anchor=\"end\" "
          "dominant-baseline=\"central\">{3}</text><text class=\"col\" data-c=\"{0}\" "
          "transform=\"translate({4:.1f} "
          "{1:.1f}) rotate(-90)\" dominant-baseline=\"central\">{3}</text>",
          truth, room - 5, room + middle, label_of(name_of(truth)), room + middle);
    }
    for (std::int32_t predicted = 0; predicted < classes; ++predicted) {
      const std::int64_t count = matrix.at(truth, predicted);
      if (count == 0) continue;
      const double share = static_cast<double>(count) / static_cast<double>(support);
      const double opacity = 0.1 + 0.9 * std::pow(share, 0.7);
      cells += fmt::format(
          "<rect class=\"{}\" data-r=\"{}\" data-c=\"{}\" data-n=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" "
          "width=\"{:.1f}\" "
          "height=\"{:.1f}\" "
          "fill-opacity=\"{:.2f}\"><title>{}</title></rect>",
          truth == predicted ? "right" : "wrong", truth, predicted, count,
          room + cell * static_cast<double>(predicted), room + cell * static_cast<double>(truth), cell, cell,
          opacity,
          truth == predicted ? fmt::format("{}: {} of {} correct ({:.1f} %)", html_text(name_of(truth)),
                                           count, support, 100 * share)
                             : fmt::format("{} taken for {}: {} of {} ({:.1f} %)", html_text(name_of(truth)),
                                           html_text(name_of(predicted)), count, support, 100 * share));
      if (n > most_numbers) continue;
      numbers += fmt::format(
          "<text class=\"count{}\" data-r=\"{}\" data-c=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
          opacity > 0.55 ? " on" : "", truth, predicted, room + (static_cast<double>(predicted) + 0.5) * cell,
          room + middle, count);
    }
  }
  std::string order;
  if (labelled) {
    for (const std::int32_t c : similarity_order(matrix))
      order += (order.empty() ? "" : ",") + std::to_string(c);
  }
  return fmt::format(
      "<div class=\"matrix\"><svg id=\"confusion\" viewBox=\"0 0 {0:.0f} {0:.0f}\" role=\"img\" "
      "tabindex=\"0\" data-cell=\"{10:.3f}\" data-order=\"{11}\" "
      "style=\"--label:{1:.1f}px;--count:{9:.1f}px;max-width:{2:.0f}px\" aria-label=\"Confusion matrix of "
      "{3} classes, with "
      "one row per true class and one column per predicted class. The table below lists the "
      "mistakes.\"><rect class=\"frame\" x=\"{4:.1f}\" "
      "y=\"{4:.1f}\" "
      "width=\"{5:.1f}\" height=\"{5:.1f}\"/>{6}{7}{8}</svg></div>\n",
      room + side + 2, font, std::max(420.0, room + side + 2), n, room, side, cells, numbers, labels,
      count_font, cell, order);
}

}  // namespace bart
