#include "bart/cluster/launched.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace bart {
namespace {

/// The number in the first of these variables that is set.
std::optional<int> number_of(std::initializer_list<const char*> variables) {
  for (const char* variable : variables) {
    const char* text = std::getenv(variable);
    if (text == nullptr) continue;
    int number = 0;
    const char* end = text + std::strlen(text);
    if (std::from_chars(text, end, number).ec == std::errc()) return number;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Launched> launched() {
  // Open MPI; MPICH, Intel MPI and srun --mpi=pmi2; srun --mpi=pmix.
  const auto rank = number_of({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"});
  if (!rank) return std::nullopt;
  Launched found{.rank = *rank};
  found.size = number_of({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"}).value_or(1);
  found.local_size = number_of({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"}).value_or(1);
  return found;
}

bool is_further_process() {
  const auto found = launched();
  return found && found->rank > 0;
}

std::string process_name() {
  const auto found = launched();
  if (!found || found->size == 1) return {};
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format(" (process {} on {})", found->rank, host.data());
}

}  // namespace bart
