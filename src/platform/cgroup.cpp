#include "cgroup.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Where a cgroup file system is mounted (mountinfo of proc(5)).
struct Mount {
  fs::path root;  // the cgroup that is seen at `point`: a container may see only its own
  fs::path point;
  bool version_2;
  std::string controllers;  // of version 1, among other options: "rw,cpu,cpuacct"
};

/// A list of controllers, one of which is the wanted one: "cpuset" is not "cpu", and the order differs
/// between systems ("cpu,cpuacct", "cpuacct,cpu").
bool names(std::string_view list, std::string_view controller) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == controller) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

/// mountinfo writes a space as \040.
std::string unescaped(std::string_view text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
        octal(text[i + 3])) {
      result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::vector<Mount> cgroup_mounts(std::string_view text) {
  std::vector<Mount> mounts;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream place(line.substr(0, dash)), system(line.substr(dash + 3));
    std::string id, parent, device, root, point, type, source, options;
    if (!(place >> id >> parent >> device >> root >> point) || !(system >> type >> source >> options))
      continue;
    if (type != "cgroup" && type != "cgroup2") continue;
    mounts.push_back({unescaped(root), unescaped(point), type == "cgroup2", options});
  }
  return mounts;
}

/// The part of `group` below `root`; nothing if it does not lie there.
std::optional<fs::path> below(const fs::path& group, const fs::path& root) {
  const auto [rest, end] = std::mismatch(group.begin(), group.end(), root.begin(), root.end());
  if (end != root.end()) return {};
  fs::path part;
  for (auto name = rest; name != group.end(); ++name) {
    if (*name == "..") return fs::path();  // so a namespace names what lies outside of it
    part /= *name;
  }
  return part;
}

}  // namespace

std::vector<fs::path> cgroup_folders(std::string_view controller, std::string_view groups,
                                     std::string_view mounts) {
  std::vector<fs::path> folders;
  const std::vector<Mount> all_mounts = cgroup_mounts(mounts);
  std::istringstream lines{std::string(groups)};
  for (std::string line; std::getline(lines, line);) {
    // "0::/path" is v2; "4:cpu,cpuacct:/path" is v1.
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool version_2 = controllers.empty();
    if (!version_2 && !names(controllers, controller)) continue;
    const fs::path group = line.substr(second + 1);
    if (!group.is_absolute()) continue;
    for (const Mount& mount : all_mounts) {
      if (mount.version_2 != version_2 || (!version_2 && !names(mount.controllers, controller))) continue;
      // A process that was moved out of the cgroups that its container sees still has their limits.
      fs::path part = below(group, mount.root).value_or(fs::path());
      while (true) {
        folders.push_back(part.empty() ? mount.point : mount.point / part);
        if (part.empty()) break;
        part = part.parent_path();
      }
    }
  }
  return folders;
}

std::vector<fs::path> cgroup_folders(std::string_view controller) {
  const auto text_of = [](const char* path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  };
  return cgroup_folders(controller, text_of("/proc/self/cgroup"), text_of("/proc/self/mountinfo"));
}

double cgroup_quota(const fs::path& folder) {
  double quota = -1;
  double period = 0;
  if (std::ifstream max(folder / "cpu.max"); max) {
    max >> quota >> period;  // "max 100000" leaves quota unset
    if (!max) return INFINITY;
  } else {
    std::ifstream(folder / "cpu.cfs_quota_us") >> quota;
    std::ifstream(folder / "cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : INFINITY;
}

std::uint64_t cgroup_memory(const fs::path& folder) {
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  for (const char* file : {"memory.max", "memory.limit_in_bytes"}) {
    std::uint64_t limit = 0;
    if (std::ifstream(folder / file) >> limit) least = std::min(least, limit);  // fails for "max"
  }
  return least;
}

}  // namespace bart
