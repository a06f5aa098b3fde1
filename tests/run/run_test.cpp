// Whole trainings, called from a program.
#include "bart/run/run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "bart/dataset/content.h"
#include "bart/dataset/load.h"
#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/platform/files.h"
#include "bart/record/picture_hashes.h"
#include "bart/record/test_pictures.h"
#include "bart/sample/sample.h"
#include "run_fixture.h"

namespace bart {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

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
  std::vector<std::string> measured;
  for (const EvaluationRecord& one : recorded.record.evaluations) {
    measured.push_back(one.model + " " + one.pictures);
    double f1 = 0;
    std::int64_t support = 0;
    for (const ClassScores& row : one.classes) {
      f1 += row.scores.f1;
      support += row.support;
    }
    EXPECT_EQ(static_cast<std::size_t>(support),
              one.pictures == "test" ? recorded.record.test_pictures : recorded.record.validation_pictures);
    if (one.pictures == "validation") {
      EXPECT_DOUBLE_EQ(f1 / static_cast<double>(one.classes.size()), epochs[1].validation_macro_f1);
    }
  }
  EXPECT_THAT(measured,
              testing::ElementsAre("BART-10M.pth validation", "BART-10M.pth test", "BART-10M.best.pth test"));
  // TensorBoard's table shows the training as ended.
  std::string events_file;
  for (const auto& entry : fs::directory_iterator(out.record())) {
    if (!entry.path().filename().string().starts_with(RunFolder::events_prefix)) continue;
    const auto bytes = read_file(entry.path());
    events_file.assign(bytes.begin(), bytes.end());
  }
  EXPECT_THAT(events_file, HasSubstr("_hparams_/session_end_info"));
}

TEST_F(RunTest, TheReportIsThereFromTheStartAndSaysWhatIsMissing) {
  RunSettings asked = settings("run");
  asked.no_report = false;
  const auto page = [&] {
    const std::vector<std::uint8_t> bytes = bytes_of(folder("run").report());
    return std::string(bytes.begin(), bytes.end());
  };
  RunObserver observer;
  observer.step = [&](const StepRecord& step, std::size_t, std::size_t) {
    EXPECT_THAT(page(), AllOf(HasSubstr("data-written="), HasSubstr("id=\"unfinished\"")));
    // The matrix is that of the first validation.
    EXPECT_EQ(page().find("id=\"confusion\"") != std::string::npos, step.epoch > 1) << step.step;
    EXPECT_EQ(page().find("running: after 1 of 2 epochs") != std::string::npos, step.epoch > 1) << step.step;
    return step.step < 3;
  };
  EXPECT_EQ(train(faces(), asked, observer).record.status, "interrupted");
  EXPECT_THAT(page(), AllOf(HasSubstr("The training was interrupted after 3 steps"),
                            HasSubstr("bart train --resume"), Not(HasSubstr("data-written="))));
  EXPECT_FALSE(fs::exists(folder("run").model_card()));

  EXPECT_EQ(resume(folder("run").results()).record.status, "finished");
  EXPECT_THAT(page(), AllOf(Not(HasSubstr("id=\"unfinished\"")), HasSubstr("id=\"calibration\"")));
  EXPECT_TRUE(fs::exists(folder("run").model_card()));
}

TEST_F(RunTest, WithoutTestPicturesTheReportIsWhatTheTrainingShowed) {
  RunSettings asked = settings("run");
  asked.no_report = false;
  asked.test_size = 0;
  asked.validation_size = 0.25;
  train(faces(), asked);
  const std::vector<std::uint8_t> bytes = bytes_of(folder("run").report());
  const std::string page(bytes.begin(), bytes.end());
  EXPECT_THAT(page, AllOf(HasSubstr("The training kept no test pictures"),
                          HasSubstr("validation pictures correct"), Not(HasSubstr("data-written="))));
  EXPECT_THAT([&] { make_report(folder("run").results(), 1); },
              ThrowsMessage<Error>(HasSubstr("report.html stays as the training wrote it")));
  EXPECT_EQ(bytes_of(folder("run").report()), bytes);
}

