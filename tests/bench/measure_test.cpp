#include "bart/bench/measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/bench/limit.h"
#include "bart/bench/operation_times.h"
#include "bart/bench/start_up.h"
#include "bart/platform/error.h"

namespace bart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

const NetworkBench tiny{
    .architecture = {.classes = 3, .image_size = 16, .blocks = {{16, 0.25}}, .hidden = {{16, 0.5}}},
    .engine = {.threads = 1},
    .batch_size = 2,
    .rounds = 1};

TEST(Measure, TakesOnlyWhatIsAskedForAndTellsHowFarItIs) {
  std::set<std::string> told;
  std::size_t last = 0, all = 0;
  const BenchReport report =
      measure({.parts = {BenchPart::inference}, .network = tiny, .precisions = {Precision::f32}},
              [&](const std::string& what, std::size_t done, std::size_t total, std::string_view unit) {
                told.insert(what);
                EXPECT_LE(done, total);
                EXPECT_EQ(unit, "images");
                last = done;
                all = total;
              });
  EXPECT_THAT(told, ElementsAre("Inference in f32", "One picture in f32"));
  EXPECT_EQ(last, all);
  ASSERT_EQ(report.precisions.size(), 1u);
  EXPECT_GT(report.precisions[0].inference->images_per_second, 0);
  EXPECT_GT(report.precisions[0].one_picture->images_per_second, 0);
  EXPECT_FALSE(report.precisions[0].training || report.precisions[0].training_plan);
  EXPECT_FALSE(report.copy_bytes_per_second || report.start_up_seconds);
  EXPECT_TRUE(report.pictures.empty() && report.scale.empty());
}

TEST(Measure, PicturesThatAreNotThereAreToldAtOnce) {
  const auto measured = [](const std::string& what, std::size_t, std::size_t, std::string_view) {
    ADD_FAILURE() << what << " was measured";
  };
  EXPECT_THAT(
      [&] {
        measure({.parts = {BenchPart::inference, BenchPart::pictures},
                 .network = tiny,
                 .precisions = {Precision::f32},
                 .pictures = "nowhere"},
                measured);
      },
      ThrowsMessage<Error>(HasSubstr("nowhere")));
}

TEST(Measure, SaysWhyAProgramGaveNoAnswer) {
  const auto expect_reason = [](const char* program, const char* reason) {
    EXPECT_THAT([&] { start_up_seconds(program, "cpu", tiny.architecture, 1); },
                ThrowsMessage<Error>(HasSubstr(std::string("how fast BART starts: it ") + reason)));
  };
  expect_reason("/bin/false", "ended with exit code 1");
  expect_reason("/bin/true", "printed no answer");
  expect_reason("/nowhere", "could not be started: No such file or directory");
}

TEST(Measure, ReadsPicturesOnOneThreadAndOnAll) {
  NetworkBench two = tiny;
  two.engine.threads = 2;
  const BenchReport report =
      measure({.parts = {BenchPart::pictures}, .network = two, .precisions = {}, .quick = true});
  ASSERT_EQ(report.pictures.size(), 2u);
  EXPECT_EQ(report.pictures[0].threads, 1);
  EXPECT_EQ(report.pictures[1].threads, 2);
  EXPECT_EQ(report.pictures[1].speed.pictures, 20u);
  EXPECT_TRUE(report.precisions.empty());
  EXPECT_THROW(measure({.parts = {BenchPart::scale}, .network = tiny, .precisions = {}}), Error);
}

// Process 0 of two computes half of each batch, and sends the inputs (1,024 and 16) and output gradients (16
// and 3) of its pictures in the linear layers.
TEST(Measure, CountsWhatComputersThatShareABatchSend) {
  const auto shared = [](int batch_size) {
    NetworkBench bench = tiny;
    bench.batch_size = batch_size;
    return measure({.parts = {BenchPart::shared},
                    .network = bench,
                    .precisions = {Precision::f32},
                    .processes = {2, 4}})
        .shared;
  };
  const std::vector<SharedStep> four = shared(4), eight = shared(8);
  ASSERT_EQ(four.size(), 7u);
  EXPECT_EQ(four[0].processes, 1);
  EXPECT_EQ(four[0].waited_bytes + four[0].background_bytes, 0);
  EXPECT_EQ(four[1].processes, 2);
  EXPECT_EQ(eight[1].background_bytes - four[1].background_bytes, 2 * 4 * (1024 + 16 + 16 + 3));
  EXPECT_EQ(four[3].background_bytes, four[1].background_bytes);
  // At 0.1 ms per call a step cannot take less than that.
  EXPECT_GT(four[3].speed.step_seconds, 1e-4 * four[3].waited_calls);
  EXPECT_EQ(four[4].processes, 4);
  EXPECT_GT(four[4].background_bytes, four[1].background_bytes);
}

TEST(Measure, NeedsARound) {
  NetworkBench none = tiny;
  none.rounds = 0;
  EXPECT_THROW(training_speed(none), Error);
  EXPECT_THROW(inference_speed(none), Error);
  EXPECT_THROW(operation_times(none, false), Error);
  EXPECT_THROW(time_operations({{}}, 1), Error);
  EXPECT_THROW(copy_bytes_per_second(1, 0), Error);
  EXPECT_THROW(copy_bytes_per_second(-1, 1), Error);
}

}  // namespace
}  // namespace bart
