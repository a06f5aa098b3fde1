#include "bart/network/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bart/platform/error.h"

namespace bart {
namespace {

TEST(Summary, CountsTheParametersOfEachLayerEachPartAndAll) {
  const Architecture small{
      .classes = 3, .image_size = 16, .blocks = {{16, 0.25}, {32, 0}}, .hidden = {{64, 0.5}}};
  // 3 * 16 * 9 + 16, 2 * 16, 16 * 16 * 9 + 16, and so on.
  for (const char* line : {"\nblock1.0                Conv2d          16 x 16 x 16               448\n",
                           "\nblock1.1                BatchNorm2d     16 x 16 x 16                32\n",
                           "\nblock1.7                Dropout2d 0.25  16 x 8 x 8                    \n",
                           "\nblock1 in all                                                    2,832\n",
                           "\nblock2 in all                                                   14,016\n",
                           "\nclassification_head.1   Linear          64                      32,832\n",
                           "\nclassification_head.4   Linear          3                          195\n",
                           "\nAll parameters                                                  49,875\n"}) {
    EXPECT_THAT(summary_text(small), testing::HasSubstr(line));
  }
}

TEST(Summary, RefusesWhatIsNoNetwork) {
  EXPECT_THROW(summary_text({.classes = 3, .image_size = 17}), Error);
}

}  // namespace
}  // namespace bart
