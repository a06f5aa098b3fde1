#include "bart/checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "bart/formats/safetensors.h"
#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "small_checkpoint.h"

namespace bart {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

/// A file with another content and the right checksum.
std::vector<std::uint8_t> resealed(const Safetensors& content) {
  std::vector<std::uint8_t> file = encode_safetensors(content);
  const std::uint64_t sum = hash_of(std::span(file).first(file.size() - 8));
  std::memcpy(file.data() + file.size() - 8, &sum, 8);
  return file;
}

void expect_same_tensors(const StateDict& a, const StateDict& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].shape, b[i].shape);
    EXPECT_EQ(a[i].values, b[i].values);
  }
}

TEST(CheckpointTest, ComesBackAsItWas) {
  const Checkpoint before = test::small_checkpoint();
  const Checkpoint after = decode_checkpoint(encode_checkpoint(before));
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.settings, before.settings);
  EXPECT_EQ(after.data, before.data);
  const TrainingProgress& a = before.training.progress;
  const TrainingProgress& b = after.training.progress;
  EXPECT_EQ(b.generator.state(), a.generator.state());
  EXPECT_EQ(b.order.generator().state(), a.order.generator().state());
  EXPECT_EQ(b.order.size(), a.order.size());
  EXPECT_EQ(b.epoch, a.epoch);
  EXPECT_EQ(b.done, a.done);
  EXPECT_EQ(b.loss_sum, a.loss_sum);
  EXPECT_EQ(b.correct, a.correct);
  EXPECT_EQ(b.seconds, a.seconds);
  EXPECT_EQ(b.ended_early, a.ended_early);
  EXPECT_EQ(b.steps, a.steps);
  EXPECT_EQ(b.epochs, a.epochs);
  EXPECT_EQ(after.training.adam.steps, before.training.adam.steps);
  expect_same_tensors(after.training.model, before.training.model);
  expect_same_tensors(after.training.adam.exp_avg, before.training.adam.exp_avg);
  expect_same_tensors(after.training.adam.exp_avg_sq, before.training.adam.exp_avg_sq);
  expect_same_tensors(after.training.average.model, before.training.average.model);
  EXPECT_EQ(after.training.average.updates, 7);
}

TEST(CheckpointTest, ATrainingWithoutAnAverageComesBackWithoutOne) {
  Checkpoint before = test::small_checkpoint();
  before.training.average = {};
  const Checkpoint after = decode_checkpoint(encode_checkpoint(before));
  EXPECT_TRUE(after.training.average.model.empty());
  EXPECT_EQ(after.training.average.updates, 0);
}

TEST(CheckpointTest, IsASafetensorsFile) {
  const Safetensors content = decode_safetensors(encode_checkpoint(test::small_checkpoint()));
  EXPECT_NE(find_tensor(content.tensors, "adam.exp_avg.a.weight"), nullptr);
  EXPECT_EQ(content.metadata.at("setting.--lr"), "0.001");
}

TEST(CheckpointTest, EveryCutAndEveryFlippedBitIsTold) {
  const std::vector<std::uint8_t> file = encode_checkpoint(test::small_checkpoint());
  for (std::size_t size = 0; size < file.size(); size += 7) {
    EXPECT_THAT([&] { decode_checkpoint(std::span(file).first(size)); },
                ThrowsMessage<Error>("the file is cut short or damaged"));
  }
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::vector<std::uint8_t> damaged = file;
    damaged[i] ^= static_cast<std::uint8_t>(1 << i % 8);
    EXPECT_THAT([&] { decode_checkpoint(damaged); },
                ThrowsMessage<Error>("the file is cut short or damaged"));
  }
}

TEST(CheckpointTest, RefusesWhatATrainingCannotHaveWritten) {
  const Safetensors good = decode_safetensors(encode_checkpoint(test::small_checkpoint()));
  ASSERT_NO_THROW(decode_checkpoint(resealed(good)));
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"format", "bart-checkpoint-9"},
                                                        {"epoch", "0"},
                                                        {"epoch", "3"},
                                                        {"epoch", "99999999999"},
                                                        {"epoch", "2x"},
                                                        {"done", "-1"},
                                                        {"done", "13"},
                                                        {"correct", "13"},
                                                        {"train_pictures", "0"},
                                                        {"loss_sum", ""},
                                                        {"loss_sum", "much"},
                                                        {"adam_steps", "-1"},
                                                        {"data_classes", "xyz"},
                                                        {"setting.folder", "100%"},
                                                        {"setting.folder", "%zz"}}) {
    Safetensors bad = good;
    bad.metadata[key] = value;
    EXPECT_THROW(decode_checkpoint(resealed(bad)), Error) << key << "=" << value;
  }
  for (const auto& [key, value] : good.metadata) {
    if (key.starts_with("setting.")) continue;
    Safetensors bad = good;
    bad.metadata.erase(key);
    EXPECT_THROW(decode_checkpoint(resealed(bad)), Error) << "without " << key;
  }
  for (const char* name :
       {"generator", "order", "steps.loss", "steps.epoch", "epochs", "data.names", "data.pixels"}) {
    Safetensors without = good;
    std::erase_if(without.tensors, [&](const Tensor& tensor) { return tensor.name == name; });
    EXPECT_THROW(decode_checkpoint(resealed(without)), Error) << "without " << name;
    Safetensors shorter = good;
    for (Tensor& tensor : shorter.tensors) {
      if (tensor.name != name) continue;
      std::visit([](auto& values) { values.pop_back(); }, tensor.values);
      --tensor.shape[0];
    }
    EXPECT_THROW(decode_checkpoint(resealed(shorter)), Error) << name << " shorter";
  }
  for (const std::int64_t position : {std::int64_t{0}, std::int64_t{625}, std::int64_t{-1}}) {
    Safetensors bad = good;
    for (Tensor& tensor : bad.tensors) {
      if (tensor.name == "order") std::get<std::vector<std::int64_t>>(tensor.values).back() = position;
    }
    EXPECT_THROW(decode_checkpoint(resealed(bad)), Error) << "position " << position;
  }
}

}  // namespace
}  // namespace bart
