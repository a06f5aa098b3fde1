#include "bart/explain/grad_cam.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>

#include "bart/platform/error.h"
#include "bart/random/mt19937.h"
#include "bart/training/predictions.h"
#include "golden.h"

namespace bart {
namespace {

// As in tests/goldens/make_grad_cam.py.
const std::map<std::string, Architecture> networks = {
    {"default_32", {.classes = 5, .image_size = 32}},
    {"no_hidden", {.classes = 3, .image_size = 24, .blocks = {{6, 0.25}, {20, 0.25}}, .hidden = {}}},
};

std::vector<std::uint8_t> drawn(int size) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c)
        pixels.push_back(static_cast<std::uint8_t>(x * 7 + y * 13 + c * 29 + x * y));
    }
  }
  return pixels;
}

StateDict uneven_state(const Architecture& architecture) {
  Mt19937 generator(10);
  StateDict state = initial_state(architecture, generator);
  for (std::size_t t = 0; t < state.size(); ++t) {
    if (!state[t].name.ends_with("running_mean")) continue;
    for (std::size_t i = 0; i < state[t].floats().size(); ++i) {
      state[t - 2].floats()[i] = static_cast<float>(i % 11) / 16 + 0.75f;   // weight
      state[t - 1].floats()[i] = static_cast<float>(i % 13) / 32 - 0.125f;  // bias
      state[t].floats()[i] = static_cast<float>(i % 7) / 64 - 3.0f / 64;
      state[t + 1].floats()[i] = static_cast<float>(i % 5) / 8 + 0.5f;  // running_var
    }
  }
  return state;
}

std::vector<float> numbers(const std::string& text) {
  std::istringstream in(text);
  std::vector<float> values;
  for (float value = 0; in >> value;) values.push_back(value);
  return values;
}

TEST(GradCam, IsPyTorchsWithin1e4) {
  std::map<std::string, std::vector<std::vector<std::string>>> golden;
  for (const auto& row : test::read_golden("grad_cam.tsv")) golden[row[0]].push_back(row);
  ASSERT_EQ(golden.size(), networks.size());
  for (const auto& [name, architecture] : networks) {
    const StateDict state = uneven_state(architecture);
    Engine engine(architecture, {.threads = 1});
    engine.load(state);
    const std::vector<std::uint8_t> picture = drawn(architecture.image_size);
    const std::vector<const std::uint8_t*> pictures = {picture.data(), picture.data()};
    std::vector<float> logits, features;
    evaluate_batches(batch_network(engine), picture_source(pictures), {.with_features = true},
                     [&](const EvaluatedBatch& batch) {
                       logits.assign(batch.logits.begin(), batch.logits.end());
                       features.assign(batch.features.begin(), batch.features.end());
                     });
    const std::span<const float> second = std::span(features).subspan(features.size() / 2);
    EXPECT_TRUE(std::ranges::equal(std::span(features).first(features.size() / 2), second));

    std::vector<std::int32_t> classes(golden[name].size());
    std::iota(classes.begin(), classes.end(), 0);
    const std::vector<ClassActivationMap> maps = GradCam(architecture, state)(second, classes);
    ASSERT_EQ(maps.size(), classes.size());
    for (std::size_t c = 0; c < classes.size(); ++c) {
      EXPECT_NEAR(logits[classes.size() + c], std::stof(golden[name][c][2]), 1e-5) << name;
      const ClassActivationMap expected = {maps[c].side, numbers(golden[name][c][3])};
      ASSERT_EQ(maps[c].values.size(), expected.values.size()) << name;
      const std::vector<float> found = maps[c].normalized().values;
      const std::vector<float> truth = expected.normalized().values;
      for (std::size_t p = 0; p < truth.size(); ++p)
        EXPECT_NEAR(found[p], truth[p], 1e-4) << name << " " << c;
    }
  }
}

TEST(GradCam, OwnsItsWeightsAndRefusesWhatDoesNotFit) {
  const Architecture& architecture = networks.at("no_hidden");
  const std::vector<float> features(20 * 12 * 12, 1.0f);
  const std::vector<std::int32_t> classes = {2};
  auto state = std::make_unique<StateDict>(uneven_state(architecture));
  const GradCam grad_cam(architecture, *state);
  const std::vector<float> before = grad_cam(features, classes)[0].values;
  for (Tensor& tensor : *state) {
    if (auto* floats = std::get_if<std::vector<float>>(&tensor.values)) std::ranges::fill(*floats, 7.0f);
  }
  state.reset();
  EXPECT_EQ(grad_cam(features, classes)[0].values, before);

  EXPECT_THROW(grad_cam(std::span(features).first(5), classes), Error);
  EXPECT_THROW(grad_cam(features, std::vector<std::int32_t>{3}), Error);
  EXPECT_THROW(grad_cam(features, std::vector<std::int32_t>{-1}), Error);
  EXPECT_THROW(GradCam(architecture, uneven_state(networks.at("default_32"))), Error);
}

TEST(GradCam, NormalizedMapsReachFrom0To1AndNothingStaysNothing) {
  EXPECT_EQ((ClassActivationMap{2, {0, 1, 2, 4}}.normalized().values),
            (std::vector<float>{0, 0.25f, 0.5f, 1}));
  EXPECT_EQ((ClassActivationMap{1, {0}}.normalized().values), (std::vector<float>{0}));
}

}  // namespace
}  // namespace bart
