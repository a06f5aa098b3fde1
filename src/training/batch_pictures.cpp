#include "batch_pictures.h"

namespace bart {

BatchPictures batch_pictures(const LoadedPictures& pictures, std::span<const std::uint32_t> train,
                             std::span<const std::uint32_t> visits) {
  BatchPictures batch;
  for (const std::uint32_t visit : visits) {
    const std::uint32_t i = train[visit];
    pictures.will_need(i);  // from a disk in one piece, not page by page
    batch.pictures.push_back(pictures.picture(i));
    batch.labels.push_back(pictures.labels[i]);
  }
  return batch;
}

}  // namespace bart
