#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "background_work.h"
#include "bart/platform/group.h"
#include "team.h"

namespace bart {

/// How a batch is cut into slices, and how sums over its pictures are made: over each slice first, then over
/// the slices in one fixed binary tree. With a fixed number of slices the bits of a sum do not depend on how
/// many processes share the batch, because each process has a whole subtree. With one slice a sum is in the
/// order of the pictures.
class BatchSlices {
 public:
  struct Slice {
    std::int64_t first, end;  // pictures of this process, from 0
    std::int64_t size() const { return end - first; }
  };

  /// All of a batch of n pictures in one slice, in this process.
  explicit BatchSlices(std::int64_t n);
  /// `count` slices are shared out among the processes of `group`, whose number divides `count`; both are
  /// powers of two. nullptr: this process has all of them.
  BatchSlices(std::int64_t n, int count, Group* group, Team team);

  std::int64_t pictures() const { return pictures_; }    // of the whole batch
  std::int64_t first_picture() const { return first_; }  // of this process, in the batch
  std::int64_t own_pictures() const { return own_.back().end; }
  const std::vector<Slice>& own() const { return own_; }
  std::int64_t own_count() const { return static_cast<std::int64_t>(own_.size()); }
  bool cut() const { return cut_; }               // into more than one slice
  bool shared() const { return processes_ > 1; }  // with other processes

  /// The sums over the whole batch from those over slices. `slices`, [own_count(), width], are scratch
  /// afterwards; their first row is the result.
  void add(double* slices, std::int64_t width) const;
  /// The same for this process's slices alone.
  void add_own(float* slices, std::int64_t width) const;
  /// The sums of this process, [width], become those of all processes.
  void add_processes(std::int64_t* sums, std::int64_t width) const;
  /// The same in the background: see wait(). Calls in between may not touch `sums`.
  void begin_add_processes(float* sums, std::int64_t width) const;

  /// The rows of all processes, [pictures(), row_bytes], from those of this one, [own_pictures(), row_bytes].
  void gather_rows(const void* own_rows, std::size_t row_bytes, void* all) const;
  /// The same in the background.
  void begin_gather_rows(const void* own_rows, std::size_t row_bytes, void* all) const;
  /// Returns when what was begun in the background is done. Throws Error if it failed.
  void wait() const;

 private:
  template <class Number>
  void add_all(Number* sums, std::int64_t width) const;
  void add_in_background(float* sums, std::int64_t width) const;
  std::vector<std::size_t> row_lengths(std::size_t row_bytes) const;

  std::int64_t pictures_;
  std::int64_t first_ = 0;
  std::vector<Slice> own_;
  bool cut_ = false;
  int processes_ = 1;
  Group* group_ = nullptr;
  Team team_;
  std::vector<std::int64_t> pictures_of_;           // [processes]
  mutable std::vector<double> room_;                // what other processes have sent
  mutable std::vector<float> pieces_, own_pieces_;  // the same in the background
  std::shared_ptr<BackgroundWork> background_;      // where other processes have a part
};

}  // namespace bart
