#include "batch_slices.h"

#include <algorithm>

#include "bart/engine/engine.h"
#include "bart/platform/error.h"
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

std::int64_t slice_begin(std::int64_t n, std::int64_t count, std::int64_t slice) {
  return slice * n / count;
}

}  // namespace

OwnPictures own_pictures(std::int64_t n, int slices, const Group* group) {
  if (n < 0 || slices < 1) throw Error("a batch of 0 or more pictures is cut into at least one slice");
  const std::int64_t processes = group == nullptr ? 1 : group->size();
  const std::int64_t rank = group == nullptr ? 0 : group->rank();
  const std::int64_t per_process = slices / processes;
  return {slice_begin(n, slices, rank * per_process), slice_begin(n, slices, (rank + 1) * per_process)};
}

BatchSlices::BatchSlices(std::int64_t n) : pictures_(n), own_{{0, n}}, pictures_of_{n} {}

BatchSlices::BatchSlices(std::int64_t n, int count, Group* group, Team team)
    : pictures_(n),
      cut_(count > 1),
      processes_(group == nullptr ? 1 : group->size()),
      group_(group),
      team_(team) {
  const std::int64_t per_process = count / processes_;
  const auto begin = [&](std::int64_t slice) { return slice_begin(n, count, slice); };
  for (std::int64_t p = 0; p < processes_; ++p) {
    pictures_of_.push_back(begin((p + 1) * per_process) - begin(p * per_process));
  }
  const std::int64_t first_slice = per_process * (group == nullptr ? 0 : group->rank());
  first_ = begin(first_slice);
  for (std::int64_t s = first_slice; s < first_slice + per_process; ++s) {
    own_.push_back({begin(s) - first_, begin(s + 1) - first_});
  }
  if (shared()) background_ = std::make_shared<BackgroundWork>();
}

template <class Number>
void BatchSlices::add_all(Number* sums, std::int64_t width) const {
  static_assert(sizeof(Number) == sizeof(double));
  if (!shared()) return;
  room_.resize(std::max(room_.size(), static_cast<std::size_t>(processes_ * width)));
  auto* all = reinterpret_cast<Number*>(room_.data());
  const std::vector<std::size_t> bytes(pictures_of_.size(), static_cast<std::size_t>(width) * sizeof(Number));
  group_->gather(sums, bytes, all);
  add_rows(team_, all, processes_, width);
  std::copy_n(all, width, sums);
}

void BatchSlices::add(double* slices, std::int64_t width) const {
  add_rows(team_, slices, own_count(), width);
  add_all(slices, width);
}

void BatchSlices::add_own(float* slices, std::int64_t width) const {
  add_rows(team_, slices, own_count(), width);
}

void BatchSlices::add_processes(std::int64_t* sums, std::int64_t width) const {
  add_all(sums, width);
}

/// Each process adds up one piece of the sums of all, and then all pieces are gathered, so that each number
/// is sent twice and not once per other process.
void BatchSlices::add_in_background(float* sums, std::int64_t width) const {
  Group& group = group_->background();
  const std::int64_t piece = (width + processes_ - 1) / processes_;
  const std::size_t bytes = static_cast<std::size_t>(piece) * sizeof(float);
  const auto padded = static_cast<std::size_t>(piece * processes_);
  if (own_pieces_.size() < padded) own_pieces_.resize(padded);
  if (pieces_.size() < padded) pieces_.resize(padded);
  std::copy_n(sums, width, own_pieces_.data());
  group.exchange(own_pieces_.data(), bytes, pieces_.data());
  add_rows({.size = 1}, pieces_.data(), processes_, piece);
  group.gather(pieces_.data(), std::vector(pictures_of_.size(), bytes), own_pieces_.data());
  std::copy_n(own_pieces_.data(), width, sums);
}

void BatchSlices::begin_add_processes(float* sums, std::int64_t width) const {
  if (shared()) background_->begin([=, this] { add_in_background(sums, width); });
}

std::vector<std::size_t> BatchSlices::row_lengths(std::size_t row_bytes) const {
  std::vector<std::size_t> bytes;
  for (const std::int64_t pictures : pictures_of_)
    bytes.push_back(static_cast<std::size_t>(pictures) * row_bytes);
  return bytes;
}

void BatchSlices::gather_rows(const void* own_rows, std::size_t row_bytes, void* all) const {
  group_->gather(own_rows, row_lengths(row_bytes), all);
}

void BatchSlices::begin_gather_rows(const void* own_rows, std::size_t row_bytes, void* all) const {
  background_->begin([=, this] { group_->background().gather(own_rows, row_lengths(row_bytes), all); });
}

void BatchSlices::wait() const {
  if (background_) background_->wait();
}

}  // namespace bart
