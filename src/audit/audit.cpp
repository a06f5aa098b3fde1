#include "bart/audit/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "bart/augment/picture_change.h"
#include "bart/dataset/class_names.h"
#include "bart/dataset/content.h"
#include "bart/dataset/load.h"
#include "bart/engine/softmax.h"
#include "bart/model/model.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/picture_hashes.h"
#include "bart/run/large_batch.h"
#include "bart/run/settle.h"
#include "cross_validation.h"
#include "kinds.h"
#include "read_probabilities.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The place of each file among the inspected pictures.
std::map<std::string, std::uint32_t> places_of(const Inspection& inspection) {
  std::map<std::string, std::uint32_t> places;
  for (std::uint32_t i = 0; i < inspection.pictures.size(); ++i) places[inspection.pictures[i].file] = i;
  return places;
}

std::vector<std::uint32_t> groups_of(const Inspection& inspection) {
  std::vector<std::uint32_t> groups(inspection.pictures.size());
  std::iota(groups.begin(), groups.end(), 0u);
  for (const DuplicateGroup& group : inspection.near_duplicates) {
    for (const std::uint32_t i : group.pictures) groups[i] = group.pictures.front();
  }
  return groups;
}

LoadedPictures load(const Listing& listing, const RunSettings& settings, int image_size, bool ignore_exif,
                    const AuditObserver& observer) {
  return load_pictures(listing,
                       {.image_size = image_size,
                        .threads = settings.threads,
                        .apply_exif_orientation = !ignore_exif,
                        .max_skipped_share = 1,  // unreadable files are findings
                        .cache = settings.cache},
                       observer.reading);
}

void warn(const AuditObserver& observer, const std::string& sentence) {
  if (observer.warning) observer.warning(sentence);
}

/// Keeps the probabilities of the pictures that could be inspected.
void take(Audit& audit, const std::vector<std::string>& files, const std::vector<double>& probabilities) {
  const std::map<std::string, std::uint32_t> places = places_of(audit.inspection);
  const std::size_t classes = audit.inspection.classes.size();
  audit.probabilities.classes = classes;
  for (std::size_t k = 0; k < files.size(); ++k) {
    const auto place = places.find(files[k]);
    if (place == places.end()) continue;
    audit.judged.push_back(place->second);
    audit.probabilities.labels.push_back(audit.inspection.pictures[place->second].label);
    const auto row = probabilities.begin() + static_cast<std::ptrdiff_t>(k * classes);
    audit.probabilities.probabilities.insert(audit.probabilities.probabilities.end(), row,
                                             row + static_cast<std::ptrdiff_t>(classes));
  }
}

void cross_validate(Audit& audit, const Listing& listing, const SettledSettings& settled,
                    const AuditOptions& options, const AuditObserver& observer) {
  const RunSettings& settings = settled.values;
  const int folds = options.folds;
  const LoadedPictures pictures =
      load(listing, settings, settings.image_size, settings.ignore_exif, observer);
  if (pictures.size() < static_cast<std::size_t>(folds)) {
    throw Error(fmt::format("{} cannot be divided into {} folds",
                            counted(pictures.size(), "picture", "pictures"), folds));
  }
  const std::map<std::string, std::uint32_t> places = places_of(audit.inspection);
  const std::vector<std::uint32_t> all = groups_of(audit.inspection);
  std::vector<std::uint32_t> groups;
  for (const std::string& file : pictures.files) {
    const auto place = places.find(file);
    if (place == places.end()) throw Error(fmt::format("{} has changed during the audit", file));
    groups.push_back(all[place->second]);
  }
  std::vector<std::string> few;
  for (const InspectedClass& one : audit.inspection.classes) {
    if (one.pictures < static_cast<std::size_t>(folds)) few.push_back(one.name);
  }
  if (!few.empty()) {
    warn(observer, fmt::format("{} fewer pictures than there are folds, so little can be said about their "
                               "labels: {}",
                               few.size() == 1 ? "A class has" : "Some classes have", some_of(few)));
  }
  const auto parts = audit_folds(pictures.labels, groups, folds, static_cast<std::uint32_t>(settings.seed));
  const auto larger = [&](std::span<const std::uint32_t> indices) {
    return load(listing_of(listing, pictures, indices), settings, larger_side(settings.image_size),
                settings.ignore_exif, observer);
  };
  if (const std::string large =
          large_batch_sentence(settings.batch_size, pictures.size() - parts.front().size());
      !large.empty())
    warn(observer, large);
  take(audit, pictures.files,
       cross_validated_probabilities(pictures, parts, settled, larger, options.kept, observer));
  audit.how = fmt::format("{}-fold cross-validation, {} with pictures of {}x{}", folds,
                          counted(static_cast<std::uint64_t>(settings.epochs), "epoch", "epochs"),
                          settings.image_size, settings.image_size);
}

/// A trained model that can judge a data set, and the pictures that it knows.
struct Judge {
  FoundModel found;
  Model model;
  PictureHashes known;
};

