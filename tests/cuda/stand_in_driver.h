#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "driver.h"

namespace bart::cuda {

/// A driver without a GPU. There is one of it, since the driver's functions have no state to be told. They
/// are also symbols, with the names that they have in libcuda.so.1.
struct StandIn {
  // What it pretends to be.
  int version = 13000;
  int devices = 1;
  std::size_t memory = std::size_t{16} << 30;
  std::map<std::string, Status> answers = {};  // of functions that fail each time, by their names in Driver
  int failing_call = -1;                       // the call that fails, counted from 0
  bool any_image = false;                      // loads other code than stand_in_image() as if it were that

  // What it has seen.
  int calls = 0;
  std::map<std::string, int> calls_of = {};
  std::size_t used = 0;  // bytes
  /// Things that exist: allocations of both kinds, contexts, modules, streams, graphs.
  int alive = 0;
};

/// Forgets everything.
void reset_stand_in();
StandIn& stand_in();
const Driver& stand_in_driver();
/// What is to be loaded as the plugin's code.
const void* stand_in_image();

}  // namespace bart::cuda
