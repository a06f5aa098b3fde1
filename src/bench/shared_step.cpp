#include "bart/bench/shared_step.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <thread>

namespace bart {
namespace {

/// Process 0 of a group whose other processes send what it sends itself.
class PlayedGroup final : public Group {
 public:
  PlayedGroup(int size, const Link& link) : PlayedGroup(size, link, true) {}

  int rank() const override { return 0; }
  int size() const override { return size_; }
  void gather(const void* mine, std::span<const std::size_t> bytes, void* all) override {
    auto* to = static_cast<std::uint8_t*>(all);
    for (const std::size_t piece : bytes) {
      const std::size_t copied = std::min(piece, bytes[0]);
      if (copied > 0) std::memcpy(to, mine, copied);
      std::fill_n(to + copied, piece - copied, std::uint8_t{0});
      to += piece;
    }
    const std::size_t received = std::accumulate(bytes.begin() + 1, bytes.end(), std::size_t{0});
    pass(bytes[0] * others(), received);
  }
  void exchange(const void* mine, std::size_t bytes, void* all) override {
    for (int p = 0; p < size_; ++p) {
      std::memcpy(static_cast<std::uint8_t*>(all) + static_cast<std::size_t>(p) * bytes, mine, bytes);
    }
    pass(bytes * others(), bytes * others());
  }
  void broadcast(void*, std::size_t bytes) override { pass(bytes * others(), 0); }
  PlayedGroup& background() override { return background_ ? *background_ : *this; }
  Group& computer() override { return *this; }
  std::uint64_t bytes_sent() const override { return sent_; }
  std::uint64_t calls() const { return calls_; }

 private:
  PlayedGroup(int size, const Link& link, bool with_background) : size_(size), link_(link) {
    if (with_background) background_.reset(new PlayedGroup(size, link, false));
  }
  std::size_t others() const { return static_cast<std::size_t>(size_ - 1); }

  void pass(std::size_t sent, std::size_t received) {
    const auto now = std::chrono::steady_clock::now();
    sent_ += sent;
    ++calls_;
    if (link_.bits_per_second <= 0) return;
    const double seconds =
        link_.latency_seconds + 8 * static_cast<double>(std::max(sent, received)) / link_.bits_per_second;
    std::this_thread::sleep_until(
        now + std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds)));
  }

  int size_;
  Link link_;
  std::uint64_t sent_ = 0, calls_ = 0;
  std::unique_ptr<PlayedGroup> background_;  // null on the background's own channel
};

SharedStep shared_step(NetworkBench bench, int processes, const Link& link) {
  PlayedGroup group(processes, link);
  bench.engine.slices = std::max(processes, shared_training_slices);
  if (processes > 1) bench.engine.group = &group;
  const TrainingSpeed speed = training_speed(bench);
  const auto per_step = [&](std::uint64_t count) {
    return static_cast<double>(count) / (bench.rounds + warm_up_rounds);
  };
  const PlayedGroup& background = group.background();
  return {processes,
          link,
          speed,
          per_step(group.bytes_sent()),
          per_step(group.calls()),
          per_step(background.bytes_sent()),
          per_step(background.calls())};
}

}  // namespace

std::vector<SharedStep> shared_steps(const NetworkBench& bench, const std::vector<int>& processes,
                                     const OnProgress& progress) {
  // TCP over Ethernet carries 1,448 of 1,538 bytes on the wire; 0.1 ms is what a message takes there.
  constexpr double payload = 1448.0 / 1538;
  const Link links[] = {{0, 0}, {payload * 10e9, 1e-4}, {payload * 1e9, 1e-4}};
  std::vector<SharedStep> steps = {shared_step(bench, 1, links[0])};
  const std::size_t total = 1 + processes.size() * std::size(links);
  for (const int count : processes) {
    for (const Link& link : links) {
      steps.push_back(shared_step(bench, count, link));
      if (progress) progress(steps.size(), total);
    }
  }
  return steps;
}

}  // namespace bart
