#include "halving.h"

namespace bart {

std::vector<int> epochs_of_rungs(int epochs) {
  std::vector<int> rungs;
  for (const int share : {8, 4, 2, 1}) {
    if (epochs >= share) rungs.push_back(epochs / share);
  }
  return rungs;
}

std::vector<Rung> halving(std::size_t candidates, const std::vector<int>& epochs) {
  std::vector<Rung> rungs;
  for (const int of_rung : epochs) {
    rungs.push_back({of_rung, candidates});
    candidates = (candidates + 1) / 2;
  }
  return rungs;
}

std::vector<Rung> halving_within(double seconds, double seconds_per_epoch, const std::vector<int>& epochs,
                                 const std::function<double(std::size_t)>& cost, std::size_t most) {
  const auto seconds_of = [&](const std::vector<Rung>& rungs) {
    double sum = 0;
    for (const Rung& rung : rungs) {
      sum += static_cast<double>(rung.trials) * rung.epochs * seconds_per_epoch * cost(rungs[0].trials);
    }
    return sum;
  };
  for (std::vector<int> rounds = epochs; !rounds.empty(); rounds.pop_back()) {
    std::vector<Rung> found;
    for (std::size_t candidates = 2; candidates <= most; ++candidates) {
      std::vector<Rung> rungs = halving(candidates, rounds);
      if (seconds_of(rungs) > seconds) break;
      found = std::move(rungs);
    }
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace bart
