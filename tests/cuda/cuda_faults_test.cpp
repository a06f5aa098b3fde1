// What goes wrong with a GPU: one sentence each, and nothing is left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/cuda/open_gpu.h"
#include "cuda_fixture.h"

namespace bart::cuda {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

const Architecture tiny{.classes = 3, .image_size = 8, .blocks = {{8, 0.25}}, .hidden = {{8, 0.5}}};

/// Everything that a training and an evaluation ask of the driver, with pictures that are kept and others,
/// and an average.
void use_gpu() {
  const std::unique_ptr<Device> gpu = make_gpu(stand_in_driver(), stand_in_image(), 13000, 0);
  const std::unique_ptr<Backend> backend = gpu->backend(tiny, Precision::f32, Precision::f32);
  Mt19937 words(3);
  backend->load(initial_state(tiny, words));
  const NoiseBatch noise(tiny, 2, words), more(tiny, 4, words);
  backend->step(noise.batch(), noise.masks, {});
  backend->step(more.batch(), more.masks, {.forward_only = true});
  backend->step(more.batch(), more.masks, {});
  DeviceTraining& device = *backend->device_training();
  device.keep_pictures(noise.pictures, tiny.image_size);
  device.start_step(noise.batch(), noise.masks, {.average_weight = 1});
  device.start_step(more.batch(), more.masks, {.average_weight = 0.5});
  device.finish_steps();
  device.load_average(device.average());
  std::vector<float> logits(6), features(2 * 8 * 8 * 8);
  backend->evaluate(noise.pictures, logits, features);
  backend->load_adam_state(backend->adam_state());
  backend->state();
  backend->synchronize();
  device.start_step(noise.batch(), noise.masks, {});  // on its way when the backend ends
}

TEST_F(CudaTest, AFailureOfAnyCallIsOneSentenceAndLeavesNothingBehind) {
  use_gpu();
  const int calls = stand_in().calls;
  ASSERT_GT(calls, 100);
  // Tearing down ignores failures, which come last and in error paths.
  int sentences = 0;
  for (int failing = 0; failing < calls; ++failing) {
    reset_stand_in();
    stand_in().failing_call = failing;
    try {
      use_gpu();
    } catch (const Error& error) {
      ++sentences;
      EXPECT_THAT(error.what(),
                  AllOf(HasSubstr("a failure of the stand-in (error 999)"), Not(HasSubstr("\n"))));
    }
    ASSERT_EQ(stand_in().alive, 0) << "call " << failing;
    ASSERT_EQ(stand_in().used, 0u) << "call " << failing;
  }
  // All but those of the end, which give memory and graphs back.
  EXPECT_GT(sentences, calls - 20);
}

auto opened = [] { make_gpu(stand_in_driver(), stand_in_image(), 13000, 0); };

TEST_F(CudaTest, WithoutAGpuThereIsASentence) {
  stand_in().devices = 0;
  EXPECT_THAT(opened, ThrowsMessage<NoGpuError>("NVIDIA's driver finds no GPU"));
  stand_in().answers["init"] = no_device;
  EXPECT_THAT(opened, ThrowsMessage<NoGpuError>("NVIDIA's driver finds no GPU"));
}

TEST_F(CudaTest, AnOldDriverIsNamed) {
  stand_in().version = 12040;
  EXPECT_THAT(opened,
              ThrowsMessage<Error>("NVIDIA's driver is too old: it knows CUDA 12.4, and BART needs 13.0: "
                                   "install a newer one"));
}

TEST_F(CudaTest, AGpuThatIsNotThereIsNamed) {
  EXPECT_THAT([] { make_gpu(stand_in_driver(), stand_in_image(), 13000, 1); },
              ThrowsMessage<Error>("there is no GPU 1: this computer has 1, counted from 0"));
}

TEST_F(CudaTest, ABusyGpuIsNamed) {
  stand_in().answers["retain_context"] = devices_unavailable;
  EXPECT_THAT(opened,
              ThrowsMessage<Error>("the GPU Stand-in 1000 is busy: another process has it for itself"));
}

TEST_F(CudaTest, AGpuWithoutCodeIsNamed) {
  stand_in().answers["load_module"] = no_binary_for_gpu;
  EXPECT_THAT(opened, ThrowsMessage<Error>(HasSubstr("BART has no code for the GPU Stand-in 1000")));
}

TEST_F(CudaTest, TooLittleMemoryIsSaidInGigabytes) {
  stand_in().memory = 1 << 19;
  const auto gpu = make_gpu(stand_in_driver(), stand_in_image(), 13000, 0);
  const auto backend = gpu->backend(tiny, Precision::f32, Precision::f32);
  Mt19937 words(3);
  backend->load(initial_state(tiny, words));
  const NoiseBatch noise(tiny, 64, words), few(tiny, 2, words);
  EXPECT_THAT([&] { backend->step(noise.batch(), noise.masks, {}); },
              ThrowsMessage<Error>(AllOf(HasSubstr(
                  "the GPU Stand-in 1000 has not enough free memory: 0.00 GB are needed to train on "
                  "batches of 64, and 0.00 GB of 0.00 GB are free"))));
  // A smaller batch still fits.
  EXPECT_GT(backend->step(few.batch(), few.masks, {}).loss, 0);
}

}  // namespace
}  // namespace bart::cuda
