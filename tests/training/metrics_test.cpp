#include "bart/training/metrics.h"
#include "places.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "bart/platform/error.h"
#include "bart/training/augmented_batch.h"
#include "bart/training/average.h"
#include "bart/training/precision_recall.h"
#include "bart/training/predictions.h"
#include "bart/training/temperature.h"

namespace bart {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

/// Figures of scikit-learn, torch and numpy: tests/goldens/make_metrics.py.
const json& cases() {
  static const json all = json::parse(std::ifstream(test::tests_folder() / "goldens/metrics.json"));
  return all;
}

Predictions predictions_in(const json& golden) {
  return {golden["classes"].size(), golden["labels"], golden["logits"]};
}

std::vector<double> figures(const Scores& scores) {
  return {scores.precision, scores.recall, scores.f1};
}

class Metrics : public testing::TestWithParam<std::size_t> {
 protected:
  const json& golden() const { return cases()[GetParam()]; }
  ConfusionMatrix matrix() const {
    return confusion_matrix(golden()["labels"].get<std::vector<std::int32_t>>(),
                            golden()["predicted"].get<std::vector<std::int32_t>>(),
                            golden()["classes"].size());
  }
};

TEST_P(Metrics, ReportEqualsScikitLearnsToTheLastBit) {
  EXPECT_EQ(json(matrix().counts), golden()["confusion"]);
  const ClassificationReport report = classification_report(matrix());
  ASSERT_EQ(report.classes.size(), golden()["per_class"].size());
  for (std::size_t i = 0; i < report.classes.size(); ++i) {
    const ClassScores& each = report.classes[i];
    EXPECT_EQ(json({each.label, each.scores.precision, each.scores.recall, each.scores.f1, each.support}),
              golden()["per_class"][i]);
  }
  EXPECT_EQ(report.accuracy, golden()["accuracy"]);
  EXPECT_EQ(json(std::vector<double>(3, report.accuracy)), golden()["micro"]);
  EXPECT_EQ(json(figures(report.macro)), golden()["macro"]);
  EXPECT_EQ(json(figures(report.weighted)), golden()["weighted"]);
  EXPECT_EQ(report.support, golden()["labels"].size());
}

TEST_P(Metrics, TextEqualsScikitLearns) {
  EXPECT_EQ(
      classification_report_text(classification_report(matrix()), golden()["classes"], golden()["digits"]),
      golden()["report"].get<std::string>());
}

TEST_P(Metrics, FiguresOfLogitsEqualTorchsAndNumpys) {
  if (!golden().contains("logits")) GTEST_SKIP() << "a case of the report alone";
  const Predictions predictions = predictions_in(golden());
  EXPECT_EQ(json(predicted_labels(predictions)), golden()["predicted"]);
  const Evaluation evaluation = evaluate(predictions);
  EXPECT_EQ(evaluation.confusion.counts, matrix().counts);
  EXPECT_EQ(evaluation.report.accuracy, golden()["accuracy"]);
  EXPECT_EQ(top_k_accuracy(predictions, 1), golden()["accuracy"]);
  EXPECT_EQ(top_k_accuracy(predictions, 2), golden()["top2"]);
  EXPECT_EQ(evaluation.top5_accuracy, golden()["top5"]);
  const double loss = golden()["loss"];
  EXPECT_NEAR(evaluation.loss, loss, 1e-12 * std::max(1.0, loss));
  EXPECT_NEAR(evaluation.calibration.expected_error, golden()["ece"], 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Goldens, Metrics, testing::Range(std::size_t{0}, cases().size()),
                         [](const testing::TestParamInfo<std::size_t>& golden) {
                           std::string name = cases()[golden.param]["name"];
                           std::erase_if(name, [](unsigned char c) { return !std::isalnum(c) && c != ' '; });
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST(ClassificationReportText, WideNamesStayInTheirColumn) {
  const std::string text = classification_report_text(
      classification_report(confusion_matrix(std::vector{0, 1}, std::vector{0, 1}, 2)),
      {"日本の桜の木の花見", "a"});
  EXPECT_THAT(text, HasSubstr("\n日本の桜の木の花見       1.00      1.00      1.00         1\n"
                              "                 a       1.00      1.00      1.00         1\n"));
}

TEST(MostConfused, ComesByCountThenByClass) {
  const ConfusionMatrix matrix{3, {5, 2, 0, 3, 9, 2, 2, 0, 1}};
  std::vector<std::vector<std::int64_t>> mistakes;
  for (const Confusion& each : most_confused(matrix)) {
    mistakes.push_back(
        {static_cast<std::int64_t>(each.truth), static_cast<std::int64_t>(each.predicted), each.pictures});
  }
  EXPECT_THAT(mistakes, ElementsAre(ElementsAre(1, 0, 3), ElementsAre(0, 1, 2), ElementsAre(1, 2, 2),
                                    ElementsAre(2, 0, 2)));
}

TEST(Calibration, BinsHoldTheirUpperBorder) {
  // Two equal logits are a confidence of 0.5: bin 8 of 15 is (7/15, 8/15]. Three are 5/15: bin 5 is (4/15,
  // 5/15].
  const Calibration two = calibration({2, {0, 1}, {0, 0, 0, 0}});
  EXPECT_EQ(two.bins[7].pictures, 2);
  EXPECT_EQ(two.bins[7].confidence, 0.5);
  EXPECT_EQ(two.bins[7].accuracy, 0.5);
  EXPECT_EQ(two.expected_error, 0);
  EXPECT_EQ(calibration({3, {0}, {1, 1, 1}}).bins[4].pictures, 1);
  const Calibration sure = calibration({2, {1}, {1000, 0}});
  EXPECT_EQ(sure.bins[14].pictures, 1);
  EXPECT_EQ(sure.expected_error, 1);
}

TEST(MetricsOfWhatDoesNotFit, AreRefused) {
  const Predictions too_few_logits{2, {0, 1}, {0, 0, 0}}, no_classes{0, {0}, {}},
      label_beyond{2, {0, 2}, {0, 0, 0, 0}}, negative_label{2, {0, -1}, {0, 0, 0, 0}};
  for (const Predictions& bad : {too_few_logits, no_classes, label_beyond, negative_label}) {
    EXPECT_THROW(evaluate(bad), Error);
    EXPECT_THROW(top_k_accuracy(bad, 1), Error);
    EXPECT_THROW(cross_entropy(bad), Error);
    EXPECT_THROW(calibration(bad), Error);
    EXPECT_THROW(precision_recall(bad), Error);
    EXPECT_THROW(fitting_factor(bad), Error);
    EXPECT_THROW(predicted_labels(bad), Error);
  }
  const ConfusionMatrix small{2, {1}};
  EXPECT_THROW(classification_report(small), Error);
  EXPECT_THROW(most_confused(small), Error);
  EXPECT_THROW(small.support(0), Error);
  const std::vector<std::int32_t> labels = {0, 1};
  const ConfusionMatrix matrix = confusion_matrix(labels, labels, 2);
  EXPECT_THROW(matrix.support(2), Error);
  EXPECT_THROW(matrix.support(-1), Error);
  EXPECT_THROW(confusion_matrix(labels, labels, std::size_t{1} << 40), Error);
  EXPECT_THROW(classification_report_text(classification_report(matrix), {"a"}), Error);
  EXPECT_THROW(classification_report_text(classification_report(matrix), {"a", "b"}, -1), Error);
}

TEST(PicturesThatAreNotThere, AreRefused) {
  LoadedPictures none;
  none.image_size = 8;
  const std::vector<std::uint32_t> first = {0};
  EXPECT_THROW(picture_source(none, first), Error);
  EXPECT_THROW(predictions_of(BatchNetwork{}, none, first, 32), Error);
  EXPECT_THROW(evaluate_batches(BatchNetwork{}, PictureSource{.size = 1, .picture = {}}, {}, {}), Error);
  AugmentedBatch batch;
  EXPECT_THROW(batch.make(none, first, first, {}, 1, 1, 8, 1), Error);
  EXPECT_THROW(batch.make(none, {}, first, {}, 1, 1, 8, 1), Error);
  EXPECT_THROW(batch.make(none, {}, {}, {}, 1, 1, -8, 1), Error);
}

TEST(FiguresOfWhatIsNotFinite, AreRefused) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  for (const Predictions& bad : {Predictions{2, {0}, {nan, 1}}, Predictions{2, {0}, {infinity, 1}},
                                 // 2^63 classes times 2 pictures is 0.
                                 Predictions{std::size_t{1} << 63, {0, 0}, {}}, Predictions{0, {0}, {}}}) {
    EXPECT_THROW(evaluate(bad), Error);
    EXPECT_THROW(cross_entropy(bad), Error);
    EXPECT_THROW(calibration(bad), Error);
    EXPECT_THROW(precision_recall(bad), Error);
    EXPECT_THROW(fitting_factor(bad), Error);
    EXPECT_THROW(predicted_labels(bad), Error);
  }
  EXPECT_THROW(predicted_label({}), Error);
  EXPECT_THROW(classification_report({2, {-1, 5, 0, 0}}), Error);
  EXPECT_THROW(average_kept(std::numeric_limits<double>::quiet_NaN(), 1), Error);
  EXPECT_THROW(average_kept(0.9, 0), Error);
}

TEST(Evaluation, RefusesBatchesPicturesAndLabelsThatDoNotFitTheNetwork) {
  const BatchNetwork network{{.classes = 2, .image_size = 16},
                             [](auto, std::span<float> logits, auto) { std::ranges::fill(logits, 0.0f); }};
  const std::vector<std::uint8_t> pixels(16 * 16 * 3);
  const PictureSource one{.size = 1, .picture = [&](std::size_t) { return pixels.data(); }};
  EXPECT_EQ(predictions_of(network, one, {1}, 32).size(), 1u);
  EXPECT_THROW(predictions_of(network, one, {2}, 32), Error);
  EXPECT_THROW(predictions_of(network, one, {-1}, 32), Error);
  EXPECT_THROW(predictions_of(network, one, {1}, static_cast<std::size_t>(-1)), Error);
  EXPECT_THROW(evaluate_batches(network, one, {}, {}), Error);
  // Pictures of another size, and pictures without pixels.
  LoadedPictures smaller;
  smaller.image_size = 8;
  smaller.classes = {"a", "b"};
  smaller.labels = {0};
  smaller.slots = {0};
  smaller.pixels = ByteStore::in_memory(8 * 8 * 3);
  const std::vector<std::uint32_t> first = {0};
  EXPECT_THROW(predictions_of(network, smaller, first, 32), Error);
  smaller.image_size = 16;
  EXPECT_THROW(predictions_of(network, smaller, first, 32), Error);
}

}  // namespace
}  // namespace bart
