#include "bart/record/machine.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace bart {

Machine this_machine() {
  Machine machine;
  std::string flags;
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line) && (machine.cpu.empty() || flags.empty());) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    if (line.starts_with("model name")) machine.cpu = line.substr(colon + 2);
    if (line.starts_with("flags")) flags = line.substr(colon + 2) + " ";
  }
  for (const char* name : {"amx_bf16", "avx512_bf16", "avx512bw", "avx2", "sse4_2"}) {
    if (flags.find(std::string(" ") + name + " ") != std::string::npos) {
      machine.instructions = name;
      break;
    }
  }
  struct utsname system {};
  if (::uname(&system) == 0)
    machine.system = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  machine.memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return machine;
}

}  // namespace bart
