// The evaluation of a model on a data set, by this process alone or by those of a group.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "bart/dataset/content.h"
#include "bart/dataset/files_fingerprint.h"
#include "bart/model/model.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "bart/platform/packed.h"
#include "bart/platform/share_out.h"
#include "class_labels.h"

namespace bart {
namespace {

/// Each process of a group reads so many pictures in a round.
constexpr std::size_t pictures_of_round = 128;

LoadOptions load_options(const Model& model, const EvaluateOptions& options) {
  return {.image_size = model.image_size(),
          .threads = model.threads(),
          .apply_exif_orientation = model.apply_exif_orientation() && options.apply_exif_orientation,
          .strict = options.strict,
          .cache = options.cache};
}

/// The pictures of the listing. Their hashes are those of the pixels that the model's training saw, which
/// turned them as EXIF says even if this evaluation does not: its pictures are recognized in any case.
LoadedPictures load_for(const Model& model, const Listing& listing, const LoadOptions& loading,
                        const OnProgress& reading = {}) {
  LoadedPictures pictures = load_pictures(listing, loading, reading);
  if (loading.apply_exif_orientation == model.apply_exif_orientation()) return pictures;
  LoadOptions as_trained = loading;
  as_trained.apply_exif_orientation = model.apply_exif_orientation();
  LoadedPictures trained = load_pictures(listing, as_trained, reading);
  if (trained.files != pictures.files) throw Error("a picture has changed while it was read");
  pictures.hashes = std::move(trained.hashes);
  return pictures;
}

/// Leaves out copies of pictures that were asked for: of each content the first ones, those of the part that
/// was asked for before others.
void keep_as_often_as_asked(FolderEvaluation& result, const EvaluateOptions& options) {
  const LoadedPictures& pictures = result.pictures;
  const auto of_part = [&](std::uint32_t i) {
    return !pictures.parts.empty() && pictures.parts[i] == options.only_part;
  };
  std::unordered_map<std::uint64_t, std::size_t> left;
  for (const std::uint64_t hash : options.only) ++left[hash];
  std::vector<std::size_t> order(result.evaluated.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_partition(order, [&](std::size_t k) { return of_part(result.evaluated[k]); });
  std::vector<bool> kept(order.size());
  for (const std::size_t k : order) {
    std::size_t& copies = left[pictures.hashes[result.evaluated[k]]];
    kept[k] = copies > 0;
    if (copies > 0) --copies;
  }
  const Predictions all = std::move(result.predictions);
  const std::vector<std::uint32_t> candidates = std::move(result.evaluated);
  result.predictions = {.classes = all.classes, .labels = {}, .logits = {}};
  result.evaluated.clear();
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    if (!kept[k]) continue;
    result.evaluated.push_back(candidates[k]);
    result.predictions.labels.push_back(all.labels[k]);
    const auto row = all.row(k);
    result.predictions.logits.insert(result.predictions.logits.end(), row.begin(), row.end());
  }
}

/// The pictures of `loaded`, whose labels are changed to the model's, and their predictions. A batch may be
/// the only one of a single picture, or one of many: the bits are the same.
FolderEvaluation predictions_for(const Model& model, LoadedPictures loaded,
                                 const std::vector<std::int32_t>& labels, const EvaluateOptions& options) {
  FolderEvaluation result;
  for (std::int32_t& label : loaded.labels) label = labels[static_cast<std::size_t>(label)];
  result.evaluated.resize(loaded.size());
  std::iota(result.evaluated.begin(), result.evaluated.end(), 0u);
  if (!options.only.empty()) {
    const std::vector<bool> wanted = match_by_content(loaded.hashes, options.only);
    std::erase_if(result.evaluated, [&](std::uint32_t i) { return !wanted[i]; });
  }
  result.clipped_gray = clipped_gray(loaded);
  result.predictions = predictions_of(in_company(model.network()), loaded, result.evaluated,
                                      options.batch_size, options.evaluating);
  result.pictures = std::move(loaded);
  return result;
}

// What process 0 needs of the pictures that another process has evaluated.

void add_texts(Packed& all, const std::vector<std::string>& texts) {
  all.add(std::uint64_t{texts.size()});
  for (const std::string& text : texts) all.add_text(text);
}

std::vector<std::uint8_t> packed(const FolderEvaluation& result) {
  const LoadedPictures& pictures = result.pictures;
  Packed all;
  add_texts(all, pictures.files);
  all.add_all(std::span(pictures.labels));
  all.add_all(std::span(pictures.parts));
  all.add_all(std::span(pictures.hashes));
  all.add(std::uint64_t{pictures.sizes.size()});
  for (const auto& [height, width] : pictures.sizes) {
    all.add(height);
    all.add(width);
  }
  all.add(std::uint64_t{pictures.skipped.size()});
  for (const SkippedPicture& skipped : pictures.skipped) {
    all.add_text(skipped.file);
    all.add_text(skipped.reason);
  }
  all.add(std::uint64_t{pictures.converted.size()});
  for (const auto& [file, mode] : pictures.converted) {
    all.add_text(file);
    all.add_text(mode);
  }
  all.add(pictures.bytes_read);
  add_texts(all, result.clipped_gray);
  all.add_all(std::span(result.evaluated));
  all.add_all(std::span(result.predictions.labels));
  all.add_all(std::span(result.predictions.logits));
  return all.take();
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void append_packed(FolderEvaluation& result, std::span<const std::uint8_t> bytes) {
  LoadedPictures& pictures = result.pictures;
  Unpacked all(bytes);
  const auto each = [&](const auto& take) {
    for (auto left = all.next<std::uint64_t>(); left > 0; --left) take();
  };
  const auto before = static_cast<std::uint32_t>(pictures.size());
  each([&] { pictures.files.push_back(all.next_text()); });
  append(pictures.labels, all.next_all<std::int32_t>());
  append(pictures.parts, all.next_all<Part>());
  append(pictures.hashes, all.next_all<std::uint64_t>());
  each([&] {
    const int height = all.next<int>();
    pictures.sizes.emplace(height, all.next<int>());
  });
  each([&] {
    std::string file = all.next_text();
    pictures.skipped.push_back({std::move(file), all.next_text()});
  });
  each([&] {
    std::string file = all.next_text();
    pictures.converted.emplace_back(std::move(file), all.next_text());
  });
  pictures.bytes_read += all.next<std::uint64_t>();
  each([&] { result.clipped_gray.push_back(all.next_text()); });
  for (const std::uint32_t i : all.next_all<std::uint32_t>()) result.evaluated.push_back(before + i);
  append(result.predictions.labels, all.next_all<std::int32_t>());
  append(result.predictions.logits, all.next_all<float>());
}

/// What a group has computed, in process 0; in the others nothing.
FolderEvaluation shared_predictions(const Model& model, const Listing& listing,
                                    const std::vector<std::int32_t>& labels, const EvaluateOptions& options) {
  Group& group = *options.group;
  LoadOptions loading = load_options(model, options);
  check_same(group, model.fingerprint(), "this process has another model than process 0");
  Packed asked;
  asked.add(loading.apply_exif_orientation);
  asked.add_all(std::span(options.only));
  asked.add(fingerprint_of(listing, model.threads()));
  check_same_files(group, hash_of(asked.take()));
  loading.part_of_more = true;
  EvaluateOptions quietly = options;
  quietly.evaluating = {};
  FolderEvaluation result;
  result.pictures.image_size = model.image_size();
  result.pictures.classes = listing.classes;
  result.predictions.classes = model.classes().size();
  share_out(
      group, listing.pictures.size(), pictures_of_round,
      [&](std::size_t first, std::size_t end) {
        const Listing some{.folder = listing.folder,
                           .classes = listing.classes,
                           .pictures = {listing.pictures.begin() + static_cast<std::ptrdiff_t>(first),
                                        listing.pictures.begin() + static_cast<std::ptrdiff_t>(end)}};
        LoadedPictures loaded = load_for(model, some, loading);
        std::vector<std::int32_t> listed = loaded.labels;  // check_skipped() needs the listing's
        FolderEvaluation own = predictions_for(model, std::move(loaded), labels, quietly);
        own.pictures.labels = std::move(listed);
        return packed(own);
      },
      [&](std::size_t, std::size_t end, std::span<const std::uint8_t> bytes) {
        append_packed(result, bytes);
        if (options.evaluating) options.evaluating(end, listing.pictures.size());
      });
  if (!is_first(&group)) return result;
  check_skipped(listing, loading, result.pictures);
  for (std::int32_t& label : result.pictures.labels) label = labels[static_cast<std::size_t>(label)];
  return result;
}

}  // namespace

FolderEvaluation Model::evaluate(const Listing& listing, const EvaluateOptions& options) const {
  const std::vector<std::int32_t> labels = labels_among(classes(), listing);
  FolderEvaluation result;
  if (options.group == nullptr) {
    LoadedPictures pictures = load_for(*this, listing, load_options(*this, options), options.reading);
    result = predictions_for(*this, std::move(pictures), labels, options);
  } else {
    check_labels(listing);
    if (!options.cache.empty()) throw Error("a group of processes evaluates pictures without a cache");
    result = shared_predictions(*this, listing, labels, options);
    if (!is_first(options.group)) return result;
  }
  if (!options.only.empty()) {
    keep_as_often_as_asked(result, options);
    if (result.evaluated.empty()) {
      throw Error(fmt::format(
          "none of the {} of {} is one of the {} {}pictures of the training, by its content",
          counted(result.pictures.size(), "picture", "pictures"), listing.folder.string(),
          options.only.size(),
          options.only_part == Part::none ? std::string() : std::string(name_of(options.only_part)) + " "));
    }
  }
  result.evaluation = bart::evaluate(result.predictions);
  return result;
}

}  // namespace bart
