#include "arena.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace bart {
namespace {

constexpr std::size_t cache_line = 64;

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
