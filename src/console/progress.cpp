#include "progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "bart/platform/timing.h"
#include "terminal.h"

namespace bart {
namespace {

std::size_t terminal_width() {
  struct winsize size {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress() : terminal_(shows_bars()) {}

Progress::~Progress() {
  clear();
}

void Progress::show(std::string_view heading, std::size_t done, std::size_t total, std::string_view note,
                    std::string_view unit) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  const bool changed = heading != heading_ || done < done_;
  if (changed) {
    heading_ = heading;
    start_ = now;
  }
  done_ = done;
  total_ = total;
  note_ = note;
  unit_ = unit;
  if (!changed && done < total && now - last_draw_ < std::chrono::milliseconds(100)) return;
  last_draw_ = now;
  draw();
}

void Progress::draw() {
  const double seconds = seconds_since(start_);
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 0;
  std::string rate;
  if (done_ > 0 && seconds > 0.2) {
    const double per_second = static_cast<double>(done_) / seconds;
    rate = fmt::format(" {:.{}f} {}/s, ETA {}", per_second, per_second < 100 ? 1 : 0, unit_,
                       clock_text(static_cast<double>(total_ - done_) / per_second));
  }
  const std::string left = fmt::format("{} {:3.0f}% ", heading_, 100 * share);
  const std::string right =
      fmt::format(" {}/{}{}{}", done_, total_, rate, note_.empty() ? "" : fmt::format(", {}", note_));
  const std::size_t width = std::max<std::size_t>(terminal_width(), 20) - 3;  // "^C" fits beside it
  std::string line = left;
  if (width > left.size() + right.size() + 6) {
    const std::size_t cells = std::min<std::size_t>(40, width - left.size() - right.size());
    line += bar_cells(share, cells) + right;
  } else {
    line = (left + right).substr(0, width);
  }
  write_to_stderr(fmt::format("\r\x1b[2K{}", line));
  drawn_ = true;
}

void Progress::clear() {
  if (drawn_) write_to_stderr("\r\x1b[2K");
  drawn_ = false;
  heading_.clear();
}

void Progress::above(const std::function<void()>& write_lines) {
  if (drawn_) write_to_stderr("\r\x1b[2K");
  write_lines();
  if (drawn_) draw();
}

}  // namespace bart
