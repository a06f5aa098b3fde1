#include "arena.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "bart/platform/error.h"
#include "bart/platform/huge_pages.h"

namespace bart {
namespace {

constexpr std::size_t cache_line = 64;

}  // namespace

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

namespace {

std::size_t whole_lines(std::size_t bytes) {
  return (bytes + cache_line - 1) / cache_line * cache_line;
}

}  // namespace

std::size_t ArenaLayout::add(std::string name, std::size_t bytes, int first, int last) {
  buffers_.push_back({std::move(name), bytes, first, last});
  return buffers_.size() - 1;
}

void ArenaLayout::place() {
  std::vector<Buffer*> by_size;
  for (Buffer& buffer : buffers_) by_size.push_back(&buffer);
  std::ranges::stable_sort(by_size, std::ranges::greater(), &Buffer::bytes);
  std::vector<const Buffer*> placed;  // ascending by offset
  for (Buffer* buffer : by_size) {
    std::size_t offset = 0;
    for (const Buffer* other : placed) {
      if (other->last < buffer->first || buffer->last < other->first) continue;
      if (offset + whole_lines(buffer->bytes) <= other->offset) break;
      offset = std::max(offset, other->offset + whole_lines(other->bytes));
    }
    buffer->offset = offset;
    placed.insert(std::ranges::upper_bound(placed, offset, {}, &Buffer::offset), buffer);
    size_ = std::max(size_, offset + whole_lines(buffer->bytes));
  }
}

std::size_t ArenaLayout::size_without_sharing() const {
  std::size_t sum = 0;
  for (const Buffer& buffer : buffers_) sum += whole_lines(buffer.bytes);
  return sum;
}

}  // namespace bart
