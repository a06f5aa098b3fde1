// The MPI part, a plugin. Every call is one that does not block, and is asked for its end, so that a process
// that is gone or a network that stalls becomes an error and not an endless wait, and the processor is free
// meanwhile.
#include <fmt/format.h>
#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>
#include <vector>

#include "bart/platform/error.h"
#include "plugin.h"

namespace bart {
namespace {

using Clock = std::chrono::steady_clock;

/// MPI counts in int.
constexpr std::size_t most_bytes = std::size_t{1} << 30;

/// A communicator: the processes, and what belongs together of what they send.
class Channel : public JoinedGroup {
 public:
  /// `patient`: a call sleeps between its questions from the beginning, so that it takes no time from those
  /// who compute.
  Channel(MPI_Comm communicator, std::chrono::seconds timeout, bool patient)
      : communicator_(communicator), timeout_(timeout), patient_(patient) {
    MPI_Comm_set_errhandler(communicator_, MPI_ERRORS_RETURN);
    MPI_Comm_rank(communicator_, &rank_);
    MPI_Comm_size(communicator_, &size_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void gather(const void* mine, std::span<const std::size_t> bytes, void* all) override {
    std::size_t total = 0;
    counts_.clear();
    places_.clear();
    for (const std::size_t piece : bytes) {
      if (total + piece > most_bytes)
        throw Error("a batch is too large to be shared: train with a smaller one");
      counts_.push_back(static_cast<int>(piece));
      places_.push_back(static_cast<int>(total));
      total += piece;
    }
    const std::size_t own = bytes[static_cast<std::size_t>(rank_)];
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Iallgatherv(mine, static_cast<int>(own), MPI_BYTE, all, counts_.data(), places_.data(),
                          MPI_BYTE, communicator_, &request));
    wait(request);
    sent_ += own * static_cast<std::size_t>(size_ - 1);
  }

  void exchange(const void* mine, std::size_t bytes, void* all) override {
    if (bytes > most_bytes) throw Error("a network is too large to be shared");
    const int count = static_cast<int>(bytes);
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Ialltoall(mine, count, MPI_BYTE, all, count, MPI_BYTE, communicator_, &request));
    wait(request);
    sent_ += bytes * static_cast<std::size_t>(size_ - 1);
  }

  void broadcast(void* memory, std::size_t bytes) override {
    auto* at = static_cast<std::byte*>(memory);
    for (std::size_t done = 0; done < bytes;) {
      const std::size_t piece = std::min(bytes - done, most_bytes);
      MPI_Request request = MPI_REQUEST_NULL;
      check(MPI_Ibcast(at + done, static_cast<int>(piece), MPI_BYTE, 0, communicator_, &request));
      wait(request);
      done += piece;
    }
    if (rank_ == 0) sent_ += bytes * static_cast<std::size_t>(size_ - 1);
  }

  std::uint64_t bytes_sent() const override { return sent_; }

  Group& background() override { return *this; }
  Group& computer() override { return *this; }

  void leave() override {
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Ibarrier(communicator_, &request));
    // Process 0 still tests and reports, for as long as it takes.
    wait(request, std::chrono::hours(24 * 365));
  }

 private:
  static void check(int code) {
    if (code == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(code, text.data(), &length);
    throw Error(fmt::format("the other processes cannot be reached: {}", text.data()));
  }

  void wait(MPI_Request& request) { wait(request, timeout_); }
  void wait(MPI_Request& request, std::chrono::seconds timeout) {
    const auto start = Clock::now();
    for (;;) {
      int done = 0;
      check(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
      if (done != 0) return;
      const auto waited = Clock::now() - start;
      if (waited > timeout) {
        throw Error(
            fmt::format("no answer from the other processes for {} seconds (--timeout): one of them is gone, "
                        "or the network "
                        "is down",
                        timeout.count()));
      }
      // What is awaited comes soon or, while process 0 writes its files, much later.
      if (patient_) {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      } else if (waited > std::chrono::milliseconds(20)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      } else {
        std::this_thread::yield();
      }
    }
  }

  MPI_Comm communicator_;
  std::chrono::seconds timeout_;
  bool patient_;
  int rank_ = 0, size_ = 1;
  std::vector<int> counts_, places_;
  std::uint64_t sent_ = 0;
};

/// All processes that the launcher has started.
class MpiGroup final : public Channel {
 public:
  explicit MpiGroup(std::chrono::seconds timeout)
      : Channel(begin(), timeout, false),
        second_(copy_of_world(), timeout, true),
        computer_(this_computer(), timeout, false) {}

  Group& background() override { return second_; }
  Group& computer() override { return computer_; }
  std::uint64_t bytes_sent() const override { return Channel::bytes_sent() + second_.bytes_sent(); }
  void leave() override {
    Channel::leave();
    MPI_Finalize();
  }

 private:
  static MPI_Comm begin() {
    // Without this, processes that share processors keep them from each other while they wait.
    ::setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
    int provided = 0;
    if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS) {
      throw Error("MPI could not be started");
    }
    if (provided < MPI_THREAD_MULTIPLE) {
      throw Error("this MPI does not let several threads call it: install Debian's Open MPI or MPICH");
    }
    return MPI_COMM_WORLD;
  }
  static MPI_Comm copy_of_world() {
    MPI_Comm copy = MPI_COMM_NULL;
    MPI_Comm_dup(MPI_COMM_WORLD, &copy);
    return copy;
  }

  static MPI_Comm this_computer() {
    MPI_Comm part = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &part);
    return part;
  }

  Channel second_, computer_;
};

}  // namespace
}  // namespace bart

extern "C" bart::JoinedGroup* BART_JOIN(std::chrono::seconds timeout) {
  return new bart::MpiGroup(timeout);
}
