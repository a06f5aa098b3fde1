#include "bart/engine/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>
#include <vector>

#include "bart/engine/engine.h"
#include "bart/engine/kernel_trials.h"
#include "bart/platform/error.h"
#include "bart/random/mt19937.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const Architecture small_network{
    .classes = 5, .image_size = 16, .blocks = {{20, 0.25}, {40, 0.4}}, .hidden = {{32, 0.5}}};
constexpr std::size_t feature_count = 40 * 8 * 8;  // of one picture, before the last pooling

/// Pictures of noise, and a trained state for the small network.
struct Trained {
  Mt19937 words{3};
  StateDict state = initial_state(small_network, words);
  std::vector<std::uint8_t> pixels;
  std::vector<const std::uint8_t*> pictures;

  explicit Trained(std::size_t n) : pixels(n * 16 * 16 * 3) {
    for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(words.next() >> 24);
    for (std::size_t i = 0; i < n; ++i) pictures.push_back(pixels.data() + i * 16 * 16 * 3);
    for (Tensor& tensor : state) {  // running statistics that are not 0 and 1
      if (tensor.name.find("running_") == std::string::npos) continue;
      for (float& value : tensor.floats()) value += static_cast<float>(words.next()) * 0x1p-32f;
    }
  }
  std::span<const std::uint8_t* const> first(std::size_t n) const { return std::span(pictures).first(n); }
};

struct Answer {
  std::vector<float> logits, features;
  bool operator==(const Answer&) const = default;
};

template <class Evaluating>
Answer answer_of(Evaluating& evaluating, std::span<const std::uint8_t* const> pictures) {
  Answer answer{std::vector<float>(pictures.size() * 5), std::vector<float>(pictures.size() * feature_count)};
  if constexpr (std::is_same_v<std::remove_const_t<Evaluating>, Engine>) {
    evaluating.evaluate_with_features(pictures, answer.logits, answer.features);
  } else {
    evaluating.evaluate(pictures, answer.logits, answer.features);
  }
  return answer;
}

TEST(Evaluator, AnswersAsTheEngineBitForBit) {
  const Trained setup(7);
  std::vector<EvaluatorOptions> all = {{.threads = 1}, {.threads = 2, .exact = true}};
  if (runs_bf16()) all.push_back({.threads = 2, .precision = Precision::bf16});
  for (const EvaluatorOptions& options : all) {
    const Evaluator evaluator(small_network, setup.state, options);
    Engine engine(
        small_network,
        {.threads = options.threads, .evaluation_precision = options.precision, .exact = options.exact});
    engine.load(setup.state);
    for (const std::size_t n : {3, 7, 1, 3}) {
      EXPECT_EQ(answer_of(evaluator, setup.first(n)), answer_of(engine, setup.first(n))) << n;
    }
  }
}

TEST(Evaluator, APictureHasItsBitsInAnyBatchOnAnyNumberOfThreads) {
  // Large pictures and few channels: all blocks but the last one run for a part of the batch at a time.
  for (const int side : {64, 48}) {
    const Architecture wide{.classes = 5,
                            .image_size = side,
                            .blocks = {{16, 0.25}, {16, 0.25}, {16, 0.4}},
                            .hidden = {{32, 0.5}}};
    Mt19937 words(4);
    const StateDict state = initial_state(wide, words);
    const std::size_t bytes = std::size_t(side) * std::size_t(side) * 3;
    std::vector<std::uint8_t> pixels(7 * bytes);
    for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(words.next() >> 24);
    std::vector<const std::uint8_t*> pictures;
    for (std::size_t i = 0; i < 7; ++i) pictures.push_back(pixels.data() + i * bytes);
    std::vector<Precision> precisions = {Precision::f32};
    if (runs_bf16()) precisions.push_back(Precision::bf16);
    for (const Precision precision : precisions) {
      if (bits_depend_on_threads(precision, false)) continue;
      const Evaluator evaluator(wide, state, {.threads = 1, .precision = precision});
      std::vector<float> all(7 * 5);
      evaluator.evaluate(pictures, all);
      for (const int threads : {1, 2, 3}) {
        for (const std::size_t n : {1, 2, 3, 7}) {
          // In bf16 the linear layers' weights are rounded for one picture alone.
          if (n == 1 && precision == Precision::bf16) continue;
          std::vector<float> together(n * 5);
          evaluator.with_threads(threads).evaluate(std::span(pictures).first(n), together);
          EXPECT_TRUE(std::ranges::equal(together, std::span(all).first(n * 5)))
              << side << ", " << threads << ", " << n;
        }
      }
    }
  }
}

TEST(Evaluator, LeavesTheCallersNumberOfThreadsAsItIs) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(7);
  const auto unchanged = [] { return omp_get_max_threads() == 7; };
  const Trained setup(2);
  const Evaluator evaluator(small_network, setup.state, {.threads = 2});
  EXPECT_TRUE(unchanged());
  answer_of(evaluator, setup.first(2));
  evaluator.state();
  EXPECT_TRUE(unchanged());
  Engine engine(small_network, {.threads = 2});
  engine.load(setup.state);
  answer_of(engine, setup.first(2));
  EXPECT_TRUE(unchanged());
  engine.load_adam_state(engine.adam_state());
  EXPECT_EQ(engine.state().size(), setup.state.size());
  EXPECT_TRUE(unchanged());
  omp_set_num_threads(before);
}

