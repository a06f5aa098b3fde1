#include <gmock/gmock.h>

#include <algorithm>

#include "bart/network/state_dict.h"
#include "bart/platform/error.h"
#include "bart/random/mt19937.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const Architecture small{
    .classes = 3, .image_size = 12, .blocks = {{4, 0.25}, {6, 0.4}}, .hidden = {{5, 0.5}}};

Tensor& tensor_of(StateDict& state, const std::string& name) {
  return *std::ranges::find(state, name, &Tensor::name);
}

void expect_refused(const StateDict& state, const std::string& words) {
  EXPECT_THAT([&] { architecture_of(state); }, ThrowsMessage<Error>(HasSubstr(words)));
}

TEST(ArchitectureOf, EveryArchitectureIsFoundAgainInItsState) {
  for (const Architecture& architecture :
       {small, Architecture{.classes = 42},
        Architecture{.classes = 2, .image_size = 4, .blocks = {{1, 0}}, .hidden = {}},
        Architecture{
            .classes = 9, .image_size = 16, .blocks = {{2, 0}}, .hidden = {{3, 0}, {4, 0}, {5, 0}}}}) {
    StateDict state = empty_state(architecture);
    std::ranges::reverse(state);  // the order of a file does not matter
    const Architecture found = architecture_of(state);
    EXPECT_EQ(found.classes, architecture.classes);
    EXPECT_EQ(found.image_size, architecture.image_size);
    ASSERT_EQ(found.blocks.size(), architecture.blocks.size());
    for (std::size_t i = 0; i < found.blocks.size(); ++i) {
      EXPECT_EQ(found.blocks[i].channels, architecture.blocks[i].channels);
    }
    ASSERT_EQ(found.hidden.size(), architecture.hidden.size());
    for (std::size_t i = 0; i < found.hidden.size(); ++i) {
      EXPECT_EQ(found.hidden[i].features, architecture.hidden[i].features);
    }
  }
}

TEST(ArchitectureOf, EveryMissingTensorIsNamed) {
  const StateDict whole = empty_state(small);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    StateDict state = whole;
    state.erase(state.begin() + static_cast<std::ptrdiff_t>(i));
    // Without a weight that determines the depth of the network, the tensors after it have no place.
    EXPECT_THROW(architecture_of(state), Error) << whole[i].name;
    if (!is_parameter(whole[i].name)) expect_refused(state, whole[i].name + " is missing");
  }
  expect_refused({}, "block1.0.weight is missing");
}

TEST(ArchitectureOf, EveryTensorOfAnotherShapeIsRefused) {
  const StateDict whole = empty_state(small);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const std::int64_t wrong : {0, 1, -1, 1 << 30}) {
      StateDict state = whole;
      state[i].shape.push_back(wrong);
      EXPECT_THROW(architecture_of(state), Error) << whole[i].name;
      if (whole[i].shape.empty()) continue;
      // Only the width of the last layer is free.
      state[i].shape = whole[i].shape;
      state[i].shape.front() = wrong;
      EXPECT_THROW(architecture_of(state), Error) << whole[i].name;
    }
  }
}

TEST(ArchitectureOf, ForeignAndRepeatedTensorsAreNamed) {
  StateDict state = empty_state(small);
  state.push_back({"fc.weight", {1}, std::vector<float>(1)});
  expect_refused(state, "fc.weight does not belong");
  state.back() = state.front();
  expect_refused(state, "block1.0.weight occurs twice");
  StateDict many = empty_state(small);
  for (int i = 3; i < 100; ++i) {
    many.push_back({"block" + std::to_string(i) + ".0.weight", {1, 1, 3, 3}, std::vector<float>(9)});
  }
  EXPECT_THROW(architecture_of(many), Error);
}

TEST(ArchitectureOf, ValuesOfTheWrongKindAreRefused) {
  StateDict state = empty_state(small);
  tensor_of(state, "block1.1.num_batches_tracked").values = std::vector<float>(1);
  expect_refused(state, "block1.1.num_batches_tracked holds no integer");
  state = empty_state(small);
  tensor_of(state, "block2.0.bias").values = std::vector<std::int64_t>(6);
  expect_refused(state, "block2.0.bias holds integers");
}

TEST(ArchitectureOf, FeaturesThatAreNotASquarePictureAreRefused) {
  StateDict state = empty_state(small);
  tensor_of(state, "classification_head.1.weight").shape = {5, 6 * 8};
  expect_refused(state, "classification_head.1.weight has shape [5, 48]");
}

TEST(InPytorchOrder, NamesOfWrappersAreRemovedWhereverTheyStand) {
  Mt19937 generator(10);
  const StateDict whole = initial_state(small, generator);
  const auto with = [&](const auto& renamed) {
    StateDict state = whole;
    for (Tensor& tensor : state) tensor.name = renamed(tensor.name);
    return in_pytorch_order(state);
  };
  for (const std::string wrapper :
       {"module.", "_orig_mod.", "_checkpoint_wrapped_module.", "_fsdp_wrapped_module."}) {
    // Around the network, around each block, around each layer, and around some layers alone.
    EXPECT_EQ(with([&](const std::string& name) { return wrapper + "model." + wrapper + name; }), whole);
    EXPECT_EQ(with([&](std::string name) { return name.insert(name.find('.') + 1, wrapper); }), whole);
    EXPECT_EQ(with([&](std::string name) { return name.insert(name.rfind('.') + 1, wrapper); }), whole);
    EXPECT_EQ(with([&](std::string name) {
                return name.starts_with("block1.0.") ? "net." + name.insert(name.rfind('.') + 1, wrapper)
                                                     : "net." + name;
              }),
              whole);
  }
}

// AveragedModel counts beside its "module.", which leaves no prefix that would tell the network apart.
TEST(InPytorchOrder, WhatIsOfTrainingAloneIsPassedOverBesideAWrappedNetwork) {
  const StateDict whole = empty_state(small);
  StateDict state = whole;
  for (Tensor& tensor : state) tensor.name = "module." + tensor.name;
  state.push_back({"n_averaged", {}, std::vector<std::int64_t>{3}});
  EXPECT_EQ(in_pytorch_order(state), whole);
  state.push_back({"head.weight", {1}, std::vector<float>{1}});
  EXPECT_THAT([&] { in_pytorch_order(state); }, ThrowsMessage<Error>(HasSubstr("tensor head.weight")));
}

TEST(InPytorchOrder, TensorsWhoseNamesDifferInWrappersAloneAreOfTwoNetworks) {
  StateDict state = empty_state(small);
  Tensor second = state.front();
  second.name = "block1._orig_mod.0.weight";
  state.push_back(second);
  EXPECT_THAT([&] { in_pytorch_order(state); },
              ThrowsMessage<Error>(HasSubstr("tensor block1._orig_mod.0.weight does not belong")));
}

}  // namespace
}  // namespace bart
