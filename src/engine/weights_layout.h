#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace bart {

struct OneDnnLayout;  // onednn.h

/// How the weights of a layer lie in memory: a value to compare and to convert with reorder_weights(). A
/// layout is oneDNN's, which then knows all about it, or one of our own kernels', which has a name.
class WeightsLayout {
 public:
  WeightsLayout() = default;
  WeightsLayout(std::string name, std::size_t bytes) : name_(std::move(name)), bytes_(bytes) {}
  explicit WeightsLayout(OneDnnLayout layout);

  std::size_t bytes() const { return bytes_; }
  const OneDnnLayout& onednn() const { return *onednn_; }
  bool operator==(const WeightsLayout& other) const;

 private:
  std::string name_;
  std::size_t bytes_ = 0;
  std::shared_ptr<const OneDnnLayout> onednn_;
};

}  // namespace bart
