#include "evaluation_weights.h"

#include <cmath>
#include <vector>

#include "batch_norm.h"

namespace bart {

EvaluationWeights::EvaluationWeights(const CompiledNetwork& network)
    : network_(network), folded_(network.parameter_count * sizeof(float)) {}

void EvaluationWeights::update(const Parameters& parameters) {
  const float* values = parameters.values.floats();
  const float* statistics = parameters.statistics.floats();
  for (const ConvolutionLayer& c : network_.convolutions) {
    std::vector<float> weights(static_cast<std::size_t>(c.out_channels * c.in_channels * 9));
    export_weights(c, values + c.weights, weights.data());
    for (std::int64_t o = 0; o < c.out_channels; ++o) {
      const double invstd =
          1 / std::sqrt(static_cast<double>(statistics[c.running_var + o]) + batch_norm_eps);
      const double scale = invstd * static_cast<double>(values[c.norm_weight + o]);
      float* row = weights.data() + o * c.in_channels * 9;
      for (std::int64_t k = 0; k < c.in_channels * 9; ++k) row[k] = static_cast<float>(row[k] * scale);
      const double centred = static_cast<double>(values[c.bias + o]) - statistics[c.running_mean + o];
      folded_.floats()[c.bias + o] = static_cast<float>(centred * scale + values[c.norm_bias + o]);
    }
    import_weights(c, weights.data(), folded_.floats() + c.weights);
  }
  const std::lock_guard lock(mutex_);
  for (const Prepared& prepared : prepared_) prepared.fill();
}

const std::uint8_t* EvaluationWeights::prepared(const PreparedWeights& wanted, const float* from) const {
  const std::lock_guard lock(mutex_);
  for (const Prepared& prepared : prepared_) {
    if (prepared.weights.place == wanted.place && prepared.weights.layout == wanted.layout) {
      return prepared.memory.bytes();
    }
  }
  const Prepared& added =
      prepared_.emplace_back(Prepared{wanted, from, AlignedMemory(wanted.layout.bytes())});
  added.fill();
  return added.memory.bytes();
}

}  // namespace bart
