// The files are PyTorch's own (make_formats.py).
#include "bart/formats/pth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>

#include "formats/files.h"
#include "golden.h"
#include "places.h"

namespace bart {
namespace {

using test::format_file;
using test::read_golden;
using testing::HasSubstr;

Architecture small() {
  return {.classes = 3, .image_size = 8, .blocks = {{2, 0.25}, {3, 0.25}}, .hidden = {{5, 0.5}}};
}

StateDict small_state() {
  Mt19937 generator(10);
  return initial_state(small(), generator);
}

void expect_equal(const StateDict& actual, const StateDict& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(actual[i].name, expected[i].name);
    EXPECT_EQ(actual[i].shape, expected[i].shape) << actual[i].name;
    EXPECT_EQ(actual[i].values, expected[i].values) << actual[i].name;
  }
}

/// types.tsv: the values that PyTorch has, as float32 or int64.
StateDict types() {
  StateDict state;
  for (const auto& row : read_golden("formats/types.tsv")) {
    Tensor& tensor = state.emplace_back();
    tensor.name = row[0];
    std::istringstream shape(row.size() > 2 ? row[2] : ""), values(row.size() > 3 ? row[3] : "");
    for (std::int64_t n; shape >> n;) tensor.shape.push_back(n);
    std::string value;
    if (row[1] == "float") {
      std::vector<float> floats;
      while (values >> value) floats.push_back(std::strtof(value.c_str(), nullptr));
      tensor.values = floats;
    } else {
      std::vector<std::int64_t> integers;
      while (values >> value) integers.push_back(std::stoll(value));
      tensor.values = integers;
    }
  }
  return state;
}

TEST(EncodePth, WritesTheBytesOfTorchSave) {
  EXPECT_EQ(encode_pth(small_state()), format_file("encoded.pth"));
}

TEST(EncodePth, IsReadBackBitForBit) {
  Mt19937 generator(1);
  StateDict state = initial_state({.classes = 42}, generator);
  const std::uint32_t odd[] = {0x7fc00001, 0xff800000, 0x00000001, 0x80000000};  // NaN, -inf, subnormal, -0
  std::memcpy(state[0].floats().data(), odd, sizeof odd);
  StateDict again = decode_pth(encode_pth(state));
  ASSERT_EQ(again.size(), state.size());
  EXPECT_EQ(std::memcmp(again[0].floats().data(), state[0].floats().data(), 4 * state[0].floats().size()), 0);
  state[0].values = again[0].values = std::vector<float>();
  expect_equal(again, state);
}

TEST(EncodePth, RefusesAStateOfAnotherKindOfNetwork) {
  EXPECT_THROW(encode_pth({{"weight", {1}, std::vector<float>{1}}}), Error);
}

/// Where the content of each record of a .pth of BART's begins, and all of it.
struct Record {
  std::size_t begin;
  std::vector<std::uint8_t> content;
};
std::map<std::string, Record> records_of(const std::vector<std::uint8_t>& file) {
  std::map<std::string, Record> records;
  const auto number = [&](std::size_t at, int size) {
    std::size_t value = 0;
    for (int i = size; i-- > 0;) value = value << 8 | file[at + static_cast<std::size_t>(i)];
    return value;
  };
  constexpr std::uint8_t signature[] = {'P', 'K', 1, 2};
  auto entry = std::search(file.begin(), file.end(), std::begin(signature), std::end(signature));
  for (auto at = static_cast<std::size_t>(entry - file.begin()); number(at, 4) == 0x02014b50;) {
    const std::size_t size = number(at + 24, 4), name = number(at + 28, 2), local = number(at + 42, 4);
    const std::size_t begin = local + 30 + number(local + 26, 2) + number(local + 28, 2);
    const auto first = file.begin() + static_cast<std::ptrdiff_t>(begin);
    records[std::string(file.begin() + static_cast<std::ptrdiff_t>(at) + 46,
                        file.begin() + static_cast<std::ptrdiff_t>(at + 46 + name))] = {
        begin, {first, first + static_cast<std::ptrdiff_t>(size)}};
    at += 46 + name;
  }
  return records;
}

const ModelMetadata small_metadata{
    .classes = {"bart", "lisa", "märge"}, .image_size = 8, .bart_version = "0.2.0"};

TEST(EncodePth, WithMetadataIsTheSameArchiveWithOneRecordMore) {
  const auto plain = records_of(encode_pth(small_state()));
  auto with = records_of(encode_pth(small_state(), small_metadata));
  ASSERT_TRUE(with.contains("BART-10M/extra/bart.json"));
  EXPECT_EQ(with.size(), plain.size() + 1);
  for (const auto& [name, record] : plain) {
    ASSERT_TRUE(with.contains(name)) << name;
    if (name == "BART-10M/.data/serialization_id") continue;  // a fingerprint of all records
    EXPECT_EQ(with[name].begin, record.begin) << name;
    EXPECT_EQ(with[name].content, record.content) << name;
  }
  for (const auto& [name, record] : with) EXPECT_EQ(record.begin % 64, 0u) << name;
}

TEST(EncodePth, WithMetadataIsReadBack) {
  const std::vector<std::uint8_t> file = encode_pth(small_state(), small_metadata);
  const PthModel model = decode_pth_model(file);
  expect_equal(model.state, small_state());
  ASSERT_TRUE(model.metadata);
  EXPECT_EQ(*model.metadata, small_metadata);
  expect_equal(decode_pth(file), small_state());
  EXPECT_FALSE(decode_pth_model(encode_pth(small_state())).metadata);
  EXPECT_FALSE(decode_pth_model(format_file("types.pth")).metadata);
}

TEST(EncodePth, RefusesMetadataOfAnotherNetwork) {
  ModelMetadata metadata = small_metadata;
  metadata.image_size = 16;
  EXPECT_THROW(encode_pth(small_state(), metadata), Error);
  metadata = small_metadata;
  metadata.classes.pop_back();
  EXPECT_THROW(encode_pth(small_state(), metadata), Error);
}

class DecodePth : public testing::TestWithParam<const char*> {};

TEST_P(DecodePth, ReadsEveryTypeAndViewAsPyTorchDoes) {
  expect_equal(decode_pth(format_file(GetParam())), types());
}

INSTANTIATE_TEST_SUITE_P(Files, DecodePth,
                         testing::Values("types.pth", "plain_dict.pth", "protocol4.pth", "deflated.pth",
                                         "old.pth", "big_endian.pth"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return name.substr(0, name.find('.'));
                         });

TEST(DecodePth, RefusesEveryHostileFileByName) {
  int files = 0;
  for (const auto& row : read_golden("formats/hostile.tsv")) {
    if (!row[0].ends_with(".pth")) continue;
    EXPECT_THAT(test::refusal(decode_pth, format_file("hostile/" + row[0])), HasSubstr(row[1])) << row[0];
    ++files;
  }
  EXPECT_GT(files, 70);
}

/// make_checkpoints.py: one network's weights, wrapped, prefixed, in other types and with other strides.
TEST(DecodePth, FindsTheWeightsInWhatTrainingProgramsSave) {
  int files = 0;
  for (const auto& row : read_golden("formats/checkpoints.tsv")) {
    const StateDict state = in_pytorch_order(decode_pth(format_file("checkpoints/" + row[0])));
    EXPECT_EQ(architecture_of(state).classes, 3) << row[0];
    unsigned long crc = 0;
    for (const Tensor& tensor : state) {
      std::visit(
          [&](const auto& values) {
            crc =
                crc32_z(crc, reinterpret_cast<const Bytef*>(values.data()), values.size() * sizeof values[0]);
          },
          tensor.values);
    }
    char text[9];
    std::snprintf(text, sizeof text, "%08lx", crc);
    EXPECT_EQ(text, row[1]) << row[0];
    ++files;
  }
  EXPECT_GT(files, 15);
}

TEST(DecodePth, RefusesWhatMayBeAnotherNetworkThanTheOneMeant) {
  int files = 0;
  for (const auto& row : read_golden("formats/refused.tsv")) {
    const auto weights = [](std::span<const std::uint8_t> file) {
      return in_pytorch_order(decode_pth(file));
    };
    EXPECT_THAT(test::refusal(weights, format_file("checkpoints/" + row[0])), HasSubstr(row[1])) << row[0];
    ++files;
  }
  EXPECT_EQ(files, 4);
}

// Nobody steps along a dimension of one, so that its stride may be anything, as in PyTorch.
TEST(DecodePth, AStrideThatIsNeverTakenMayBeAnything) {
  expect_equal(decode_pth(format_file("unit_stride.pth")), {{"w", {1}, std::vector<float>{2}}});
}

TEST(DecodePth, ValuesThatPyTorchHasYetToNegateAreNegated) {
  expect_equal(decode_pth(format_file("negative.pth")),
               {{"imaginary", {2, 2}, std::vector<float>{-1, 2, -0.5F, -0.F}},
                {"integers", {2}, std::vector<std::int64_t>{-1, 3}},
                {"plain", {1}, std::vector<float>{1}}});
}

TEST(DecodePth, RefusesAStrideOfAllBits) {
  const auto hostile = test::shared_folder() / "data" / "hostile" / "stride.pth";
  if (!std::filesystem::exists(hostile)) GTEST_SKIP() << "no " << hostile;
  EXPECT_THAT(test::refusal(decode_pth, read_file(hostile)), HasSubstr("tensor 'parameter' has a storage"));
}

TEST(DecodePth, RefusesAFileCutAtAnyLength) {
  const std::vector<std::uint8_t> file = format_file("deflated.pth");
  for (std::size_t size = 0; size < file.size(); ++size) {
    // A copy of just that size, so that a sanitizer sees a step too far.
    const std::vector<std::uint8_t> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(test::refusal(decode_pth, cut), "") << size;
  }
}

TEST(DecodePth, SurvivesDamageAnywhereInTheFile) {
  Mt19937 random(1);
  for (const char* name : {"encoded.pth", "deflated.pth"}) {
    const std::vector<std::uint8_t> file = format_file(name);
    for (int i = 0; i < 2000; ++i) {
      test::refusal(decode_pth, test::mutated(file, 0, file.size(), random, false));
    }
  }
}

/// Where the archive's first entry, the pickle, lies, and its checksum in the directory set right.
struct FirstEntry {
  explicit FirstEntry(const std::vector<std::uint8_t>& file) {
    constexpr std::uint8_t signature[] = {'P', 'K', 1, 2};
    const auto found = std::search(file.begin(), file.end(), std::begin(signature), std::end(signature));
    directory = static_cast<std::size_t>(found - file.begin());
    const auto u16 = [&](std::size_t at) { return static_cast<std::size_t>(file[at] | file[at + 1] << 8); };
    begin = 30 + u16(26) + u16(28);
    end = begin + u16(directory + 24);
  }
  void repair(std::vector<std::uint8_t>& file) const {
    const auto crc = static_cast<std::uint32_t>(crc32_z(0, file.data() + begin, end - begin));
    std::memcpy(file.data() + directory + 16, &crc, 4);
  }
  std::size_t directory, begin, end;
};

TEST(DecodePth, SurvivesADamagedPickleWithARightChecksum) {
  Mt19937 random(2);
  const std::vector<std::uint8_t> file = format_file("types.pth");
  const FirstEntry pickle(file);
  int refused = 0;
  for (int i = 0; i < 6000; ++i) {
    std::vector<std::uint8_t> damaged = test::mutated(file, pickle.begin, pickle.end, random, true);
    pickle.repair(damaged);
    const std::string sentence = test::refusal(decode_pth, damaged);
    EXPECT_THAT(sentence, testing::Not(HasSubstr("checksum")));
    refused += !sentence.empty();
  }
  EXPECT_GT(refused, 3000);  // it is the pickle that is read, not skipped
}

}  // namespace
}  // namespace bart
