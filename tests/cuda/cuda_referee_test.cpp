// How far the CUDA backend is from the double-precision referee, beside how far PyTorch's float32 is on the
// same batches (tests/goldens/torch_f32_distance.tsv): as engine_vs_referee_test.cpp asks of the processor.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

#include "bart/engine/precision_text.h"
#include "cuda_fixture.h"
#include "golden.h"
#include "referee/cases.h"
#include "referee/referee.h"

namespace bart::cuda {
namespace {

using referee::Referee;

using Distances = std::map<std::pair<std::string, std::string>, double>;

constexpr double float_rounding = 0x1p-24;  // what storing the exact result costs at most
constexpr double allowed_ratio = 3;

Distances torch_distances(const std::string& name, const std::string& golden = "torch_f32_distance.tsv") {
  Distances distances;
  for (const std::vector<std::string>& row : test::read_golden(golden)) {
    if (row[0] == name) distances[{row[1], row[2]}] = std::stod(row[3]);
  }
  return distances;
}

void keep_largest(Distances& distances, const std::string& kind, const std::string& name, double value) {
  double& largest = distances[{kind, name}];
  if (!(value <= largest)) largest = value;  // NaN too
}

class CudaOnSmallNetworks : public testing::TestWithParam<test::GeneratedCase> {};

TEST_P(CudaOnSmallNetworks, IsAsCloseToTheRefereeAsPyTorch) {
  const test::GeneratedCase& generated = GetParam();
  reset_stand_in();
  Distances distances;
  for (const std::uint32_t seed : generated.seeds) {
    Mt19937 global(seed), words(seed);
    const StateDict start = initial_state(generated.architecture, global);
    CudaBackend engine(stand_in_context(), generated.architecture, Precision::f32, Precision::f32);
    engine.load(start);
    Referee truth(generated.architecture, start);
    const test::TrainingBatch batch = test::generate_batch(generated, words);
    const std::vector<const std::uint8_t*> pictures = batch.pictures();
    const std::vector<double> input = referee::input_of(pictures, batch.image_size);
    const DropoutMasks masks = draw_dropout_masks(generated.architecture, generated.n, global);
    const StepResult step = engine.step({pictures, batch.labels}, masks, {.learning_rate = 0});
    const double loss = truth.forward_backward(input, batch.labels, masks);
    // The gradient of a picture's loss by its logits has an L1 norm below 2, so the loss is off by no more
    // than twice the largest difference of a logit, and by the rounding of the result.
    double largest = 0;
    const std::vector<float> found = engine.last_logits();
    for (std::size_t i = 0; i < found.size(); ++i) {
      largest = std::max(largest, std::abs(double(found[i]) - truth.logits()[i]));
    }
    EXPECT_NEAR(double(step.loss), loss, 2 * largest + float_rounding * loss);
    keep_largest(distances, "logits", "step1", distance(engine.last_logits(), truth.logits()));
    for (const Tensor& gradient : engine.gradients()) {
      if (test::is_noise(gradient.name)) continue;
      keep_largest(distances, "gradient", gradient.name,
                   distance(gradient.floats(), truth.gradients().at(gradient.name)));
    }
    const StateDict state = engine.state();
    for (const auto& [name, values] : truth.tensors()) {
      if (is_parameter(name)) continue;
      keep_largest(distances, "statistics", name, distance(find_tensor(state, name)->floats(), values));
    }
    std::vector<float> logits(batch.labels.size() * static_cast<std::size_t>(generated.architecture.classes));
    engine.evaluate(pictures, logits, {});
    keep_largest(distances, "logits", "evaluation", distance(logits, truth.evaluate(input)));
  }
  const Distances torch = torch_distances(generated.name);
  EXPECT_EQ(distances.size() + 1, torch.size());  // without the losses of three steps
  for (const auto& [key, value] : distances) {
    ASSERT_TRUE(torch.contains(key)) << key.first << " " << key.second;
    std::printf("  %-42s %10.2e %10.2e\n", (key.first + " " + key.second).c_str(), value, torch.at(key));
    EXPECT_LE(value, allowed_ratio * std::max(torch.at(key), float_rounding))
        << key.first << " " << key.second;
  }
  EXPECT_EQ(stand_in().alive, 0);
}

INSTANTIATE_TEST_SUITE_P(Each, CudaOnSmallNetworks, testing::ValuesIn(test::generated_cases()),
                         [](const auto& parameter) { return parameter.param.name; });

/// A mode of PyTorch, and the share of its distances from the referee that a precision stays within.
struct Yardstick {
  Precision precision;
  std::string mode;
  double share;
};

// As engine_vs_referee_test.cpp asks it of the processor: f32 well inside PyTorch's channels_last mode, bf16
// as close as PyTorch's bf16; the factors of TF32 have three bits more than those of bf16. One test, so that
// the referee takes its step once.
TEST(CudaOnTheSubset, TheFirstStepOfThreePrecisionsIsAsCloseToTheRefereeAsPyTorchsModes) {
  const std::optional<test::SubsetStep> first = test::first_subset_step();
  if (!first) GTEST_SKIP() << "the pictures of the subset are not here";
  const std::vector<const std::uint8_t*> pictures = first->batch.pictures();
  for (const Yardstick& yardstick :
       {Yardstick{Precision::f32, "channels_last", 0.2}, Yardstick{Precision::bf16, "bf16", allowed_ratio},
        Yardstick{Precision::tf32, "bf16", allowed_ratio / 8}}) {
    reset_stand_in();
    CudaBackend engine(stand_in_context(), first->architecture, yardstick.precision, yardstick.precision);
    engine.load(first->start);
    engine.step({.pictures = pictures, .labels = first->batch.labels}, first->masks, {.learning_rate = 0});
    Distances distances;
    keep_largest(distances, "logits", "step1", distance(engine.last_logits(), first->truth.logits()));
    for (const Tensor& gradient : engine.gradients()) {
      if (test::is_noise(gradient.name)) continue;
      keep_largest(distances, "gradient", gradient.name,
                   distance(gradient.floats(), first->truth.gradients().at(gradient.name)));
    }
    const Distances torch = torch_distances(yardstick.mode, "torch_mode_distance.tsv");
    const char* precision = precision_text(yardstick.precision);
    EXPECT_EQ(distances.size(), torch.size());
    for (const auto& [key, value] : distances) {
      ASSERT_TRUE(torch.contains(key)) << key.first << " " << key.second;
      std::printf("  %s %-42s %10.2e %10.2e\n", precision, (key.first + " " + key.second).c_str(), value,
                  torch.at(key));
      EXPECT_LE(value, yardstick.share * torch.at(key)) << precision << " " << key.first << " " << key.second;
    }
  }
}

}  // namespace
}  // namespace bart::cuda
