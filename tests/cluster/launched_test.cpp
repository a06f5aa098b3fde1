#include "bart/cluster/launched.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

namespace bart {
namespace {

/// What a launcher's variables are understood as.
std::optional<Launched> launched_with(const std::map<std::string, std::string>& variables) {
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  const auto found = launched();
  for (const auto& [name, value] : variables) ::unsetenv(name.c_str());
  return found;
}

TEST(Launched, IsNothingWithoutALauncher) {
  EXPECT_FALSE(launched_with({}));
  // A batch job of SLURM without srun.
  EXPECT_FALSE(launched_with({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}));
}

TEST(Launched, ReadsTheVariablesOfEachLauncher) {
  const auto open_mpi = launched_with({{"OMPI_COMM_WORLD_RANK", "3"},
                                       {"OMPI_COMM_WORLD_SIZE", "8"},
                                       {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
                                       {"PMIX_RANK", "3"}});
  ASSERT_TRUE(open_mpi);
  EXPECT_EQ(open_mpi->rank, 3);
  EXPECT_EQ(open_mpi->size, 8);
  EXPECT_EQ(open_mpi->local_size, 4);
  const auto hydra = launched_with({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"MPI_LOCALNRANKS", "2"}});
  ASSERT_TRUE(hydra);
  EXPECT_EQ(hydra->rank, 1);
  EXPECT_EQ(hydra->size, 2);
  EXPECT_EQ(hydra->local_size, 2);
  const auto srun = launched_with({{"PMIX_RANK", "2"}, {"SLURM_NTASKS", "4"}});
  ASSERT_TRUE(srun);
  EXPECT_EQ(srun->rank, 2);
  EXPECT_EQ(srun->size, 4);
  EXPECT_EQ(srun->local_size, 1);
}

}  // namespace
}  // namespace bart
