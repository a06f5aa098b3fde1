#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace bart {

struct OneDnnLayout;  // onednn.h

/// The layout of the weights of a layer in memory: a value that can be compared, and with which
/// reorder_weights() converts. A layout is one of oneDNN, or it is private to one of our own kernels and has
/// a name.
class WeightsLayout {
 public:
  WeightsLayout() = default;
  WeightsLayout(std::string name, std::size_t bytes) : name_(std::move(name)), bytes_(bytes) {}
  explicit WeightsLayout(OneDnnLayout layout);

  std::size_t bytes() const { return bytes_; }
  /// oneDNN's description. Only for a layout of oneDNN.
  const OneDnnLayout& onednn() const { return *onednn_; }
  bool operator==(const WeightsLayout& other) const;

 private:
  std::string name_;
  std::size_t bytes_ = 0;
  std::shared_ptr<const OneDnnLayout> onednn_;
};

// Layouts of floats. B is the channel block, 8 or 16.

/// [out, in, 3, 3]
WeightsLayout row_major_filters(std::int64_t out, std::int64_t in);
/// [out / B, in / B, 3, 3, B in, B out], from which Winograd's kernels start.
WeightsLayout blocked_filters(std::int64_t out, std::int64_t in, std::int64_t block);
/// [out / B, 3 rows, 3 columns, 3 colours, B]: of the first layer's kernel for pixels.
WeightsLayout pixel_filters(std::int64_t out, std::int64_t block);
/// [out, in]
WeightsLayout row_major_matrix(std::int64_t out, std::int64_t in);
/// Rows [first, first + rows) of a matrix [out, in]. oneDNN throws if they are not contiguous.
WeightsLayout rows_of(const WeightsLayout& matrix, std::int64_t in, std::int64_t first, std::int64_t rows);

/// Copies weights from one of oneDNN's layouts to another, which may hold them in another precision.
void reorder_weights(const WeightsLayout& from_layout, const float* from, const WeightsLayout& to_layout,
                     void* to);

}  // namespace bart
