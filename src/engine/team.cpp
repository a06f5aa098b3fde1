#include "team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <system_error>
#include <thread>
#include <vector>

#include "bart/engine/work_log.h"

namespace bart {
namespace {

/// How long a thread looks for work, or for the others to end, before it sleeps. Waking it takes about as
/// long.
constexpr std::chrono::microseconds spin_time{100};

/// Into how many pieces a thread's own range is cut, so that others can take what it has not begun.
constexpr std::int64_t pieces_of_range = 8;

/// Returns when value != old.
void wait_for_change(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  const auto end = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int i = 0; i < 32; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      __builtin_ia32_pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  value.wait(old, std::memory_order_acquire);
}

/// What is left of a range of work. On a cache line of its own, since its owner writes it often.
struct alignas(64) Range {
  std::atomic<std::int64_t> next;
  std::int64_t end;
};

/// True while this thread works for a team; nested calls run on it alone.
thread_local bool at_work = false;

/// Of the calling thread; nullptr: nothing is noted.
thread_local WorkLog* work_log = nullptr;

struct Job {
  const void* work;
  void (*piece)(const void*, std::int64_t, std::int64_t, int);
  std::int64_t length;  // of a piece
  int threads;
  std::size_t ranges;
};

/// The threads of one calling thread.
class Pool {
 public:
  ~Pool() {
    stop_.store(true, std::memory_order_relaxed);
    next_round();
  }

  void run(const Job& job, std::int64_t count) {
    start(job.threads - 1);
    // Nobody is inside: the fields belong to this thread.
    job_ = job;
    if (ranges_.size() < job.ranges) ranges_ = std::vector<Range>(job.ranges);
    for (std::size_t r = 0; r < job.ranges; ++r) {
      const auto part = [&](std::size_t k) {
        return count * static_cast<std::int64_t>(k) / static_cast<std::int64_t>(job.ranges);
      };
      ranges_[r].next.store(part(r), std::memory_order_relaxed);
      ranges_[r].end = part(r + 1);
    }
    inside_.store(0, std::memory_order_release);
    next_round();
    work(0);
    // Everything is handed out. A thread that has not come in by now does not need to.
    std::uint32_t inside = inside_.fetch_or(closed, std::memory_order_acq_rel) | closed;
    while (inside != closed) {
      wait_for_change(inside_, inside);
      inside = inside_.load(std::memory_order_acquire);
    }
  }

 private:
  static constexpr std::uint32_t closed = 1u << 31;

  void start(int threads) {
    try {
      while (static_cast<int>(threads_.size()) < threads) {
        threads_.emplace_back([this, id = static_cast<int>(threads_.size()) + 1] { serve(id); });
      }
    } catch (const std::system_error&) {  // a limit on threads: those that run do all the work
    }
  }

  void next_round() {
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }

  void serve(int id) {
    std::uint32_t seen = 0;
    while (true) {
      wait_for_change(round_, seen);
      seen = round_.load(std::memory_order_acquire);
      if (stop_.load(std::memory_order_relaxed)) return;
      if (!enter()) continue;
      if (id < job_.threads) work(id);
      if (inside_.fetch_sub(1, std::memory_order_acq_rel) - 1 == closed) inside_.notify_one();
    }
  }

  /// Whether there is work; the caller then counts as inside.
  bool enter() {
    std::uint32_t inside = inside_.load(std::memory_order_relaxed);
    do {
      if ((inside & closed) != 0) return false;
    } while (!inside_.compare_exchange_weak(inside, inside + 1, std::memory_order_acq_rel));
    return true;
  }

  void work(int id) {
    at_work = true;
    for (std::size_t k = 0; k < job_.ranges; ++k) {
      Range& range = ranges_[(static_cast<std::size_t>(id) + k) % job_.ranges];
      while (true) {
        const std::int64_t begin = range.next.fetch_add(job_.length, std::memory_order_relaxed);
        if (begin >= range.end) break;
        job_.piece(job_.work, begin, std::min(begin + job_.length, range.end), id);
      }
    }
    at_work = false;
  }

  Job job_{};
  std::vector<Range> ranges_;
  std::atomic<std::uint32_t> round_{0};
  std::atomic<std::uint32_t> inside_{closed};  // threads at work, and whether others may still come in
  std::atomic<bool> stop_{false};
  std::vector<std::jthread> threads_;  // last: they end before what they use does
};

void note_pieces(std::int64_t count, std::int64_t length, const void* work,
                 void (*piece)(const void*, std::int64_t, std::int64_t, int)) {
  SharedWork shared;
  shared.piece_seconds.reserve(static_cast<std::size_t>((count + length - 1) / length));
  at_work = true;
  auto begun = std::chrono::steady_clock::now();
  for (std::int64_t begin = 0; begin < count; begin += length) {
    piece(work, begin, std::min(begin + length, count), 0);
    const auto ended = std::chrono::steady_clock::now();
    shared.piece_seconds.push_back(std::chrono::duration<double>(ended - begun).count());
    begun = ended;
  }
  at_work = false;
  work_log->works.push_back(std::move(shared));
}

}  // namespace

WorkLog::WorkLog() {
  work_log = this;
}

WorkLog::~WorkLog() {
  work_log = nullptr;
}

void Team::share_out(std::int64_t count, Order order, const void* work, Piece piece) const {
  if (size == 1 || count <= 1 || at_work) {
    if (count > 0) piece(work, 0, count, 0);
    return;
  }
  static thread_local Pool pool;
  const std::int64_t range = (count + size - 1) / size;
  const std::int64_t length = order == Order::in_turn ? 1 : (range + pieces_of_range - 1) / pieces_of_range;
  if (work_log != nullptr) {
    note_pieces(count, length, work, piece);
  } else {
    pool.run({work, piece, length, size, order == Order::in_turn ? 1 : static_cast<std::size_t>(size)},
             count);
  }
}

}  // namespace bart
