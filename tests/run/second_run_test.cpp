// Trainings into a folder that holds an earlier training, which is replaced late and kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "bart/formats/joblib.h"
#include "bart/model/find_model.h"
#include "bart/record/run_record.h"
#include "run_fixture.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// A second training, of other classes, into the folder of a first one.
class SecondRun : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    write_sample(others(), {.classes = 4, .per_class = 6, .seed = 3});
    RunSettings asked = settings("run");
    asked.best = "accuracy";
    train(faces(), asked);
    before_ = contents_of(out().results());
  }
  fs::path others() const { return scratch_.path() / "others"; }
  RunFolder out() const { return folder("run"); }
  void expect_first_results() const {
    for (const fs::path& path : {out().model(), out().best_model(), out().labels(),
                                 out().test_pictures() / "pic_0.jpg", out().test_pictures() / "pic_1.jpg"}) {
      EXPECT_EQ(bytes_of(path), before_.at(path.lexically_relative(out().results()).string())) << path;
    }
  }

  std::map<std::string, std::vector<std::uint8_t>> before_;
};

TEST_F(SecondRun, ThatIsInterruptedLeavesTheFirstModelWithItsNamesAndPictures) {
  RunObserver observer;
  observer.start = [](const RunStart& start) { EXPECT_TRUE(start.earlier_model); };
  observer.step = [](const StepRecord&, std::size_t, std::size_t) { return false; };
  EXPECT_EQ(train(others(), settings("run"), observer).record.status, "interrupted");
  expect_first_results();
  // Its checkpoint has its names; the labels beside it are still those of the first model.
  const FoundModel checkpoint = find_model(out().record() / "checkpoint-1.safetensors");
  EXPECT_EQ(read_model(checkpoint).classes, read_run_record(out()).classes);
  EXPECT_FALSE(is_of_another_training(checkpoint));
  EXPECT_EQ(read_model(find_model(out().results())).classes.size(), 2u);
  EXPECT_TRUE(read_run_record(out()).models.empty());
  EXPECT_THAT([&] { make_report(out().results(), 1); }, ThrowsMessage<Error>(HasSubstr("has no model yet")));
  // It ends with the same files as in an empty folder, all of them its own.
  resume(out().results());
  train(others(), settings("fresh"));
  for (const auto& [name, content] : contents_of(folder("fresh").results())) {
    if (name.ends_with(".json") || name.ends_with(".csv") || name.find("checkpoint-") != std::string::npos)
      continue;
    EXPECT_TRUE(bytes_of(out().results() / name) == content) << name;
  }
  EXPECT_FALSE(fs::exists(out().best_model()));
}

TEST_F(SecondRun, ThatDivergesLeavesEverythingAsItWas) {
  const RunSettings wild = wild_settings("run", others());
  EXPECT_THROW(train(others(), wild), DivergedError);
  EXPECT_EQ(contents_of(out().results()), before_);
}

TEST_F(SecondRun, KeepsTheFirstOneUnderEarlier) {
  train(others(), settings("run"));
  const fs::path earlier = out().earlier();
  for (const char* name :
       {"BART-10M.pth", "BART-10M.best.pth", "label_encoder.joblib", "inference_images/pic_0.jpg"}) {
    EXPECT_EQ(bytes_of(earlier / name), before_.at(name)) << name;
  }
  for (const char* name : {"run.json", "run.toml", "steps.csv", "history.csv", "test_pictures.csv"}) {
    EXPECT_EQ(bytes_of(earlier / name), before_.at(std::string("bart-run/") + name)) << name;
  }
  EXPECT_FALSE(fs::exists(out().best_model()));  // which would be that of other classes
  EXPECT_EQ(decode_label_encoder(read_file(out().labels())).size(), 4u);
}

TEST_F(SecondRun, ThatIsKilledAndBegunAnewKeepsTheFirstOne) {
  // One child dies at the start, and another one within its first epoch.
  for (const bool at_start : {true, false}) {
    const pid_t child = ::fork();
    if (child == 0) {
      RunObserver observer;
      if (at_start) observer.start = [](const RunStart&) { std::_Exit(9); };
      observer.step = [](const StepRecord&, std::size_t, std::size_t) -> bool { std::_Exit(9); };
      train(others(), settings("run"), observer);
      std::_Exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 9);
    expect_first_results();
    // The model in the folder is still found with its own record.
    const FoundModel found = find_model(out().results());
    EXPECT_EQ(found.file, out().best_model());
    EXPECT_EQ(read_run_record(found.run).classes.size(), 2u);
    EXPECT_EQ(bytes_of(found.run.pictures_csv()), before_.at("bart-run/pictures.csv"));
    EXPECT_FALSE(fs::exists(out().earlier()));
  }
  train(others(), settings("run"));
  EXPECT_FALSE(fs::exists(out().before()));
  for (const char* name : {"BART-10M.pth", "inference_images/pic_0.jpg", "inference_images/pic_1.jpg"}) {
    EXPECT_EQ(bytes_of(out().earlier() / name), before_.at(name)) << name;
  }
  for (const char* name : {"run.json", "run.toml", "pictures.csv", "test_pictures.csv"}) {
    EXPECT_EQ(bytes_of(out().earlier() / name), before_.at(std::string("bart-run/") + name)) << name;
  }
  // The earlier training can be named.
  EXPECT_EQ(find_model(out().earlier()).file, out().earlier() / "BART-10M.best.pth");
}

