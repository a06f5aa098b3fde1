#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace bart {

/// A progress bar on the last line of stderr, with rate and time left. Where stderr is no terminal, nothing
/// is ever drawn. One thread at a time.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows `done` of `total` pictures (or of another `unit`) under a heading such as "Epoch 3/20"; the rate
  /// counts from the first call with this heading. `note` follows, "loss 2.345". Redrawn ten times a
  /// second at most.
  void show(std::string_view heading, std::size_t done, std::size_t total, std::string_view note = {},
            std::string_view unit = "images");

  /// Takes the bar away, as at the end of a phase.
  void clear();

  /// Writes to the terminal above the bar: clears it, calls `write`, draws it again.
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
