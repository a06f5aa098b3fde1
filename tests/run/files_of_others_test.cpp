// What a user puts into a folder of results, between trainings and after one that was killed, is kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "bart/formats/joblib.h"
#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "bart/record/run_record.h"
#include "run_fixture.h"

namespace bart {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

std::string text_in(const fs::path& path) {
  const std::vector<std::uint8_t> bytes = bytes_of(path);
  return {bytes.begin(), bytes.end()};
}

class FilesOfOthers : public RunTest {
 protected:
  RunFolder out() const { return folder("run"); }
  RunSettings with_best() const {
    RunSettings asked = settings("run");
    asked.best = "accuracy";
    return asked;
  }
  static RunObserver stopping() {
    RunObserver observer;
    observer.step = [](const StepRecord&, std::size_t, std::size_t) { return false; };
    return observer;
  }
  /// A training that is killed at its first step, before it has a model.
  void train_killed() const {
    const pid_t child = ::fork();
    if (child == 0) {
      RunObserver observer;
      observer.step = [](const StepRecord&, std::size_t, std::size_t) -> bool { std::_Exit(9); };
      train(faces(), settings("run"), observer);
      std::_Exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 9);
  }
  /// What `work`, a training with this observer, warns of.
  static std::string warnings_of(const std::function<void(const RunObserver&)>& work) {
    std::string warnings;
    RunObserver observer;
    observer.warning = [&](const std::string& sentence) { warnings += sentence + "\n"; };
    work(observer);
    return warnings;
  }
  void put_mine() const {
    fs::create_directories(out().test_pictures());
    for (const fs::path& file : mine_) write_file(out().results() / file, "mine");
  }
  void expect_mine_in(const fs::path& folder) const {
    for (const fs::path& file : mine_) EXPECT_EQ(text_in(folder / file), "mine") << file;
  }
  void expect_own_results() const {
    const RunRecord record = read_run_record(out());
    for (const fs::path& model : {out().model(), out().best_model()}) {
      if (!fs::exists(model)) continue;
      EXPECT_EQ(wrote_model(record, hash_of(read_file(model))), true) << model;
    }
    EXPECT_EQ(decode_label_encoder(read_file(out().labels())), record.classes);
    EXPECT_NE(text_in(out().test_pictures() / "pic_0.jpg"), "mine");
  }

