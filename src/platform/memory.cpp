#include "bart/platform/memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "cgroup.h"

namespace bart {

std::uint64_t machine_memory() {
  auto bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
               static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const std::filesystem::path& folder : cgroup_folders("memory")) {
    for (const char* file : {"memory.max", "memory.limit_in_bytes"}) {
      std::uint64_t limit = 0;
      if (std::ifstream(folder / file) >> limit) bytes = std::min(bytes, limit);  // "max" is no number
    }
  }
  return bytes;
}

}  // namespace bart
