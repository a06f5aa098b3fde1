#pragma once

#include <vector>

namespace bart {

/// Work that an engine's threads share at one time.
struct SharedWork {
  std::vector<double> piece_seconds;  // in the order in which free threads take the pieces
};

/// While it exists, the calling thread does all work of its engines itself, one piece after the other, and
/// the time of each piece is noted. So a computer with few processors shows how well many would share a step:
/// the pieces are those of the engine's own number of threads, which may be larger than that of the
/// processors.
class WorkLog {
 public:
  WorkLog();
  ~WorkLog();
  WorkLog(const WorkLog&) = delete;
  WorkLog& operator=(const WorkLog&) = delete;

  std::vector<SharedWork> works;  // since it was last emptied
};

}  // namespace bart