  std::vector<fs::path> mine_ = {"BART-10M.pth", "BART-10M.best.pth", "label_encoder.joblib",
                                 "inference_images/pic_0.jpg"};
};

TEST_F(FilesOfOthers, AfterAKilledTrainingAreKeptByTheNext) {
  train_killed();
  put_mine();
  train_killed();  // sets them aside, too
  expect_mine_in(out().results());
  const std::string warnings =
      warnings_of([&](const RunObserver& observer) { train(faces(), with_best(), observer); });
  expect_mine_in(out().kept(1));
  EXPECT_FALSE(fs::exists(out().kept(2)));
  expect_own_results();
  // Those of the killed trainings are nobody's.
  train_killed();
  EXPECT_THAT(warnings_of([&](const RunObserver& observer) { train(faces(), settings("run"), observer); }),
              Not(HasSubstr("No training of BART wrote")));
  EXPECT_FALSE(fs::exists(out().kept(2)));
}

TEST_F(FilesOfOthers, InTheRecordUnderOtherNamesStay) {
  train(faces(), settings("run"));
  const fs::path mine = out().record() / "begun";
  write_file(mine, "mine");
  train(faces(), settings("run"));
  EXPECT_EQ(text_in(mine), "mine");
}

TEST_F(FilesOfOthers, AfterAKilledTrainingAreNamedAtTheStart) {
  train_killed();
  put_mine();
  EXPECT_THAT(warnings_of([&](RunObserver observer) {
                observer.start = [](const RunStart& start) {
                  EXPECT_TRUE(start.earlier_model);
                  EXPECT_FALSE(start.earlier_record);  // it is not of an earlier training
                };
                train(faces(), with_best(), observer);
              }),
              HasSubstr("No training of BART wrote BART-10M.pth, BART-10M.best.pth, label_encoder.joblib, "
                        "inference_images/pic_0.jpg in " +
                        out().results().string() + ": once this training has a model, they are in " +
                        out().kept(1).string()));
  expect_mine_in(out().kept(1));
}

TEST_F(FilesOfOthers, InPlaceOfAnEarlierModelAreKeptBesideIt) {
  train(faces(), with_best());
  const auto first = contents_of(out().results());
  train_killed();
  put_mine();
  // A training that diverges leaves both.
  const RunSettings wild = wild_settings("run", faces());
  EXPECT_THROW(train(faces(), wild), DivergedError);
  expect_mine_in(out().results());
  EXPECT_FALSE(fs::exists(out().kept(1)));
  EXPECT_EQ(bytes_of(out().before() / "BART-10M.pth"), first.at("BART-10M.pth"));
  train(faces(), settings("run"));
  expect_mine_in(out().kept(1));
  expect_own_results();
  for (const fs::path& file : mine_) EXPECT_EQ(bytes_of(out().earlier() / file), first.at(file)) << file;
}

TEST_F(FilesOfOthers, BeforeATrainingGoesOnAreKept) {
  train(faces(), with_best(), stopping());
  put_mine();
  EXPECT_THAT(warnings_of([&](const RunObserver& observer) { resume(out().results(), {}, observer); }),
              HasSubstr("No training of BART wrote BART-10M.pth, BART-10M.best.pth, label_encoder.joblib"));
  expect_mine_in(out().kept(1));
  expect_own_results();
}

TEST_F(FilesOfOthers, InPlaceOfAModelThatGoesOnAreKept) {
  train(faces(), settings("run"));
  write_file(out().model(), "mine");
  const auto go_on = [&](int epochs) {
    return warnings_of([&](const RunObserver& observer) {
      resume(out().results(), {.change = [&](RunSettings& s) { s.epochs = epochs; }}, observer);
    });
  };
  EXPECT_THAT(go_on(3),
              HasSubstr("BART-10M.pth in " + out().results().string() +
                        " is not what this training wrote: it is now in " + out().kept(1).string()));
  EXPECT_EQ(text_in(out().kept(1) / "BART-10M.pth"), "mine");
  expect_own_results();
  EXPECT_THAT(go_on(4), Not(HasSubstr("not what this training wrote")));
}

TEST_F(FilesOfOthers, InPlaceOfTheBestModelStopATrainingThatGoesOn) {
  RunSettings asked = with_best();
  train(faces(), asked);
  write_file(out().best_model(), "mine");
  EXPECT_THAT(
      [&] { resume(out().results(), {.change = [](RunSettings& s) { s.epochs = 3; }}); },
      ThrowsMessage<Error>(HasSubstr("BART-10M.best.pth is another model, but the training to continue "
                                     "had written it: put it back")));
  EXPECT_EQ(text_in(out().best_model()), "mine");
}

TEST_F(FilesOfOthers, InAFolderWithoutARecordAreKept) {
  std::vector<std::string> names = {"events.out.tfevents.1.mine.1.0", "checkpoint-3.safetensors"};
  for (const fs::path& file : out().record_files()) {
    if (file != out().run_json()) names.push_back(file.filename().string());
  }
  fs::create_directories(out().record());
  for (const std::string& name : names) write_file(out().record() / name, "mine");
  write_file(out().record() / "notes.txt", "mine");
  const auto before = contents_of(out().results());
  const RunSettings wild = wild_settings("run", faces());
  EXPECT_THROW(train(faces(), wild), DivergedError);
  EXPECT_EQ(contents_of(out().results()), before);
  EXPECT_EQ(text_in(out().record() / names.front()), "mine");

  RunSettings asked = settings("run");
  asked.no_report = false;
  EXPECT_THAT(warnings_of([&](const RunObserver& observer) { train(faces(), asked, observer); }),
              AllOf(HasSubstr("There is no " + out().run_json().string() + ", so nothing says who wrote"),
                    HasSubstr("they are in " + out().kept(1).string())));
  for (const std::string& name : names) {
    EXPECT_EQ(text_in(out().kept(1) / name), "mine") << name;
    EXPECT_NE(text_in(out().record() / name), "mine") << name;
  }
  EXPECT_EQ(text_in(out().record() / "notes.txt"), "mine");
}

/// TensorBoard's event files in a folder, with their contents.
std::map<std::string, std::string> events_in(const fs::path& folder) {
  std::map<std::string, std::string> events;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(RunFolder::events_prefix)) events[name] = text_in(entry.path());
  }
  return events;
}

