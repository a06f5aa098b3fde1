#include "arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bart {
namespace {

using testing::ElementsAre;

TEST(DashedArguments, TurnsUnderscoresOfFlagsOnly) {
  const char* argv[] = {"bart",        "train",    "my_faces", "--folder_name=my_faces",
                        "--max_steps", "my_value", "--",       "--a_b"};
  EXPECT_THAT(dashed_arguments(8, argv), ElementsAre("bart", "train", "my_faces", "--folder-name=my_faces",
                                                     "--max-steps", "my_value", "--", "--a_b"));
}

TEST(QuotedCommand, CanBePastedIntoAShell) {
  const char* argv[] = {"/usr/bin/bart", "train", "my faces", "it's", ""};
  EXPECT_EQ(quoted_command(5, argv), "bart train 'my faces' 'it'\\''s' ''");
}

}  // namespace
}  // namespace bart
