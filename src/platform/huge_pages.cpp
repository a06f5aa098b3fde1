#include "bart/platform/huge_pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace bart {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

}  // namespace

void prefer_huge_pages(void* memory, std::size_t bytes) {
  if (bytes < 2 * huge_page) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  // madvise(2) takes whole pages, so only those that lie within the block.
  const std::uintptr_t first = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / page * page;
  if (end > first) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

}  // namespace bart
