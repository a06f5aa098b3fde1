#include "bart/inspect/thumbnail.h"

#include <fmt/format.h>
#include <algorithm>
#include <mutex>

#include "bart/dataset/read_picture_file.h"
#include "bart/html/html.h"
#include "bart/pictures/decode.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

Thumbnail thumbnail_of(const Inspection& inspection, const InspectedPicture& picture, int most_width,
                       int most_height) {
  const double scale = std::min({1.0, static_cast<double>(most_height) / picture.height,
                                 static_cast<double>(most_width) / picture.width});
  Thumbnail thumbnail{std::max(1, static_cast<int>(scale * picture.width + 0.5)),
                      std::max(1, static_cast<int>(scale * picture.height + 0.5)),
                      {}};
  try {
    const DecodedPicture decoded =
        decode_resized(read_picture_file(inspection.folder / picture.file), thumbnail.width, thumbnail.height,
                       {.apply_exif_orientation = inspection.options.apply_exif_orientation});
    thumbnail.jpeg = base64(encode_jpeg(decoded.picture, 80));
  } catch (const Error&) {  // changed since it was inspected
  }
  return thumbnail;
}

}  // namespace

Thumbnails read_thumbnails(const Inspection& inspection, std::vector<std::uint32_t> wanted, int most_width,
                           int most_height, const OnProgress& progress) {
  std::ranges::sort(wanted);
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  if (!wanted.empty() && wanted.back() >= inspection.pictures.size())
    throw Error(fmt::format("there is no picture {} of {}", wanted.back(), inspection.pictures.size()));
  std::vector<Thumbnail> read(wanted.size());
  std::mutex progress_mutex;
  std::size_t done = 0;
  parallel_for(wanted.size(), inspection.options.threads, [&](std::size_t k) {
    read[k] = thumbnail_of(inspection, inspection.pictures[wanted[k]], most_width, most_height);
    if (progress) {
      const std::lock_guard lock(progress_mutex);
      progress(++done, wanted.size());
    }
  });
  Thumbnails thumbnails;
  for (std::size_t k = 0; k < wanted.size(); ++k) thumbnails[wanted[k]] = std::move(read[k]);
  return thumbnails;
}

}  // namespace bart
