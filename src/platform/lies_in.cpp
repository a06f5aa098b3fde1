#include "bart/platform/lies_in.h"

#include <algorithm>
#include <system_error>

namespace bart {

namespace fs = std::filesystem;

bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code unknown;  // if the current folder is gone, nothing lies in it
  // Of a relative path that does not exist, weakly_canonical() makes no absolute one.
  const fs::path inner = fs::weakly_canonical(fs::absolute(path, unknown), unknown);
  const fs::path outer = fs::weakly_canonical(fs::absolute(folder, unknown), unknown);
  if (inner.empty() || outer.empty()) return false;
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

bool is_same_place(const fs::path& one, const fs::path& other) {
  std::error_code gone;
  return fs::equivalent(one, other, gone) ||
         fs::absolute(one, gone).lexically_normal() == fs::absolute(other, gone).lexically_normal();
}

}  // namespace bart
