// Work that processes, here threads, share out.
#include "bart/platform/share_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <numeric>
#include <string>
#include <vector>

#include "bart/platform/packed.h"
#include "thread_group.h"

namespace bart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A result of a length of its own for each item: the item, so many times modulo 3.
std::vector<std::uint8_t> result_of(std::size_t first, std::size_t end) {
  std::vector<std::uint8_t> result;
  for (std::size_t i = first; i < end; ++i) result.insert(result.end(), i % 3, static_cast<std::uint8_t>(i));
  return result;
}

TEST(ShareOut, GivesProcessZeroTheResultsInTheOrderOfTheItems) {
  for (const int processes : {1, 2, 3, 4, 8}) {
    for (const std::size_t count : {0u, 1u, 3u, 7u, 8u, 9u, 40u, 200u}) {
      SCOPED_TRACE(testing::Message() << processes << " processes, " << count << " items");
      std::vector<std::atomic<int>> computed(count);
      std::vector<std::atomic<std::size_t>> of_process(static_cast<std::size_t>(processes));
      std::vector<std::uint8_t> taken;
      std::atomic<int> taken_elsewhere = 0;
      std::size_t next = 0;
      bool in_order = true;
      test::play(processes, [&](Group& group) {
        share_out(
            group, count, 7,
            [&](std::size_t first, std::size_t end) {
              for (std::size_t i = first; i < end; ++i) ++computed[i];
              of_process[static_cast<std::size_t>(group.rank())] += end - first;
              return result_of(first, end);
            },
            [&](std::size_t first, std::size_t end, std::span<const std::uint8_t> bytes) {
              if (group.rank() > 0) ++taken_elsewhere;
              in_order = in_order && first == next && first < end && end <= first + 7;
              next = end;
              taken.insert(taken.end(), bytes.begin(), bytes.end());
            });
      });
      EXPECT_TRUE(in_order);
      EXPECT_EQ(next, count);
      EXPECT_EQ(taken, result_of(0, count));
      EXPECT_EQ(taken_elsewhere, 0);
      for (const auto& times : computed) EXPECT_EQ(times, 1);
      // Nobody has more than a round's share above the mean.
      for (const auto& items : of_process) EXPECT_LE(items, count / static_cast<std::size_t>(processes) + 7);
    }
  }
}

TEST(ShareOut, OfProcessesThatFailTheFirstSaysWhyAndAllEnd) {
  const auto failing = [](std::vector<std::size_t> items) {
    return test::ends(4, [&](Group& group) {
      share_out(
          group, 40, 3,
          [&](std::size_t first, std::size_t end) {
            for (const std::size_t item : items) {
              if (first <= item && item < end) throw Error("item " + std::to_string(item));
            }
            return std::vector<std::uint8_t>();
          },
          [](std::size_t, std::size_t, std::span<const std::uint8_t>) {});
    });
  };
  EXPECT_THAT(failing({20}), ElementsAre("by another", "by another", "item 20", "by another"));
  // The second round is of the items 12 to 23.
  EXPECT_THAT(failing({16, 22, 25}), ElementsAre("by another", "item 16", "by another", "silently"));
  EXPECT_THAT(failing({}), ElementsAre("well", "well", "well", "well"));
}

TEST(ShareOut, FindsAProcessThatHasSomethingElse) {
  const auto with = [](std::array<std::uint64_t, 3> values) {
    return test::ends(3, [&](Group& group) {
      check_same(group, values[static_cast<std::size_t>(group.rank())], "it differs");
    });
  };
  EXPECT_THAT(with({5, 5, 5}), ElementsAre("well", "well", "well"));
  EXPECT_THAT(with({5, 5, 6}), ElementsAre("by another", "by another", "it differs"));
  EXPECT_THAT(with({5, 6, 6}), ElementsAre("by another", "it differs", "silently"));
  const std::uint64_t all_bits = ~std::uint64_t{0};
  EXPECT_THAT(with({all_bits, all_bits, all_bits}), ElementsAre("well", "well", "well"));
}

/// A process whose others are gone.
class Lonely final : public Group {
 public:
  int rank() const override { return 1; }
  int size() const override { return 2; }
  void gather(const void*, std::span<const std::size_t>, void*) override { throw Error("nobody answers"); }
  void exchange(const void*, std::size_t, void*) override {}
  void broadcast(void*, std::size_t) override {}
  Group& background() override { return *this; }
  Group& computer() override { return *this; }
  std::uint64_t bytes_sent() const override { return 0; }
};

TEST(ShareOut, SaysThatTheOthersAreGone) {
  Lonely group;
  EXPECT_THAT([&] { check_same(group, 1, ""); }, ThrowsMessage<GroupError>("nobody answers"));
  EXPECT_TRUE(speaks_for_all(group));
  wait_for_the_end(group);
}

enum class Fruit : std::uint8_t { apple, banana };

TEST(Packed, ReturnsWhatWasPackedAndNoMore) {
  Packed all;
  const std::vector<float> floats = {1.5f, -2};
  all.add(7);
  all.add_text("text");
  all.add_all(std::span(floats));
  all.add_text("");
  all.add(Fruit::banana);
  const std::vector<std::uint8_t> bytes = all.take();
  Unpacked unpacked(bytes);
  EXPECT_EQ(unpacked.next<int>(), 7);
  EXPECT_EQ(unpacked.next_text(), "text");
  EXPECT_EQ(unpacked.next_all<float>(), floats);
  EXPECT_EQ(unpacked.next_text(), "");
  EXPECT_EQ(unpacked.next<Fruit>(), Fruit::banana);
  const auto throws_less = ThrowsMessage<Error>(HasSubstr("has sent less"));
  EXPECT_THAT([&] { unpacked.next<bool>(); }, throws_less);
  const std::vector<std::uint8_t> endless(8, 0xFF);  // a length
  EXPECT_THAT([&] { Unpacked(endless).next_all<double>(); }, throws_less);
}

}  // namespace
}  // namespace bart
