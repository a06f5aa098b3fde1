#include "run_data.h"

#include "bart/augment/picture_change.h"
#include "bart/run/split_pictures.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

LoadOptions load_options(const RunSettings& settings, int image_size, const fs::path& scratch, Group* group) {
  return {.image_size = image_size,
          .threads = settings.threads,
          .apply_exif_orientation = !settings.ignore_exif,
          .strict = settings.strict,
          .cache = settings.cache,
          .scratch = scratch,
          .group = group == nullptr ? nullptr : &group->computer()};
}

}  // namespace

Listing list_run_pictures(const fs::path& folder, const RunSettings& settings) {
  Listing listing = list_data(folder);
  if (!settings.test_folder.empty()) {
    add_part(listing, list_data(settings.test_folder, 1), Part::test);
  }
  if (!settings.validation_folder.empty()) {
    add_part(listing, list_data(settings.validation_folder, 1), Part::validation);
  }
  listing.validation_chosen = settings.validation_size > 0;
  return listing;
}

void read_run_pictures(RunData& data, const RunSettings& settings, const fs::path& scratch,
                       const OnProgress& reading, Group* group) {
  data.pictures =
      load_pictures(data.listing, load_options(settings, settings.image_size, scratch, group), reading);
}

void read_larger_pictures(RunData& data, const RunSettings& settings, const fs::path& scratch,
                          const OnProgress& reading, Group* group) {
  data.larger =
      load_pictures(listing_of(data.listing, data.pictures, data.split.train),
                    load_options(settings, larger_side(settings.image_size), scratch, group), reading);
}

}  // namespace bart
