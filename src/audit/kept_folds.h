#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bart/dataset/load.h"
#include "bart/record/run_settings.h"

namespace bart {

/// The outputs of the finished trainings of a cross-validation, one file per fold, so that an audit that was
/// stopped continues with the next one.
class KeptFolds {
 public:
  /// Keeps nothing if `folder` is empty. What decides the outputs (the pictures, the folds, the settings,
  /// this version) is written into each file, and a file that differs in it is not taken.
  KeptFolds(std::filesystem::path folder, const LoadedPictures& pictures,
            const std::vector<std::vector<std::uint32_t>>& folds, const RunSettings& settings);

  /// The logits [pictures of the fold, classes] of this fold, nullopt if they are not there.
  std::optional<std::vector<float>> read(std::size_t fold) const;
  /// Throws Error when the file cannot be written.
  void write(std::size_t fold, const std::vector<float>& logits) const;

 private:
  std::filesystem::path file(std::size_t fold) const;
  std::vector<std::int64_t> shape(std::size_t fold) const;

  std::filesystem::path folder_;
  std::vector<std::size_t> sizes_;  // pictures of each fold
  std::size_t classes_;
  std::string key_;
};

}  // namespace bart
