#pragma once

#include <optional>
#include <string>

namespace bart {

/// What a launcher of parallel programs (mpirun, srun) has told this process in its environment.
struct Launched {
  int rank = 0, size = 1;  // of all processes
  int local_size = 1;      // the number of them on this computer
};

/// Empty if no launcher has started this process. Reads the variables of Open MPI, of MPICH's Hydra (and
/// other launchers that speak PMI), and of SLURM's srun with --mpi=pmix or pmi2.
std::optional<Launched> launched();

/// Whether a launcher has started this process beside a process 0, which says and writes everything.
bool is_further_process();

/// " (process 2 on node7)" for a sentence, if a launcher has started several processes; else empty.
std::string process_name();

}  // namespace bart
