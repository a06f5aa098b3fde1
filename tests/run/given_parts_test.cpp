// Trainings on data that says itself which pictures are for validation and testing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/run/run.h"
#include "bart/sample/sample.h"
#include "run_fixture.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST_F(RunTest, ASettingThatWouldChooseAmongGivenPicturesIsRefused) {
  const fs::path data = scratch_.path() / "split";
  for (const char* part : {"train", "val", "test"}) write_sample(data / part, {.classes = 2, .per_class = 4});
  const auto expect_refused = [&](const std::string& words, const auto& change) {
    RunSettings asked = settings("refused");
    change(asked);
    EXPECT_THAT([&] { train(data, asked); }, ThrowsMessage<SettingError>(HasSubstr(words)));
    EXPECT_FALSE(fs::exists(asked.out));
  };
  expect_refused("test_size 0.5 has no effect: the data set has test pictures of its own: leave it out",
                 [](RunSettings& asked) { asked.test_size = 0.5; });
  expect_refused("test_size 0 has no effect", [](RunSettings& asked) { asked.test_size = 0; });
  expect_refused("validation_size 0.5 has no effect",
                 [](RunSettings& asked) { asked.validation_size = 0.5; });
  expect_refused("split stratified has no effect", [](RunSettings& asked) { asked.split = "stratified"; });
  RunSettings folders = settings("folders");
  folders.test_folder = (data / "test").string();
  folders.test_size = 0.3;
  EXPECT_THAT([&] { train(faces(), folders); },
              ThrowsMessage<SettingError>(HasSubstr("has no effect: test_folder names the test pictures")));
  folders.test_size = settings("").test_size;
  folders.validation_size = 0.25;  // of the others, by this split
  folders.split = "stratified";
  folders.epochs = 0;
  const RunRecord record = train(faces(), folders).record;
  EXPECT_EQ(record.settings.test_size, 0) << "no share was kept";
  EXPECT_EQ(record.validation_pictures, 4u);
}

}  // namespace
}  // namespace bart
