#pragma once

#include <gtest/gtest.h>
#include <sched.h>

namespace bart::test {

/// Calls `work` while this process may use one processor only, its first.
template <typename Work>
void on_one_processor(const Work& work) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  work();
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

}  // namespace bart::test
