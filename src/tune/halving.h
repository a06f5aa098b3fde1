#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "bart/tune/tune.h"

namespace bart {

/// The epochs of each round: an eighth of the epochs, a quarter, a half, and all of them, without those below
/// 1.
std::vector<int> epochs_of_rungs(int epochs);

/// The plan for a number of candidates: each round has half as many trainings as the one before, rounded up.
std::vector<Rung> halving(std::size_t candidates, const std::vector<int>& epochs);

/// The plan with the most candidates, up to `most`, that takes at most `seconds`; with fewer rounds
/// where not even two candidates fit into all of them. `seconds_per_epoch` is of the recipe, `cost(n)` the
/// mean cost of the first n candidates as a multiple of it. Empty if there is no such plan.
std::vector<Rung> halving_within(double seconds, double seconds_per_epoch, const std::vector<int>& epochs,
                                 const std::function<double(std::size_t)>& cost,
                                 std::size_t most = most_candidates);

}  // namespace bart
