#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "bart/platform/error.h"
#include "served_model.h"

namespace bart {

/// True once the client that asked has left. nullptr: nobody tells.
using ClientLeft = std::shared_ptr<const std::atomic<bool>>;

/// There is no answer because nobody waits for it.
class ClientLeftError : public Error {
 public:
  ClientLeftError() : Error("the client closed the connection before it had its answer") {}
};

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
  ClientLeft client_left = {};
  /// Called once, by one of the threads; must not throw.
  std::function<void(NetworkAnswer)> done;
};

/// The threads of a server that compute: several that work each on its own, and one whose batches are
/// computed by as many threads together.
///
/// Nothing waits for a batch to fill. While fewer pictures wait than there are threads, the network takes
/// them at once with all its threads, which gives the first answer soonest. Where more wait, each thread
/// takes its share of them through the network alone: threads that wait for each other after every layer
/// would be slower, since the server's other work interrupts them. Pictures of different models are in
/// different batches.
///
/// A client that gave up would only make the others wait: while as many pictures wait as there are threads,
/// one whose client has left is answered with ClientLeftError. Otherwise it is computed, for a client may
/// close its own direction of the connection alone, and read the answer.
class ServerThreads {
 public:
  static constexpr std::size_t most_together = 32, most_alone = 8;

  /// `on_batch` is called with the size of each batch, by any of the threads.
  ServerThreads(int threads, std::function<void(std::size_t)> on_batch);
  ~ServerThreads() { end(); }
  ServerThreads(const ServerThreads&) = delete;
  ServerThreads& operator=(const ServerThreads&) = delete;

  /// Work that is no picture for the network; it is done first, in its order, and must not throw.
  void add(std::function<void()> work);
  void add(NetworkInput input);
  /// Does what waits, and ends the threads. Nothing may be added afterwards.
  void end();

 private:
  void work_alone();
  void work_together();
  bool may_take_alone() const;
  bool may_take_together() const;
  bool is_done() const;
  /// Pictures that leave the queue together.
  struct Taken {
    Taken();
    std::vector<NetworkInput> batch;  // of one model, for the network
    std::vector<NetworkInput> left;   // whose clients have left
  };

  /// Up to `most` pictures for the network.
  void take(std::size_t most, Taken& taken);
  /// Without the lock.
  void answer(Taken& taken, bool together);
  void wake();

  std::function<void(std::size_t)> on_batch_;
  std::mutex mutex_;
  std::condition_variable alone_changed_, together_changed_;
  std::deque<std::function<void()>> work_;
  std::deque<NetworkInput> pictures_;
  std::size_t working_ = 0;  // threads that do other work
  std::size_t alone_ = 0;    // threads that are in the network, each on its own
  bool together_ = false;    // whether the network computes with all threads
  bool ending_ = false;
  std::size_t size_ = 0;              // number of threads that work alone
  std::vector<std::thread> threads_;  // last: they use the others
};

}  // namespace bart
