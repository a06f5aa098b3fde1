#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/platform/group.h"
#include "bart/platform/progress.h"

namespace bart {

struct InspectOptions {
  int threads = 0;  // 0: what the process may use
  bool apply_exif_orientation = true;
  // The random split, used when the data set does not come with its own (Listing). A test size of 0 means
  // training on everything.
  double test_size = 0.2;
  std::uint32_t seed = 10;
};

/// A picture that could be read.
struct InspectedPicture {
  std::string file;  // relative to the folder
  std::int32_t label = 0;
  int width = 0, height = 0;
  std::string format;  // Pillow's name, as in DecodedPicture
  std::string mode;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_hash = 0;  // hash_of() the file
  Part side = Part::train;       // of the split
  bool clipped_gray = false;     // see is_clipped_gray()
  double brightness = 0;         // of its brightest percent of pixels, from 0 to 1
  double sharpness =
      0;  // variance of the Laplacian of its small copy's brightness, which is low when blurred
};

struct InspectedClass {
  std::string name;
  std::size_t pictures = 0;
  std::size_t test = 0;
  std::size_t validation = 0;
  std::size_t unreadable = 0;
  std::size_t near_duplicates = 0;  // pictures in a group of near duplicates
  std::uint64_t bytes = 0;
  std::map<std::string, std::size_t> formats;
  std::map<std::string, std::size_t> modes;
  std::set<std::pair<int, int>> sizes;  // (height, width)
};

/// Two or more pictures that are the same in some sense.
struct DuplicateGroup {
  std::vector<std::uint32_t> pictures;  // indices into Inspection::pictures, ascending
  bool across_classes = false;
  bool across_split = false;  // some are training pictures, some are not
};

struct Inspection {
  std::filesystem::path folder;
  std::string source;  // what was named: the folder, or a CSV
  InspectOptions options;
  std::vector<InspectedClass> classes;
  std::vector<InspectedPicture> pictures;
  std::vector<SkippedPicture> unreadable;
  std::set<std::pair<int, int>> sizes;  // (height, width), as of LoadedPictures
  std::uint64_t bytes = 0;

  // Files with the same bytes; files with different bytes and the same pixels; pictures of the same scene
  // (near_duplicates.h), which includes the other two. Groups across classes come first, then those across
  // the split, then the largest.
  std::vector<DuplicateGroup> same_bytes;
  std::vector<DuplicateGroup> same_pixels;
  std::vector<DuplicateGroup> near_duplicates;

  bool own_split = false;  // that of the data set itself, not that of the options
  std::size_t test_pictures = 0;
  std::size_t validation_pictures = 0;
  // Those with a near duplicate in the training set.
  std::size_t leaking_test_pictures = 0;
  std::size_t leaking_validation_pictures = 0;
};

/// Reads every picture of `listing` once and collects its properties; pictures whose small copies are equal
/// are read at most three times more. Keeps less than a kilobyte per picture. Same bytes and same pixels are
/// compared in full, not by hash alone. `progress(done, total)` is called by one thread at a time. Files that
/// cannot be read are listed in `unreadable`, however many they are. Throws Error when the split of the
/// options is impossible.
///
/// With a group its processes each read some of the pictures. All make the call with the same arguments;
/// process 0 gets the inspection, the others an empty one. Throws as check_same() and share_out() do.
Inspection inspect_pictures(const Listing& listing, const InspectOptions& options,
                            const OnProgress& progress = {}, Group* group = nullptr);

/// The path of a data set with its name at the end, for the tables and pages that show it: without a slash
/// after it ("faces" for "faces/"), and the real path where it ends with "." or ".." and is there.
std::filesystem::path path_with_name(const std::filesystem::path& path);

}  // namespace bart