TEST_F(RunTest, PredictsTheTestPicturesOnceWhenTheyAreValidatedOn) {
  for (const bool averaged : {false, true}) {
    RunSettings asked = settings(averaged ? "averaged" : "plain");
    asked.no_report = false;
    asked.epochs = 1;
    if (averaged) {
      asked.average = 0.5;
      asked.calibrate = "temperature";
    }
    RunObserver observer;
    bool reporting = false;
    observer.reporting = [&](std::size_t, std::size_t) { reporting = true; };
    const RunResult result = train(faces(), asked, observer);
    EXPECT_FALSE(reporting);
    // The report is that of the saved model, which predicts the pictures again.
    const std::vector<std::uint8_t> report = bytes_of(result.folder.report());
    make_report(result.folder.results(), 1);
    EXPECT_EQ(bytes_of(result.folder.report()), report);

    // A model that has not been validated is evaluated for the report.
    asked.max_steps = 1;
    asked.out = folder(averaged ? "stopped averaged" : "stopped").results().string();
    train(faces(), asked, observer);
    EXPECT_TRUE(reporting);
  }
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
              ThrowsMessage<SettingError>("out " + inside.out + " is in the data folder " + faces().string() +
                                          ": name another folder, or run from outside"));
  EXPECT_FALSE(fs::exists(folder("run").results()));
}

TEST_F(RunTest, TheModelNamesItsClassesAndItsPreprocessing) {
  RunSettings asked = settings("run");
  asked.ignore_exif = true;
  train(faces(), asked);
  const auto metadata = decode_pth_model(read_file(folder("run").model())).metadata;
  ASSERT_TRUE(metadata.has_value());
  EXPECT_EQ(metadata->classes, decode_label_encoder(read_file(folder("run").labels())));
  EXPECT_EQ(metadata->image_size, 16);
  EXPECT_FALSE(metadata->exif_orientation);
}

TEST_F(RunTest, AfterEveryEpochThereIsAModelAndTheRecordKnowsIt) {
  RunSettings one = settings("one");
  one.epochs = 1;
  train(faces(), one);
  const std::vector<std::uint8_t> first = read_file(folder("one").model());
  RunObserver observer;
  observer.step = [&](const StepRecord& step, std::size_t, std::size_t) {
    if (step.epoch == 2) {
      EXPECT_TRUE(bytes_of(folder("run").model()) == first);
      EXPECT_EQ(read_run_record(folder("run")).models.at(0).epoch, 1);
      // The report can be made while the training goes on.
      if (!fs::exists(folder("run").report())) make_report(folder("run").results(), 1);
      EXPECT_TRUE(fs::exists(folder("run").report()));
    } else {
      EXPECT_THROW(make_report(folder("run").results(), 1), Error);
    }
    return true;
  };
  train(faces(), settings("run"), observer);
  EXPECT_EQ(read_run_record(folder("run")).models.at(0).epoch, 2);
}

TEST_F(RunTest, TheLastEpochsModelIsWrittenOnce) {
  fs::file_time_type written;
  RunObserver observer;
  observer.saved = [&](Saved what, const fs::path&) {
    if (what == Saved::checkpoint) written = fs::last_write_time(folder("run").model());
  };
  train(faces(), settings("run"), observer);
  EXPECT_EQ(fs::last_write_time(folder("run").model()), written);
  // A resumed training has not written it, and it may be gone.
  fs::remove(folder("run").model());
  resume(folder("run").results());
  EXPECT_TRUE(fs::exists(folder("run").model()));
}

