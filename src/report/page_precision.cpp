#include <fmt/format.h>

#include "bart/html/html.h"
#include "bart/training/precision_recall.h"
#include "page_words.h"
#include "sections.h"

namespace bart {
namespace {

constexpr double wanted = 0.95;     // until the reader asks for another precision
constexpr double curve_side = 100;  // of a curve, in SVG units

/// The curve as a staircase: at each recall the best precision that can be had.
std::string staircase(const PrecisionRecall& curve) {
  std::string path;
  for (std::size_t i = curve.best.size(); i-- > 0;) {
    const OperatingPoint& point = curve.best[i];
    path += fmt::format("{}V{:.1f}H{:.1f}",
                        path.empty() ? fmt::format("M0 {:.1f}", curve_side * (1 - point.precision)) : "",
                        curve_side * (1 - point.precision), curve_side * point.recall);
  }
  return path;
}

std::string points_text(const PrecisionRecall& curve) {
  std::string json;
  for (const OperatingPoint& point : curve.best) {
    json += fmt::format("{}[{},{:.6g},{:.6g}]", json.empty() ? "" : ",", point.threshold, point.precision,
                        point.recall);
  }
  return "[" + json + "]";
}

}  // namespace

std::string precision_section(const RunRecord& run, const Predictions& predictions) {
  const std::vector<PrecisionRecall> curves = precision_recall(predictions);
  std::string figures;
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const PrecisionRecall& curve = curves[c];
    if (curve.support == 0) continue;
    const std::optional<OperatingPoint> point = point_with_precision(curve, wanted);
    const std::string name = class_name(run, static_cast<std::int32_t>(c));
    figures += fmt::format(
        "<figure class=\"curve\" data-points=\"{0}\"><figcaption><strong>{9}</strong> <span>average "
        "{2:.3f}</span></figcaption><svg viewBox=\"-4 -4 108 108\" role=\"img\" aria-label=\"Precision over "
        "recall of {1}\"><path class=\"grid\" d=\"M0 0H{3}V{3}H0ZM0 50H{3}M50 0V{3}\"/><path class=\"line "
        "a\" "
        "d=\"{4}\"/><circle class=\"b\" r=\"3.5\" cx=\"{5:.1f}\" "
        "cy=\"{6:.1f}\"{7}/></svg><p>{8}</p></figure>\n",
        points_text(curve), name, curve.average_precision, curve_side, staircase(curve),
        point ? curve_side * point->recall : 0, point ? curve_side * (1 - point->precision) : 0,
        point ? "" : " visibility=\"hidden\"",
        point ? fmt::format("from <b>{}</b>: recall {}", point->threshold, percent(point->recall))
              : std::string("no threshold reaches this"),
        shown_name(run, static_cast<std::int32_t>(c)));
  }
  return html_section(
      "precision", "Precision and recall",
      fmt::format(
          "<p>For each class, measured on the test pictures: the lowest probability of the class at which "
          "<label id=\"wanted\">at least <b>{:.0f} %</b></label> of the pictures that reach it belong to the "
          "class (precision), and the share of the pictures of the class that reach it (recall). "
          "Each curve shows precision (upwards) over recall (to the right); <em>average</em> is the "
          "average precision.</p>\n<div class=\"curves\" id=\"curves\">\n{}</div>\n",
          100 * wanted, figures));
}

}  // namespace bart
