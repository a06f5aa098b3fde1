#pragma once

#include <barrier>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bart/platform/error.h"
#include "bart/platform/group.h"
#include "bart/platform/share_out.h"

namespace bart::test {

/// What threads that play processes have in common.
struct Meeting {
  struct Channel {
    explicit Channel(int processes) : pieces(static_cast<std::size_t>(processes)), barrier(processes) {}
    std::vector<const void*> pieces;
    std::barrier<> barrier;
  };
  explicit Meeting(int processes) : first(processes), second(processes), computer(processes) {}
  Channel first, second, computer;
};

/// A process of a group, played by a thread.
class ThreadGroup final : public Group {
 public:
  ThreadGroup(Meeting& meeting, int rank) : ThreadGroup(meeting.first, rank) {
    background_.reset(new ThreadGroup(meeting.second, rank));
    computer_.reset(new ThreadGroup(meeting.computer, rank));
  }

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(channel_.pieces.size()); }
  void gather(const void* mine, std::span<const std::size_t> bytes, void* all) override {
    sent_ += bytes[static_cast<std::size_t>(rank_)];
    auto* to = static_cast<std::uint8_t*>(all);
    meet(mine, [&] {
      for (std::size_t p = 0; p < bytes.size(); ++p) {
        if (bytes[p] > 0) std::memcpy(to, channel_.pieces[p], bytes[p]);
        to += bytes[p];
      }
    });
  }
  void exchange(const void* mine, std::size_t bytes, void* all) override {
    sent_ += bytes;
    auto* to = static_cast<std::uint8_t*>(all);
    meet(mine, [&] {
      for (const void* piece : channel_.pieces) {
        std::memcpy(to, static_cast<const std::uint8_t*>(piece) + static_cast<std::size_t>(rank_) * bytes,
                    bytes);
        to += bytes;
      }
    });
  }
  void broadcast(void* memory, std::size_t bytes) override {
    meet(memory, [&] {
      if (rank_ != 0) std::memcpy(memory, channel_.pieces[0], bytes);
    });
  }
  Group& background() override { return *background_; }
  Group& computer() override { return *computer_; }
  std::uint64_t bytes_sent() const override { return sent_; }

 private:
  ThreadGroup(Meeting::Channel& channel, int rank) : channel_(channel), rank_(rank) {}

  template <class Copy>
  void meet(const void* mine, const Copy& copy) {
    channel_.pieces[static_cast<std::size_t>(rank_)] = mine;
    channel_.barrier.arrive_and_wait();
    copy();
    channel_.barrier.arrive_and_wait();
  }

  Meeting::Channel& channel_;
  int rank_;
  std::uint64_t sent_ = 0;
  std::unique_ptr<ThreadGroup> background_, computer_;
};

/// Calls `process(group)` in as many processes, which are played by threads. It must not throw.
template <class Process>
void play(int processes, const Process& process) {
  Meeting meeting(processes);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < processes; ++rank) {
    threads.emplace_back([&meeting, &process, rank] {
      ThreadGroup group(meeting, rank);
      process(group);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// How each process ends: "well", "by another" that says why, with what it has to say itself, or "silently",
/// because another says why.
template <class Work>
std::vector<std::string> ends(int processes, const Work& work) {
  std::vector<std::string> all(static_cast<std::size_t>(processes));
  play(processes, [&](Group& group) {
    std::string& end = all[static_cast<std::size_t>(group.rank())];
    try {
      work(group);
      end = "well";
    } catch (const EndedByAnother&) {
      end = "by another";
    } catch (const Error& error) {
      end = speaks_for_all(group) ? error.what() : "silently";
    }
  });
  return all;
}

}  // namespace bart::test
