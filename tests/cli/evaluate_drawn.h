#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "csv.h"
#include "drawn_faces.h"

namespace bart {

/// A folder with drawn faces and an untrained model of them, to be evaluated.
class EvaluateDrawn : public DrawnFaces {
 protected:
  EvaluateDrawn() : DrawnFaces(3, 8) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    train(0);
    for (const auto& entry : std::filesystem::directory_iterator(here() / "faces"))
      classes_.push_back(entry.path().filename());
    std::sort(classes_.begin(), classes_.end());
  }
  /// Returns the log.
  std::string train(int epochs) const {
    const BartResult result = run_bart(here(), {"train", "faces", "--epochs", std::to_string(epochs),
                                                "--image-size", "32", "--bs", "8", "--no-report"});
    EXPECT_EQ(result.code, 0) << result.err;
    return result.err;
  }
  BartResult evaluate(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "evaluate");
    return run_bart(here(), arguments);
  }
  nlohmann::json evaluated(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const BartResult result = evaluate(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.code == 0 ? nlohmann::json::parse(result.out) : nlohmann::json();
  }
  /// The file that inference_images/pic_0.jpg was made from.
  std::filesystem::path test_picture() const {
    return here() / "faces" / csv_rows(file_text(here() / "bart-run" / "test_pictures.csv"))[0][1];
  }

  std::vector<std::string> classes_;
};

}  // namespace bart
