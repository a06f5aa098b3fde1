// Trainings that stop, or are killed, and go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/record/run_record.h"
#include "bart/run/run.h"
#include "run_fixture.h"

namespace bart {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

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
  EXPECT_THAT(
      with([](RunSettings& s) { s.learning_rate = 0.01; }),
      ThrowsMessage<ChangedSetting>("learning_rate is 0.01, but the training to continue began with 0.001"));
  EXPECT_THAT(with([](RunSettings& s) { s.batch_size = 0; }),
              ThrowsMessage<SettingError>(HasSubstr("batch_size must be at least 1")));
  const RunResult result =
      resume(folder("run").results(), {.change = [](RunSettings& s) { s.max_steps = 3; }});
  EXPECT_EQ(result.record.steps, 3);
  EXPECT_EQ(result.record.status, "stopped");
}

TEST_F(RunTest, AModelThatAKilledTrainingDidNotNameInItsRecordIsNobodyElses) {
  train(faces(), settings("run"));
  RunRecord record = read_run_record(folder("run"));
  record.status = "running";
  const auto expect_advice = [&] {
    write_file(folder("run").run_json(), encode_run_record(record));
    EXPECT_THAT([&] { make_report(folder("run").results(), 1); },
                ThrowsMessage<Error>(AllOf(HasSubstr("was killed while it saved the model"),
                                           HasSubstr("bart train --resume --out "))));
  };
  record.models.at(0).fingerprint ^= 1;  // the model of a later epoch, with other weights
  record.models.at(0).weights.value() ^= 1;
  record.models.at(0).bfloat16_weights.value() ^= 1;
  expect_advice();
  record.models.clear();  // that of the first epoch
  expect_advice();
  // The record follows the model at once: the checkpoint, which takes longer, comes last.
  RunObserver observer;
  observer.saved = [&](Saved what, const fs::path&) {
    if (what != Saved::checkpoint) return;
    const RunRecord written = read_run_record(folder("whole"));
    ASSERT_EQ(written.models.size(), 1u);
    EXPECT_EQ(wrote_model(written, hash_of(read_file(folder("whole").model()))), true);
  };
  train(faces(), settings("whole"), observer);
}

TEST_F(RunTest, AModelThatWasSavedAgainIsKnownByItsWeights) {
  train(faces(), settings("run"));
  const RunFolder out = folder("run");
  StateDict state = decode_pth(read_file(out.model()));
  const RunRecord record = read_run_record(out);
  const auto save_again = [&] {
    write_file(out.model(), encode_pth(state, {.classes = record.classes,
                                               .image_size = record.settings.image_size,
                                               .exif_orientation = true,
                                               .bart_version = "of another program"}));
    ASSERT_EQ(wrote_model(record, hash_of(read_file(out.model()))), false);
  };
  save_again();
  make_report(out.results(), 1);
  EXPECT_TRUE(fs::exists(out.report()));
  state.at(0).floats().at(0) += 1;
  save_again();
  EXPECT_THAT([&] { make_report(out.results(), 1); },
              ThrowsMessage<Error>(HasSubstr("something else wrote it")));
}

/// Trainings of which one leaves a checkpoint in the folder of another.
class CheckpointOfAnother : public RunTest {
 protected:
  RunFolder out() const { return folder("run"); }
  fs::path checkpoint(const char* out, const std::string& name) const { return folder(out).record() / name; }
  RunSettings others_settings(const char* out) const {
    RunSettings asked = settings(out);
    asked.seed = 11;
    return asked;
  }
  /// A training that is interrupted in its first step, so that it has a checkpoint but no model.
  void interrupt(const RunSettings& asked) const {
    RunObserver observer;
    observer.step = [](const StepRecord&, std::size_t, std::size_t) { return false; };
    train(faces(), asked, observer);
    ASSERT_TRUE(fs::exists(RunFolder(asked.out).record() / "checkpoint-1.safetensors"));
  }
  /// A training that is killed before its first checkpoint, at its first step.
  void kill(const RunSettings& asked) const {
    const pid_t child = ::fork();
    if (child == 0) {
      RunObserver observer;
      observer.step = [](const StepRecord&, std::size_t, std::size_t) -> bool { std::_Exit(9); };
      train(faces(), asked, observer);
      std::_Exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 9);
  }
  RunResult go_on() const {
    return resume(out().results(), {.change = [](RunSettings& asked) { asked.epochs = 3; }});
  }
  void expect_refused(const fs::path& file) const {
    const auto before = contents_of(out().results());
    EXPECT_THAT(
        [&] { go_on(); },
        ThrowsMessage<Error>(AllOf(
            HasSubstr(file.string() + " is not a checkpoint of the training in " + out().run_json().string()),
            HasSubstr("move it away"))));
    EXPECT_EQ(contents_of(out().results()), before);
  }
};

