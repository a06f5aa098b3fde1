// The referee against PyTorch's float64. Golden: tests/goldens/make_referee.py.
#include "referee/referee.h"

#include <gtest/gtest.h>

#include <cmath>

#include "bart/network/dropout.h"
#include "bart/random/mt19937.h"
#include "referee/cases.h"

namespace bart {
namespace {

using referee::Referee;

// Two float64 computations of one network part by rounding alone, some 1e-13 after all its layers. A wrong
// formula parts by far more than this.
constexpr double tolerance = 1e-9;

// Adam divides each gradient by about its own size, so where that is a thousandth of the others' their
// rounding counts a thousandfold; how sums are rounded depends on the width of the vectors.
constexpr double tolerance_behind_adam = 1e-8;

void expect_near(const std::vector<double>& values, const std::vector<double>& truth,
                 const std::string& what) {
  ASSERT_EQ(values.size(), truth.size()) << what;
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    difference += (values[i] - truth[i]) * (values[i] - truth[i]);
    norm += truth[i] * truth[i];
  }
  EXPECT_LE(std::sqrt(difference), tolerance * std::sqrt(norm)) << what;
}

/// Compares with the condensed form of a tensor that make_referee.py describes.
void expect_condensed(const std::vector<double>& values, const std::vector<double>& golden,
                      const std::string& what, double allowed = tolerance) {
  ASSERT_EQ(golden.size(), 2u + 16 + 4) << what;
  double squares = 0, sum = 0, projections[16] = {};
  Mt19937 words(1);
  for (const double value : values) {
    squares += value * value;
    sum += value;
    const std::uint32_t signs = words.next();
    for (std::size_t k = 0; k < 16; ++k) projections[k] += ((signs >> k) & 1) != 0 ? -value : value;
  }
  const double norm = golden[0];
  EXPECT_NEAR(std::sqrt(squares), norm, allowed * norm) << what;
  // The sum's difference is at most sqrt(count) times the norm of the tensor's.
  EXPECT_NEAR(sum, golden[1], allowed * norm * std::sqrt(double(values.size()))) << what;
  double mean_square = 0;  // of the projections' differences: an estimate of the squared norm of the tensor's
  for (std::size_t k = 0; k < 16; ++k) mean_square += std::pow(projections[k] - golden[2 + k], 2) / 16;
  EXPECT_LE(std::sqrt(mean_square), allowed * norm) << what;
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(values[values.size() * k / 4], golden[18 + k], allowed * norm) << what << ", value " << k;
  }
}

TEST(Referee, SmallNetworksEqualPyTorchsFloat64OverThreeStepsOfAdam) {
  for (const test::GeneratedCase& generated : test::generated_cases()) {
    SCOPED_TRACE(generated.name);
    Mt19937 global(generated.seeds[0]), words(generated.seeds[0]);
    Referee network(generated.architecture, initial_state(generated.architecture, global));
    std::vector<double> losses;
    for (int step = 0; step < 3; ++step) {
      const test::TrainingBatch batch = test::generate_batch(generated, words);
      const std::vector<double> input = referee::input_of(batch.pictures(), batch.image_size);
      losses.push_back(network.forward_backward(
          input, batch.labels, draw_dropout_masks(generated.architecture, generated.n, global)));
      if (step == 0) {
        std::size_t compared = 0;
        for (const auto& [key, golden] : generated.facts) {
          const auto& [kind, name] = key;
          if (kind == "gradient" && !test::is_noise(name)) {
            expect_condensed(network.gradients().at(name), golden, "gradient of " + name);
            ++compared;
          } else if (kind == "statistics") {
            expect_condensed(network.tensors().at(name), golden, name);
          }
        }
        EXPECT_EQ(compared, network.gradients().size() - 2 * generated.architecture.blocks.size());
        expect_near(network.logits(), generated.facts.at({"logits", "step1"}), "logits");
        expect_near(network.evaluate(input), generated.facts.at({"logits", "evaluation"}), "evaluation");
      }
      network.adam_step(1e-3);
    }
    expect_near(losses, generated.facts.at({"losses", "steps"}), "losses");
    for (const auto& [name, values] : network.tensors()) {
      if (test::is_noise(name)) continue;  // Adam divides noise by its own size
      expect_condensed(values, generated.facts.at({"final", name}), name + " after three steps",
                       tolerance_behind_adam);
    }
  }
}

TEST(Referee, TheWholeNetworkEqualsPyTorchsFloat64OnTheSubsetsFirstBatch) {
  const std::optional<test::SubsetStep> step = test::first_subset_step();
  if (!step) GTEST_SKIP() << "the pictures of the subset are not here";
  const Referee& network = step->truth;
  const double loss = step->true_loss;
  const test::Facts facts = test::subset_facts();
  EXPECT_NEAR(loss, facts.at({"losses", "steps"})[0], tolerance * loss);
  expect_near(network.logits(), facts.at({"logits", "step1"}), "logits");
  std::size_t compared = 0;
  for (const auto& [name, gradient] : network.gradients()) {
    if (test::is_noise(name)) continue;
    expect_condensed(gradient, facts.at({"gradient", name}), "gradient of " + name);
    ++compared;
  }
  EXPECT_EQ(compared, 30u);
}

}  // namespace
}  // namespace bart
