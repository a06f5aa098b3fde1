// Unusual and mutated pictures through inspect, predict and train, as a user runs them: no crash, no report
// of a sanitizer, and all three commands skip the same files, each with a reason. BART_MUTATIONS sets how
// many mutations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bart/pictures/decode.h"
#include "bart/platform/files.h"
#include "pictures/mutated.h"
#include "places.h"
#include "run_bart.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AnyOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

using Reasons = std::map<std::string, std::string>;  // of the skipped, by file

const fs::path golden_pictures = test::tests_folder() / "goldens" / "pictures";
const fs::path odd = test::shared_folder() / "data" / "odd";
const fs::path real = test::shared_folder() / "data" / "simpsons_subset";

int mutations() {
  const char* text = std::getenv("BART_MUTATIONS");
  return text == nullptr ? 150 : std::atoi(text);
}

void add_pictures(std::vector<fs::path>& files, const fs::path& folder) {
  if (!fs::exists(folder)) return;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && has_picture_extension(entry.path().string()))
      files.push_back(entry.path());
  }
}

BartResult run(const fs::path& here, const std::vector<std::string>& arguments) {
  const BartResult result = run_bart(here, arguments);
  EXPECT_THAT(result.code, AnyOf(0, 1)) << result.err;
  EXPECT_THAT(result.err, Not(ContainsRegex("Sanitizer|runtime error")));
  return result;
}

Reasons reasons_of(const json& list) {
  Reasons reasons;
  for (const json& entry : list) reasons[entry["file"]] = entry["reason"];
  return reasons;
}

/// "... - WARNING - Skipped FILE: REASON", the file relative to `folder`.
Reasons reasons_of_log(const std::string& log, const std::string& folder) {
  Reasons reasons;
  const std::string before = " - WARNING - Skipped " + folder + "/";
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(before);
    if (at == std::string::npos) continue;
    const std::string rest = line.substr(at + before.size());
    const std::size_t colon = rest.find(": ");
    reasons[rest.substr(0, colon)] = rest.substr(colon + 2);
  }
  return reasons;
}

TEST(OddFiles, InspectPredictAndTrainSkipTheSameOnesAndSayWhy) {
  const ScratchFolder scratch;
  const fs::path& here = scratch.path();
  ASSERT_EQ(run_bart(here, {"sample", "data", "--classes", "2", "--per-class", "30"}).code, 0);
  ASSERT_EQ(run_bart(here, {"train", "data", "--epochs", "0", "--image-size", "32"}).code, 0);
  std::vector<fs::path> classes;
  for (const auto& entry : fs::directory_iterator(here / "data")) classes.push_back(entry.path());

  std::vector<fs::path> whole;
  add_pictures(whole, golden_pictures);
  add_pictures(whole, odd);
  std::vector<fs::path> sources = whole;
  add_pictures(sources, here / "data");
  add_pictures(sources, real);
  std::ranges::sort(sources);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    fs::copy_file(whole[i], classes[i % 2] / ("whole_" + std::to_string(i) + whole[i].extension().string()));
  }
  std::mt19937 random(10);
  for (int i = 0; i < mutations(); ++i) {
    const fs::path& source = sources[random() % sources.size()];
    const std::vector<std::uint8_t> other = read_file(sources[random() % sources.size()]);
    write_file(classes[random() % 2] / (std::to_string(i) + source.extension().string()),
               test::mutated(read_file(source), other, random));
  }

  const BartResult inspected = run(here, {"inspect", "data", "--json"});
  ASSERT_EQ(inspected.code, 0) << inspected.err;
  const json inspection = json::parse(inspected.out);
  const Reasons skipped = reasons_of(inspection["unreadable"]);
  const std::size_t readable = inspection["pictures"].get<std::size_t>();
  EXPECT_EQ(readable + skipped.size(), 60 + whole.size() + static_cast<std::size_t>(mutations()));
  EXPECT_GT(skipped.size(), static_cast<std::size_t>(mutations()) / 10);
  for (const auto& [file, reason] : skipped) EXPECT_NE(reason, "") << file;

  const BartResult predicted = run(here, {"predict", "data", "--recursive", "--format", "csv", "--out", "-"});
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  EXPECT_EQ(reasons_of_log(predicted.err, "data"), skipped);

  // Too many bad files stop a training, so most of them are removed first.
  const std::vector<std::string> train = {"train",        "data", "--epochs", "1",
                                          "--image-size", "32",   "--out",    "trained"};
  const BartResult refused = run(here, train);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("cannot be used, more than 5 %"));
  Reasons kept = skipped;
  while (kept.size() * 20 > readable) {
    fs::remove(here / "data" / kept.begin()->first);
    kept.erase(kept.begin());
  }
  const BartResult trained = run(here, train);
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(reasons_of(json::parse(file_text(here / "trained" / "bart-run" / "run.json"))["data"]["skipped"]),
            kept);
  std::printf("%zu files, of which %d mutations: %zu skipped, each with a reason\n",
              readable + skipped.size(), mutations(), skipped.size());
}

}  // namespace
}  // namespace bart
