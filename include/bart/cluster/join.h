#pragma once

#include <chrono>
#include <memory>

#include "bart/platform/group.h"

namespace bart {

/// A group of processes that MPI has started.
class JoinedGroup : public Group {
 public:
  /// Waits until all processes leave. A process that ends without leaving ends all others: their launcher, or
  /// their next call, finds out.
  virtual void leave() = 0;
};

/// Joins the processes that a launcher has started with this one. The MPI part is a plugin, bart-mpi.so,
/// which is looked for beside the program (in a build), and in ../lib/<system>/bart and ../lib/bart
/// (installed). A call on the group throws Error when no answer comes within `timeout`. Throws Error when the
/// plugin is missing or does not fit.
std::unique_ptr<JoinedGroup> join_group(std::chrono::seconds timeout);

}  // namespace bart
