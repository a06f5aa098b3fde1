#include <gtest/gtest.h>

#include "bart/network/state_dict.h"
#include "bart/random/mt19937.h"
#include "golden.h"

namespace bart {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

// Golden: tests/goldens/make_network.py, PyTorch's own state_dict after torch.manual_seed.
void expect_pytorchs_state(const std::string& network, std::uint32_t seed, const Architecture& architecture,
                           StateDict (*draw)(const Architecture&, Mt19937&) = initial_state) {
  Mt19937 generator(seed);
  const StateDict state = draw(architecture, generator);
  std::size_t i = 0;
  for (const std::vector<std::string>& row : test::read_golden("network_initial_state.tsv")) {
    if (row[0] != network) continue;
    ASSERT_LT(i, state.size());
    const Tensor& tensor = state[i++];
    EXPECT_EQ(tensor.name, row[1]);
    EXPECT_EQ(shape_text(tensor.shape), row[2]) << tensor.name;
    EXPECT_EQ(std::visit([](const auto& values) { return test::crc32_of(values); }, tensor.values), row[3])
        << tensor.name;
  }
  EXPECT_EQ(i, state.size());
}

TEST(InitialState, DefaultNetworkEqualsPyTorchsBitForBit) {
  expect_pytorchs_state("default_42_seed_10", 10, {.classes = 42});
}

TEST(InitialState, OtherNetworksAndSeedsEqualPyTorchsBitForBit) {
  expect_pytorchs_state(
      "two_blocks_seed_0", 0,
      {.classes = 3, .image_size = 20, .blocks = {{5, 0.25}, {7, 0.5}}, .hidden = {{11, 0.5}}});
  expect_pytorchs_state("no_hidden_seed_4294967295", 4294967295u,
                        {.classes = 2, .image_size = 8, .blocks = {{6, 0}}, .hidden = {}});
}

TEST(InitialState, HesEqualsPyTorchsBitForBit) {
  expect_pytorchs_state("he_default_42_seed_10", 10, {.classes = 42}, he_initial_state);
  expect_pytorchs_state(
      "he_two_blocks_seed_0", 0,
      {.classes = 3, .image_size = 20, .blocks = {{5, 0.25}, {7, 0.5}}, .hidden = {{11, 0.5}}},
      he_initial_state);
  expect_pytorchs_state("he_no_hidden_seed_4294967295", 4294967295u,
                        {.classes = 2, .image_size = 8, .blocks = {{6, 0}}, .hidden = {}}, he_initial_state);
}

TEST(StateDict, OnlyWeightsAndBiasesAreParameters) {
  EXPECT_TRUE(is_parameter("block1.1.weight"));
  EXPECT_TRUE(is_parameter("classification_head.7.bias"));
  EXPECT_FALSE(is_parameter("block1.1.running_mean"));
  EXPECT_FALSE(is_parameter("block1.1.running_var"));
  EXPECT_FALSE(is_parameter("block1.1.num_batches_tracked"));
}

TEST(StateDict, TensorsAreFoundByTheirWholeName) {
  const StateDict state = empty_state({.classes = 2, .image_size = 2, .blocks = {{1, 0}}, .hidden = {}});
  ASSERT_NE(find_tensor(state, "block1.0.bias"), nullptr);
  EXPECT_EQ(find_tensor(state, "block1.0.bias")->name, "block1.0.bias");
  EXPECT_EQ(find_tensor(state, "block1.0"), nullptr);
}

}  // namespace
}  // namespace bart
