// The golden file comes from the safetensors package itself (make_safetensors.py).
#include "bart/formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "files.h"
#include "places.h"

namespace bart {
namespace {

using testing::HasSubstr;

std::vector<std::uint8_t> golden() {
  return read_file(test::tests_folder() / "goldens" / "safetensors_types.safetensors");
}

/// A file of this header and `data_bytes` bytes of data.
std::vector<std::uint8_t> file_of(const std::string& header, std::size_t data_bytes) {
  std::vector<std::uint8_t> file;
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<std::uint8_t>(header.size() >> 8 * i));
  file.insert(file.end(), header.begin(), header.end());
  file.resize(file.size() + data_bytes);
  return file;
}

std::string safetensors_refusal(std::span<const std::uint8_t> file) {
  return test::refusal(decode_safetensors, file);
}

TEST(Safetensors, ReadsEveryTypeOfThePackageThatWritesThem) {
  const Safetensors content = decode_safetensors(golden());
  EXPECT_EQ(content.metadata, (std::map<std::string, std::string>{{"who", "Łucja"}}));
  for (const char* name : {"float64", "float32", "float16", "bfloat16"}) {
    const Tensor* tensor = find_tensor(content.tensors, name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(tensor->shape, (std::vector<std::int64_t>{2, 3})) << name;
    EXPECT_EQ(tensor->floats(), (std::vector<float>{-3, -2.5, -2, -1.5, -1, -0.5})) << name;
  }
  for (const char* name : {"int64", "int32", "int16", "int8", "uint8"}) {
    const Tensor* tensor = find_tensor(content.tensors, name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(tensor->values),
              (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}))
        << name;
  }
  const Tensor* scalar = find_tensor(content.tensors, "scalar");
  ASSERT_NE(scalar, nullptr);
  EXPECT_TRUE(scalar->shape.empty());
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(scalar->values), (std::vector<std::int64_t>{7}));
}

TEST(Safetensors, WritesWhatTheFormatSays) {
  const Safetensors content = {
      {{"b", {2}, std::vector<float>{1, 2}}, {"a", {}, std::vector<std::int64_t>{3}}},
      {{"key", "a \"word\""}}};
  const std::string header =
      R"({"__metadata__":{"key":"a \"word\""},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"I64","shape":[],"data_offsets":[8,16]}})";
  std::vector<std::uint8_t> expected = file_of(header + std::string((8 - header.size() % 8) % 8, ' '), 0);
  for (const std::uint8_t byte : {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 3, 0, 0, 0, 0, 0, 0, 0})
    expected.push_back(byte);
  EXPECT_EQ(encode_safetensors(content), expected);
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const Safetensors content = decode_safetensors(golden());
  const Safetensors again = decode_safetensors(encode_safetensors(content));
  EXPECT_EQ(again.metadata, content.metadata);
  ASSERT_EQ(again.tensors.size(), content.tensors.size());
  for (std::size_t i = 0; i < content.tensors.size(); ++i) {
    EXPECT_EQ(again.tensors[i].name, content.tensors[i].name);
    EXPECT_EQ(again.tensors[i].shape, content.tensors[i].shape);
    EXPECT_EQ(again.tensors[i].values, content.tensors[i].values);
  }
}

TEST(Safetensors, HalfRoundsKernelsAndMatricesOnly) {
  const float third = 1.0f / 3;
  const Safetensors content = {
      {{"matrix", {1, 1}, std::vector<float>{third}}, {"vector", {1}, std::vector<float>{third}}}, {}};
  const Safetensors half = decode_safetensors(encode_safetensors(content, {.half = true}));
  EXPECT_EQ(half.tensors[0].floats()[0], 0x1.554p-2f);  // 11 bits of 1/3
  EXPECT_EQ(half.tensors[1].floats()[0], third);
  EXPECT_THROW(encode_safetensors({{{"matrix", {1, 1}, std::vector<float>{70000}}}, {}}, {.half = true}),
               Error);
}

TEST(Safetensors, RefusesTwoTensorsOfOneName) {
  const Tensor tensor{"a", {1}, std::vector<float>{1}};
  EXPECT_THROW(encode_safetensors({{tensor, tensor}, {}}), Error);
}

TEST(Safetensors, ReadsTensorsWithoutValuesWhereverTheyLie) {
  const std::string before = R"({"b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)";
  const std::string full = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)";
  const std::string after = R"("0":{"dtype":"F32","shape":[0,3],"data_offsets":[8,8]}})";
  const Safetensors read = decode_safetensors(file_of(before + full + after, 8));
  ASSERT_EQ(read.tensors.size(), 3);
  EXPECT_EQ(find_tensor(read.tensors, "b")->shape, (std::vector<std::int64_t>{0}));
  EXPECT_EQ(find_tensor(read.tensors, "a")->floats().size(), 2);
  EXPECT_EQ(find_tensor(read.tensors, "0")->shape, (std::vector<std::int64_t>{0, 3}));
}

TEST(Safetensors, RefusesHeadersThatLie) {
  const std::string ok = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  ASSERT_EQ(safetensors_refusal(file_of(ok, 8)), "");
  const std::vector<std::pair<std::string, std::size_t>> lies = {
      {ok, 7},                                                             // cut off
      {ok, 9},                                                             // a byte too many
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12},  // a gap
      {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8},    // another shape
      {R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8},   // a negative size
      {R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8},  // no whole number
      {R"({"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", 8},      // no list
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", 8},      // no end
      {R"({"a":{"dtype":"F32","shape":[2]}})", 8},                         // no offsets
      {R"({"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}})", 8},    // another type
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}})", 8},  // over 64 bits
      {R"({"a":{"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,8]}})", 8},
      {R"({"a":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}})", 0},
      {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
       8},  // shared bytes
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
       8},  // one name twice
      {R"({"__metadata__":{"n":1}})", 0},
      {R"([])", 0},
      {R"({)", 0},
      {"{\"a\xff\":1}", 0},
      {"", 0},
  };
  for (const auto& [header, data] : lies) EXPECT_NE(safetensors_refusal(file_of(header, data)), "") << header;
  EXPECT_THAT(safetensors_refusal(file_of("{\"a\":" + std::string(100'000, '['), 0)), HasSubstr("nested"));
}

TEST(Safetensors, RefusesMoreNamesThanAnyNetworkNeeds) {
  std::string header = "{";
  for (int i = 0; i < 100'000; ++i) header += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":{}";
  EXPECT_THAT(safetensors_refusal(file_of(header + "}", 0)), HasSubstr("more names than any network needs"));
}

TEST(Safetensors, TakesNoMemoryForALengthThatLies) {
  auto file = golden();
  for (const std::uint64_t length : {std::uint64_t{865}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    std::memcpy(file.data(), &length, 8);
    EXPECT_THAT(safetensors_refusal(file), HasSubstr("longer")) << length;
  }
}

TEST(Safetensors, SurvivesEveryTruncationAndDamagedByte) {
  auto file = golden();
  for (std::size_t length = 0; length < file.size(); ++length) {
    EXPECT_NE(safetensors_refusal(std::span(file).first(length)), "") << length;
  }
  for (std::uint8_t& byte : file) {
    const std::uint8_t whole = byte;
    for (const int damage : {0x01, 0x80, 0xff}) {
      byte = static_cast<std::uint8_t>(whole ^ damage);
      safetensors_refusal(file);  // may be read, where it is a value that changed; must not crash or hang
    }
    byte = whole;
  }
}

}  // namespace
}  // namespace bart
