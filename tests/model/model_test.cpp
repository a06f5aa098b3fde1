#include "bart/model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/pictures/encode_png.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/random/mt19937.h"
#include "bart/sample/sample.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::vector<std::string> names = {"ann", "bo", "cleo", "dora"};

/// A network with random weights whose predictions differ from picture to picture.
ModelFile drawn_model() {
  Mt19937 generator(7);
  StateDict state = initial_state({.classes = 4, .image_size = 32}, generator);
  for (float& value : state.back().floats()) value = 0;
  for (Tensor& tensor : state) {
    if (!tensor.name.ends_with(".7.weight")) continue;
    for (float& value : tensor.floats()) value *= 30;
  }
  return {.state = std::move(state), .classes = names};
}

std::vector<Picture> faces(std::size_t count) {
  std::vector<Picture> pictures;
  for (std::size_t i = 0; i < count; ++i) pictures.push_back(draw_face(static_cast<int>(i % 4), i));
  return pictures;
}

/// Writes drawn faces, `per_class` of each, into one folder per class.
void write_faces(const fs::path& folder, std::size_t per_class) {
  for (std::size_t c = 0; c < names.size(); ++c) {
    fs::create_directories(folder / names[c]);
    for (std::size_t i = 0; i < per_class; ++i) {
      write_file(folder / names[c] / (std::to_string(i) + ".png"),
                 encode_png(draw_face(static_cast<int>(c), 10 * c + i)));
    }
  }
}

TEST(Model, PredictsEvaluatesAndExplainsFromSeveralThreadsAtOnceToTheLastBit) {
  const test::ScratchFolder scratch;
  write_faces(scratch.path() / "faces", 3);
  const Model model(drawn_model(), {.threads = 1});
  const std::vector<Picture> pictures = faces(40);  // more than a batch
  const std::vector<float> probabilities = model.predict_proba(pictures);
  const std::vector<std::int32_t> labels = model.predict(pictures);
  const ClassProbability file = model.predict(scratch.path() / "faces" / "bo" / "0.png");
  const FolderEvaluation evaluation = model.evaluate(scratch.path() / "faces");
  const Explanation explanation = model.explain(pictures[3], 4);

  constexpr std::size_t callers = 8;
  std::vector<int> same(callers, 0);
  {
    const Model fresh(drawn_model(), {.threads = 1});  // whose first plans are made by all at once
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < callers; ++t) {
      threads.emplace_back([&, t] {
        for (int round = 0; round < 3; ++round) {
          // Not all do the same at the same time.
          const std::size_t first = (t + static_cast<std::size_t>(round)) % 4;
          for (std::size_t k = 0; k < 4; ++k) {
            switch ((first + k) % 4) {
              case 0:
                same[t] +=
                    fresh.predict_proba(pictures) == probabilities && fresh.predict(pictures) == labels;
                break;
              case 1: {
                const ClassProbability again = fresh.predict(scratch.path() / "faces" / "bo" / "0.png");
                same[t] += again.name == file.name && again.probability == file.probability;
                break;
              }
              case 2:
                same[t] += fresh.evaluate(scratch.path() / "faces").predictions.logits ==
                           evaluation.predictions.logits;
                break;
              default: {
                const Explanation again = fresh.explain(pictures[3], 4);
                same[t] += again.logits == explanation.logits && again.classes == explanation.classes &&
                           again.maps[1].values == explanation.maps[1].values;
              }
            }
          }
        }
      });
    }
  }
  EXPECT_EQ(same, std::vector<int>(callers, 12));
}

TEST(Model, CopiesAnswerAlikeAndOutliveTheFirst) {
  const std::vector<Picture> pictures = faces(3);
  std::vector<float> before;
  std::optional<Model> first(drawn_model());
  const Model copy = *first;
  before = first->predict_proba(pictures);
  first.reset();
  EXPECT_EQ(copy.predict_proba(pictures), before);
}

TEST(Model, AnswersAlikeWithAnyNumberOfThreads) {
  const Model model(drawn_model(), {.threads = 2});
  if (model.bits_depend_on_threads()) GTEST_SKIP() << "not with oneDNN's kernels";
  const Model other = model.with_threads(1);
  const std::vector<Picture> pictures = faces(5);
  EXPECT_EQ(other.threads(), 1);
  EXPECT_EQ(other.classes(), model.classes());
  EXPECT_EQ(other.fingerprint(), model.fingerprint());
  EXPECT_EQ(other.predict_proba(pictures), model.predict_proba(pictures));
  EXPECT_EQ(other.predict_proba(std::span(pictures).first(1)),
            model.predict_proba(std::span(pictures).first(1)));
  EXPECT_EQ(other.explain(pictures[0]).maps[0].values, model.explain(pictures[0]).maps[0].values);
  EXPECT_THROW(model.with_threads(-1), Error);
}

TEST(Model, AFilesClassIsThatOfItsPixels) {
  const test::ScratchFolder scratch;
  write_faces(scratch.path(), 1);
  const Model model(drawn_model());
  const std::vector<Picture> pictures = {draw_face(2, 20)};
  const ClassProbability best = model.predict(scratch.path() / "cleo" / "0.png");
  const std::vector<float> probabilities = model.predict_proba(pictures);
  const auto label = static_cast<std::size_t>(model.predict(pictures)[0]);
  EXPECT_EQ(best.name, names[label]);
  EXPECT_EQ(best.probability, probabilities[label]);
  EXPECT_EQ(best.probability, std::ranges::max(probabilities));

  scratch.write("broken.png", "no picture");
  try {
    model.predict(scratch.path() / "broken.png");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("broken.png: "));
  }
}

