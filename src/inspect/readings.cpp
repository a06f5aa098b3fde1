#include "readings.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "bart/dataset/content.h"
#include "bart/dataset/files_fingerprint.h"
#include "bart/dataset/near_duplicates.h"
#include "bart/dataset/read_picture_file.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "bart/platform/packed.h"
#include "bart/platform/share_out.h"
#include "bart/platform/threads.h"
#include "light.h"

namespace bart {
namespace {

/// Each process of a group reads so many pictures in a round.
constexpr std::size_t pictures_of_round = 128;

PictureReading read_picture(const std::filesystem::path& folder, const ListedPicture& listed,
                            const DecodeOptions& options) {
  PictureReading reading;
  reading.picture.file = listed.file;
  reading.picture.label = listed.label;
  reading.picture.side = listed.part;
  try {
    const std::vector<std::uint8_t> file = read_picture_file(folder / listed.file);
    DecodedPicture decoded = decode_resized(file, signature_side, signature_side, options);
    reading.picture.width = decoded.width;
    reading.picture.height = decoded.height;
    reading.picture.format = std::move(decoded.format);
    reading.picture.mode = std::move(decoded.mode);
    reading.picture.bytes = file.size();
    reading.picture.bytes_hash = hash_of(file);
    reading.picture.clipped_gray = is_clipped_gray(reading.picture.mode, decoded.picture.pixels);
    const std::vector<float> light = light_of(decoded.picture);
    reading.picture.brightness = brightness_of(light);
    reading.picture.sharpness = sharpness_of(light, signature_side);
    reading.traces = {picture_signature(decoded.picture), hash_of(decoded.picture.pixels)};
  } catch (const Error& error) {
    reading.reason = error.what();
  }
  return reading;
}

/// A reading without what the listing says.
void add(Packed& all, const PictureReading& reading) {
  const InspectedPicture& picture = reading.picture;
  all.add(reading.reason.has_value());
  all.add_text(reading.reason.value_or(""));
  all.add(picture.width);
  all.add(picture.height);
  all.add_text(picture.format);
  all.add_text(picture.mode);
  all.add(picture.bytes);
  all.add(picture.bytes_hash);
  all.add(picture.clipped_gray);
  all.add(picture.brightness);
  all.add(picture.sharpness);
  all.add(reading.traces.signature.hash);
  all.add_all(std::span<const std::uint8_t>(reading.traces.signature.thumbnail));
  all.add(reading.traces.pixels_hash);
}

PictureReading next_reading(Unpacked& all, const ListedPicture& listed) {
  PictureReading reading;
  InspectedPicture& picture = reading.picture;
  picture.file = listed.file;
  picture.label = listed.label;
  picture.side = listed.part;
  const bool failed = all.next<bool>();
  std::string reason = all.next_text();
  if (failed) reading.reason = std::move(reason);
  picture.width = all.next<int>();
  picture.height = all.next<int>();
  picture.format = all.next_text();
  picture.mode = all.next_text();
  picture.bytes = all.next<std::uint64_t>();
  picture.bytes_hash = all.next<std::uint64_t>();
  picture.clipped_gray = all.next<bool>();
  picture.brightness = all.next<double>();
  picture.sharpness = all.next<double>();
  reading.traces.signature.hash = all.next<std::uint64_t>();
  const std::vector<std::uint8_t> thumbnail = all.next_all<std::uint8_t>();
  std::copy_n(thumbnail.begin(), std::min(thumbnail.size(), reading.traces.signature.thumbnail.size()),
              reading.traces.signature.thumbnail.begin());
  reading.traces.pixels_hash = all.next<std::uint64_t>();
  return reading;
}

/// The readings of the pictures from `first` to `end`.
std::vector<PictureReading> read_some(const Listing& listing, std::size_t first, std::size_t end,
                                      const InspectOptions& options, const OnProgress& progress) {
  std::vector<PictureReading> readings(end - first);
  std::mutex progress_mutex;
  std::size_t done = 0;
  parallel_for(readings.size(), options.threads, [&](std::size_t i) {
    readings[i] = read_picture(listing.folder, listing.pictures[first + i],
                               {.apply_exif_orientation = options.apply_exif_orientation});
    if (progress) {
      const std::lock_guard lock(progress_mutex);
      progress(++done, readings.size());
    }
  });
  return readings;
}

}  // namespace

std::vector<PictureReading> read_pictures(const Listing& listing, const InspectOptions& options,
                                          const OnProgress& progress, Group* group) {
  const std::size_t total = listing.pictures.size();
  if (group == nullptr) return read_some(listing, 0, total, options, progress);
  check_same_files(*group,
                   fingerprint_of(listing, options.threads) + (options.apply_exif_orientation ? 1 : 0));
  std::vector<PictureReading> readings;
  share_out(
      *group, total, pictures_of_round,
      [&](std::size_t first, std::size_t end) {
        Packed all;
        for (const PictureReading& reading : read_some(listing, first, end, options, {})) add(all, reading);
        return all.take();
      },
      [&](std::size_t first, std::size_t end, std::span<const std::uint8_t> bytes) {
        Unpacked all(bytes);
        for (std::size_t i = first; i < end; ++i) readings.push_back(next_reading(all, listing.pictures[i]));
        if (progress) progress(end, total);
      });
  return readings;
}

}  // namespace bart
