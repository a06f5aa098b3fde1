#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "run_bart.h"

namespace bart {

/// A scratch folder whose sub-folder faces/ holds drawn faces, a folder per class.
class DrawnFaces : public testing::Test {
 protected:
  DrawnFaces(int classes, int per_class) : classes_(classes), per_class_(per_class) {}

  void SetUp() override {
    ASSERT_EQ(run_bart(here(), {"sample", "faces", "--classes", std::to_string(classes_), "--per-class",
                                std::to_string(per_class_)})
                  .code,
              0);
  }
  const std::filesystem::path& here() const { return scratch_.path(); }
  /// bart train faces with pictures of 16 x 16 pixels.
  BartResult train_faces(std::vector<std::string> flags) const {
    flags.insert(flags.begin(), {"train", "faces", "--image-size", "16"});
    return run_bart(here(), flags);
  }

  ScratchFolder scratch_;

 private:
  int classes_, per_class_;
};

}  // namespace bart
