#pragma once

#include <cstdint>
#include <optional>

namespace bart {

/// Measures how long the calling thread had to wait for a processor, which tells whether the machine was busy
/// with other work.
class ProcessorWait {
 public:
  /// Begins the measurement.
  ProcessorWait();

  /// The share, from 0 to 1, of the time since then in which this thread could have run but waited because
  /// the processors had other work. Empty if Linux does not count it (/proc/thread-self/schedstat). Must be
  /// called on the thread that created the object.
  std::optional<double> share() const;

 private:
  struct Times {
    double ran, waited;  // ns
  };
  static std::optional<Times> now();

  std::optional<Times> begin_;
};

/// From this share on, the machine counts as busy.
inline constexpr double busy_share = 0.03;

}  // namespace bart