Judge open_judge(const AuditOptions& asked, const std::vector<std::string>& classes,
                 const TrainOptions& options, const AuditObserver& observer) {
  const FoundModel found = find_model(asked.model);
  Model model(named_as(read_model(found, asked.labels, observer.warning), classes),
              {.threads = options.threads, .device = options.device});
  check_training_of(found);
  const std::optional<PictureHashes> known = read_picture_hashes(found.run);
  if (!known) {
    throw Error(
        fmt::format("there is no {}, which tells what {} was trained on, so its probabilities may be "
                    "too good: name the folder of a training",
                    found.run.pictures_csv().string(), found.file.string()));
  }
  if (model.classes() != classes) {
    throw Error(fmt::format("{} has other classes than the data set", found.file.string()));
  }
  return {found, std::move(model), *known};
}

/// The probabilities of a trained model for the pictures that it was not trained on.
void ask_model(Audit& audit, const Listing& listing, const RunSettings& settings, const Judge& judge,
               const AuditObserver& observer) {
  const auto& [found, model, known] = judge;
  const bool ignored_exif = !model.apply_exif_orientation();
  const LoadedPictures pictures =
      load(listing, settings, model.image_size(), settings.ignore_exif || ignored_exif, observer);
  // The training knows its pictures as it read them.
  const std::vector<bool> trained =
      match_by_content(settings.ignore_exif && !ignored_exif
                           ? load(listing, settings, model.image_size(), false, observer).hashes
                           : pictures.hashes,
                       known.train);
  std::vector<std::uint32_t> others;
  std::vector<std::string> files;
  for (std::uint32_t i = 0; i < pictures.size(); ++i) {
    if (trained[i]) continue;
    others.push_back(i);
    files.push_back(pictures.files[i]);
  }
  if (others.empty()) {
    throw Error(
        fmt::format("{} was trained on every picture of the data set: leave the model out, and the "
                    "audit trains its own",
                    found.file.string()));
  }
  const Predictions predictions = predictions_of(model.network(), pictures, others, 32, observer.predicting);
  std::vector<double> probabilities;
  for (std::size_t k = 0; k < predictions.size(); ++k) {
    std::ranges::copy(softmax(predictions.row(k)), std::back_inserter(probabilities));
  }
  take(audit, files, probabilities);
  audit.how = fmt::format("{}, for {} that it was not trained on", found.file.string(),
                          counted(others.size(), "picture", "pictures"));
}

/// Leaves out the rows of which the data set now has another picture of that name. Returns their number.
std::size_t leave_out_other_pictures(ReadProbabilities& read, const Inspection& inspection) {
  if (read.hashes.empty() || read.files.empty()) return 0;
  const std::map<std::string, std::uint32_t> places = places_of(inspection);
  const std::size_t classes = read.probabilities.size() / read.files.size();
  ReadProbabilities same;
  for (std::size_t k = 0; k < read.files.size(); ++k) {
    const auto place = places.find(read.files[k]);
    if (place != places.end() && inspection.pictures[place->second].bytes_hash != read.hashes[k]) continue;
    same.files.push_back(read.files[k]);
    same.labels.push_back(read.labels[k]);
    const auto row = read.probabilities.begin() + static_cast<std::ptrdiff_t>(k * classes);
    same.probabilities.insert(same.probabilities.end(), row, row + static_cast<std::ptrdiff_t>(classes));
  }
  const std::size_t others = read.files.size() - same.files.size();
  read = std::move(same);
  return others;
}

/// Gives the rows the names that the data set has for their files, which may be composed otherwise.
void name_as_listed(ReadProbabilities& read, const Inspection& inspection) {
  std::unordered_map<std::string, std::string> listed;
  for (const InspectedPicture& picture : inspection.pictures)
    listed.emplace(composed(picture.file), picture.file);
  const std::map<std::string, std::uint32_t> places = places_of(inspection);
  for (std::string& file : read.files) {
    if (places.contains(file)) continue;
    if (const auto found = listed.find(composed(file)); found != listed.end()) file = found->second;
  }
}

void take_read_probabilities(Audit& audit, ReadProbabilities read, const fs::path& path,
                             const AuditObserver& observer) {
  name_as_listed(read, audit.inspection);
  const std::size_t others = leave_out_other_pictures(read, audit.inspection);
  take(audit, read.files, read.probabilities);
  if (audit.judged.empty()) {
    throw Error(
        others > 0 ? fmt::format("the pictures of {} are others than those of the same names in {}: name the "
                                 "data set that these probabilities are of, or audit without them",
                                 audit.inspection.source, path.string())
                   : fmt::format("{} names no picture of {}", path.string(), audit.inspection.source));
  }
  if (others > 0) {
    warn(observer, fmt::format("{} of {} {} than those of the same {} in {}: passed over",
                               counted(others, "picture", "pictures"), audit.inspection.source,
                               others == 1 ? "is another" : "are others", others == 1 ? "name" : "names",
                               path.string()));
  }
  if (const std::size_t gone = read.files.size() - audit.judged.size(); gone > 0) {
    warn(observer, fmt::format("{} of {} are not in {}: passed over", counted(gone, "picture", "pictures"),
                               path.string(), audit.inspection.source));
  }
  const std::map<std::string, std::uint32_t> places = places_of(audit.inspection);
  std::size_t other = 0;
  for (std::size_t k = 0; k < read.files.size(); ++k) {
    const auto place = places.find(read.files[k]);
    if (place == places.end()) continue;
    const std::int32_t label = audit.inspection.pictures[place->second].label;
    other +=
        composed(read.labels[k]) != composed(audit.inspection.classes[static_cast<std::size_t>(label)].name);
  }
  if (other > 0) {
    warn(observer,
         fmt::format("{} of the {} pictures have another label in {} than in {}: if they were not corrected "
                     "since, the probabilities are those of other pictures",
                     with_commas(other), with_commas(audit.judged.size()), path.string(),
                     audit.inspection.source));
  }
  audit.how = path.string();
}

