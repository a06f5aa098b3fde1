#pragma once

#include <cstdint>
#include <optional>

namespace bart {

/// Tells whether the machine was busy with other work: how long the calling thread had to wait for a
/// processor.
class ProcessorWait {
 public:
  /// Begins to count.
  ProcessorWait();

  /// Of the time in which this thread could have run since then, the share that it waited because a processor
  /// had other work, 0 to 1. Nothing where Linux does not count it (/proc/thread-self/schedstat). To be
  /// called on the thread that made the object.
  std::optional<double> share() const;

 private:
  struct Times {
    double ran, waited;  // ns
  };
  static std::optional<Times> now();

  std::optional<Times> begin_;
};

/// From this share on, figures are not those of a quiet machine.
inline constexpr double busy_share = 0.03;

}  // namespace bart
