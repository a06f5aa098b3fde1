#include "bart/network/architecture.h"

#include <gmock/gmock.h>

#include <limits>

#include "bart/platform/error.h"

namespace bart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::int64_t parameters_under(const std::vector<Layer>& layers, const std::string& module) {
  std::int64_t sum = 0;
  for (const Layer& layer : layers) {
    if (layer.name.starts_with(module)) sum += layer.parameters();
  }
  return sum;
}

TEST(Architecture, DefaultHasTheOriginalsParameterCounts) {
  const std::vector<Layer> layers = layers_of({.classes = 42});
  EXPECT_EQ(parameters_under(layers, "block1"), 10'272);
  EXPECT_EQ(parameters_under(layers, "block2"), 55'680);
  EXPECT_EQ(parameters_under(layers, "block3"), 221'952);
  EXPECT_EQ(parameters_under(layers, "block4"), 886'272);
  EXPECT_EQ(parameters_under(layers, "classification_head"), 8'531'242);
  EXPECT_EQ(parameters_under(layers, ""), 9'705'418);
}

TEST(Architecture, LayersAreNamedAndShapedAsInPyTorch) {
  const Architecture architecture{
      .classes = 3, .image_size = 12, .blocks = {{4, 0.25}, {6, 0.4}}, .hidden = {{5, 0.5}}};
  std::vector<std::string> lines;
  for (const Layer& layer : layers_of(architecture)) {
    std::string line = layer.name + " " + layer_kind_name(layer.kind);
    for (const std::int64_t size : layer.output) line += " " + std::to_string(size);
    lines.push_back(line);
  }
  EXPECT_THAT(lines,
              ElementsAre("block1.0 Conv2d 4 12 12", "block1.1 BatchNorm2d 4 12 12", "block1.2 ReLU 4 12 12",
                          "block1.3 Conv2d 4 12 12", "block1.4 BatchNorm2d 4 12 12", "block1.5 ReLU 4 12 12",
                          "block1.6 MaxPool2d 4 6 6", "block1.7 Dropout2d 4 6 6",  //
                          "block2.0 Conv2d 6 6 6", "block2.1 BatchNorm2d 6 6 6", "block2.2 ReLU 6 6 6",
                          "block2.3 Conv2d 6 6 6", "block2.4 BatchNorm2d 6 6 6", "block2.5 ReLU 6 6 6",
                          "block2.6 MaxPool2d 6 3 3", "block2.7 Dropout2d 6 3 3",  //
                          "classification_head.0 Flatten 54", "classification_head.1 Linear 5",
                          "classification_head.2 ReLU 5", "classification_head.3 Dropout 5",
                          "classification_head.4 Linear 3"));
}

TEST(Architecture, EachLayerTakesWhatTheOneBeforeGives) {
  const std::vector<Layer> layers = layers_of({.classes = 42});
  EXPECT_THAT(layers.front().input, ElementsAre(3, 128, 128));
  for (std::size_t i = 1; i < layers.size(); ++i)
    EXPECT_EQ(layers[i].input, layers[i - 1].output) << layers[i].name;
}

TEST(Architecture, ImpossibleNetworksAreRefusedInWords) {
  const auto layers_with = [](auto change) {
    Architecture architecture{.classes = 42};
    change(architecture);
    return [architecture] { layers_of(architecture); };
  };
  EXPECT_THAT(layers_with([](Architecture& a) { a.classes = 1; }),
              ThrowsMessage<Error>(HasSubstr("2 classes")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.classes = std::numeric_limits<int>::max(); }),
              ThrowsMessage<Error>(HasSubstr("2147483647 classes")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.image_size = 100; }),
              ThrowsMessage<Error>(HasSubstr("image size of 100")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.image_size = 0; }),
              ThrowsMessage<Error>(HasSubstr("size of 0")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.image_size = -16; }),
              ThrowsMessage<Error>(HasSubstr("size of -16")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.image_size = 1 << 20; }),
              ThrowsMessage<Error>(HasSubstr("size of 1048576")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.blocks.clear(); }),
              ThrowsMessage<Error>(HasSubstr("0 blocks")));
  EXPECT_THAT(layers_with([](Architecture& a) {
                a.blocks.assign(100, {1, 0});
              }),
              ThrowsMessage<Error>(HasSubstr("100 blocks")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.blocks[1].channels = 0; }),
              ThrowsMessage<Error>(HasSubstr("0 channels")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.hidden[0].features = -3; }),
              ThrowsMessage<Error>(HasSubstr("-3 features")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.hidden[0].dropout = 1; }),
              ThrowsMessage<Error>(HasSubstr("dropout of 1")));
  EXPECT_THAT(
      layers_with([](Architecture& a) { a.blocks[0].dropout = std::numeric_limits<double>::quiet_NaN(); }),
      ThrowsMessage<Error>(HasSubstr("dropout of nan")));
  EXPECT_THAT(layers_with([](Architecture& a) { a.image_size = 8192; }),
              ThrowsMessage<Error>(HasSubstr("parameters")));
}

}  // namespace
}  // namespace bart