void find_label_issues(Audit& audit, IssueRanking ranking) {
  const OutOfSample& data = audit.probabilities;
  std::vector<std::size_t> likely(data.size());
  std::size_t correct = 0;
  for (std::size_t k = 0; k < data.size(); ++k) {
    likely[k] = static_cast<std::size_t>(std::ranges::max_element(data.row(k)) - data.row(k).begin());
    correct += likely[k] == static_cast<std::size_t>(data.labels[k]);
  }
  audit.accuracy = static_cast<double>(correct) / static_cast<double>(data.size());
  const std::vector<double> scores = label_scores(data, ranking);
  for (const std::uint32_t k : label_issues(data, ranking)) {
    audit.label_issues.push_back({.picture = audit.judged[k],
                                  .likely = static_cast<std::int32_t>(likely[k]),
                                  .label_probability = data.row(k)[static_cast<std::size_t>(data.labels[k])],
                                  .likely_probability = data.row(k)[likely[k]],
                                  .score = scores[k]});
  }
}

/// Pictures with a low value, the lowest first.
template <class Value>
std::vector<std::uint32_t> below(const Inspection& inspection, double limit, Value value) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < inspection.pictures.size(); ++i) {
    if (std::invoke(value, inspection.pictures[i]) < limit) found.push_back(i);
  }
  std::ranges::stable_sort(found, {},
                           [&](std::uint32_t i) { return std::invoke(value, inspection.pictures[i]); });
  return found;
}

void find_poor_pictures(Audit& audit, int image_size) {
  const Inspection& inspection = audit.inspection;
  std::vector<double> sharpness;
  for (const InspectedPicture& picture : inspection.pictures) sharpness.push_back(picture.sharpness);
  if (sharpness.empty()) return;
  const auto middle = sharpness.begin() + static_cast<std::ptrdiff_t>(sharpness.size() / 2);
  std::ranges::nth_element(sharpness, middle);
  audit.blurred = below(inspection, *middle / 10, &InspectedPicture::sharpness);
  audit.dark = below(inspection, 0.32, &InspectedPicture::brightness);
  audit.tiny = below(inspection, image_size / 2.0, shorter_side);
}

}  // namespace

Audit audit_pictures(const fs::path& folder, const RunSettings& asked, const AuditOptions& options,
                     const AuditObserver& observer) {
  SettledSettings settled = settle(asked);
  const RunSettings& settings = settled.values;
  if (options.folds < 2)
    throw Error(fmt::format("a cross-validation needs at least 2 folds, not {}", options.folds));
  const bool trains = options.model.empty() && options.probabilities.empty();
  if (trains && settings.epochs < 1) {  // the probabilities of initial weights would find nothing
    throw SettingError(fmt::format("{{epochs}} must be at least 1, not {}", settings.epochs));
  }
  check_cache(settings.cache, {folder});
  const Listing listing = list_data(folder);
  if (observer.listed) observer.listed(listing);
  if (options.probabilities.empty()) {
    check_memory_of_device(settled, architecture_of(settings, listing.classes.size()));
    tell_settled(settled, observer.warning, observer.gpu);
  }
  // Before the pictures are read, which may take long.
  std::optional<ReadProbabilities> read;
  if (!options.probabilities.empty()) read = read_probabilities(options.probabilities, listing.classes);
  std::optional<Judge> judge;
  if (!options.model.empty()) judge = open_judge(options, listing.classes, settled.training, observer);
  Audit audit;
  audit.inspection = inspect_pictures(
      listing, {.threads = settings.threads, .apply_exif_orientation = !settings.ignore_exif, .test_size = 0},
      observer.inspecting);
  if (const auto clipped = clipped_gray(audit.inspection.pictures, &InspectedPicture::file); !clipped.empty())
    warn(observer, clipped_gray_sentence(clipped.size(), clipped.front()));
  if (read) {
    take_read_probabilities(audit, std::move(*read), options.probabilities, observer);
  } else if (judge) {
    ask_model(audit, listing, settings, *judge, observer);
  } else {
    cross_validate(audit, listing, settled, options, observer);
  }
  find_label_issues(audit, options.ranking);
  find_poor_pictures(audit, settings.image_size);
  return audit;
}

}  // namespace bart
