#include "batch_slices.h"

#include <algorithm>

#include "parameter_chunks.h"

namespace bart {
namespace {

/// rows [count, width] are added in a binary tree; the sum replaces the first row.
template <class Number>
void add_rows(const Team& team, Number* rows, std::int64_t count, std::int64_t width) {
  if (count == 1) return;
  team.each(parameter_chunks(width), [&](std::int64_t chunk) {
    const std::int64_t begin = chunk * parameter_chunk;
    const std::int64_t end = std::min(width, begin + parameter_chunk);
    for (std::int64_t step = 1; step < count; step *= 2) {
      for (std::int64_t row = 0; row + step < count; row += 2 * step) {
        Number* to = rows + row * width;
        const Number* from = rows + (row + step) * width;
        for (std::int64_t i = begin; i < end; ++i) to[i] += from[i];
      }
    }
  });
}

}  // namespace

BatchSlices::BatchSlices(std::int64_t n) : pictures_(n), own_{{0, n}}, pictures_of_{n} {}

BatchSlices::BatchSlices(std::int64_t n, int count, Group* group, Team team)
    : pictures_(n),
      cut_(count > 1),
      processes_(group == nullptr ? 1 : group->size()),
      group_(group),
      team_(team) {
  const std::int64_t per_process = count / processes_;
  const auto begin = [&](std::int64_t slice) { return slice * n / count; };
  for (std::int64_t p = 0; p < processes_; ++p) {
    pictures_of_.push_back(begin((p + 1) * per_process) - begin(p * per_process));
  }
  const std::int64_t first_slice = per_process * (group == nullptr ? 0 : group->rank());
  first_ = begin(first_slice);
  for (std::int64_t s = first_slice; s < first_slice + per_process; ++s) {
    own_.push_back({begin(s) - first_, begin(s + 1) - first_});
  }
  bytes_.resize(pictures_of_.size());
}

template <class Number>
Number* BatchSlices::gathered(const Number* sums, std::int64_t width) const {
  static_assert(sizeof(Number) <= sizeof(double));
  const std::size_t bytes = static_cast<std::size_t>(width) * sizeof(Number);
  const std::size_t needed = (bytes * bytes_.size() + sizeof(double) - 1) / sizeof(double);
  if (room_.size() < needed) room_.resize(needed);
  std::ranges::fill(bytes_, bytes);
  group_->gather(sums, bytes_, room_.data());
  return reinterpret_cast<Number*>(room_.data());
}

template <class Number>
void BatchSlices::add_tree(Number* slices, std::int64_t width) const {
  add_rows(team_, slices, own_count(), width);
  if (!shared()) return;
  Number* all = gathered(slices, width);
  add_rows(team_, all, processes_, width);
  std::copy_n(all, width, slices);
}

void BatchSlices::add(double* slices, std::int64_t width) const {
  add_tree(slices, width);
}

void BatchSlices::add(float* slices, std::int64_t width) const {
  add_tree(slices, width);
}

void BatchSlices::add_processes(std::int64_t* sums, std::int64_t width) const {
  if (!shared()) return;
  std::int64_t* all = gathered(sums, width);
  add_rows(team_, all, processes_, width);
  std::copy_n(all, width, sums);
}

void BatchSlices::gather_rows(const void* own_rows, std::size_t row_bytes, void* all) const {
  for (std::size_t p = 0; p < bytes_.size(); ++p) {
    bytes_[p] = static_cast<std::size_t>(pictures_of_[p]) * row_bytes;
  }
  group_->gather(own_rows, bytes_, all);
}

}  // namespace bart
