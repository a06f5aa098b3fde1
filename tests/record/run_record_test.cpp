#include "bart/record/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "places.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

RunRecord decoded(const std::string& text) {
  return decode_run_record({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

RunRecord some_record() {
  RunRecord record;
  record.command = "bart train faces";
  record.version = "1.2.3";
  record.machine = {"A \"fast\" one", "avx2", "Linux", 1u << 31};
  record.threads = 4;
  record.settings.learning_rate = 0.1 + 0.2;
  record.settings.precision = "bf16";
  record.settings.threads = 3;
  record.settings.clip_norm = 2.5;
  record.settings.class_weights = "balanced";
  record.settings.best = "macro-f1";
  record.settings.init = "first/BART-10M.pth";
  record.settings.deterministic = true;
  record.settings.max_steps = 5'000'000'000;
  record.data_folder = "/data/faces";
  record.classes = {"a", "日本"};
  record.pictures = 10;
  record.train_pictures = 6;
  record.validation_pictures = 2;
  record.test_pictures = 2;
  record.sizes = 3;
  record.bytes = 12345678901;
  record.skipped = {{"a/x.jpg", "is cut short"}};
  record.converted = {{"a/y.png", "P"}};
  record.status = "finished";
  record.started = "2026-11-24T12:03:00Z";
  record.written = "2026-11-24T12:04:00Z";
  record.resumed_after_step = 7;
  record.steps = 9;
  record.epochs = {{.epoch = 1, .loss = 1.0 / 3, .validation_loss = 1e-300, .gradient_norm = 4}};
  record.tests = {{"BART-10M.pth", 56.7, 0.25, 2}};
  record.evaluations = {{"BART-10M.pth", "test", 0.125, {{1, {0.5, 1, 2.0 / 3}, 1, 2}}}};
  record.models = {{"BART-10M.pth", 1, 0xfedcba9876543210, 0x123, 0xabc}};
  record.writing = {"BART-10M.best.pth", 2, 0x456, 0x789};
  record.test_given = true;
  record.warnings = {"The loss grew."};
  record.peak_memory_bytes = 99;
  return record;
}

TEST(RunRecordTest, ComesBackAsItWas) {
  const RunRecord before = some_record();
  const std::string text = encode_run_record(before);
  const RunRecord after = decoded(text);
  EXPECT_EQ(after.settings, before.settings);
  EXPECT_EQ(after.epochs, before.epochs);
  EXPECT_EQ(after.resumed_after_step, before.resumed_after_step);
  EXPECT_EQ(after.converted, before.converted);
  EXPECT_EQ(after.warnings, before.warnings);
  EXPECT_EQ(after.models.at(0).fingerprint, 0xfedcba9876543210);
  EXPECT_EQ(after.models.at(0).weights, 0x123);
  EXPECT_EQ(after.models.at(0).bfloat16_weights, 0xabc);
  ASSERT_TRUE(after.writing);
  EXPECT_EQ(after.writing->file, "BART-10M.best.pth");
  EXPECT_EQ(after.writing->fingerprint, 0x456u);
  EXPECT_EQ(after.writing->weights, 0x789);
  EXPECT_FALSE(after.writing->bfloat16_weights) << "of an older record";
  EXPECT_TRUE(wrote_model(after, 0x456).value());
  EXPECT_TRUE(after.test_given);
  EXPECT_FALSE(after.validation_given);
  EXPECT_TRUE(after.unrecorded.empty());
  EXPECT_EQ(encode_run_record(after), text);
}

TEST(RunRecordTest, RecordsEverySettingThatDecidesTheResult) {
  const auto options = nlohmann::json::parse(encode_run_record(some_record()))["options"];
  for (const Setting& setting : run_settings()) {
    EXPECT_EQ(options.contains(setting.name), setting.effect != Effect::output) << setting.name;
  }
  EXPECT_EQ(options["clip_norm"], 2.5);
  EXPECT_EQ(options["class_weights"], "balanced");
  EXPECT_EQ(options["init"], "first/BART-10M.pth");
  EXPECT_EQ(options["deterministic"], true);
  EXPECT_EQ(options["best"], "macro-f1");
  EXPECT_EQ(nlohmann::json::parse(encode_run_record({}))["options"]["max_steps"], nullptr);
}

TEST(RunRecordTest, FiguresThatAreNotFiniteAreReadAgain) {
  RunRecord record = some_record();
  record.epochs[0].validation_loss = std::nan("");
  record.epochs[0].loss = INFINITY;
  const RunRecord after = decoded(encode_run_record(record));
  EXPECT_TRUE(std::isnan(after.epochs[0].validation_loss));
  EXPECT_FALSE(std::isfinite(after.epochs[0].loss));
}

TEST(RunRecordTest, AnOlderRecordSaysWhichSettingsItDoesNotKnow) {
  auto run = nlohmann::json::parse(encode_run_record(some_record()));
  for (const char* name : {"clip_norm", "precision", "init"}) run["options"].erase(name);
  run["data"].erase("validation");
  for (const char* name : {"learning_rate", "images_per_second", "gradient_norm"}) {
    run["results"]["epochs"][0].erase(name);
  }
  run["results"]["epochs"][0]["train_seconds"] = 2;
  const RunRecord record = decoded(run.dump());
  EXPECT_EQ(record.unrecorded, (std::set<std::string>{"clip_norm", "precision", "init"}));
  EXPECT_EQ(record.settings.precision, "f32");
  EXPECT_EQ(record.epochs[0].learning_rate, record.settings.learning_rate);
  EXPECT_EQ(record.epochs[0].images_per_second, 3);
}

TEST(RunRecordTest, RefusesValuesThatNoTrainingHas) {
  const auto good = nlohmann::json::parse(encode_run_record(some_record()));
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, nlohmann::json>>{{"batch_size", 0},
                                                           {"batch_size", -1},
                                                           {"image_size", 17},
                                                           {"learning_rate", nullptr},
                                                           {"split", "x"}}) {
    auto bad = good;
    bad["options"][name] = value;
    EXPECT_THAT([&] { decoded(bad.dump()); }, ThrowsMessage<Error>("is not what bart train writes"))
        << name << value;
  }
}

TEST(RunRecordTest, RefusesEpochsThatAreNotNumberedInOrder) {
  const auto good = nlohmann::json::parse(encode_run_record(some_record()));
  for (const int epoch : {-1, 0, 2, 1000000, 2147483647}) {
    auto bad = good;
    bad["results"]["epochs"][0]["epoch"] = epoch;
    EXPECT_THAT([&] { decoded(bad.dump()); }, ThrowsMessage<Error>("is not what bart train writes")) << epoch;
  }
}

TEST(RunRecordTest, KeepsTheFiguresOfEachClass) {
  const RunRecord record = decoded(encode_run_record(some_record()));
  ASSERT_EQ(record.evaluations.size(), 1u);
  const EvaluationRecord& evaluation = record.evaluations[0];
  EXPECT_EQ(evaluation.model, "BART-10M.pth");
  EXPECT_EQ(evaluation.pictures, "test");
  EXPECT_EQ(evaluation.expected_calibration_error, 0.125);
  ASSERT_EQ(evaluation.classes.size(), 1u);
  EXPECT_EQ(evaluation.classes[0].label, 1);
  EXPECT_EQ(evaluation.classes[0].scores.precision, 0.5);
  EXPECT_EQ(evaluation.classes[0].scores.recall, 1);
  EXPECT_EQ(evaluation.classes[0].scores.f1, 2.0 / 3);
  EXPECT_EQ(evaluation.classes[0].support, 1);
  EXPECT_EQ(evaluation.classes[0].predicted, 2);
}

TEST(RunRecordTest, AnOlderRecordHasNoFiguresOfClasses) {
  auto run = nlohmann::json::parse(encode_run_record(some_record()));
  run["results"].erase("evaluations");
  EXPECT_TRUE(decoded(run.dump()).evaluations.empty());
}

TEST(RunRecordTest, RefusesFiguresOfClassesThatNoTrainingHas) {
  const auto good = nlohmann::json::parse(encode_run_record(some_record()));
  const auto refused = [&](const char* path, const nlohmann::json& value) {
    auto bad = good;
    bad["results"]["evaluations"][0][nlohmann::json::json_pointer(path)] = value;
    EXPECT_THAT([&] { decoded(bad.dump()); }, ThrowsMessage<Error>("is not what bart train writes"))
        << path << value;
  };
  for (const nlohmann::json& value : {nlohmann::json(-1), nlohmann::json(2), nlohmann::json("0"),
                                      nlohmann::json(4294967297), nlohmann::json(1.5)}) {
    refused("/classes/0/label", value);
  }
  for (const nlohmann::json& value :
       {nlohmann::json(-0.1), nlohmann::json(1.1), nlohmann::json(nullptr), nlohmann::json("1")}) {
    refused("/expected_calibration_error", value);
    for (const char* path : {"/classes/0/precision", "/classes/0/recall", "/classes/0/f1"})
      refused(path, value);
  }
  for (const char* path : {"/classes/0/support", "/classes/0/predicted"}) {
    for (const nlohmann::json& value : {nlohmann::json(-1), nlohmann::json(11), nlohmann::json(0.5)})
      refused(path, value);
  }
  refused("/pictures", "train");
  refused("/model", 1);
  refused("/classes/1", good["results"]["evaluations"][0]["classes"][0]);  // the same class twice
}

TEST(ReadRun, RefusesFoldersWithoutATraining) {
  const test::ScratchFolder scratch;
  EXPECT_THROW(read_run(scratch.path()), Error);
  for (const char* bad : {"", "{", "[]", "{\"command\": 3}"}) {
    scratch.write("bart-run/run.json", bad);
    EXPECT_THAT([&] { read_run(scratch.path()); },
                ThrowsMessage<Error>(HasSubstr("is not what bart train writes")))
        << bad;
  }
}

TEST(ReadRun, RefusesNumbersThatDoNotFit) {
  const test::ScratchFolder scratch;
  const std::vector<std::uint8_t> bytes = read_file(test::tests_folder() / "../fuzz/corpus/run/no_steps");
  const std::string good(bytes.begin(), bytes.end());
  const std::string seed = "\"seed\": 10";
  ASSERT_THAT(good, HasSubstr(seed));
  scratch.write("steps.csv", "step,epoch,loss\n");
  const auto read_with = [&](const char* number) {
    std::string record = good;
    record.replace(record.find(seed), seed.size(), std::string("\"seed\": ") + number);
    scratch.write("run.json", record);
    return read_run(scratch.path()).record.settings.seed;
  };
  EXPECT_EQ(read_with("4294967295"), 4294967295);
  for (const char* number : {"4294967296", "-1", "1.5", "1e60", "null", "\"7\""})
    EXPECT_THROW(read_with(number), Error) << number;
}

TEST(ReadRun, StepsComeBackToTheLastBit) {
  const std::vector<StepRecord> steps = {{1, 1, 0.1f, 0.1 / 3}, {2, 1, 1e-30f, 1e-300}};
  const test::ScratchFolder scratch;
  scratch.write("bart-run/run.json", encode_run_record(some_record()));
  scratch.write("bart-run/steps.csv", encode_steps(steps));
  EXPECT_EQ(read_run(scratch.path()).steps, steps);
  for (const char* line : {"1,1,x", "1,1,0.5,x", "1,1,0.5,", "1,1,0.5,-1", "1,1,0.5,0.1,2"}) {
    scratch.write("bart-run/steps.csv", std::string("step,epoch,loss,learning_rate\n") + line + "\n");
    EXPECT_THAT([&] { read_run(scratch.path()); }, ThrowsMessage<Error>(HasSubstr("line 2 is not a step")))
        << line;
  }
}

TEST(ReadRun, StepsOfEarlierVersionsHaveNoLearningRate) {
  const test::ScratchFolder scratch;
  scratch.write("bart-run/run.json", encode_run_record(some_record()));
  scratch.write("bart-run/steps.csv", "step,epoch,loss\n1,1,0.5\n");
  EXPECT_EQ(read_run(scratch.path()).steps, (std::vector<StepRecord>{{1, 1, 0.5f, -1}}));
}

}  // namespace
}  // namespace bart
