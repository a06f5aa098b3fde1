#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "drawn_faces.h"

namespace bart {

/// A folder with drawn faces and an untrained model of them.
class PredictDrawn : public DrawnFaces {
 protected:
  PredictDrawn() : DrawnFaces(2, 4) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    ASSERT_EQ(train_faces({"--epochs", "0"}).code, 0);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(here() / "faces")) {
      if (entry.is_regular_file()) picture_ = entry.path();
    }
  }

  std::filesystem::path picture_;
};

}  // namespace bart
