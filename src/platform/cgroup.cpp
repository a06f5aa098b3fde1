#include "cgroup.h"

#include <fstream>
#include <string>

namespace bart {

namespace fs = std::filesystem;

std::vector<fs::path> cgroup_folders(std::string_view controller) {
  std::vector<fs::path> folders;
  std::ifstream self("/proc/self/cgroup");
  for (std::string line; std::getline(self, line);) {
    // "0::/path" is v2; "4:cpu,cpuacct:/path" is v1.
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && controllers.find(controller) == std::string::npos) continue;
    const fs::path root = controllers.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + controllers;
    fs::path group = fs::path(line.substr(second + 1)).relative_path();
    while (true) {
      folders.push_back(root / group);
      if (group.empty()) break;
      group = group.parent_path();
    }
  }
  return folders;
}

}  // namespace bart