TEST(Evaluator, IsTheSameForCallersWithOtherNumbersOfThreads) {
  const int before = omp_get_max_threads();
  const Trained setup(3);
  const Evaluator evaluator(small_network, setup.state, {.threads = 2, .exact = true});
  const Answer expected = answer_of(evaluator, setup.first(3));
  omp_set_num_threads(1);
  EXPECT_EQ(answer_of(evaluator, setup.first(3)), expected);
  omp_set_num_threads(before);
}

TEST(Evaluator, AnswersSeveralThreadsAtOnce) {
  const Trained setup(6);
  const Evaluator evaluator(small_network, setup.state, {.threads = 2});
  const Evaluator copy = evaluator;  // shares weights and memory
  std::vector<Answer> expected;
  for (std::size_t n = 1; n <= 6; ++n) expected.push_back(answer_of(evaluator, setup.first(n)));
  std::vector<int> wrong(4);
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < wrong.size(); ++caller) {
    callers.emplace_back([&, caller] {
      for (std::size_t round = 0; round < 12; ++round) {
        const std::size_t n = 1 + (round + caller) % 6;
        wrong[caller] += answer_of(caller % 2 == 0 ? evaluator : copy, setup.first(n)) != expected[n - 1];
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

TEST(Evaluator, GivesTheSameBitsWithAnyNumberOfThreads) {
  const Trained setup(6);
  std::vector<EvaluatorOptions> all = {{.threads = 2}, {.threads = 2, .exact = true}};
  if (runs_bf16()) all.push_back({.threads = 2, .precision = Precision::bf16});
  for (const EvaluatorOptions& options : all) {
    if (bits_depend_on_threads(options.precision, options.exact)) continue;
    const Evaluator evaluator(small_network, setup.state, options);
    for (const int threads : {1, 3, 0}) {
      const Evaluator other = evaluator.with_threads(threads);
      for (const std::size_t n : {1, 2, 6})
        EXPECT_EQ(answer_of(other, setup.first(n)), answer_of(evaluator, setup.first(n)))
            << threads << ", " << n;
    }
    EXPECT_THROW(evaluator.with_threads(-1), Error);
  }
}

TEST(Evaluator, RefusesMissingPicturesAndTensorsThatAreCut) {
  const Trained trained(1);
  const Evaluator evaluator(small_network, trained.state);
  const std::vector<const std::uint8_t*> missing = {nullptr};
  std::vector<float> logits(5);
  EXPECT_THROW(evaluator.evaluate(missing, logits), Error);
  Engine engine(small_network, {});
  EXPECT_THROW(engine.evaluate(missing, logits), Error);
  StateDict cut = trained.state;
  cut[0].floats().pop_back();
  EXPECT_THROW(Evaluator(small_network, cut), Error);
  EXPECT_THROW(engine.load(cut), Error);
  EXPECT_THROW(Engine(std::unique_ptr<Backend>()), Error);
  EXPECT_THROW(kernel_trials(small_network, {}, 0, true), Error);
  EXPECT_THROW(own_pictures(2, 0, nullptr), Error);
  Mt19937 words(1);
  EXPECT_THROW(draw_dropout_masks(small_network, -1, words), Error);
  const std::vector<std::int32_t> labels = {0};
  const DropoutMasks masks = draw_dropout_masks(small_network, 1, words);
  EXPECT_THROW(engine.step({missing, labels}, masks, {}), Error);
  const std::span<const std::uint8_t* const> one(trained.pictures.data(), 1);
  EXPECT_THROW(engine.step({one, labels}, masks, {.learning_rate = std::nan("")}), Error);
  EXPECT_THROW(engine.step({one, labels}, masks, {.clip_norm = -1}), Error);
}

TEST(Evaluator, SaysWhatDoesNotFit) {
  const Trained setup(2);
  EXPECT_THAT([&] { Evaluator(small_network, setup.state, {.threads = -1}); },
              ThrowsMessage<Error>(HasSubstr("-1 threads")));
  EXPECT_THAT([&] { Evaluator(small_network, setup.state, {.precision = Precision::bf16, .exact = true}); },
              ThrowsMessage<Error>(HasSubstr("exact in f32 only")));
  EXPECT_THAT([&] { Evaluator(small_network, {}); },
              ThrowsMessage<Error>(HasSubstr("no tensor block1.0.weight")));
  const Evaluator evaluator(small_network, setup.state);
  std::vector<float> logits(10), features(2 * feature_count);
  EXPECT_THAT([&] { evaluator.evaluate(setup.pictures, std::span(logits).first(9)); },
              ThrowsMessage<Error>(HasSubstr("room for [pictures, classes] logits")));
  EXPECT_THAT([&] { evaluator.evaluate(setup.pictures, logits, std::span(features).first(7)); },
              ThrowsMessage<Error>(HasSubstr("room for the features")));
  evaluator.evaluate({}, {});
  EXPECT_EQ(evaluator.architecture().classes, 5);
}

}  // namespace
}  // namespace bart
