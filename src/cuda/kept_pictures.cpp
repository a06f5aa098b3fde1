#include "kept_pictures.h"

#include <optional>
#include <utility>

namespace bart::cuda {
namespace {

/// What stays free for batches of other pictures and the driver.
constexpr std::size_t least_free = std::size_t{256} << 20;

}  // namespace

void KeptPictures::ask_for(std::span<const std::uint8_t* const> pictures, std::size_t bytes) {
  Wish wish{{}, bytes};
  for (const std::uint8_t* picture : pictures) {
    if (places_.try_emplace(picture, 0).second) wish.pictures.push_back(picture);
  }
  if (!wish.pictures.empty()) wishes_.push_back(std::move(wish));
}

void KeptPictures::upload(const std::shared_ptr<const Context>& context, std::size_t besides) {
  const std::size_t reserve = least_free + besides;
  for (const Wish& wish : std::exchange(wishes_, {})) {
    const std::size_t size = wish.pictures.size() * wish.bytes;
    if (context->free_memory() < reserve || context->free_memory() - reserve < size) continue;
    std::optional<Memory> memory = Memory::if_there_is_room(context, size);
    if (!memory) continue;
    DeviceMemory place = memory->address();
    for (const std::uint8_t* picture : wish.pictures) {
      context->copy_to_device(place, picture, wish.bytes);
      place += wish.bytes;
    }
    context->synchronize();
    place = memory->address();
    for (const std::uint8_t* picture : wish.pictures) {
      places_[picture] = place;
      place += wish.bytes;
    }
    sets_.push_back(std::move(*memory));
  }
}

DeviceMemory KeptPictures::find(const std::uint8_t* picture) const {
  const auto found = places_.find(picture);
  return found == places_.end() ? 0 : found->second;
}

void KeptPictures::clear() {
  places_.clear();
  sets_.clear();
}

}  // namespace bart::cuda
