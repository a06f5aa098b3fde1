#include "bart/platform/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>

#include "cgroup.h"

namespace bart {

std::uint64_t machine_memory() {
  auto bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
               static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const std::filesystem::path& folder : cgroup_folders("memory"))
    bytes = std::min(bytes, cgroup_memory(folder));
  return bytes;
}

void return_freed_memory() {
  ::malloc_trim(0);
}

}  // namespace bart
