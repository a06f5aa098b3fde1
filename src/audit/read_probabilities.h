#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bart {

struct ReadProbabilities {
  std::vector<std::string> files;     // [n]
  std::vector<double> probabilities;  // [n, classes]
};

/// Reads a file that probabilities_csv() made; labels in it do not count. Throws Error with the line when it
/// is something else, or when its classes are not `classes`.
ReadProbabilities read_probabilities(const std::filesystem::path& path,
                                     const std::vector<std::string>& classes);

}  // namespace bart
