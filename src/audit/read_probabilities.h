#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bart {

struct ReadProbabilities {
  std::vector<std::string> files;     // [n]
  std::vector<std::string> labels;    // [n]
  std::vector<double> probabilities;  // [n, classes]
};

/// Reads a file that probabilities_csv() made; its labels may be those of another day. Throws Error with the
/// line when it is something else, or when its classes are not `classes`.
ReadProbabilities read_probabilities(const std::filesystem::path& path,
                                     const std::vector<std::string>& classes);

}  // namespace bart