TEST_F(RunTest, TheSplitCanHaveASeedOfItsOwn) {
  const auto trained = [&](const char* out, std::int64_t seed, std::int64_t split_seed) {
    RunSettings asked = settings(out);
    asked.max_steps = 1;
    asked.seed = seed;
    asked.split_seed = split_seed;
    train(faces(), asked);
    return std::pair(read_file(folder(out).test_pictures_csv()), read_file(folder(out).model()));
  };
  const auto seed_3 = trained("seed_3", 3, -1);
  const auto same_split = trained("same_split", 4, 3);
  const auto seed_4 = trained("seed_4", 4, -1);
  const auto both = trained("both", 3, 3);
  EXPECT_TRUE(same_split.first == seed_3.first);
  EXPECT_FALSE(same_split.second == seed_3.second);
  EXPECT_FALSE(seed_4.first == seed_3.first);
  EXPECT_TRUE(both == seed_3);
}

TEST_F(RunTest, ATestSizeOf0TrainsOnEverything) {
  RunSettings all = settings("run");
  all.test_size = 0;
  all.no_report = false;
  const RunResult result = train(faces(), all);
  EXPECT_EQ(result.record.train_pictures, 16u);
  EXPECT_EQ(result.record.test_pictures, 0u);
  EXPECT_TRUE(std::isnan(result.record.epochs.at(1).validation_accuracy));
  EXPECT_TRUE(fs::exists(folder("run").model()));
  EXPECT_FALSE(fs::exists(folder("run").report()));
  EXPECT_TRUE(std::isnan(read_run(folder("run").results()).record.epochs.at(0).validation_loss));
  resume(folder("run").results(), {.change = [](RunSettings& s) { s.epochs = 3; }});

  EXPECT_THAT([&] { make_report(folder("run").results(), 1); },
              ThrowsMessage<Error>(HasSubstr("kept no test pictures")));

  all.best = "accuracy";
  RunObserver observer;
  observer.reading = [](std::size_t, std::size_t) { ADD_FAILURE() << "a picture was read"; };
  EXPECT_THAT([&] { train(faces(), all, observer); },
              ThrowsMessage<SettingError>(HasSubstr("validation_size")));
  all.validation_size = 0.25;
  EXPECT_EQ(train(faces(), all).record.validation_pictures, 4u);
}

TEST_F(RunTest, WhatDivergesOnlyInAValidationIsNoModel) {
  RunSettings wild = wild_settings("run", faces());
  wild.batch_size = 1000;  // one step an epoch
  EXPECT_THAT([&] { train(faces(), wild); },
              ThrowsMessage<DivergedError>(testing::AllOf(HasSubstr("not finite after step 1"),
                                                          HasSubstr("there is no checkpoint yet"))));
  EXPECT_FALSE(fs::exists(folder("run").model()));
  const RunRecord record = read_run_record(folder("run"));
  EXPECT_EQ(record.status, "diverged");
  EXPECT_THAT(record.warnings.back(), HasSubstr("The training diverged"));
}

TEST_F(RunTest, WarnsOfBatchesLargerThanTheDataAndOfNothingLearned) {
  RunSettings asked = settings("run");
  asked.batch_size = 1000;
  asked.learning_rate = 1e-30;
  std::vector<std::string> warnings;
  RunObserver observer;
  observer.warning = [&](const std::string& sentence) { warnings.push_back(sentence); };
  const RunResult result = train(faces(), asked, observer);
  EXPECT_THAT(warnings, testing::ElementsAre(HasSubstr("The batch size is 1000, but there are 12 pictures"),
                                             HasSubstr("No epoch was better than a guess")));
  EXPECT_EQ(read_run_record(folder("run")).warnings, warnings);
}

TEST_F(RunTest, WarnsOfAClassWithoutAPictureToTrainOn) {
  fs::create_directory(faces() / "single");
  const fs::path some = fs::directory_iterator(*fs::directory_iterator(faces()))->path();
  fs::copy(some, faces() / "single" / "one.jpg");
  bool warned = false;
  for (int seed = 0; seed < 30 && !warned; ++seed) {
    RunSettings asked = settings("run");
    asked.epochs = 0;
    asked.seed = seed;
    for (const std::string& warning : train(faces(), asked).record.warnings) {
      warned = warned || warning.starts_with("single has no picture to train on");
    }
  }
  EXPECT_TRUE(warned);
}

