#include "bart/training/average.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "bart/platform/error.h"

namespace bart {

double average_kept(double decay, std::int64_t update) {
  if (!(decay >= 0 && decay < 1) || update < 1)
    throw Error("an average keeps a share from 0 to below 1, and its updates count from 1");
  const auto updates = static_cast<double>(update);
  return std::min(std::pow(decay, steps_per_average), (1 + updates) / (10 + updates));
}

float average_weight(double decay, std::int64_t update, std::int64_t steps) {
  const double kept = std::pow(average_kept(decay, update),
                               static_cast<double>(steps) / static_cast<double>(steps_per_average));
  return static_cast<float>(1 - kept);
}

void update_average(ModelAverage& average, StateDict model, double decay, std::int64_t steps) {
  const auto same_size = [](const Tensor& one, const Tensor& other) {
    const auto* const values = std::get_if<std::vector<float>>(&one.values);
    const auto* const others = std::get_if<std::vector<float>>(&other.values);
    return values != nullptr && others != nullptr ? values->size() == others->size() : values == others;
  };
  if (!(decay >= 0 && decay < 1) || steps < 1)
    throw Error("an average keeps a share from 0 to below 1, and is made after at least one step");
  if (!average.model.empty() && !std::ranges::equal(average.model, model, same_size))
    throw Error("the average is of another network");
  ++average.updates;
  if (average.model.empty()) {
    average.model = std::move(model);
    return;
  }
  const float weight = average_weight(decay, average.updates, steps);
  for (std::size_t t = 0; t < model.size(); ++t) {
    if (const auto* values = std::get_if<std::vector<float>>(&model[t].values)) {
      std::vector<float>& mean = average.model[t].floats();
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += weight * ((*values)[i] - mean[i]);
    } else {
      average.model[t].values = model[t].values;
    }
  }
}

}  // namespace bart
