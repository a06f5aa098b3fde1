// The sums over patches against one loop over every patch, for every instruction set of this machine.
#include "patch_moments.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <string>
#include <vector>

#include "pixel_pictures.h"
#include "target_test.h"

namespace bart {
namespace {

Team team{2};  // the tests of what does not depend on the number of threads change it

struct Case {
  std::int64_t target;  // of Highway, or 0: what the machine has
  std::int64_t n, size;
  Fill fill;
};

PatchMoments moments_of(const Pictures& pictures) {
  // Exactly as much memory as was asked for, and not filled with zeros, because the code must not rely on
  // either.
  std::vector<std::uint8_t> memory(patch_moments_scratch_bytes(pictures.size, team) + 64, 0xff);
  return patch_moments(team, pictures.pointers(), pictures.size, aligned(memory));
}

PatchMoments expected(const Pictures& pictures) {
  PatchMoments moments{};
  for (std::int64_t n = 0; n < pictures.n; ++n) {
    for (std::int64_t y = 0; y < pictures.size; ++y) {
      for (std::int64_t x = 0; x < pictures.size; ++x) {
        ++moments.count;
        const Patch patch = pictures.patch(n, y, x);
        for (std::size_t i = 0; i < patch.size(); ++i) {
          moments.sums[i] += patch[i];
          for (std::size_t j = 0; j < patch.size(); ++j) {
            moments.gram[i * patch.size() + j] += patch[i] * patch[j];
          }
        }
      }
    }
  }
  return moments;
}

class PatchMomentsTest : public TargetTest<Case> {};

TEST_P(PatchMomentsTest, AreExactOnAnyNumberOfThreads) {
  const Pictures pictures(GetParam().n, GetParam().size, GetParam().fill);
  const PatchMoments truth = expected(pictures);
  for (const int threads : {1, 2, 3}) {
    team.size = threads;
    const PatchMoments moments = moments_of(pictures);
    EXPECT_EQ(moments.count, truth.count);
    EXPECT_EQ(moments.sums, truth.sums);
    EXPECT_EQ(moments.gram, truth.gram);
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::int64_t target :
       {std::int64_t{HWY_AVX3}, std::int64_t{HWY_AVX2}, std::int64_t{HWY_SSE4}, std::int64_t{HWY_SCALAR}}) {
    for (const std::int64_t size : {1, 2, 5, 32, 33, 70}) all.push_back({target, 3, size, Fill::random});
    all.push_back({target, 1, 33, Fill::random});
    all.push_back({target, 1, 64, Fill::black});
    all.push_back({target, 2, 64, Fill::white});
    // 32 bits would not hold a white row's products at this width, were they added up for long.
    all.push_back({target, 1, 600, Fill::white});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Each, PatchMomentsTest, testing::ValuesIn(cases()), [](const auto& parameter) {
  const Case& c = parameter.param;
  return std::string(hwy::TargetName(c.target)) + "_n" + std::to_string(c.n) + "_size" +
         std::to_string(c.size) + "_" + name_of(c.fill);
});

}  // namespace
}  // namespace bart
