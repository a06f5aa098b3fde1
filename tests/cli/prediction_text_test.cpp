#include "prediction_text.h"

#include <gtest/gtest.h>

#include "bart/platform/error.h"

namespace bart {
namespace {

const std::vector<Prediction> predictions = {{"pic_0.jpg", {{"homer", 0.75f}, {"bart", 0.25f}}},
                                             {"a, \"b\".jpg", {{"bart", 0.5f}, {"homer", 0.5f}}}};

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

TEST(PredictionFormat, RefusesOthers) {
  EXPECT_THROW(prediction_format("xml"), UsageError);
}

}  // namespace
}  // namespace bart
