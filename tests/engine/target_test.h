#pragma once

#include <gtest/gtest.h>
#include <hwy/targets.h>

namespace bart {

/// A test whose parameter says for which of Highway's targets kernels run, with 0 the best that there is.
template <class Case>
class TargetTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const auto target = this->GetParam().target;
    if (target == 0) return;
    if ((hwy::SupportedTargets() & target) == 0) GTEST_SKIP() << "this machine has no such vectors";
    hwy::SetSupportedTargetsForTest(target);
  }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

}  // namespace bart
