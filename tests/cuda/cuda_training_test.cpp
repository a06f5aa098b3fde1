// A whole training of some steps through the plugin's code, as backend_test.cpp asks it of the referee.
#include <gtest/gtest.h>

#include <memory>

#include "bart/cuda/open_gpu.h"
#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/engine/engine.h"
#include "bart/sample/sample.h"
#include "bart/training/train.h"
#include "cuda_fixture.h"
#include "plugin.h"
#include "referee/cases.h"
#include "referee/referee_backend.h"
#include "scratch_folder.h"

namespace bart::cuda {
namespace {

const Architecture small{
    .classes = 3, .image_size = 16, .blocks = {{16, 0.25}, {32, 0.25}}, .hidden = {{32, 0.5}}};

class CudaTraining : public CudaTest {
 protected:
  CudaTraining() {
    write_sample(folder.path() / "faces", {.classes = 3, .per_class = 12, .threads = 1});
    pictures = load_pictures(list_folder(folder.path() / "faces"), {.image_size = 16, .threads = 1});
    for (std::uint32_t i = 0; i < pictures.size(); ++i) (i % 3 == 0 ? split.test : split.train).push_back(i);
  }

  Training training_on(std::unique_ptr<Backend> backend, int epochs, TrainingState from) const {
    return {pictures,
            split,
            Engine(std::move(backend)),
            {.epochs = epochs, .batch_size = 8, .seed = 10, .threads = 1},
            std::move(from)};
  }
  std::unique_ptr<Backend> gpu(Precision precision = Precision::f32) const {
    return std::make_unique<CudaBackend>(stand_in_context(), small, precision, precision);
  }
  TrainingState start() const { return initial_training_state(small, 10, split.train.size()); }

  void expect_training_of_the_referee(std::unique_ptr<Backend> backend);

  test::ScratchFolder folder;
  LoadedPictures pictures;
  Split split;
};

// The tolerances are those that backend_test.cpp allows the processor: Adam's first steps take little more
// than a gradient's sign, and make 1e-5 of float32's rounding.
void CudaTraining::expect_training_of_the_referee(std::unique_ptr<Backend> backend) {
  Training truth = training_on(std::make_unique<referee::RefereeBackend>(small), 3, start());
  Training training = training_on(std::move(backend), 3, start());
  truth.run();
  training.run();
  ASSERT_EQ(training.progress().steps.size(), 9u);
  for (std::size_t i = 0; i < 9; ++i) {
    const double expected = truth.progress().steps[i].loss;
    EXPECT_NEAR(training.progress().steps[i].loss, expected, 1e-5 * expected) << i;
  }
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(training.progress().epochs[i].validation_accuracy,
              truth.progress().epochs[i].validation_accuracy);
    EXPECT_NEAR(training.progress().epochs[i].validation_loss, truth.progress().epochs[i].validation_loss,
                1e-5);
  }
  const StateDict model = training.model();
  for (const Tensor& tensor : truth.model()) {
    if (!std::holds_alternative<std::vector<float>>(tensor.values)) {
      EXPECT_EQ(find_tensor(model, tensor.name)->values, tensor.values) << tensor.name;
    } else if (!test::is_noise(tensor.name)) {
      EXPECT_LT(distance(find_tensor(model, tensor.name)->floats(), tensor.floats()), 5e-5) << tensor.name;
    }
  }
}

TEST_F(CudaTraining, IsThatOfTheReferee) {
  expect_training_of_the_referee(gpu());
}

#ifdef CUDA_PLUGIN
TEST_F(CudaTraining, OnAGpuIsThatOfTheReferee) {
  std::shared_ptr<Device> device;
  try {
    device = open_gpu_with(CUDA_PLUGIN, 0);
  } catch (const NoGpuError& error) {
    GTEST_SKIP() << error.what();
  }
  expect_training_of_the_referee(device->backend(small, Precision::f32, Precision::f32));
}
#endif

TEST_F(CudaTraining, GoesOnFromProcessorToGpuAndToTheSameBitsFromGpuToGpu) {
  Training whole = training_on(gpu(), 3, start());
  whole.run();
  Training begun = training_on(gpu(), 2, start());
  begun.run();
  Training resumed = training_on(gpu(), 3, begun.state());
  resumed.run();
  EXPECT_EQ(resumed.model(), whole.model());
  EXPECT_EQ(resumed.progress().steps, whole.progress().steps);

  Training processor(pictures, split, small,
                     {.epochs = 2, .batch_size = 8, .seed = 10, .threads = 1, .exact = true}, start());
  processor.run();
  Training moved = training_on(gpu(), 3, processor.state());
  moved.run();
  for (std::size_t i = 6; i < 9; ++i) {
    EXPECT_NEAR(moved.progress().steps[i].loss, whole.progress().steps[i].loss, 1e-5) << i;
  }
}

// TF32 keeps 10 bits after the leading one and bf16 7, so that a product is off by up to 2^-10 and 2^-7 of
// itself (twice half a unit); a loss of the order of 1, which averages many, may be off by no more in its
// first step.
TEST_F(CudaTraining, LearnsInTf32AndInBf16) {
  Training f32 = training_on(gpu(), 3, start());
  f32.run();
  for (const auto& [precision, unit] :
       {std::pair{Precision::tf32, 0x1p-10}, std::pair{Precision::bf16, 0x1p-7}}) {
    Training training = training_on(gpu(precision), 3, start());
    training.run();
    const auto& steps = training.progress().steps;
    EXPECT_NEAR(steps.front().loss, f32.progress().steps.front().loss, unit);
    EXPECT_NE(steps.front().loss, f32.progress().steps.front().loss);
    EXPECT_LT(steps.back().loss, steps.front().loss);
  }
}

}  // namespace
}  // namespace bart::cuda
