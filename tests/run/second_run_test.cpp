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
  observer.start = [](const RunStart& start) {
    EXPECT_TRUE(start.earlier_model);
    EXPECT_TRUE(start.earlier_record);
  };
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

TEST_F(SecondRun, KeepsTheRecordOfAFirstOneWhoseModelWasMovedAway) {
  fs::remove(out().model());
  fs::remove(out().best_model());
  const auto left = contents_of(out().results());
  EXPECT_THROW(train(others(), wild_settings("run", others())), DivergedError);
  EXPECT_EQ(contents_of(out().results()), left);
  train(others(), settings("run"));
  const auto kept = contents_of(out().earlier());
  for (const auto& [name, bytes] : left) {
    if (name.find("checkpoint-") != std::string::npos) continue;
    const fs::path path = name;
    const bool of_record = *path.begin() == RunFolder::record_name;
    EXPECT_EQ(kept.at(of_record ? path.filename().string() : name), bytes) << name;
  }
  EXPECT_EQ(read_run_record(out()).classes.size(), 4u);
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

TEST_F(SecondRun, KeepsWhatLinksLeadTo) {
  const std::vector<std::string> names = {"BART-10M.pth", "BART-10M.best.pth", "label_encoder.joblib"};
  const fs::path disk = scratch_.path() / "disk";
  fs::create_directory(disk);
  for (const std::string& name : names) {
    fs::rename(out().results() / name, disk / name);
    const bool absolute = name == "BART-10M.pth";
    fs::create_symlink(absolute ? disk / name : fs::path("../disk") / name, out().results() / name);
  }
  const RunSettings wild = wild_settings("run", others());
  EXPECT_THROW(train(others(), wild), DivergedError);
  EXPECT_EQ(contents_of(out().results()), before_);

  RunSettings asked = settings("run");
  asked.best = "accuracy";
  train(others(), asked);
  for (const std::string& name : names) {
    EXPECT_EQ(bytes_of(out().earlier() / name), before_.at(name)) << name;
    // The new training has written through the link.
    EXPECT_TRUE(fs::is_symlink(out().results() / name)) << name;
    EXPECT_FALSE(bytes_of(disk / name).empty() || bytes_of(disk / name) == before_.at(name)) << name;
  }
  EXPECT_EQ(find_model(out().earlier()).file, out().earlier() / "BART-10M.best.pth");
  // Without a best model nothing lies beside the new one, and what was there is in earlier/.
  const auto best = bytes_of(disk / "BART-10M.best.pth");
  train(faces(), settings("run"));
  EXPECT_FALSE(fs::exists(out().best_model()));
  EXPECT_EQ(bytes_of(out().earlier() / "BART-10M.best.pth"), best);
}

TEST_F(SecondRun, KeepsWhatALinkOfOthersLeadsTo) {
  const fs::path mine = scratch_.path() / "mine.pth";
  write_file(mine, "mine");
  fs::remove(out().model());
  fs::create_symlink(mine, out().model());
  train(others(), settings("run"));
  const auto kept = bytes_of(out().kept(1) / "BART-10M.pth");
  EXPECT_EQ(std::string(kept.begin(), kept.end()), "mine");
}

TEST_F(SecondRun, RefusesALinkToAnotherFileOfTheTraining) {
  train(others(), settings("run"));
  for (const fs::path& target : {out().model(), fs::path("bart-run/earlier/BART-10M.pth")}) {
    fs::remove(out().best_model());
    fs::create_symlink(target, out().best_model());
    EXPECT_THAT([&] { train(others(), settings("run")); },
                ThrowsMessage<Error>(HasSubstr("which is another file of the training")));
  }
}

TEST_F(SecondRun, KeepsWhatOthersPutBesideTheEarlierOne) {
  train(others(), settings("run"));
  const fs::path earlier = out().earlier();
  for (const char* name : {"BART-10M.onnx", "inference_images/mine.jpg", "notes/notes.txt"}) {
    fs::create_directories((earlier / name).parent_path());
    write_file(earlier / name, "mine");
  }
  std::string warnings;
  RunObserver observer;
  observer.warning = [&](const std::string& sentence) { warnings += sentence + "\n"; };
  observer.step = [](const StepRecord&, std::size_t, std::size_t) { return false; };
  train(faces(), settings("run"), observer);  // is interrupted: nothing is moved yet
  EXPECT_TRUE(fs::exists(earlier / "BART-10M.onnx"));
  write_file(out().before() / "notes.txt", "mine");
  observer.step = nullptr;
  warnings.clear();
  train(faces(), settings("run"), observer);
  EXPECT_THAT(warnings,
              HasSubstr("No training of BART wrote BART-10M.onnx, notes, inference_images/mine.jpg in " +
                        earlier.string() + ": once this training has a model, they are in " +
                        (out().kept(1) / "earlier").string()));
  EXPECT_THAT(warnings, HasSubstr("wrote notes.txt in " + out().before().string()));
  for (const char* name : {"earlier/BART-10M.onnx", "earlier/inference_images/mine.jpg",
                           "earlier/notes/notes.txt", "before/notes.txt"}) {
    EXPECT_TRUE(fs::exists(out().kept(1) / name)) << name;
  }
  EXPECT_EQ(contents_of(out().kept(1)).size(), 4u);
  EXPECT_FALSE(fs::exists(out().kept(2)));
  EXPECT_EQ(decode_label_encoder(read_file(earlier / "label_encoder.joblib")).size(), 4u);
  // The next training has nothing to keep.
  warnings.clear();
  train(others(), settings("run"), observer);
  EXPECT_EQ(warnings.find("No training of BART wrote"), std::string::npos) << warnings;
  EXPECT_FALSE(fs::exists(out().kept(2)));
}

TEST_F(SecondRun, ThatDivergesKeepsWhatOthersPutIntoBefore) {
  RunObserver observer;
  observer.step = [](const StepRecord&, std::size_t, std::size_t) { return false; };
  train(others(), settings("run"), observer);
  write_file(out().before() / "notes.txt", "mine");
  const RunSettings wild = wild_settings("run", others());
  EXPECT_THROW(train(others(), wild), DivergedError);
  EXPECT_TRUE(fs::exists(out().kept(1) / "before/notes.txt"));
  EXPECT_FALSE(fs::exists(out().before()));
  expect_first_results();
}

TEST_F(SecondRun, KeepsAModelCardThatAPersonChanged) {
  RunSettings asked = settings("run");
  asked.no_report = false;
  train(faces(), asked);
  const auto change = [&](const fs::path& card) {
    std::vector<std::uint8_t> bytes = bytes_of(card);
    ASSERT_FALSE(bytes.empty());
    bytes[0] = '!';
    write_file(card, bytes);
  };
  change(out().model_card());
  const auto mine = bytes_of(out().model_card());
  // By a report that is made again,
  const MadeReport made = make_report(out().results(), 1);
  EXPECT_EQ(made.kept, "Kept the model_card.md that was there as " +
                           (out().record() / "model_card.earlier.md").string());
  EXPECT_EQ(bytes_of(out().record() / "model_card.earlier.md"), mine);
  EXPECT_EQ(make_report(out().results(), 1).kept, "");
  // by another training,
  change(out().model_card());
  train(others(), asked);
  EXPECT_EQ(bytes_of(out().kept(1) / "model_card.md"), mine);
  EXPECT_FALSE(fs::exists(out().record() / "model_card.earlier-2.md"));
  // and by one that is resumed.
  change(out().model_card());
  resume(out().results(), {.folder = {}, .change = [](RunSettings& s) { s.epochs = 3; }, .command = {}});
  EXPECT_TRUE(fs::exists(out().record() / "model_card.earlier-2.md"));
}

TEST_F(SecondRun, LeavesPicturesTheirPermissions) {
  const fs::path picture = out().test_pictures() / "pic_0.jpg";
  fs::permissions(picture, fs::perms(0600));
  train(others(), settings("run"));
  EXPECT_NE(bytes_of(picture), before_.at("inference_images/pic_0.jpg"));
  EXPECT_EQ(fs::status(picture).permissions(), fs::perms(0600));
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

TEST_F(RunTest, APictureOfOthersThatNoTrainingReachesStaysWithoutAWord) {
  train(faces(), settings("run"));
  const RunFolder out = folder("run");
  const fs::path mine = out.test_pictures() / "pic_50.jpg";
  write_file(mine, "mine");
  std::string warnings;
  RunObserver observer;
  observer.warning = [&](const std::string& sentence) { warnings += sentence + "\n"; };
  for (int k = 0; k < 3; ++k) train(faces(), settings("run"), observer);
  EXPECT_EQ(warnings.find("pic_50.jpg"), std::string::npos) << warnings;
  EXPECT_EQ(bytes_of(mine).size(), 4u);
  EXPECT_FALSE(fs::exists(out.kept(1)));
  EXPECT_TRUE(fs::exists(out.earlier() / "inference_images/pic_0.jpg"));
}

TEST_F(RunTest, AFolderWhoseRecordCannotBeReadIsNotSaidToBeOfOthers) {
  train(faces(), settings("run"));
  const RunFolder out = folder("run");
  const std::vector<std::uint8_t> first = bytes_of(out.model());
  write_file(out.run_json(), "{}");
  std::string warnings;
  RunObserver observer;
  observer.warning = [&](const std::string& sentence) { warnings += sentence + "\n"; };
  train(faces(), settings("run"), observer);
  EXPECT_THAT(warnings, HasSubstr("run.json cannot be read, so nothing says who wrote BART-10M.pth"));
  EXPECT_EQ(warnings.find("No training of BART wrote"), std::string::npos) << warnings;
  EXPECT_EQ(bytes_of(out.record() / "kept-1/BART-10M.pth"), first);
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
