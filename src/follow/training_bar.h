#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "time_left.h"

namespace bart {

/// "Epoch 3/25 ████░░░░ 12 %, 4:32 left, loss 2.345, 150 images/s" in at most `columns` columns: the last
/// parts are left out if there is no room for them.
std::string bar_text(std::string_view heading, double share, std::optional<double> seconds_left,
                     std::string_view note, std::size_t columns);

/// The bar of a whole training on the last line of stderr, if that is a terminal.
class TrainingBar {
 public:
  TrainingBar();
  ~TrainingBar();
  TrainingBar(const TrainingBar&) = delete;
  TrainingBar& operator=(const TrainingBar&) = delete;

  void begin(const TrainingWork& all, const TrainingWork& done);
  void trained(std::size_t pictures, std::string_view heading, std::string_view note);
  void validated(std::size_t pictures, std::string_view heading);
  /// Writes a line to stderr above the bar.
  void above(std::string_view line);
  void clear();

 private:
  double now() const;
  void draw(std::string_view heading, std::string_view note);

  bool terminal_;
  std::optional<TimeLeft> left_;
  std::chrono::steady_clock::time_point start_;
  double last_draw_ = -1;
  std::string drawn_;  // empty: nothing is drawn
};

}  // namespace bart
