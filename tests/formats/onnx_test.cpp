// The golden files were approved by ONNX's checker and answered as PyTorch in onnxruntime (make_onnx.py).
#include "bart/formats/onnx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "bart/formats/safetensors.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "files.h"
#include "places.h"

namespace bart {
namespace {

using testing::HasSubstr;

std::vector<std::uint8_t> golden(const std::string& name) {
  return read_file(test::tests_folder() / "goldens" / name);
}

const std::vector<std::string> classes = {"Ann \"the\" First", "Bo", "Łucja"};

StateDict pytorch_state() {
  return in_pytorch_order(decode_safetensors(golden("onnx_small.safetensors")).tensors);
}

/// Replaces the first `from` in a file by as many bytes.
std::vector<std::uint8_t> patched(std::vector<std::uint8_t> file, const std::string& from,
                                  const std::string& to) {
  EXPECT_EQ(from.size(), to.size());
  const auto found = std::search(file.begin(), file.end(), from.begin(), from.end());
  EXPECT_NE(found, file.end()) << from;
  std::copy(to.begin(), to.end(), found);
  return file;
}

std::string onnx_refusal(std::span<const std::uint8_t> file) {
  return test::refusal(decode_onnx, file);
}

TEST(Onnx, GivesTheBytesThatOnnxruntimeAnsweredAsPyTorch) {
  EXPECT_EQ(encode_onnx(pytorch_state(), classes, {.opset = 17}), golden("onnx_small_plain.onnx"));
  EXPECT_EQ(encode_onnx(pytorch_state(), classes, {.with_preprocessing = true, .opset = 17}),
            golden("onnx_small_preprocessing.onnx"));
  EXPECT_EQ(encode_onnx(pytorch_state(), classes, {.half = true, .opset = 17}),
            golden("onnx_small_half.onnx"));
}

TEST(Onnx, IsWrittenInTheOldestOpsetUnlessAskedOtherwise) {
  // The same graph: the versions alone differ, one byte each.
  for (const bool with_preprocessing : {false, true}) {
    const auto oldest = encode_onnx(pytorch_state(), classes, {.with_preprocessing = with_preprocessing});
    const auto newest =
        encode_onnx(pytorch_state(), classes, {.with_preprocessing = with_preprocessing, .opset = 17});
    ASSERT_EQ(oldest.size(), newest.size());
    std::vector<std::pair<int, int>> changes;
    for (std::size_t i = 0; i < oldest.size(); ++i) {
      if (oldest[i] != newest[i]) changes.emplace_back(oldest[i], newest[i]);
    }
    EXPECT_EQ(changes, (std::vector<std::pair<int, int>>{{7, 8}, {13, 17}}));
    EXPECT_EQ(decode_onnx(oldest).classes, classes);
  }
  EXPECT_THROW(encode_onnx(pytorch_state(), classes, {.opset = 12}), Error);
  EXPECT_THROW(encode_onnx(pytorch_state(), classes, {.opset = 18}), Error);
}

TEST(Onnx, ReadsBackEveryValueAndClass) {
  const StateDict state = pytorch_state();
  for (const bool with_preprocessing : {false, true}) {
    const OnnxModel model =
        decode_onnx(encode_onnx(state, classes, {.with_preprocessing = with_preprocessing}));
    EXPECT_EQ(model.classes, classes);
    ASSERT_EQ(model.state.size(), state.size());
    for (std::size_t i = 0; i < state.size(); ++i) {
      EXPECT_EQ(model.state[i].name, state[i].name);
      EXPECT_EQ(model.state[i].shape, state[i].shape);
      EXPECT_EQ(model.state[i].values, state[i].values) << state[i].name;
    }
  }
}

TEST(Onnx, HalfRoundsKernelsAndMatricesOnly) {
  const StateDict state = pytorch_state();
  const OnnxModel model = decode_onnx(encode_onnx(state, classes, {.half = true}));
  std::size_t rounded = 0;
  for (std::size_t i = 0; i < state.size(); ++i) {
    if (state[i].shape.size() < 2) {
      EXPECT_EQ(model.state[i].values, state[i].values) << state[i].name;
      continue;
    }
    for (std::size_t j = 0; j < state[i].floats().size(); ++j) {
      const float exact = state[i].floats()[j];
      const float half = model.state[i].floats()[j];
      // 11 significant bits, subnormals below 2^-14 in steps of 2^-24: off by half a step at most.
      EXPECT_LE(std::abs(half - exact), std::max(std::abs(exact) * 0x1p-11f, 0x1p-25f)) << state[i].name;
      rounded += half != exact ? 1 : 0;
    }
  }
  EXPECT_GT(rounded, 0u);
}

TEST(Onnx, HalfRoundsTiesToEvenAndKeepsSmallValues) {
  const std::vector<std::pair<float, float>> cases = {
      {0x1.002p0f, 0x1p0f},        // between 1 and its successor: the even one
      {0x1.006p0f, 0x1.008p0f},    // between the next two: likewise
      {0x1.ffep0f, 0x1p1f},        // a carry into the exponent
      {65504, 65504},              // the largest
      {65519, 65504},              // the largest that is rounded down to it
      {0x1p-14f, 0x1p-14f},        // the smallest normal
      {0x1.ffep-15f, 0x1p-14f},    // a tie below it
      {0x3p-24f, 0x3p-24f},        // a subnormal
      {0x1p-25f, 0},               // a tie with zero
      {0x1.8p-25f, 0x1p-24f},      // nearer to the smallest subnormal
      {-0x1.006p0f, -0x1.008p0f},  // negative
      {0x1.8p-60f, 0},
  };
  StateDict state = pytorch_state();
  std::vector<float>& values = state[0].floats();
  ASSERT_GE(values.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) values[i] = cases[i].first;
  const OnnxModel model = decode_onnx(encode_onnx(state, classes, {.half = true}));
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(model.state[0].floats()[i], cases[i].second) << cases[i].first;
  }
}

TEST(Onnx, HalfRefusesWhatItCannotHold) {
  StateDict state = pytorch_state();
  for (const float value : {65520.0f, -1e9f, std::numeric_limits<float>::max()}) {
    state[0].floats()[0] = value;
    EXPECT_THROW(encode_onnx(state, classes, {.half = true}), Error) << value;
    EXPECT_NO_THROW(encode_onnx(state, classes)) << value;
  }
}

TEST(Onnx, RefusesClassesThatAreNotOfTheNetwork) {
  EXPECT_THROW(encode_onnx(pytorch_state(), {"Ann", "Bo"}), Error);
  EXPECT_THROW(encode_onnx(pytorch_state(), {"Ann", "Bo", "\xff"}), Error);
  const auto file = golden("onnx_small_plain.onnx");
  const std::string between = R"(","Bo",")";
  EXPECT_THAT(onnx_refusal(patched(file, between, "        ")), HasSubstr("1 are named"));
  EXPECT_THAT(onnx_refusal(patched(file, between, R"(" "Bo" ")")), HasSubstr("not a JSON list"));
}

TEST(Onnx, RefusesWhatBartDidNotWrite) {
  const auto file = golden("onnx_small_plain.onnx");
  EXPECT_THAT(onnx_refusal(patched(file, "bart", "else")), HasSubstr("made by else"));
  EXPECT_THAT(onnx_refusal(patched(file, "\x28\x01", "\x28\x02")), HasSubstr("newer BART"));
  EXPECT_THAT(onnx_refusal(patched(file,
                                   "\x42\x0f"
                                   "block1.0.weight",
                                   "\x42\x0f"
                                   "block9.0.weight")),
              HasSubstr("block1.0.weight"));
  EXPECT_NE(onnx_refusal({}), "");
}

TEST(Onnx, RefusesEveryTruncation) {
  const auto file = golden("onnx_small_half.onnx");
  for (std::size_t length = 0; length < file.size(); ++length) {
    EXPECT_NE(onnx_refusal(std::span(file).first(length)), "") << length;
  }
}

TEST(Onnx, TakesNoMemoryForShapesThatLie) {
  // block2.0.weight is [3, 2, 3, 3]: packed or not, its dimensions stand before its name as (08 value).
  const auto file = golden("onnx_small_plain.onnx");
  const std::string dimensions("\x08\x03\x08\x02\x08\x03\x08\x03", 8);
  for (const std::string& lie : {std::string("\x08\xff\xff\xff\xff\xff\xff\x7f", 8),
                                 std::string("\x08\x7f\x08\x7f\x08\x7f\x08\x7f", 8),
                                 std::string("\x08\x00\x08\x02\x08\x03\x08\x03", 8),
                                 std::string("\x08\x03\x08\x02\x08\x03\x08\x04", 8)}) {
    EXPECT_THAT(onnx_refusal(patched(file, dimensions, lie)), HasSubstr("block2.0.weight"));
  }
}

TEST(Onnx, SurvivesEveryDamagedByte) {
  for (const char* name : {"onnx_small_plain.onnx", "onnx_small_half.onnx"}) {
    auto file = golden(name);
    for (std::uint8_t& byte : file) {
      const std::uint8_t whole = byte;
      for (const int damage : {0x01, 0x80, 0xff}) {
        byte = static_cast<std::uint8_t>(whole ^ damage);
        onnx_refusal(file);  // may be read, where it is a weight that changed; must not crash or hang
      }
      byte = whole;
    }
  }
}

}  // namespace
}  // namespace bart
