// Links in a folder of results lead to nothing that a training reads, and to no other training's files.
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "bart/platform/error.h"
#include "bart/record/run_record.h"
#include "run_fixture.h"

namespace bart {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Links : public RunTest {
 protected:
  RunFolder out() const { return folder("run"); }

  /// A training with a link of this name in its folder is refused, and leaves everything as it was.
  void expect_refused(const fs::path& data, const RunSettings& asked, const fs::path& link,
                      const fs::path& target, const std::string& why) const {
    fs::create_directories(link.parent_path());
    fs::create_symlink(target, link);
    const auto before = contents_of(scratch_.path());
    RunObserver observer;
    observer.reading = [](std::size_t, std::size_t) { FAIL() << "pictures were read"; };
    EXPECT_THAT([&] { train(data, asked, observer); },
                ThrowsMessage<Error>(AllOf(HasSubstr(link.string() + " is a link to "), HasSubstr(why))))
        << link << " to " << target;
    EXPECT_EQ(contents_of(scratch_.path()), before) << link << " to " << target;
    fs::remove(link);
  }

  fs::path picture() const { return faces() / list_folder(faces()).pictures.front().file; }
};

TEST_F(Links, ToWhatATrainingReadsAreRefused) {
  RunSettings asked = settings("run");
  asked.best = "accuracy";
  for (const fs::path& file : {out().model(), out().best_model(), out().labels(), out().report()})
    expect_refused(faces(), asked, file, picture(), "this training reads " + faces().string());
  expect_refused(faces(), asked, out().test_pictures(), picture().parent_path(),
                 "this training reads " + faces().string());
  train(faces(), settings("first"));
  asked.init = (scratch_.path() / "init.pth").string();
  fs::copy(folder("first").model(), asked.init);
  expect_refused(faces(), asked, out().last_model(), asked.init, "this training reads " + asked.init);
}

TEST_F(Links, ToPicturesOfATableAreRefused) {
  const fs::path table = scratch_.path() / "table/list.csv";
  fs::create_directories(table.parent_path());
  std::ofstream csv(table);
  csv << "file,label\n";
  const Listing listing = list_folder(faces());
  for (const ListedPicture& one : listing.pictures)
    csv << "../faces/" << one.file << "," << listing.classes[static_cast<std::size_t>(one.label)] << "\n";
  csv.close();
  expect_refused(table, settings("run"), out().labels(), table, "this training reads " + table.string());
  expect_refused(table, settings("run"), out().model(), picture(), "a picture of the data set");
  expect_refused(table, settings("run"), out().test_pictures(), picture().parent_path(),
                 "pictures of the data set");
}

TEST_F(Links, ToFilesOfAnotherTrainingAreRefused) {
  const RunFolder other = folder("other");
  train(faces(), settings("other"));
  const std::string why = "which belongs to the training in " + fs::canonical(other.results()).string();
  expect_refused(faces(), settings("run"), out().model(), other.model(), why);
  expect_refused(faces(), settings("run"), out().report(), other.run_json(), why);
  expect_refused(faces(), settings("run"), out().test_pictures(), other.test_pictures(), why);
  fs::remove_all(out().record());
  expect_refused(faces(), settings("run"), out().record(), other.record(), why);
}

TEST_F(Links, ToWhatKeepsNothingAreRefusedAndSoAreItsPipes) {
  fs::create_directories(out().record());
  fs::create_directories(out().test_pictures());
  RunObserver observer;
  observer.reading = [](std::size_t, std::size_t) { FAIL() << "pictures were read"; };
  const auto expect_refused_and_left = [&](const fs::path& file, const std::string& why) {
    for (const bool pipe : {true, false}) {
      if (pipe) {
        ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
      } else {
        fs::create_symlink("/dev/null", file);
      }
      EXPECT_THAT([&] { train(faces(), settings("run"), observer); }, ThrowsMessage<Error>(HasSubstr(why)));
      EXPECT_EQ(fs::symlink_status(file).type(), pipe ? fs::file_type::fifo : fs::file_type::symlink) << file;
      fs::remove(file);
    }
  };
  const fs::path record = out().record();
  const std::vector<fs::path> files = {out().model(),
                                       out().labels(),
                                       out().run_json(),
                                       out().begun(),
                                       out().test_pictures() / RunFolder::test_picture_name(0),
                                       record / "checkpoint-1.safetensors",
                                       record / "earlier-1.safetensors",
                                       record / "events.out.tfevents.1.a.1.0"};
  for (const fs::path& file : files)
    expect_refused_and_left(file, "cannot write " + file.string() + ": what is there is a pipe");
  for (const fs::path& place : {out().before(), out().earlier()})
    expect_refused_and_left(place, place.string() + " is no folder");
  // Beside a checkpoint, a training that begins marks that it is not its own.
  write_file(record / "checkpoint-1.safetensors", "old");
  expect_refused_and_left(out().begun(),
                          "cannot write " + out().begun().string() + ": what is there is a pipe");
}

TEST_F(Links, ToAnotherDiskAreWrittenThroughAgainAndAgain) {
  const RunFolder disk = folder("disk");
  fs::create_directories(disk.record());
  fs::create_directories(disk.test_pictures());
  fs::create_directories(out().results());
  fs::create_symlink(disk.record(), out().record());
  train(faces(), settings("run"));
  fs::remove_all(out().test_pictures());
  fs::create_symlink(disk.test_pictures(), out().test_pictures());
  fs::rename(out().model(), disk.model());
  fs::create_symlink(disk.model(), out().model());
  for (int i = 0; i < 2; ++i) {
    train(faces(), settings("run"));
    EXPECT_EQ(read_run_record(out()).status, "finished");
    EXPECT_TRUE(fs::is_symlink(out().model()));
    EXPECT_TRUE(fs::is_regular_file(disk.model()));
  }
}

}  // namespace
}  // namespace bart
