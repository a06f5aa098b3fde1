#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace bart {

/// A progress bar on the last line of stderr, with rate and time left. Nothing is drawn if stderr is not a
/// terminal. For one thread at a time.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows `done` of `total` pictures (or of another `unit`) after a heading such as "Epoch 3/20", and then
  /// `note`, such as "loss 2.345". The rate is measured from the first call with this heading. The bar is
  /// redrawn at most ten times a second.
  void show(std::string_view heading, std::size_t done, std::size_t total, std::string_view note = {},
            std::string_view unit = "images");

  /// Removes the bar, at the end of a phase.
  void clear();

  /// Writes above the bar: clears the bar, calls `write` and draws the bar again.
  void above(const std::function<void()>& write);

 private:
  void draw();

  bool terminal_;
  bool drawn_ = false;
  std::string heading_;
  std::string note_;
  std::string unit_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_draw_;
};

}  // namespace bart