TEST_F(FilesOfOthers, TheCurvesOfAnEarlierTrainingStayWithItsRecord) {
  train(faces(), settings("run"));
  resume(out().results(), {.change = [](RunSettings& s) { s.epochs = 3; }});
  // A process that trains twice in one second would take their names again.
  for (const auto& [name, content] : events_in(out().record()))
    fs::rename(out().record() / name, out().record() / (name + "-first"));
  const auto first = events_in(out().record());
  ASSERT_FALSE(first.empty());
  const RunSettings wild = wild_settings("run", faces());
  EXPECT_THROW(train(faces(), wild), DivergedError);
  EXPECT_EQ(events_in(out().record()), first);
  EXPECT_FALSE(fs::exists(out().before()));
  train(faces(), settings("run"), stopping());
  EXPECT_EQ(events_in(out().before()), first);
  resume(out().results());
  EXPECT_EQ(events_in(out().earlier()), first);
  // TensorBoard would draw all in one folder as one curve.
  for (const auto& [name, content] : first) EXPECT_FALSE(fs::exists(out().record() / name)) << name;
  EXPECT_FALSE(events_in(out().record()).empty());
  EXPECT_FALSE(fs::exists(out().kept(1)));
}

TEST_F(FilesOfOthers, ALinkIntoAFolderThatIsGoneIsRefusedBeforePicturesAreRead) {
  RunObserver observer;
  observer.reading = [](std::size_t, std::size_t) { FAIL() << "pictures were read"; };
  fs::create_directories(out().record());
  for (const fs::path& file : {out().model(), out().labels(), out().run_json(), out().report()}) {
    fs::create_symlink(scratch_.path() / "away/file", file);
    EXPECT_THAT([&] { train(faces(), settings("run"), observer); },
                ThrowsMessage<Error>(AllOf(HasSubstr(file.string()), HasSubstr("it is a link to "),
                                           HasSubstr("make that folder, or remove the link"))));
    fs::remove(file);
  }
  fs::create_directory_symlink(scratch_.path() / "away", out().test_pictures());
  EXPECT_THAT([&] { train(faces(), settings("run"), observer); },
              ThrowsMessage<Error>(
                  AllOf(HasSubstr(out().test_pictures().string() + " is not a folder but a link to "),
                        HasSubstr("make that folder, or remove the link"))));
}

TEST_F(FilesOfOthers, UnderTheNamesOfFoldersThatATrainingKeepsAreRefusedBeforePicturesAreRead) {
  RunObserver observer;
  observer.reading = [](std::size_t, std::size_t) { FAIL() << "pictures were read"; };
  fs::create_directories(out().record());
  for (const fs::path& file : {out().before(), out().earlier()}) {
    write_file(file, "mine");
    EXPECT_THAT([&] { train(faces(), settings("run"), observer); },
                ThrowsMessage<Error>(AllOf(HasSubstr(file.string() + " is no folder, and a training keeps "),
                                           HasSubstr("move it elsewhere"))));
    EXPECT_EQ(text_in(file), "mine");
    fs::remove(file);
  }
}

