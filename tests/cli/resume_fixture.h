#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bart/platform/files.h"
#include "drawn_faces.h"

namespace bart {

/// The steps of the newest checkpoint of the training in `out`, for --max-steps.
inline std::string steps_done(const std::filesystem::path& out) {
  int most = 0;
  for (const auto& entry : std::filesystem::directory_iterator(out / "bart-run")) {
    constexpr std::string_view prefix = "checkpoint-";
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix)) most = std::max(most, std::stoi(name.substr(prefix.size())));
  }
  return std::to_string(most);
}

/// Trainings of three steps per epoch.
class Resume : public DrawnFaces {
 protected:
  Resume() : DrawnFaces(3, 8) {}

  /// Three steps per epoch, with a checkpoint after each step.
  static std::vector<std::string> command(const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"train", "faces", "--image-size", "16", "--bs", "8", "--no-report"};
    arguments.insert(arguments.end(), {"--threads", "1", "--checkpoint-minutes", "0", "--out", out});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  static std::vector<std::string> resume(const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"train", "--resume", "--no-report", "--out", out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::set<std::string> run_files(const std::string& out) const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(here() / out / "bart-run")) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with("events.")) names.insert(name);  // one a start
    }
    return names;
  }
  bool has_checkpoint(const std::string& out) const {
    if (!std::filesystem::exists(here() / out / "bart-run")) return false;
    for (const std::string& name : run_files(out)) {
      if (name.starts_with("checkpoint-")) return true;
    }
    return false;
  }
  /// Everything that must be equal for two equal trainings.
  void expect_same_results(const std::string& a, const std::string& b) const {
    EXPECT_TRUE(read_file(here() / a / "BART-10M.pth") == read_file(here() / b / "BART-10M.pth"));
    EXPECT_EQ(file_text(here() / a / "bart-run/steps.csv"), file_text(here() / b / "bart-run/steps.csv"));
    const auto epochs = [&](const std::string& out) {
      auto run = nlohmann::json::parse(file_text(here() / out / "bart-run/run.json"));
      auto history = run["results"]["epochs"];
      for (auto& epoch : history) {
        epoch.erase("train_seconds");
        epoch.erase("validation_seconds");
        epoch.erase("images_per_second");
      }
      return history;
    };
    EXPECT_EQ(epochs(a), epochs(b));
  }
};

}  // namespace bart
