#include "bart/inspect/inspect.h"

#include <fmt/format.h>
#include <algorithm>
#include <system_error>

#include "bart/dataset/split.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"
#include "duplicates.h"
#include "readings.h"

namespace bart {
namespace {

/// Sets the side of every picture: its part, when the data set comes with its own split, or else the side
/// that the random split of a training with these options puts it on.
void split_pictures(Inspection& inspection) {
  const double test_size = inspection.options.test_size;
  if (!(test_size >= 0 && test_size < 1))
    throw Error(
        fmt::format("a test size of {} is not possible: it must be at least 0 and below 1", test_size));
  std::vector<InspectedPicture>& pictures = inspection.pictures;
  const bool tests = std::ranges::find(pictures, Part::test, &InspectedPicture::side) != pictures.end();
  for (InspectedPicture& picture : pictures) {
    if (picture.side == Part::none) picture.side = Part::train;
    if (picture.side == Part::validation && !tests) picture.side = Part::test;  // as split_by_parts()
  }
  if (inspection.own_split || !(inspection.options.test_size > 0) || pictures.size() < 2) return;
  const auto n = static_cast<std::uint32_t>(pictures.size());
  for (const std::uint32_t i :
       train_test_split(n, inspection.options.test_size, inspection.options.seed).test) {
    pictures[i].side = Part::test;
  }
}

void count(Inspection& inspection) {
  for (const InspectedPicture& picture : inspection.pictures) {
    InspectedClass& in = inspection.classes[static_cast<std::size_t>(picture.label)];
    const bool test = picture.side == Part::test, validation = picture.side == Part::validation;
    ++in.pictures;
    in.test += test;
    in.validation += validation;
    in.bytes += picture.bytes;
    ++in.formats[picture.format];
    ++in.modes[picture.mode];
    in.sizes.emplace(picture.height, picture.width);
    inspection.sizes.emplace(picture.height, picture.width);
    inspection.bytes += picture.bytes;
    inspection.test_pictures += test;
    inspection.validation_pictures += validation;
  }
  for (const DuplicateGroup& group : inspection.near_duplicates) {
    for (const std::uint32_t i : group.pictures) {
      const InspectedPicture& picture = inspection.pictures[i];
      ++inspection.classes[static_cast<std::size_t>(picture.label)].near_duplicates;
      if (!group.across_split) continue;
      inspection.leaking_test_pictures += picture.side == Part::test;
      inspection.leaking_validation_pictures += picture.side == Part::validation;
    }
  }
}

}  // namespace

Inspection inspect_pictures(const Listing& listing, const InspectOptions& options, const OnProgress& progress,
                            Group* group) {
  check_labels(listing);
  Inspection inspection;
  inspection.folder = listing.folder;
  inspection.source = source_of(listing);
  inspection.options = options;
  if (options.threads == 0) inspection.options.threads = available_threads();
  std::vector<PictureReading> readings = read_pictures(listing, inspection.options, progress, group);
  if (!is_first(group)) return {};
  for (const std::string& name : listing.classes) inspection.classes.emplace_back().name = name;
  std::vector<PictureTraces> traces;
  for (PictureReading& reading : readings) {
    if (!reading.reason) {
      inspection.pictures.push_back(std::move(reading.picture));
      traces.push_back(reading.traces);
      continue;
    }
    ++inspection.classes[static_cast<std::size_t>(reading.picture.label)].unreadable;
    inspection.unreadable.push_back({std::move(reading.picture.file), std::move(*reading.reason)});
  }
  inspection.own_split = has_parts(listing);
  split_pictures(inspection);
  find_duplicates(inspection, traces);
  count(inspection);
  return inspection;
}

std::filesystem::path path_with_name(const std::filesystem::path& path) {
  std::filesystem::path named = path;
  if (!named.has_filename() && named.has_relative_path()) named = named.parent_path();
  if (named.filename() == "." || named.filename() == "..") {
    std::error_code error;
    std::filesystem::path real = std::filesystem::canonical(named, error);
    if (!error) named = real;
  }
  return named;
}

}  // namespace bart