TEST_F(SecondRun, ThatDivergesLeavesAnEvenEarlierOneInItsPlace) {
  train(others(), settings("run"));
  const auto two = contents_of(out().results());
  const RunSettings wild = wild_settings("run", faces());
  EXPECT_THROW(train(faces(), wild), DivergedError);
  EXPECT_EQ(contents_of(out().results()), two);
}

TEST_F(RunTest, PicturesOfOthersAreKept) {
  const std::string mine = "mine";
  const std::vector<std::uint8_t> my_bytes(mine.begin(), mine.end());
  for (const char* out : {"run", "diverging"}) {
    fs::create_directories(folder(out).test_pictures());
    write_file(folder(out).test_pictures() / "pic_0.jpg", mine);
    write_file(folder(out).test_pictures() / "holiday.jpg", mine);
  }
  std::string warnings;
  RunObserver observer;
  observer.warning = [&](const std::string& sentence) { warnings += sentence + "\n"; };
  train(faces(), settings("run"), observer);
  EXPECT_THAT(warnings, HasSubstr("No training of BART wrote inference_images/pic_0.jpg in "));
  EXPECT_THAT(warnings, HasSubstr("bart-run/kept-1"));
  EXPECT_EQ(bytes_of(folder("run").record() / "kept-1/inference_images/pic_0.jpg"), my_bytes);
  EXPECT_EQ(bytes_of(folder("run").test_pictures() / "holiday.jpg"), my_bytes);
  EXPECT_FALSE(fs::exists(folder("run").earlier()));  // there was no training

  const RunSettings wild = wild_settings("diverging", faces());
  EXPECT_THROW(train(faces(), wild), DivergedError);
  EXPECT_EQ(bytes_of(folder("diverging").test_pictures() / "pic_0.jpg"), my_bytes);
}

TEST_F(RunTest, FilesThatNoTrainingWroteAreNeverRemoved) {
  const std::string mine = "mine";
  const std::vector<std::uint8_t> my_bytes(mine.begin(), mine.end());
  const RunFolder out = folder("run");
  fs::create_directories(out.test_pictures());
  for (const fs::path& file : {out.model(), out.labels(), out.test_pictures() / "pic_0.jpg"})
    write_file(file, mine);
  std::string warnings;
  RunObserver observer;
  observer.warning = [&](const std::string& sentence) { warnings += sentence + "\n"; };
  train(faces(), settings("run"), observer);
  EXPECT_THAT(warnings,
              HasSubstr("wrote BART-10M.pth, label_encoder.joblib, inference_images/pic_0.jpg in "));
  // Files that the user puts in the place of a training's own, too; but not the training's own.
  warnings.clear();
  write_file(out.model(), "my model");
  write_file(out.test_pictures() / "pic_1.jpg", "my picture");
  train(faces(), settings("run"), observer);
  EXPECT_THAT(warnings, HasSubstr("wrote BART-10M.pth, inference_images/pic_1.jpg in "));
  warnings.clear();
  train(faces(), settings("run"), observer);
  train(faces(), settings("run"), observer);
  EXPECT_EQ(warnings.find("No training of BART wrote"), std::string::npos) << warnings;
  for (const char* name : {"BART-10M.pth", "label_encoder.joblib", "inference_images/pic_0.jpg"}) {
    EXPECT_EQ(bytes_of(out.record() / "kept-1" / name), my_bytes) << name;
  }
  const auto kept = contents_of(out.record() / "kept-2");
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(std::string(kept.at("BART-10M.pth").begin(), kept.at("BART-10M.pth").end()), "my model");
  EXPECT_TRUE(kept.contains("inference_images/pic_1.jpg"));
  EXPECT_FALSE(fs::exists(out.record() / "kept-3"));
  EXPECT_TRUE(fs::exists(out.earlier() / "BART-10M.pth"));
}

}  // namespace
}  // namespace bart
