#include "bart/model/explain_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "bart/dataset/content.h"
#include "bart/dataset/read_picture_file.h"
#include "bart/engine/softmax.h"
#include "bart/explain/contact_sheet.h"
#include "bart/explain/overlay.h"
#include "bart/pictures/decode.h"
#include "bart/pictures/resize.h"
#include "bart/platform/error.h"
#include "bart/platform/printable.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr double least_probability = 0.01;
constexpr std::size_t most_columns = 8;

struct ReadPicture {
  Picture shown;                     // in the size that it has on the sheet
  std::vector<std::uint8_t> pixels;  // as the input of the network
  std::string reason;                // why it cannot be read
  bool clipped_gray = false;
};

ReadPicture read_picture(const fs::path& path, int image_size, int side, const DecodeOptions& options) {
  try {
    const DecodedPicture decoded = decode_picture(read_picture_file(path), options);
    ReadPicture read{fit_picture(decoded.picture, side),
                     resize_picture(decoded.picture, image_size, image_size).pixels,
                     {}};
    read.clipped_gray = is_clipped_gray(decoded.mode, read.pixels);
    return read;
  } catch (const Error& error) {
    return {{}, {}, error.what()};
  }
}

std::string truth_of(const PictureFile& file, const std::vector<std::string>& classes) {
  std::error_code error;
  const std::string folder = fs::absolute(file.path, error).parent_path().filename().string();
  return std::ranges::find(classes, folder) == classes.end() ? std::string() : folder;
}

std::vector<std::int32_t> probable_classes(std::span<const float> logits, std::size_t most) {
  const std::vector<double> probabilities = softmax(logits);
  std::vector<std::int32_t> classes = likeliest_classes(logits, most);
  while (classes.size() > 1 && probabilities[static_cast<std::size_t>(classes.back())] < least_probability) {
    classes.pop_back();
  }
  return classes;
}

/// A tile on which nothing is to be seen, as large as `picture`.
SheetTile empty_tile(const Picture& picture) {
  Picture dark = picture;
  for (std::size_t i = 0; i < dark.pixels.size(); ++i) dark.pixels[i] = sheet_ground[i % 3];
  return {std::move(dark), {}};
}

/// All tiles in rows that begin with a picture: each picture has as many tiles as the one with most classes.
Picture sheet_of(std::vector<std::vector<SheetTile>>& tiles, int side) {
  std::size_t per_picture = 0;
  for (const auto& row : tiles) per_picture = std::max(per_picture, row.size());
  std::vector<SheetTile> all;
  for (std::vector<SheetTile>& row : tiles) {
    while (row.size() < per_picture && tiles.size() > 1) row.push_back(empty_tile(row.front().picture));
    std::ranges::move(row, std::back_inserter(all));
  }
  return with_heat_scale(
      contact_sheet(all, per_picture * std::max<std::size_t>(1, most_columns / per_picture), side), side);
}

}  // namespace

ExplainedFiles explain_files(const Model& model, std::span<const PictureFile> files,
                             const ExplainFilesOptions& options) {
  if (options.side < 1 || (options.classes.empty() && options.top_k < 1))
    throw Error("an explanation needs at least one class, and pictures of at least one pixel");
  std::vector<ReadPicture> pictures(files.size());
  parallel_for(files.size(), model.threads(), [&](std::size_t i) {
    pictures[i] = read_picture(
        files[i].path, model.image_size(), options.side,
        {.apply_exif_orientation = model.apply_exif_orientation() && options.apply_exif_orientation});
  });
  ExplainedFiles explained{std::vector<ExplainedFile>(files.size()), {}};
  std::vector<std::size_t> readable;
  std::vector<const std::uint8_t*> pixels;
  for (std::size_t i = 0; i < files.size(); ++i) {
    explained.files[i] = {
        files[i].name, truth_of(files[i], model.classes()), {}, pictures[i].reason, pictures[i].clipped_gray};
    if (!pictures[i].reason.empty()) continue;
    readable.push_back(i);
    pixels.push_back(pictures[i].pixels.data());
  }
  if (readable.empty()) return explained;
  const std::vector<Explanation> explanations =
      model.explain(picture_source(pixels), [&](std::size_t, std::span<const float> logits) {
        return options.classes.empty() ? probable_classes(logits, options.top_k) : options.classes;
      });
  std::vector<std::vector<SheetTile>> tiles(readable.size());  // of each picture: itself, then its overlays
  parallel_for(readable.size(), model.threads(), [&](std::size_t r) {
    ExplainedFile& file = explained.files[readable[r]];
    const Picture& shown = pictures[readable[r]].shown;
    const Explanation& explanation = explanations[r];
    const std::vector<double> probabilities = softmax(explanation.logits);
    tiles[r].push_back({shown, {fs::path(printable(file.name)).filename().string()}});
    if (!file.truth.empty()) tiles[r].back().caption.push_back("is " + printable(file.truth));
    for (std::size_t i = 0; i < explanation.classes.size(); ++i) {
      const auto label = static_cast<std::size_t>(explanation.classes[i]);
      file.classes.push_back({model.classes()[label], static_cast<float>(probabilities[label])});
      tiles[r].push_back(
          {overlay(shown, explanation.maps[i]),
           {printable(model.classes()[label]), fmt::format("{:.1f} %", 100 * probabilities[label])}});
    }
  });
  explained.sheet = sheet_of(tiles, options.side);
  return explained;
}

}  // namespace bart
