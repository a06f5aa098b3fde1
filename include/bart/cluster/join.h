#pragma once

#include <chrono>
#include <functional>
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

/// join_group() where a launcher has started several processes, else nullptr. Where `threads` is 0, it
/// becomes the process's share of the processors of its computer.
std::unique_ptr<JoinedGroup> join_launched(std::chrono::seconds timeout, int& threads);

/// Runs a command whose work the processes of a launcher share by share_out(): `command` gets the group, or
/// nullptr for a process that is alone. If it is not `shared`, process 0 runs it alone. Returns the exit
/// code. Of errors in several processes at once one is thrown, in the process that it comes from; the others
/// wait for the launcher to end them. `timeout` is in seconds, `threads` as for join_launched().
int run_shared(bool shared, int timeout, int& threads, const std::function<int(Group*)>& command);

/// The same with the timeout and the threads among the flags of the command.
template <class Flags>
int run_shared(bool shared, Flags& flags, int (*command)(const Flags&, Group*)) {
  return run_shared(shared, flags.timeout, flags.threads,
                    [&](Group* group) { return command(flags, group); });
}

}  // namespace bart
