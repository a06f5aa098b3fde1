// Golden: tests/goldens/make_random.py, numpy and PyTorch.
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "bart/platform/error.h"
#include "bart/random/mt19937.h"
#include "bart/random/numpy.h"
#include "bart/random/torch.h"
#include "golden.h"

namespace bart {
namespace {

using Row = std::vector<std::string>;

/// The rows of one kind of draw, each with the seed as second and the digest as last cell.
std::vector<Row> golden_of(const std::string& draw) {
  std::vector<Row> rows;
  for (const Row& row : test::read_golden("random.tsv")) {
    if (row[0] == draw) rows.push_back(row);
  }
  EXPECT_GE(rows.size(), 20u) << draw;
  return rows;
}

std::uint32_t seed_of(const Row& row) {
  return static_cast<std::uint32_t>(std::stoul(row[1]));
}
std::size_t count_of(const Row& row) {
  return std::stoul(row[row.size() - 2]);
}

TEST(Mt19937, WordsEqualTheStandardLibrarys) {
  for (const std::uint32_t seed : {0u, 1u, 10u, 5489u, 4294967295u}) {
    Mt19937 ours(seed);
    std::mt19937 standard(seed);
    for (int i = 0; i < 3000; ++i) ASSERT_EQ(ours.next(), standard()) << "seed " << seed << ", word " << i;
  }
}

TEST(Mt19937, ACopyGoesOnFromTheSamePlace) {
  Mt19937 first(3);
  for (int i = 0; i < 1000; ++i) first.next();
  Mt19937 second = first;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(first.next(), second.next());
}

TEST(NumpyPermutation, EqualsNumpys) {
  for (const Row& row : golden_of("numpy_permutation")) {
    const auto n = static_cast<std::uint32_t>(count_of(row));
    EXPECT_EQ(test::crc32_of(numpy_permutation(seed_of(row), n)), row.back()) << testing::PrintToString(row);
  }
  EXPECT_TRUE(numpy_permutation(1, 0).empty());
}

TEST(TorchRandperm, EqualsPyTorchs) {
  for (const Row& row : golden_of("torch_randperm")) {
    Mt19937 generator(seed_of(row));
    const auto n = static_cast<std::uint32_t>(count_of(row));
    EXPECT_EQ(test::crc32_of(torch_randperm(generator, n)), row.back()) << testing::PrintToString(row);
  }
}

TEST(TorchRandom64, EqualsPyTorchsButForTheSign) {
  for (const Row& row : golden_of("torch_random63")) {  // int64 random_() leaves the sign bit out
    Mt19937 generator(seed_of(row));
    std::vector<std::uint64_t> values(count_of(row));
    for (std::uint64_t& value : values) value = torch_random64(generator) & 0x7FFFFFFFFFFFFFFFu;
    EXPECT_EQ(test::crc32_of(values), row.back()) << testing::PrintToString(row);
  }
}

TEST(TorchUniform, EqualsPyTorchsBitForBit) {
  for (const Row& row : golden_of("torch_uniform")) {
    Mt19937 generator(seed_of(row));
    std::vector<float> values(count_of(row));
    torch_uniform(generator, std::stof(row[2]), std::stof(row[3]), values);
    EXPECT_EQ(test::crc32_of(values), row.back()) << testing::PrintToString(row);
  }
}

TEST(TorchBernoulli, EqualsPyTorchs) {
  for (const Row& row : golden_of("torch_bernoulli")) {
    Mt19937 generator(seed_of(row));
    std::vector<std::uint8_t> keep(count_of(row));
    torch_bernoulli(generator, std::stod(row[2]), keep);
    EXPECT_EQ(test::crc32_of(keep), row.back()) << testing::PrintToString(row);
  }
}

TEST(Torch, EachDrawTakesPyTorchsNumberOfWords) {
  const auto words_taken = [](auto draw) {
    Mt19937 drawn(7), counted(7);
    draw(drawn);
    const std::uint32_t next = drawn.next();
    for (int words = 0; words < 100; ++words) {
      if (counted.next() == next) return words;
    }
    return -1;
  };
  std::vector<float> floats(9);
  std::vector<std::uint8_t> flags(9);
  EXPECT_EQ(words_taken([](Mt19937& g) { torch_random64(g); }), 2);
  EXPECT_EQ(words_taken([](Mt19937& g) { torch_randperm(g, 9); }), 8);
  EXPECT_EQ(words_taken([&](Mt19937& g) { torch_uniform(g, 0, 1, floats); }), 9);
  EXPECT_EQ(words_taken([&](Mt19937& g) { torch_bernoulli(g, 0.5, flags); }), 18);
}

TEST(Torch, RefusesImpossibleRanges) {
  Mt19937 generator(1);
  std::vector<float> floats(3);
  std::vector<std::uint8_t> flags(3);
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  EXPECT_THROW(torch_uniform(generator, nan, 1, floats), Error);
  EXPECT_THROW(torch_uniform(generator, 1, -1, floats), Error);
  EXPECT_THROW(torch_uniform(generator, -infinity, infinity, floats), Error);
  for (const double bad : {double{nan}, -0.5, 1.5})
    EXPECT_THROW(torch_bernoulli(generator, bad, flags), Error);
}

}  // namespace
}  // namespace bart
