#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bart/pictures/picture.h"
#include "server_threads.h"

namespace bart {

/// Which class a part of the picture speaks for.
struct ExplainedClass {
  std::int32_t label;
  std::vector<std::uint8_t> png;  // the picture with the map over it
};

/// The answer for one picture.
struct Classified {
  int status = 200;    // of a response about this picture alone
  std::string reason;  // why there is no answer, where the status is another
  std::vector<float> probabilities;
  std::vector<ExplainedClass> explained;
  std::vector<std::uint8_t> input_png;  // the picture as the network sees it, if it was asked for
};

struct ClassifyOptions {
  std::size_t explained = 0;  // number of most probable classes to explain
  bool with_input = false;
  ClientLeft client_left = {};
};

/// The way of pictures through the server: decoded and resized on all threads, then through the network in
/// batches.
class Classifier {
 public:
  /// At most `most_waiting` pictures are taken before the first of them is answered. `most_pixels` is the
  /// limit of one picture. `on_failure` gets the reason, from any thread, when a picture has no answer
  /// through the server's own fault: no memory, a damaged model.
  Classifier(int threads, std::size_t most_waiting, std::uint64_t most_pixels,
             std::function<void(std::size_t)> on_batch, std::function<void(std::string_view)> on_failure);
  ~Classifier() { end(); }
  Classifier(const Classifier&) = delete;
  Classifier& operator=(const Classifier&) = delete;

  /// Answers what was taken, and ends the threads. Nothing may be taken afterwards.
  void end();

  /// Whether no picture can be taken now.
  bool is_full() const { return waiting_ >= most_waiting_; }
  std::size_t waiting() const { return waiting_; }

  /// Does other work on the threads that decode.
  void run(std::function<void()> work) { threads_.add(std::move(work)); }

  /// Takes picture files, whose bytes must stay until `done` is called, once and by any thread; it must not
  /// throw. Throws HttpError 503 when too many pictures wait.
  void classify(SharedModel model, std::vector<std::span<const std::uint8_t>> files,
                const ClassifyOptions& options, std::function<void(std::vector<Classified>)> done);

  /// The same for pixels, [image_size, image_size, 3] each.
  void classify_pixels(SharedModel model, std::vector<std::vector<std::uint8_t>> pictures,
                       ClientLeft client_left, std::function<void(std::vector<Classified>)> done);

 private:
  struct Job;
  std::shared_ptr<Job> take(SharedModel model, std::size_t pictures, const ClassifyOptions& options,
                            std::function<void(std::vector<Classified>)> done);
  void decode(const std::shared_ptr<Job>& job, std::size_t i, std::span<const std::uint8_t> file);
  void to_network(const std::shared_ptr<Job>& job, std::size_t i, std::vector<std::uint8_t> pixels,
                  Picture shown);
  void finish(Job& job);

  std::size_t most_waiting_;
  std::uint64_t most_pixels_;
  std::function<void(std::string_view)> on_failure_;
  std::atomic<std::size_t> waiting_ = 0;
  ServerThreads threads_;
};

}  // namespace bart