TEST_F(RunTest, PicturesAreRecognizedWhereverTheyLie) {
  train(faces(), settings("run"));
  const fs::path moved = scratch_.path() / "moved";
  fs::rename(faces(), moved);
  int number = 0;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(moved)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  for (const fs::path& file : files) fs::rename(file, file.parent_path() / fmt::format("{}.jpg", number++));
  const PictureHashes recorded = read_picture_hashes(folder("run")).value();
  EXPECT_EQ(recorded.test.size(), 4u);
  const auto known = [&](const fs::path& place) {
    const LoadedPictures pictures = load_pictures(list_folder(place), {.image_size = 16});
    return std::ranges::count(match_by_content(pictures.hashes, recorded.train), true);
  };
  EXPECT_EQ(known(moved), 12);
  write_sample(scratch_.path() / "others", {.classes = 2, .per_class = 8, .seed = 77});
  EXPECT_EQ(known(scratch_.path() / "others"), 0);
}

TEST_F(RunTest, WhatCanBeKnownBeforeIsCheckedBeforeAPictureIsRead) {
  RunObserver observer;
  observer.reading = [](std::size_t, std::size_t) { ADD_FAILURE() << "a picture was read"; };
  const auto expect_error = [&](const RunSettings& asked, const std::string& words) {
    EXPECT_THAT([&] { train(faces(), asked, observer); }, ThrowsMessage<Error>(HasSubstr(words)));
  };
  RunSettings init = settings("run");
  init.init = (scratch_.path() / "none.pth").string();
  expect_error(init, "none.pth");
  scratch_.write("file", "x");
  RunSettings out = settings("run");
  out.out = (scratch_.path() / "file").string();
  expect_error(out, "file is not a folder");
  out.out = (scratch_.path() / "file/below/run").string();
  expect_error(out, "file is not a folder");
  fs::create_symlink("nowhere", scratch_.path() / "link");
  out.out = (scratch_.path() / "link").string();
  expect_error(out, "link is not a folder");
  fs::create_directories(folder("taken").model());
  expect_error(settings("taken"), "it is a folder");
  std::vector<fs::path> taken = folder("files").record_files();
  for (const fs::path& file : folder("files").result_files()) taken.push_back(file);
  taken.push_back(folder("files").begun());
  taken.push_back(folder("files").record() / "checkpoint-2.safetensors");
  taken.push_back(folder("files").record() / "earlier-2.safetensors");
  taken.push_back(folder("files").test_pictures() / "pic_0.jpg");
  for (const fs::path& file : taken) {
    fs::create_directories(file / "inside");
    expect_error(settings("files"), file.string() + ": it is a folder");
    fs::remove_all(file);
  }

  RunSettings best = settings("best");
  best.best = "accuracy";
  train(faces(), best);
  fs::remove(folder("best").best_model());
  EXPECT_THAT(
      [&] { resume(folder("best").results(), {.change = [](RunSettings& s) { s.epochs = 3; }}, observer); },
      ThrowsMessage<Error>(HasSubstr("BART-10M.best.pth is gone")));
}

TEST_F(RunTest, TheRecordsKeepNamesByteForByte) {
  const std::string name = "\x1b[31m\xE2\x80\xAE,\"quoted\"\n.jpg";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(faces())) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    fs::rename(files[i], files[i].parent_path() / (std::to_string(i) + name));
  }
  RunSettings asked = settings("run");
  asked.epochs = 0;
  train(faces(), asked);
  const Listing tests = recorded_test_pictures(folder("run"), faces());  // throws if a file is not there
  ASSERT_FALSE(tests.pictures.empty());
  for (const ListedPicture& picture : tests.pictures)
    EXPECT_TRUE(picture.file.ends_with(name)) << picture.file;
  EXPECT_EQ(read_picture_hashes(folder("run"))->test.size(), tests.pictures.size());
}

}  // namespace
}  // namespace bart
