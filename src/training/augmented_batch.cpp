#include "bart/training/augmented_batch.h"

#include <fmt/format.h>

#include "bart/augment/picture_change.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"

namespace bart {

void AugmentedBatch::make(const LoadedPictures& from, std::span<const std::uint32_t> sources,
                          std::span<const std::uint32_t> names, const Augmentation& augmentation,
                          std::uint32_t seed, int epoch, int side, int threads) {
  if (side < 1 || side > largest_changed_side || names.size() != sources.size())
    throw Error(
        fmt::format("{} pictures of side {} cannot be made of {}", names.size(), side, sources.size()));
  for (const std::uint32_t i : sources) {
    if (i >= from.size()) throw Error(fmt::format("there is no picture {} of {}", i, from.size()));
  }
  const std::size_t bytes = static_cast<std::size_t>(side) * static_cast<std::size_t>(side) * 3;
  pixels_.resize(sources.size() * bytes);
  pictures_.resize(sources.size());
  parallel_for(sources.size(), threads, [&](std::size_t k) {
    const std::uint32_t i = sources[k];
    from.will_need(i);  // so that a disk is read in one piece, not page by page
    const std::span to(pixels_.data() + k * bytes, bytes);
    augment_picture(augmentation, {seed, static_cast<std::uint32_t>(epoch), names[k]},
                    {from.picture(i), from.bytes_each()}, from.image_size, to, side);
    from.done_with(i);
    pictures_[k] = to.data();
  });
}

}  // namespace bart
