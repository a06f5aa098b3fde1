// A model that the processes of a group, here threads, evaluate and predict with together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "bart/dataset/files_fingerprint.h"
#include "bart/model/evaluation_text.h"
#include "bart/model/model.h"
#include "bart/model/predict_files.h"
#include "bart/pictures/encode_png.h"
#include "bart/platform/files.h"
#include "bart/platform/share_out.h"
#include "bart/random/mt19937.h"
#include "bart/sample/sample.h"
#include "scratch_folder.h"
#include "thread_group.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

ModelFile seeded_model(std::uint32_t seed = 7) {
  Mt19937 generator(seed);
  StateDict state = initial_state({.classes = 3, .image_size = 32}, generator);
  for (Tensor& tensor : state) {
    if (!tensor.name.ends_with(".7.weight")) continue;
    for (float& value : tensor.floats()) value *= 30;
  }
  return {.state = std::move(state), .classes = {"ann", "bo", "cleo"}};
}

/// 3 classes of 23 pictures and a broken one, in an order in which batches differ from those of one process.
class SharedModel : public testing::Test {
 protected:
  SharedModel() {
    for (std::size_t i = 0; i < 69; ++i) {
      const std::string name = model_.classes()[i / 23];
      fs::create_directories(folder() / name);
      write_file(folder() / name / (std::to_string(100 + i) + ".png"),
                 encode_png(draw_face(static_cast<int>(i / 23), i)));
    }
    scratch_.write("faces/ann/105x.png", "no picture");
    std::string gray = "P5\n2 2\n65535\n";  // clipped to black and white
    scratch_.write("faces/bo/gray.pgm", gray + std::string(8, '\x7f'));
  }
  fs::path folder() const { return scratch_.path() / "faces"; }

  FolderEvaluation shared(int processes, EvaluateOptions options) const {
    FolderEvaluation result;
    test::play(processes, [&](Group& group) {
      EvaluateOptions own = options;
      own.group = &group;
      FolderEvaluation evaluation = model_.evaluate(folder(), own);
      if (group.rank() > 0) {
        EXPECT_THAT(evaluation.predictions.logits, IsEmpty());
      } else {
        result = std::move(evaluation);
      }
    });
    return result;
  }

  const test::ScratchFolder scratch_;
  const Model model_{seeded_model(), {.threads = 1}};
};

std::string texts_of(FolderEvaluation& result) {
  EvaluationReport report{"model", "folder", false, {"ann", "bo", "cleo"}, std::move(result)};
  const std::string texts = evaluation_json(report) + predictions_csv(report) + class_csv(report) +
                            confusion_csv(report) + evaluation_text(report);
  result = std::move(report.result);
  return texts;
}

TEST_F(SharedModel, ProcessesEvaluateToTheSameBitsAsOne) {
  EvaluateOptions options;
  const FolderEvaluation all = model_.evaluate(folder());
  ASSERT_EQ(all.pictures.skipped.size(), 1u);
  ASSERT_EQ(all.clipped_gray.size(), 1u);
  for (const bool some : {false, true}) {
    if (some) options.only = {all.pictures.hashes[3], all.pictures.hashes[40], all.pictures.hashes[41]};
    FolderEvaluation alone = model_.evaluate(folder(), options);
    for (const int processes : {1, 2, 4, 30}) {  // with 30 each has at most three pictures
      for (const std::size_t batch : {3, 32}) {
        SCOPED_TRACE(testing::Message() << processes << " processes, " << (some ? "some" : "all"));
        options.batch_size = batch;
        FolderEvaluation result = shared(processes, options);
        EXPECT_EQ(result.predictions.logits, alone.predictions.logits);
        EXPECT_EQ(result.evaluated, alone.evaluated);
        EXPECT_EQ(texts_of(result), texts_of(alone));
        EXPECT_EQ(result.pictures.hashes, alone.pictures.hashes);
        EXPECT_EQ(result.pictures.sizes, alone.pictures.sizes);
        EXPECT_EQ(result.pictures.converted, alone.pictures.converted);
        EXPECT_EQ(result.pictures.bytes_read, alone.pictures.bytes_read);
        EXPECT_EQ(result.clipped_gray, alone.clipped_gray);
        ASSERT_EQ(result.pictures.skipped.size(), 1u);
        EXPECT_EQ(result.pictures.skipped[0].reason, alone.pictures.skipped[0].reason);
      }
    }
  }
}