TEST_F(CheckpointOfAnother, IsRefusedBeforeAnythingIsChanged) {
  train(faces(), others_settings("other"));
  train(faces(), settings("run"));
  const fs::path file = checkpoint("run", "checkpoint-5.safetensors");
  fs::copy(checkpoint("other", "checkpoint-4.safetensors"), file);
  expect_refused(file);
  // Nor is it gone on with when the training's own are gone.
  for (const char* own : {"checkpoint-2.safetensors", "checkpoint-4.safetensors"})
    fs::remove(checkpoint("run", own));
  expect_refused(file);
  // As the sentence says, it goes on in a new folder.
  fs::create_directories(folder("new").record());
  fs::rename(file, checkpoint("new", "checkpoint-5.safetensors"));
  EXPECT_EQ(resume(folder("new").results(), {.change = [](RunSettings& s) { s.epochs = 3; }}).record.steps,
            6);
}

TEST_F(CheckpointOfAnother, DoesNotTakeThePlaceOfATrainingsOwnWithoutAModel) {
  train(faces(), others_settings("other"));
  interrupt(settings("run"));
  const fs::path file = checkpoint("run", "checkpoint-4.safetensors");
  fs::copy(checkpoint("other", "checkpoint-4.safetensors"), file);
  expect_refused(file);
  fs::remove(file);
  EXPECT_EQ(go_on().record.resumed_after_step, 1);
}

TEST_F(CheckpointOfAnother, OfTheTrainingBeforeIsGoneOnWithWhenTheNewestWasKilledEarly) {
  const auto expect_goes_on = [&](const std::string& number) {
    kill(others_settings("run"));
    EXPECT_THAT([&] { go_on(); }, ThrowsMessage<Error>(HasSubstr("rename it to checkpoint-" + number)));
    fs::rename(checkpoint("run", "earlier-" + number + ".safetensors"),
               checkpoint("run", "checkpoint-" + number + ".safetensors"));
    const RunRecord record = go_on().record;
    EXPECT_EQ(record.settings.seed, settings("run").seed);
    EXPECT_EQ(std::to_string(record.resumed_after_step.value()), number);
    EXPECT_EQ(record.steps, 6);
  };
  interrupt(settings("run"));
  expect_goes_on("1");
  expect_goes_on("6");
}

TEST_F(RunTest, WhatIsGoneOrChangedBesideTheModelIsWrittenAgainWhenTheTrainingGoesOn) {
  RunSettings asked = settings("run");
  train(faces(), asked);
  const RunFolder out = folder("run");
  const std::vector<std::uint8_t> labels = read_file(out.labels());
  const std::vector<std::uint8_t> picture = read_file(out.test_pictures() / "pic_0.jpg");
  const auto go_on = [&] {
    std::string warnings;
    RunObserver observer;
    observer.warning = [&](const std::string& sentence) { warnings += sentence + "\n"; };
    resume(out.results(), {.change = [&](RunSettings& s) { s.epochs = ++asked.epochs; }}, observer);
    EXPECT_EQ(bytes_of(out.labels()), labels);
    EXPECT_EQ(bytes_of(out.test_pictures() / "pic_0.jpg"), picture);
    return warnings;
  };
  fs::remove(out.labels());
  fs::remove_all(out.test_pictures());
  EXPECT_EQ(go_on().find("written again"), std::string::npos);
  fs::remove(out.test_pictures() / "pic_0.jpg");
  EXPECT_EQ(go_on().find("written again"), std::string::npos);
  EXPECT_FALSE(fs::exists(out.kept(1)));
  write_file(out.labels(), "x");
  write_file(out.test_pictures() / "pic_0.jpg", "mine");
  EXPECT_THAT(go_on(), HasSubstr("label_encoder.joblib, inference_images/pic_0.jpg in " +
                                 out.results().string() + " are not what this training wrote"));
  EXPECT_EQ(bytes_of(out.kept(1) / "label_encoder.joblib"), (std::vector<std::uint8_t>{'x'}));
  EXPECT_TRUE(fs::exists(out.kept(1) / "inference_images/pic_0.jpg"));
  EXPECT_FALSE(fs::exists(out.kept(1) / "BART-10M.pth"));
}

TEST_F(RunTest, NoEpochsCanBeGoneOnWith) {
  RunSettings none = settings("run");
  none.epochs = 0;
  train(faces(), none);
  EXPECT_EQ(resume(folder("run").results(), {.change = [](RunSettings& s) { s.epochs = 2; }}).record.steps,
            4);
  train(faces(), settings("whole"));
  EXPECT_TRUE(read_file(folder("run").model()) == read_file(folder("whole").model()));
}

}  // namespace
}  // namespace bart
