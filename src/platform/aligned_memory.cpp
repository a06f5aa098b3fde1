#include "bart/platform/aligned_memory.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include "bart/platform/error.h"
#include "bart/platform/huge_pages.h"

namespace bart {

AlignedMemory::AlignedMemory(std::size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw Error(
        fmt::format("the network needs {} MB of memory, more than there is: choose a smaller batch or "
                    "image size",
                    bytes / 1'000'000));
  }
  prefer_huge_pages(memory, bytes);
  memory_ = std::unique_ptr<std::uint8_t, Unmap>(static_cast<std::uint8_t*>(memory), Unmap{bytes});
}

void AlignedMemory::release() const {
  if (size_ > 0) ::madvise(memory_.get(), size_, MADV_DONTNEED);
}

void AlignedMemory::Unmap::operator()(std::uint8_t* memory) const {
  ::munmap(memory, bytes);
}

}  // namespace bart
