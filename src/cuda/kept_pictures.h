#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "context.h"

namespace bart::cuda {

/// Pictures of which the GPU has a copy, found by where they lie in this computer's memory.
class KeptPictures {
 public:
  /// Of pictures of `bytes` bytes each, which upload() is to copy.
  void ask_for(std::span<const std::uint8_t* const> pictures, std::size_t bytes);
  /// Copies those that were asked for since the last call, as far as there is room for all pictures of an
  /// ask_for() and for `besides` bytes. What a step needs must have been taken before.
  void upload(const std::shared_ptr<const Context>& context, std::size_t besides);
  /// Where the GPU has the picture; 0: nowhere.
  DeviceMemory find(const std::uint8_t* picture) const;
  bool empty() const { return sets_.empty(); }
  /// Gives the memory back, for something that is needed more.
  void clear();

 private:
  struct Wish {
    std::vector<const std::uint8_t*> pictures;
    std::size_t bytes;
  };
  std::vector<Wish> wishes_;
  std::vector<Memory> sets_;
  std::unordered_map<const std::uint8_t*, DeviceMemory> places_;  // 0: asked for, but not there
};

}  // namespace bart::cuda
