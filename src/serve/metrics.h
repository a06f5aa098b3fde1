#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace bart {

/// A histogram as Prometheus counts: each bucket holds what is at most its bound.
template <std::size_t n>
struct Histogram {
  std::array<double, n> bounds;
  std::array<std::uint64_t, n> counts = {};  // not cumulative
  std::uint64_t count = 0;
  double sum = 0;

  void add(double value) {
    ++count;
    sum += value;
    for (std::size_t i = 0; i < n; ++i) {
      if (value <= bounds[i]) {
        ++counts[i];
        return;
      }
    }
  }
};

/// What a server counts. All functions may be called from several threads at once.
class Metrics {
 public:
  /// A response was sent, `seconds` after the head of its request came.
  void add_response(int status, double seconds);
  void add_pictures(std::size_t count);
  void add_batch(std::size_t size);
  void add_connection(int change);  // +1 or -1
  void add_dropped();               // a connection that was closed before its request was whole
  void add_reload(bool success);

  /// What others know.
  struct Gauges {
    std::size_t waiting_pictures;
    std::string model_name, model_version;
  };
  /// Prometheus' text format, version 0.0.4.
  std::string text(const Gauges& gauges) const;

 private:
  mutable std::mutex mutex_;
  std::map<int, std::uint64_t> responses_;  // by status
  Histogram<14> seconds_{{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}};
  Histogram<6> batches_{{1, 2, 4, 8, 16, 32}};
  std::uint64_t pictures_ = 0, dropped_ = 0, reloads_ = 0, failed_reloads_ = 0;
  std::int64_t connections_ = 0;
};

}  // namespace bart
