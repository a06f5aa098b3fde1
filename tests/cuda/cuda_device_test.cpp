// A GPU as a Device, as the engine, evaluators and models take it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "bart/engine/engine.h"
#include "bart/engine/evaluator.h"
#include "bart/platform/error.h"
#include "cuda_fixture.h"

namespace bart::cuda {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const Architecture one_block{.classes = 5, .image_size = 16, .blocks = {{20, 0.25}}, .hidden = {{24, 0.5}}};

std::shared_ptr<Device> stand_in_gpu() {
  return make_gpu(stand_in_driver(), stand_in_image(), 13000, 0);
}

// The tolerance is that of cuda_backend_test.cpp.
TEST_F(CudaTest, AnEvaluatorOnItAnswersSeveralThreads) {
  Mt19937 words(10);
  const StateDict state = initial_state(one_block, words);
  const NoiseBatch noise(one_block, 8, words);
  std::vector<float> expected(40);
  Evaluator(one_block, state).evaluate(noise.pictures, expected);
  const Evaluator gpu(one_block, state, {.device = stand_in_gpu()});
  EXPECT_EQ(gpu.state(), state);
  std::vector<std::vector<float>> found(4, std::vector<float>(40));
  std::vector<std::thread> threads;
  for (std::vector<float>& logits : found)
    threads.emplace_back([&] { gpu.evaluate(noise.pictures, logits); });
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& logits : found) {
    EXPECT_EQ(logits, found[0]);
    EXPECT_LT(distance(logits, expected), 1e-5);
  }
}

TEST_F(CudaTest, AnEngineOnItPromisesNothingAboutTheProcessorsBits) {
  for (const EngineOptions& options :
       {EngineOptions{.exact = true, .device = stand_in_gpu()},
        EngineOptions{.slices = shared_training_slices, .device = stand_in_gpu()}}) {
    EXPECT_THAT([&] { Engine(one_block, options); },
                ThrowsMessage<Error>(HasSubstr("Stand-in 1000 computes neither exactly, nor in slices")));
  }
}

TEST_F(CudaTest, ReservedMemoryIsThereForStepsAndEvaluations) {
  Mt19937 words(10);
  const StateDict state = initial_state(one_block, words);
  const NoiseBatch noise(one_block, 8, words);
  Engine engine(one_block, {.device = stand_in_gpu()});
  engine.load(state);
  engine.reserve(8, true);
  stand_in().memory = stand_in().used;  // others take the rest
  engine.step(noise.batch(), noise.masks, {});
  std::vector<float> logits(40);
  engine.evaluate(noise.pictures, logits);
  EXPECT_THAT([&] { engine.reserve(9, true); },
              ThrowsMessage<Error>(HasSubstr("needed to train on batches of 9")));
  EXPECT_THROW(engine.reserve(0, true), Error);
}

TEST_F(CudaTest, ItsSpeedIsMeasuredInEachPrecision) {
  stand_in().memory = 100'000'000;
  const auto gpu = stand_in_gpu();
  for (const Precision precision : {Precision::f32, Precision::tf32, Precision::bf16}) {
    const DeviceSpeed speed = gpu->speed(precision);
    EXPECT_GT(speed.flops_per_second, 0);
    EXPECT_GT(speed.bytes_per_second, 0);
  }
}

}  // namespace
}  // namespace bart::cuda
