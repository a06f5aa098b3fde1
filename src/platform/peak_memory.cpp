#include "bart/platform/peak_memory.h"

#include <sys/resource.h>

#include <fstream>
#include <sstream>
#include <string>

namespace bart {

std::uint64_t peak_memory_bytes() {
  // VmHWM is preferred to getrusage(2), whose figure includes the program that ran before exec().
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("VmHWM:")) continue;
    std::istringstream kilobytes(line.substr(6));
    std::uint64_t peak = 0;
    if (kilobytes >> peak) return peak * 1024;
  }
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

void forget_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << 5;  // proc(5): resets VmHWM to what is resident
}

}  // namespace bart
