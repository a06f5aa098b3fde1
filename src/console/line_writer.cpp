#include "line_writer.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <utility>

namespace bart {
namespace {

constexpr int poll_milliseconds = 50;
constexpr auto patience_at_the_end = std::chrono::seconds(1);

}  // namespace

LineWriter::LineWriter(int descriptor, std::function<std::string(std::uint64_t)> note, std::size_t most_bytes)
    : descriptor_(descriptor), note_(std::move(note)), most_bytes_(most_bytes), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
  {
    const std::scoped_lock lock(mutex_);
    end_ = std::chrono::steady_clock::now() + patience_at_the_end;
  }
  changed_.notify_one();
  thread_.join();
}

void LineWriter::add(std::string_view line) {
  {
    const std::scoped_lock lock(mutex_);
    // Once lines were left out, the note about them comes before the next one.
    if (left_out_ > 0 || waiting_.size() + line.size() > most_bytes_) {
      ++left_out_;
    } else {
      waiting_ += line;
    }
  }
  changed_.notify_one();
}

void LineWriter::run() {
  // A reader that is gone is an error of write(), not the end of this process.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  for (;;) {
    std::string bytes;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty() || left_out_ > 0 || end_; });
      if (waiting_.empty() && left_out_ == 0) return;
      bytes = std::exchange(waiting_, {});
      if (left_out_ > 0) bytes += note_(std::exchange(left_out_, 0));
    }
    if (!write(bytes) && given_up()) return;
  }
}

bool LineWriter::given_up() const {
  const std::scoped_lock lock(mutex_);
  return end_ && std::chrono::steady_clock::now() >= *end_;
}

/// Returns false when the reader is gone, or does not read while the writer ends.
bool LineWriter::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    pollfd ready{descriptor_, POLLOUT, 0};
    if (::poll(&ready, 1, poll_milliseconds) <= 0) {
      if (given_up()) return false;
      continue;
    }
    // A pipe that is ready takes PIPE_BUF bytes without waiting (poll(2), pipe(7)).
    const ssize_t written = ::write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace bart
