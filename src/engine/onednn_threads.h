#pragma once

#include <omp.h>

#include "team.h"

namespace bart {

/// OpenMP's number of threads for the calling thread, which oneDNN takes when it creates a kernel and when it
/// runs one, and which no other code sets. The caller's own number is back when this value is destroyed.
class OneDnnThreads {
 public:
  explicit OneDnnThreads(const Team& team) : callers_(omp_get_max_threads()) {
    omp_set_num_threads(team.size);
  }
  ~OneDnnThreads() { omp_set_num_threads(callers_); }
  OneDnnThreads(const OneDnnThreads&) = delete;
  OneDnnThreads& operator=(const OneDnnThreads&) = delete;

 private:
  int callers_;
};

}  // namespace bart
