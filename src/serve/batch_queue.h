#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "served_model.h"

namespace bart {

/// What the network says about a picture.
struct NetworkAnswer {
  std::vector<float> probabilities;        // [classes]
  std::optional<Explanation> explanation;  // if it was asked for
  std::exception_ptr error;                // why there is no answer
};

/// A picture for the network.
struct NetworkInput {
  SharedModel model;
  std::vector<std::uint8_t> pixels;  // [image_size, image_size, 3]
  std::size_t explained = 0;         // number of classes to explain
  /// Called once, by the thread of the queue; must not throw.
  std::function<void(NetworkAnswer)> done;
};

/// Gives pictures to the network from one thread: whenever the network is free, it takes all that wait, up to
/// a batch, at once. Nothing waits for a batch to fill. Pictures of different models are in different
/// batches.
class BatchQueue {
 public:
  static constexpr std::size_t most_per_batch = 32;

  /// `on_batch` is called with the size of each batch, by the thread of the queue.
  explicit BatchQueue(std::function<void(std::size_t)> on_batch);
  ~BatchQueue() { end(); }
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  void add(NetworkInput input);
  /// Answers what waits, and ends the thread. Nothing may be added afterwards.
  void end();

 private:
  void run();
  void take_next(std::vector<NetworkInput>& batch);

  std::function<void(std::size_t)> on_batch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<NetworkInput> waiting_;
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace bart
