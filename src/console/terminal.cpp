#include "terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "verbosity.h"

namespace bart {
namespace {

/// Whether it is a terminal that understands escape sequences.
bool is_clever_terminal(int descriptor) {
  const char* term = std::getenv("TERM");
  return ::isatty(descriptor) != 0 && (term == nullptr || std::strcmp(term, "dumb") != 0);
}

}  // namespace

std::size_t terminal_columns(int descriptor) {
  struct winsize size {};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const long width = columns != nullptr ? std::strtol(columns, nullptr, 10) : 0;
  return width > 0 ? static_cast<std::size_t>(width) : 0;
}

bool shows_colours(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  return is_clever_terminal(descriptor) && (no_color == nullptr || *no_color == '\0');
}

bool shows_bars() {
  return is_clever_terminal(STDERR_FILENO) && !verbosity().quiet && !verbosity().silent;
}

void write_to_stderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

std::string bar_cells(double share, std::size_t cells) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
  std::string bar;
  for (std::size_t i = 0; i < cells; ++i) bar += i < full ? "█" : "░";
  return bar;
}

std::string clock_text(double seconds) {
  // Seconds from a file may be any number.
  const auto whole = std::lround(std::clamp(seconds, 0.0, 1e12));
  return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                       : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string styled(std::string_view text, Style style, bool coloured) {
  const char* code = nullptr;
  switch (style) {
    case Style::plain:
      break;
    case Style::bold:
      code = "1";
      break;
    case Style::good:
      code = "32";
      break;
    case Style::warning:
      code = "33";
      break;
    case Style::error:
      code = "1;31";
      break;
    case Style::quiet:
      code = "2";
      break;
  }
  return coloured && code != nullptr ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace bart
