#include "server_threads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace bart {
namespace {

using Pictures = std::span<const std::uint8_t* const>;

/// A network of two classes that notes the sizes of its batches, and how many of them are computed at a time.
struct Network {
  std::mutex mutex;
  std::vector<std::size_t> together, alone;
  std::atomic<int> inside_together = 0, inside_alone = 0, most_alone = 0;
  std::atomic<bool> both = false;
  std::promise<void> open_together, open_alone;
  std::shared_future<void> together_is_open = open_together.get_future(),
                           alone_is_open = open_alone.get_future();

  void open() {
    open_together.set_value();
    open_alone.set_value();
  }

  std::vector<std::size_t> sizes_alone() {
    const std::scoped_lock lock(mutex);
    return alone;
  }
  std::shared_ptr<ServedModel> model() {
    auto model = std::make_shared<ServedModel>();
    model->classes = {"no", "yes"};
    model->network.probabilities = [this](Pictures pictures) {
      return compute(pictures, together, inside_together, together_is_open);
    };
    model->on_one_thread.probabilities = [this](Pictures pictures) {
      return compute(pictures, alone, inside_alone, alone_is_open);
    };
    return model;
  }

 private:
  std::vector<float> compute(Pictures pictures, std::vector<std::size_t>& sizes, std::atomic<int>& inside,
                             const std::shared_future<void>& opened) {
    ++inside;
    {
      const std::scoped_lock lock(mutex);
      sizes.push_back(pictures.size());
      most_alone = std::max<int>(most_alone, inside_alone);
      if (inside_together > 1 || (inside_together > 0 && inside_alone > 0)) both = true;
    }
    opened.wait();
    std::vector<float> answers;
    for (const std::uint8_t* picture : pictures) {
      answers.push_back(picture[0]);
      answers.push_back(picture[1]);
    }
    --inside;
    return answers;
  }
};

/// A picture that is answered with (first, 7).
NetworkInput input(SharedModel model, std::uint8_t first, std::atomic<int>& right) {
  return {
      .model = std::move(model), .pixels = {first, 7}, .done = [first, &right](const NetworkAnswer& answer) {
        right += answer.probabilities == std::vector<float>{static_cast<float>(first), 7};
      }};
}

TEST(ServerThreads, FewerPicturesThanThreadsAreTakenTogetherAtOnce) {
  Network network;
  const SharedModel model = network.model();
  std::atomic<int> right = 0;
  ServerThreads threads(4, [](std::size_t) {});
  threads.add(input(model, 1, right));
  while (network.inside_together == 0) std::this_thread::yield();
  for (const std::uint8_t first : {2, 3, 4}) threads.add(input(model, first, right));
  network.open();
  threads.end();
  EXPECT_EQ(right, 4);
  EXPECT_THAT(network.together, testing::ElementsAre(1u, 3u));
  EXPECT_THAT(network.alone, testing::IsEmpty());
}

TEST(ServerThreads, EachThreadTakesItsShareOfMore) {
  Network network;
  const SharedModel model = network.model();
  std::atomic<int> right = 0;
  ServerThreads threads(3, [](std::size_t) {});
  threads.add(input(model, 0, right));
  while (network.inside_together == 0) std::this_thread::yield();
  for (std::uint8_t first = 1; first <= 12; ++first) threads.add(input(model, first, right));
  network.open_together.set_value();
  while (network.sizes_alone().size() < 3) std::this_thread::yield();
  // 12 pictures: a third, then a third of the rest, and so on. Three wait until a thread is free.
  EXPECT_THAT(network.sizes_alone(), testing::UnorderedElementsAre(4u, 3u, 2u));
  network.open_alone.set_value();
  threads.end();
  EXPECT_EQ(right, 13);
  EXPECT_EQ(network.together.front(), 1u);
}

TEST(ServerThreads, WhoseClientHasLeftIsNotComputedWhileOthersWait) {
  Network network;
  const SharedModel model = network.model();
  std::atomic<int> right = 0, unwanted = 0;
  const auto client_left = std::make_shared<std::atomic<bool>>(false);
  ServerThreads threads(1, [](std::size_t) {});
  threads.add(input(model, 0, right));
  while (network.sizes_alone().empty()) std::this_thread::yield();
  threads.add(input(model, 1, right));
  NetworkInput of_one_who_leaves = input(model, 2, right);
  of_one_who_leaves.client_left = client_left;
  of_one_who_leaves.done = [&](const NetworkAnswer& answer) {
    unwanted += answer.probabilities.empty();
    EXPECT_THROW(std::rethrow_exception(answer.error), ClientLeftError);
  };
  threads.add(std::move(of_one_who_leaves));
  threads.add(input(model, 3, right));
  *client_left = true;
  network.open();
  threads.end();
  EXPECT_EQ(unwanted, 1);
  EXPECT_EQ(right, 3);
  EXPECT_THAT(network.alone, testing::ElementsAre(1u, 2u));
}

TEST(ServerThreads, WhoseClientMayHaveLeftIsComputedWhileNobodyElseWaits) {
  Network network;
  network.open();
  std::atomic<int> right = 0;
  ServerThreads threads(2, [](std::size_t) {});
  NetworkInput only = input(network.model(), 1, right);
  only.client_left = std::make_shared<std::atomic<bool>>(true);
  threads.add(std::move(only));
  threads.end();
  EXPECT_EQ(right, 1);
}

TEST(ServerThreads, AThreadThatIsBusyLeavesItsShareToOthers) {
  Network network;
  network.open();
  const SharedModel model = network.model();
  std::atomic<int> right = 0;
  ServerThreads threads(2, [](std::size_t) {});
  std::promise<void> blocked;
  threads.add([&] { blocked.get_future().wait(); });
  for (std::uint8_t first = 0; first < 40; ++first) threads.add(input(model, first, right));
  while (right < 40) std::this_thread::yield();
  blocked.set_value();
  threads.end();
  EXPECT_EQ(right, 40);
}

TEST(ServerThreads, OneThreadTakesEverythingAlone) {
  Network network;
  network.open();
  const SharedModel model = network.model();
  std::atomic<int> right = 0;
  ServerThreads threads(1, [](std::size_t) {});
  for (std::uint8_t first = 0; first < 20; ++first) threads.add(input(model, first, right));
  threads.end();
  EXPECT_EQ(right, 20);
  EXPECT_THAT(network.together, testing::IsEmpty());
}

TEST(ServerThreads, AnswersEverythingThatSeveralThreadsAddAndNeverComputesTogetherAndAlone) {
  Network network;
  network.open();
  const SharedModel models[] = {network.model(), network.model()};
  std::atomic<int> right = 0, worked = 0;
  ServerThreads threads(3, [](std::size_t) {});
  std::vector<std::thread> adding;
  for (int caller = 0; caller < 4; ++caller) {
    adding.emplace_back([&, caller] {
      for (int i = 0; i < 500; ++i) {
        NetworkInput next = input(models[(i / 7 + caller) % 2], static_cast<std::uint8_t>(i), right);
        next.done = [&, done = std::move(next.done)](NetworkAnswer answer) {
          done(std::move(answer));
          threads.add([&] { ++worked; });
        };
        if (i % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        threads.add(
            [&, next = std::make_shared<NetworkInput>(std::move(next))] { threads.add(std::move(*next)); });
      }
    });
  }
  for (std::thread& thread : adding) thread.join();
  threads.end();
  EXPECT_EQ(right, 2000);
  EXPECT_EQ(worked, 2000);
  EXPECT_FALSE(network.both);
  EXPECT_LE(network.most_alone, 3);
}

}  // namespace
}  // namespace bart