TEST(Model, EvaluateCountsWhatPredictSays) {
  const test::ScratchFolder scratch;
  write_faces(scratch.path(), 3);
  const Model model(drawn_model());
  const FolderEvaluation result = model.evaluate(scratch.path());
  ASSERT_EQ(result.predictions.size(), 12u);
  std::int64_t right = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    const std::string& file = result.pictures.files[i];
    const std::string predicted = model.predict(scratch.path() / file).name;
    EXPECT_EQ(names[static_cast<std::size_t>(predicted_label(result.predictions.row(i)))], predicted);
    right += file.starts_with(predicted + "/");
  }
  EXPECT_EQ(result.evaluation.report.right, right);
  EXPECT_EQ(result.evaluation.report.support, 12);

  fs::remove_all(scratch.path() / "ann");  // labels are the model's, not the folder's
  const FolderEvaluation three = model.evaluate(scratch.path());
  EXPECT_EQ(three.pictures.labels[0], 1);
  EXPECT_EQ(three.evaluation.confusion.classes, 4u);
  fs::rename(scratch.path() / "bo", scratch.path() / "batman");
  EXPECT_THROW(model.evaluate(scratch.path()), Error);
}

TEST(Model, LabelsAreLookedForBesideTheModel) {
  const test::ScratchFolder scratch;
  const ModelFile file = drawn_model();
  fs::create_directories(scratch.path() / "run");
  write_file(scratch.path() / "run" / "BART-10M.pth", encode_pth(file.state));  // as PyTorch: without names
  write_file(scratch.path() / "run" / "label_encoder.joblib", encode_label_encoder(names));
  write_file(scratch.path() / "other.joblib", encode_label_encoder({"e", "f", "g", "h"}));
  EXPECT_EQ(Model::load(scratch.path() / "run" / "BART-10M.pth").classes(), names);
  EXPECT_EQ(Model::load(scratch.path() / "run" / "BART-10M.pth", {.labels = scratch.path() / "other.joblib"})
                .classes()[0],
            "e");
}

TEST(Model, AModelAndItsNamesDoNotPart) {
  const test::ScratchFolder scratch;
  const fs::path model = scratch.path() / "BART-10M.pth", labels = scratch.path() / "label_encoder.joblib";
  ModelFile file = drawn_model();
  file.apply_exif_orientation = false;
  write_file(model, encode_model_file(file));
  const Model alone = Model::load(model);  // needs no label file
  EXPECT_EQ(alone.classes(), names);
  EXPECT_FALSE(alone.apply_exif_orientation());
  write_file(labels, encode_label_encoder(names));
  EXPECT_EQ(Model::load(model).classes(), names);

  // The same number of names, but of another training, which was killed before it wrote its model.
  write_file(labels, encode_label_encoder({"e", "f", "g", "h"}));
  try {
    Model::load(model);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("label_encoder.joblib names other classes than "),
                                             HasSubstr("BART-10M.pth")));
  }
  fs::rename(labels, scratch.path() / "other.joblib");
  EXPECT_THROW(Model::load(model, {.labels = scratch.path() / "other.joblib"}), Error);
}

TEST(Model, EveryFormatKeepsWhetherPicturesAreTurned) {
  for (const ModelFormat format : {ModelFormat::pth, ModelFormat::onnx, ModelFormat::safetensors}) {
    for (const bool turned : {true, false}) {
      ModelFile file = drawn_model();
      file.format = format;
      file.apply_exif_orientation = turned;
      EXPECT_EQ(decode_model_file(encode_model_file(file)).apply_exif_orientation, turned);
    }
  }
}

TEST(Model, EvaluatesThePicturesOfSomeContentAlone) {
  const test::ScratchFolder scratch;
  write_faces(scratch.path(), 3);
  const Model model(drawn_model());
  const FolderEvaluation all = model.evaluate(scratch.path());
  const FolderEvaluation two =
      model.evaluate(scratch.path(), {.only = {all.pictures.hashes[7], all.pictures.hashes[2], 1}});
  EXPECT_EQ(two.evaluated, (std::vector<std::uint32_t>{2, 7}));
  EXPECT_EQ(two.predictions.size(), 2u);
  EXPECT_TRUE(std::ranges::equal(two.predictions.row(1), all.predictions.row(7)));
  EXPECT_THROW(model.evaluate(scratch.path(), {.only = {1}}), Error);
}

TEST(Model, RefusesWhatDoesNotFit) {
  ModelFile file = drawn_model();
  EXPECT_THROW(Model(file, {.threads = -1}), Error);
  file.classes.pop_back();
  EXPECT_THROW(Model{file}, Error);
  file = drawn_model();
  for (Tensor& tensor : file.state) {
    if (tensor.name.ends_with(".7.weight")) std::ranges::fill(tensor.floats(), 3e38f);
  }
  const std::vector<Picture> pictures = faces(1);
  EXPECT_THROW(Model(file).predict_proba(pictures), NotFiniteError);
  EXPECT_THROW(Model(drawn_model()).predict_proba(std::vector<Picture>(1)), Error);
  EXPECT_TRUE(Model(drawn_model()).predict_proba({}).empty());
}

}  // namespace
}  // namespace bart
