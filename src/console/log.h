#pragma once

#include <string>
#include <string_view>

#include "line_writer.h"
#include "progress.h"

namespace bart {

/// Writes lines to stderr in the original's format, "03/12/2025 19:12:56 - Batlogger (Train) - INFO - …",
/// above the progress bar when there is one. --quiet leaves only warnings.
class Log {
 public:
  Log(std::string name, Progress& progress) : name_(std::move(name)), progress_(progress) {}

  /// From now on lines go to `writer`, which must outlive this object, instead of stderr; nullptr: to stderr.
  void write_to(LineWriter* writer) { writer_ = writer; }

  void info(std::string_view message);
  void warning(std::string_view message);
  /// A line that only --verbose shows.
  void detail(std::string_view message);

 private:
  void write(const char* level, std::string_view message);

  std::string name_;
  Progress& progress_;
  LineWriter* writer_ = nullptr;
};

}  // namespace bart
