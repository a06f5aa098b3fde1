#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace bart {

/// Writes lines to a descriptor in a thread of its own, so that a reader that is slow, or gone, never holds
/// up whoever adds a line. add() may be called from several threads at once.
class LineWriter {
 public:
  /// `note` makes the line that takes the place of a number of lines that were left out, because more bytes
  /// than `most_bytes` waited for the reader.
  LineWriter(int descriptor, std::function<std::string(std::uint64_t)> note,
             std::size_t most_bytes = 1 << 20);
  /// Writes what waits, for up to a second.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// `line` ends with its line break.
  void add(std::string_view line);

 private:
  void run();
  bool write(std::string_view bytes) const;
  bool given_up() const;

  const int descriptor_;
  const std::function<std::string(std::uint64_t)> note_;
  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;
  std::uint64_t left_out_ = 0;
  std::optional<std::chrono::steady_clock::time_point> end_;  // when the writer ends in any case
  std::thread thread_;                                        // last: it uses the others
};

}  // namespace bart
