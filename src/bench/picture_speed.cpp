#include "bart/bench/picture_speed.h"

#include <vector>

#include "bart/pictures/decode.h"
#include "bart/platform/files.h"
#include "bart/platform/timing.h"
#include "bart/sample/sample.h"
#include "temporary_folder.h"

namespace bart {
namespace {

/// One file at a time is in memory, because a folder of pictures may have many gigabytes.
double decode_seconds_of(const Listing& listing, const LoadOptions& options) {
  double seconds = 0;
  for (const ListedPicture& picture : listing.pictures) {
    const std::vector<std::uint8_t> file = read_file(listing.folder / picture.file);
    try {
      seconds += seconds_of(
          [&] { decode_picture(file, {.apply_exif_orientation = options.apply_exif_orientation}); });
    } catch (const PictureError&) {  // load_pictures() skipped this file, too
    }
  }
  return seconds;
}

}  // namespace

PictureSpeed picture_speed(const Listing& listing, const LoadOptions& options, int rounds,
                           const OnProgress& progress) {
  PictureSpeed speed{};
  speed.decode_seconds = decode_seconds_of(listing, options);
  const std::size_t each = listing.pictures.size();
  std::vector<double> seconds;
  for (int round = 0; round < rounds; ++round) {
    seconds.push_back(seconds_of([&] {
      const LoadedPictures pictures = load_pictures(listing, options, [&](std::size_t done, std::size_t) {
        if (progress)
          progress(static_cast<std::size_t>(round) * each + done, static_cast<std::size_t>(rounds) * each);
      });
      speed.pictures = pictures.size();
      speed.bytes = pictures.bytes_read;
    }));
  }
  speed.seconds = median_of(seconds);
  return speed;
}

PictureSpeed drawn_picture_speed(int pictures, const LoadOptions& options, int rounds,
                                 const OnProgress& progress) {
  const TemporaryFolder folder;
  const std::filesystem::path faces = folder.path() / "faces";
  write_sample(faces, {.per_class = pictures, .threads = options.threads});
  return picture_speed(list_folder(faces), options, rounds, progress);
}

}  // namespace bart
