#include "bart/model/prediction_text.h"

#include <gtest/gtest.h>

#include "bart/platform/error.h"

namespace bart {
namespace {

struct Prediction {
  std::string file;
  std::vector<ClassProbability> classes;
};

const std::vector<Prediction> predictions = {{"pic_0.jpg", {{"homer", 0.75f}, {"bart", 0.25f}}},
                                             {"a, \"b\".jpg", {{"bart", 0.5f}, {"homer", 0.5f}}}};

std::string prediction_text(const std::vector<Prediction>& rows, PredictionFormat format,
                            bool with_probabilities) {
  std::string text;
  PredictionWriter writer(format, with_probabilities, [&](std::string_view piece) { text += piece; });
  for (const Prediction& row : rows) writer.add(row.file, row.classes);
  writer.finish();
  return text;
}

TEST(PredictionText, JsonIsTheOriginalsResultsFile) {
  EXPECT_EQ(prediction_text(predictions, PredictionFormat::json, false),
            "{\n    \"pic_0.jpg\": \"homer\",\n    \"a, \\\"b\\\".jpg\": \"bart\"\n}");
}

TEST(PredictionText, JsonWithProbabilitiesListsTheRanking) {
  const std::string json = prediction_text({predictions[0]}, PredictionFormat::json, true);
  EXPECT_EQ(
      json,
      "{\n    \"pic_0.jpg\": [\n"
      "        {\n            \"class\": \"homer\",\n            \"probability\": 0.75\n        },\n"
      "        {\n            \"class\": \"bart\",\n            \"probability\": 0.25\n        }\n    ]\n}");
}

TEST(PredictionText, CsvQuotesWhatItMust) {
  EXPECT_EQ(prediction_text(predictions, PredictionFormat::csv, true),
            "file,rank,class,probability\n"
            "pic_0.jpg,1,homer,0.75\npic_0.jpg,2,bart,0.25\n"
            "\"a, \"\"b\"\".jpg\",1,bart,0.5\n\"a, \"\"b\"\".jpg\",2,homer,0.5\n");
}

TEST(PredictionText, TextIsALineAPicture) {
  EXPECT_EQ(prediction_text({predictions[0]}, PredictionFormat::text, true),
            "pic_0.jpg: homer 75.0%, bart 25.0%\n");
}

TEST(PredictionText, WithoutPicturesIsWellFormedToo) {
  EXPECT_EQ(prediction_text({}, PredictionFormat::json, false), "{}");
  EXPECT_EQ(prediction_text({}, PredictionFormat::json, true), "{}");
}

TEST(Ranking, IsByProbabilityAndOfEqualsTheFirstClassFirst) {
  const std::vector<float> probabilities = {0.125f, 0.25f, 0.375f, 0.25f};
  const std::vector<ClassProbability> ranked = ranking(probabilities, {"a", "b", "c", "d"}, 3);
  ASSERT_EQ(ranked.size(), 3u);
  EXPECT_EQ(ranked[0].name + ranked[1].name + ranked[2].name, "cbd");
  EXPECT_EQ(ranked[0].probability, 0.375f);
  EXPECT_EQ(ranking(probabilities, {"a", "b", "c", "d"}, 9).size(), 4u);
}

TEST(PredictionText, ATableFitsItsTerminal) {
  const auto table = [](std::size_t columns) {
    std::string text;
    PredictionWriter writer(
        PredictionFormat::table, true, [&](std::string_view piece) { text += piece; }, {}, columns);
    writer.add("a.jpg", std::vector<ClassProbability>{{"bart", 1.0f}});
    return text;
  };
  const std::string row = "a.jpg\n  bart" + std::string(22, ' ') + " 100.0 %";
  const auto bar = [](std::size_t cells) {
    std::string text;
    while (cells-- > 0) text += "█";
    return text;
  };
  EXPECT_EQ(table(80), row + " " + bar(20) + "\n");
  EXPECT_EQ(table(50), row + " " + bar(13) + "\n");  // 2 + 26 + 8 + 1 columns before it
  EXPECT_EQ(table(30), row + "\n");
}

TEST(PredictionText, ProbabilitiesThatDoNotFitAreRefused) {
  EXPECT_THROW(ranking(std::vector<float>{0.1f, 0.9f}, {"a"}, 1), Error);
  EXPECT_THROW(ranking({}, {"a"}, 1), Error);
  EXPECT_THROW(sure_ones({}, 0.5), Error);
  const auto ignore = [](std::string_view) {};
  EXPECT_THROW(PredictionWriter(PredictionFormat::json, true, {}), Error);
  const std::vector<ClassProbability> one = {{"a", 0.5f}}, not_finite = {{"a", 0.0f / 0.0f}};
  const std::vector<std::string> votes = {"a", "b"};
  for (const auto format : {PredictionFormat::json, PredictionFormat::jsonl, PredictionFormat::csv,
                            PredictionFormat::text, PredictionFormat::table}) {
    PredictionWriter alone(format, false, ignore), two(format, true, ignore, {"m", "n"});
    EXPECT_THROW(alone.add("f", {}), Error);
    EXPECT_THROW(alone.add("f", not_finite), Error);
    EXPECT_THROW(alone.add("f", one, votes), Error);
    EXPECT_THROW(two.add("f", one), Error);
    EXPECT_NO_THROW(two.add("f", one, votes));
  }
}

}  // namespace
}  // namespace bart
