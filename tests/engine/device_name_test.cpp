#include "bart/engine/device_name.h"

#include <gtest/gtest.h>

namespace bart {
namespace {

TEST(DeviceName, IsAutoCpuOrAGpuWithItsNumber) {
  EXPECT_EQ(parse_device_name("auto")->kind, DeviceName::Kind::automatic);
  EXPECT_EQ(parse_device_name("cpu")->kind, DeviceName::Kind::processor);
  for (const auto& [text, number] :
       {std::pair{"cuda", 0}, std::pair{"cuda:0", 0}, std::pair{"cuda:7", 7}, std::pair{"cuda:12", 12}}) {
    EXPECT_EQ(parse_device_name(text)->kind, DeviceName::Kind::gpu);
    EXPECT_EQ(parse_device_name(text)->gpu, number);
  }
  for (const char* text : {"", "gpu", "Cuda", "cuda:", "cuda:-1", "cuda:+1", "cuda: 1", "cuda:1 ", "cuda:1x",
                           "cuda1", "cuda:99999999999", "auto:1", "cpu:0"}) {
    EXPECT_FALSE(parse_device_name(text)) << text;
  }
}

}  // namespace
}  // namespace bart
