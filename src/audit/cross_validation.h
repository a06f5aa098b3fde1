#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bart/audit/audit.h"
#include "bart/dataset/load.h"
#include "bart/run/settle.h"

namespace bart {

/// The pictures of each fold, ascending. Every class is spread evenly over the folds. `groups[i]` is the
/// group of near duplicates of picture i; those of one class stay together if the class has at least twice as
/// many groups as there are folds.
std::vector<std::vector<std::uint32_t>> audit_folds(std::span<const std::int32_t> labels,
                                                    std::span<const std::uint32_t> groups, int folds,
                                                    std::uint32_t seed);

/// The pictures `indices` again, larger: what augmented pictures are made of.
using ReadLarger = std::function<LoadedPictures(std::span<const std::uint32_t> indices)>;

/// The probabilities [n, classes] of each picture by a training without the pictures of its fold. `larger` is
/// called once per training if the settings change pictures at random. Finished trainings are kept in the
/// folder `kept` and taken from there, see AuditOptions.
std::vector<double> cross_validated_probabilities(const LoadedPictures& pictures,
                                                  const std::vector<std::vector<std::uint32_t>>& folds,
                                                  const SettledSettings& settings, const ReadLarger& larger,
                                                  const std::filesystem::path& kept,
                                                  const AuditObserver& observer);

}  // namespace bart