TEST_F(SharedModel, AProcessWithAnotherModelOrOtherPicturesEndsAll) {
  const Model other(seeded_model(8), {.threads = 1});
  const std::vector<std::string> models = test::ends(
      3, [&](Group& group) { (group.rank() == 2 ? other : model_).evaluate(folder(), {.group = &group}); });
  EXPECT_THAT(models, ElementsAre("by another", "by another", HasSubstr("another model than process 0")));
  const std::vector<std::string> pictures = test::ends(3, [&](Group& group) {
    Listing listing = list_folder(folder());
    if (group.rank() == 1) listing.pictures.pop_back();
    model_.evaluate(listing, {.group = &group});
  });
  EXPECT_THAT(pictures, ElementsAre("by another", HasSubstr("other pictures than process 0"), "by another"));
}

TEST_F(SharedModel, SaysOfBrokenPicturesWhatOneProcessSays) {
  const auto said = [&](const EvaluateOptions& options) {
    try {
      model_.evaluate(folder(), options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  // The broken picture is the seventh.
  const std::string alone = said({.strict = true});
  EXPECT_THAT(alone, HasSubstr("105x.png"));
  const std::vector<std::string> strict =
      test::ends(16, [&](Group& group) { model_.evaluate(folder(), {.strict = true, .group = &group}); });
  EXPECT_THAT(strict[1], alone);
  EXPECT_THAT(strict, Not(Contains("silently")));
  for (int i = 0; i < 9; ++i) scratch_.write("faces/cleo/broken" + std::to_string(i) + ".png", "no picture");
  const std::string too_many = said({});
  EXPECT_THAT(too_many, HasSubstr("10 of 80 files"));
  EXPECT_THAT(test::ends(2, [&](Group& group) { model_.evaluate(folder(), {.group = &group}); }),
              ElementsAre(too_many, "well"));
}

TEST_F(SharedModel, ProcessesPredictToTheSameBitsAsOne) {
  const std::vector<PictureFile> files = find_picture_files({folder().string()}, true).files;
  ASSERT_EQ(files.size(), 71u);
  for (const std::size_t count : {71, 34, 1, 0}) {
    const auto predictions = [&](Group* group) {
      std::vector<std::string> all;
      predict_files(model_, std::span(files).first(count), {.group = group}, [&](const FilePrediction& one) {
        std::string line = one.file.name + one.reason + (one.clipped_gray ? " clipped" : "");
        for (const float probability : one.probabilities)
          line += " " + std::to_string(std::bit_cast<std::uint32_t>(probability));
        all.push_back(std::move(line));
      });
      return all;
    };
    const std::vector<std::string> alone = predictions(nullptr);
    ASSERT_EQ(alone.size(), count);
    for (const int processes : {1, 2, 4, 40}) {
      SCOPED_TRACE(testing::Message() << processes << " processes, " << count << " pictures");
      std::vector<std::vector<std::string>> all(static_cast<std::size_t>(processes));
      test::play(processes,
                 [&](Group& group) { all[static_cast<std::size_t>(group.rank())] = predictions(&group); });
      EXPECT_EQ(all.front(), alone);
      for (std::size_t rank = 1; rank < all.size(); ++rank) EXPECT_THAT(all[rank], IsEmpty());
    }
  }
}

// Where the cut between batches leaves one picture, its answer is the one that it has among others.
TEST_F(SharedModel, AnswersDoNotDependOnThePicturesBeside) {
  std::vector<Precision> precisions = {Precision::f32};
  if (runs_bf16()) precisions.push_back(Precision::bf16);
  const std::vector<PictureFile> files = find_picture_files({folder().string()}, true).files;
  for (const Precision precision : precisions) {
    const Model model(seeded_model(), {.threads = 2, .precision = precision});
    std::vector<std::vector<float>> together, single;
    predict_files(model, files, {}, [&](const FilePrediction& one) {
      together.emplace_back(one.probabilities.begin(), one.probabilities.end());
    });
    for (std::size_t i = 0; i < files.size(); ++i) {
      predict_files(model, std::span(files).subspan(i, 1), {.some_of_more = true},
                    [&](const FilePrediction& one) {
                      single.emplace_back(one.probabilities.begin(), one.probabilities.end());
                    });
    }
    EXPECT_EQ(together, single);
  }
}

TEST_F(SharedModel, FingerprintsTellFilesBySizeToo) {
  const Listing listing = list_folder(folder());
  const std::uint64_t before = fingerprint_of(listing, 2);
  EXPECT_EQ(fingerprint_of(listing, 1), before);
  scratch_.write("faces/ann/105x.png", "no picture either");
  EXPECT_NE(fingerprint_of(listing, 2), before);
}

}  // namespace
}  // namespace bart
