#include "training_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "bart/platform/printable.h"
#include "bart/platform/timing.h"
#include "terminal.h"

namespace bart {

std::string bar_text(std::string_view heading, double share, std::optional<double> seconds_left,
                     std::string_view note, std::size_t columns) {
  const std::string left = seconds_left ? fmt::format(", {} left", clock_text(*seconds_left)) : "";
  std::string right = fmt::format(" {:.0f} %{}", std::floor(100 * share), left);
  constexpr std::size_t fewest_cells = 8, most_cells = 40;
  const auto room = [&] {
    const std::size_t used = columns_of(heading) + 1 + columns_of(right);
    return columns > used ? columns - used : 0;
  };
  if (!note.empty() && room() >= fewest_cells + 2 + columns_of(note)) right += fmt::format(", {}", note);
  const std::string bar = room() >= fewest_cells ? bar_cells(share, std::min(room(), most_cells)) : "";
  const std::string line = fmt::format("{} {}{}", heading, bar, bar.empty() ? right.substr(1) : right);
  return columns_of(line) <= columns ? line : line.substr(0, columns);  // without a bar it is ASCII
}

TrainingBar::TrainingBar() : terminal_(shows_bars()), start_(std::chrono::steady_clock::now()) {}

TrainingBar::~TrainingBar() {
  clear();
}

double TrainingBar::now() const {
  return seconds_since(start_);
}

void TrainingBar::begin(const TrainingWork& all, const TrainingWork& done) {
  left_.emplace(all, done, now());
}

void TrainingBar::trained(std::size_t pictures, std::string_view heading, std::string_view note) {
  if (!left_) return;
  left_->trained(pictures, now());
  draw(heading, note);
}

void TrainingBar::validated(std::size_t pictures, std::string_view heading) {
  if (!left_) return;
  left_->validated(pictures, now());
  draw(heading, {});
}

void TrainingBar::draw(std::string_view heading, std::string_view note) {
  if (!terminal_ || (last_draw_ >= 0 && now() - last_draw_ < 0.1 && !drawn_.empty())) return;
  last_draw_ = now();
  const std::size_t columns = std::max<std::size_t>(terminal_columns(STDERR_FILENO), 20);
  // The "^C" that the terminal shows fits beside it; else it would begin a new line, and the bar would stay.
  drawn_ = bar_text(heading, left_->share(), left_->seconds(), note, columns - 3);
  write_to_stderr(fmt::format("\r\x1b[2K{}", drawn_));
}

void TrainingBar::above(std::string_view line) {
  if (!drawn_.empty()) write_to_stderr("\r\x1b[2K");
  write_to_stderr(fmt::format("{}\n", line));
  if (!drawn_.empty()) write_to_stderr(drawn_);
}

void TrainingBar::clear() {
  if (!drawn_.empty()) write_to_stderr("\r\x1b[2K");
  drawn_.clear();
}

}  // namespace bart