TEST_F(FilesOfOthers, LinksToFilesThatAreNotThereYetAreWrittenThrough) {
  const fs::path disk = scratch_.path() / "disk";
  fs::create_directories(disk);
  fs::create_directories(out().results());
  const std::vector<fs::path> links = {out().model(), out().best_model(), out().labels()};
  for (const fs::path& link : links) fs::create_symlink(disk / link.filename(), link);
  train(faces(), with_best());
  for (const fs::path& link : links) {
    EXPECT_TRUE(fs::is_symlink(link)) << link;
    EXPECT_TRUE(fs::is_regular_file(disk / link.filename())) << link;
  }
  expect_own_results();
  // Two links to one such file would lose one of the two.
  for (const fs::path& link : {out().model(), out().best_model()}) {
    fs::remove(link);
    fs::create_symlink(disk / "both.pth", link);
  }
  EXPECT_THAT([&] { train(faces(), with_best()); },
              ThrowsMessage<Error>(HasSubstr("which is another file of the training")));
}

TEST_F(FilesOfOthers, TestPicturesThatMayNotBeReplacedAreKnownBeforePicturesAreRead) {
  // Root may write every file: the training is another user's.
  fs::create_directories(out().test_pictures());
  fs::create_directories(out().record());
  for (const fs::path& path : {scratch_.path(), out().results(), out().record(), out().test_pictures()})
    fs::permissions(path, fs::perms::all);
  const fs::path mine = out().test_pictures() / "pic_0.jpg";
  write_file(mine, "mine");
  const auto trained = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::geteuid() == 0 && ::seteuid(65534) != 0) std::_Exit(2);
      RunObserver observer;
      observer.reading = [](std::size_t, std::size_t) { std::_Exit(3); };
      try {
        train(faces(), settings("run"), observer);
      } catch (const Error& error) {
        const bool said =
            std::string(error.what()).find("cannot write " + mine.parent_path().string()) == 0 ||
            std::string(error.what()).find("cannot write into " + mine.parent_path().string()) == 0;
        std::_Exit(said ? 9 : 4);
      }
      std::_Exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  fs::permissions(mine, fs::perms::owner_read);
  EXPECT_EQ(trained(), 9);
  fs::permissions(mine, fs::perms::all);
  EXPECT_EQ(trained(), 3);  // it does read them
  fs::permissions(out().test_pictures(), fs::perms::owner_read | fs::perms::owner_exec |
                                             fs::perms::others_read | fs::perms::others_exec);
  EXPECT_EQ(trained(), 9);
  // A picture that the training does not write may be as it likes.
  fs::permissions(out().test_pictures(), fs::perms::all);
  fs::rename(mine, out().test_pictures() / "pic_99.jpg");
  fs::permissions(out().test_pictures() / "pic_99.jpg", fs::perms::owner_read);
  EXPECT_EQ(trained(), 3);
  EXPECT_EQ(text_in(out().test_pictures() / "pic_99.jpg"), "mine");
}

TEST_F(FilesOfOthers, DoNotIncludeAModelThatWasSavedJustBeforeAKill) {
  train(faces(), settings("run"));
  RunRecord record = read_run_record(out());
  record.status = "running";
  record.writing = record.models.at(0);
  record.models.clear();
  write_file(out().run_json(), encode_run_record(record));
  EXPECT_EQ(read_run_record(out()).models.size(), 1u);
  make_report(out().results(), 1);
  // One that was not saved yet leaves the model there what it was.
  record.models = {*record.writing};
  record.writing->fingerprint ^= 1;
  record.writing->epoch = 2;
  write_file(out().run_json(), encode_run_record(record));
  EXPECT_EQ(read_run_record(out()).models.at(0).fingerprint, record.models.at(0).fingerprint);
  make_report(out().results(), 1);
  const auto model = bytes_of(out().model());
  EXPECT_THAT(warnings_of([&](const RunObserver& observer) { train(faces(), settings("run"), observer); }),
              Not(HasSubstr("No training of BART wrote")));
  EXPECT_EQ(bytes_of(out().earlier() / "BART-10M.pth"), model);
  EXPECT_FALSE(fs::exists(out().kept(1)));
}

}  // namespace
}  // namespace bart
