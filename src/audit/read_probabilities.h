#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bart {

struct ReadProbabilities {
  std::vector<std::string> files;     // [n]
  std::vector<std::string> labels;    // [n]
  std::vector<std::uint64_t> hashes;  // [n] of the files' bytes; empty: the file does not tell
  std::vector<double> probabilities;  // [n, classes]
};

/// The column that tells the pictures by the hash of their files, after file and label.
inline constexpr const char* bytes_hash_column = "bytes_hash";

/// Reads a file that probabilities_csv() made, or one of another program, which need not have the hashes; its
/// labels may be those of another day. Throws Error with the line when it is something else, or when its
/// classes are not `classes`.
ReadProbabilities read_probabilities(const std::filesystem::path& path,
                                     const std::vector<std::string>& classes);

}  // namespace bart
