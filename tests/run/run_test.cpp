// A whole training from a program.
#include "bart/run/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/platform/files.h"
#include "bart/sample/sample.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class RunTest : public testing::Test {
 protected:
  void SetUp() override { write_sample(faces(), {.classes = 2, .per_class = 8}); }

  fs::path faces() const { return scratch_.path() / "faces"; }
  RunFolder folder(const char* out) const { return RunFolder(scratch_.path() / out); }
  /// Two steps an epoch.
  RunSettings settings(const char* out) const {
    RunSettings settings;
    settings.image_size = 16;
    settings.batch_size = 8;
    settings.epochs = 2;
    settings.threads = 1;
    settings.no_report = true;
    settings.out = folder(out).results().string();
    return settings;
  }

  test::ScratchFolder scratch_;
};

TEST_F(RunTest, TellsOfEverythingAndLeavesEverything) {
  std::vector<std::string> events;
  std::vector<EpochRecord> epochs;
  RunObserver observer;
  observer.listed = [&](const Listing& listing) { EXPECT_EQ(listing.pictures.size(), 16u); };
  observer.reading = [&](std::size_t done, std::size_t total) {
    if (done == total) events.push_back("reading");
  };
  observer.read = [&](const LoadedPictures& pictures, const RunSettings&) {
    EXPECT_EQ(pictures.size(), 16u);
    events.push_back("read");
  };
  observer.start = [&](const RunStart& start) {
    EXPECT_EQ(start.record.train_pictures, 9u);
    events.push_back("start");
  };
  observer.step = [&](const StepRecord& step, std::size_t done, std::size_t total) {
    EXPECT_LE(done, total);
    EXPECT_GT(step.gradient_norm, 0);
    EXPECT_EQ(step.learning_rate, 0.001);
    events.push_back("step");
    return true;
  };
  observer.epoch = [&](const EpochRecord& epoch) {
    epochs.push_back(epoch);
    events.push_back("epoch");
    return true;
  };
  observer.trained = [&](const RunResult& result) {
    EXPECT_EQ(result.record.status, "finished");
    events.push_back("trained");
  };
  observer.tested = [&](const TestRecord& test) { events.push_back("tested " + test.model); };
  observer.saved = [&](Saved what, const fs::path& path) {
    EXPECT_TRUE(fs::exists(path)) << path;
    if (what == Saved::model) events.push_back("model");
    if (what == Saved::report) events.push_back("report");
  };
  RunSettings asked = settings("run");
  asked.validation_size = 0.25;
  asked.best = "accuracy";
  asked.no_report = false;
  const RunResult result = train(faces(), asked, observer);

  EXPECT_THAT(events, testing::ElementsAre("reading", "read", "start", "step", "step", "epoch", "step",
                                           "step", "epoch", "trained", "tested BART-10M.pth",
                                           "tested BART-10M.best.pth", "model", "report"));
  EXPECT_EQ(result.record.epochs, epochs);
  EXPECT_EQ(result.record.steps, 4);
  EXPECT_GT(epochs[0].gradient_norm, 0);
  EXPECT_EQ(epochs[1].learning_rate, 0.001);
  const RunFolder out = folder("run");
  for (const fs::path& path : {out.model(), out.best_model(), out.labels(), out.test_pictures() / "pic_3.jpg",
                               out.run_json(), out.run_toml(), out.steps_csv(), out.test_pictures_csv(),
                               out.history_csv(), out.history_json(), out.report()}) {
    EXPECT_TRUE(fs::exists(path)) << path;
  }
  const RecordedRun recorded = read_run(out.results());
  for (const Setting& setting : run_settings()) {
    if (setting.effect == Effect::output) continue;  // not kept
    EXPECT_EQ(text_of(setting, recorded.record.settings), text_of(setting, result.record.settings));
  }
  EXPECT_EQ(recorded.record.epochs, epochs);
  EXPECT_EQ(recorded.steps.size(), 4u);
}

TEST_F(RunTest, AnObserverStopsATrainingWhichGoesOnToTheSameBytes) {
  train(faces(), settings("whole"));
  RunObserver observer;
  observer.step = [](const StepRecord& step, std::size_t, std::size_t) { return step.step < 3; };
  const RunResult stopped = train(faces(), settings("parts"), observer);
  EXPECT_EQ(stopped.record.status, "interrupted");
  EXPECT_EQ(stopped.record.steps, 3);
  EXPECT_TRUE(fs::exists(stopped.checkpoint));
  observer = {};
  observer.start = [](const RunStart& start) { EXPECT_EQ(start.record.resumed_after_step, 3); };
  const RunResult resumed = resume(folder("parts").results(), {}, observer);
  EXPECT_EQ(resumed.record.status, "finished");
  EXPECT_TRUE(read_file(folder("parts").model()) == read_file(folder("whole").model()));
  EXPECT_TRUE(read_file(folder("parts").steps_csv()) == read_file(folder("whole").steps_csv()));
}

TEST_F(RunTest, ResumeRefusesASettingThatWouldChangeTheResult) {
  RunSettings once = settings("run");
  once.max_steps = 1;
  train(faces(), once);
  const auto with = [&](auto change) {
    return [this, change] { resume(folder("run").results(), {.change = change}); };
  };
  EXPECT_THAT(with([](RunSettings& s) { s.learning_rate = 0.01; }),
              ThrowsMessage<ChangedSetting>(
                  "learning_rate is 0.01, but the training to go on with began with 0.001"));
  EXPECT_THAT(with([](RunSettings& s) { s.batch_size = 0; }),
              ThrowsMessage<SettingError>(HasSubstr("batch_size must be at least 1")));
  const RunResult result =
      resume(folder("run").results(), {.change = [](RunSettings& s) { s.max_steps = 3; }});
  EXPECT_EQ(result.record.steps, 3);
  EXPECT_EQ(result.record.status, "stopped");
}

TEST_F(RunTest, ImpossibleSettingsWriteNothing) {
  for (const auto& change : std::vector<std::function<void(RunSettings&)>>{
           [](RunSettings& s) { s.batch_size = 0; }, [](RunSettings& s) { s.split = "sorted"; },
           [](RunSettings& s) { s.image_size = 17; }}) {
    RunSettings asked = settings("run");
    change(asked);
    EXPECT_THROW(train(faces(), asked), SettingError);
  }
  RunSettings inside = settings("run");
  inside.out = (faces() / "results").string();
  EXPECT_THAT([&] { train(faces(), inside); },
              ThrowsMessage<SettingError>(HasSubstr("name another folder with out")));
  EXPECT_FALSE(fs::exists(folder("run").results()));
}

}  // namespace
}  // namespace bart
