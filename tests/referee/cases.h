#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bart/network/architecture.h"
#include "bart/network/dropout.h"
#include "bart/network/state_dict.h"
#include "bart/random/mt19937.h"
#include "referee/referee.h"

namespace bart::test {

/// A batch of training as both the referee and the engine take it.
struct TrainingBatch {
  std::vector<std::uint8_t> pixels;  // [n, image_size, image_size, 3]
  std::vector<std::int32_t> labels;  // [n]
  int image_size = 0;

  std::vector<const std::uint8_t*> pictures() const;  // [n]
};

/// Facts that PyTorch computed of one network: {kind, name} -> values (tests/goldens/make_referee.py).
using Facts = std::map<std::pair<std::string, std::string>, std::vector<double>>;

/// A small network on generated batches.
struct GeneratedCase {
  std::string name;
  Architecture architecture;
  int n = 0;
  std::vector<std::uint32_t> seeds;  // of batches without a near tie in a ReLU or max-pool
  Facts facts;                       // of the first seed
};
std::vector<GeneratedCase> generated_cases();

/// The next batch of a case; its words start from Mt19937(seed).
TrainingBatch generate_batch(const GeneratedCase& generated, Mt19937& words);

/// The first training step of the original's network on the Simpsons subset, as the referee takes it.
struct SubsetStep {
  TrainingBatch batch;
  Architecture architecture;
  StateDict start;
  DropoutMasks masks;
  referee::Referee truth;  // after forward and backward
  double true_loss;
};
/// It does 80 billion multiplications. Nothing where the pictures are not here.
std::optional<SubsetStep> first_subset_step();
Facts subset_facts();

/// Whether the tensor is the bias of a convolution before a BatchNorm, whose true gradient is zero, so that
/// whatever is computed there is noise.
bool is_noise(const std::string& name);

}  // namespace bart::test
