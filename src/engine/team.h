#pragma once

#include <cstdint>
#include <type_traits>

namespace bart {

/// The threads that work together on an operation. Kernels, and the scratch memory that each of their threads
/// needs, take the number from here. Each calling thread has a pool of its own, which is made at its first
/// call.
///
/// Other programs may use the same processors. So work is handed out in small pieces to the threads that are
/// running: one that the system has not scheduled takes no piece, and nobody waits for it. Threads without
/// work spin briefly, then sleep.
struct Team {
  int size = 1;

  /// Calls work(i), or work(i, thread) with the thread's number in the team, once for each i in [0, count).
  /// Each thread begins with a range of its own, then helps the others. `work` must not throw.
  template <typename Work>
  void each(std::int64_t count, const Work& work) const {
    share_out(count, Order::ranges, &work, call<Work>);
  }

  /// The same for work whose parts differ in length: a free thread takes the next i.
  template <typename Work>
  void each_in_turn(std::int64_t count, const Work& work) const {
    share_out(count, Order::in_turn, &work, call<Work>);
  }

 private:
  enum class Order { ranges, in_turn };
  using Piece = void (*)(const void* work, std::int64_t begin, std::int64_t end, int thread);

  void share_out(std::int64_t count, Order order, const void* work, Piece piece) const;

  template <typename Work>
  static void call(const void* work, std::int64_t begin, std::int64_t end, int thread) {
    const Work& each = *static_cast<const Work*>(work);
    for (std::int64_t i = begin; i < end; ++i) {
      if constexpr (std::is_invocable_v<const Work&, std::int64_t, int>) {
        each(i, thread);
      } else {
        each(i);
      }
    }
  }
};

}  // namespace bart
