#include "bart/model/predict_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "bart/dataset/content.h"
#include "bart/dataset/read_picture_file.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

struct ResizedFile {
  std::vector<std::uint8_t> pixels;  // empty: it could not be read
  std::string reason;
  bool clipped_gray = false;
};

ResizedFile read_resized(const PictureFile& file, int size, const DecodeOptions& options) {
  try {
    std::vector<std::uint8_t> read;
    if (file.bytes.empty()) read = read_picture_file(file.path);
    DecodedPicture decoded = decode_resized(file.bytes.empty() ? read : file.bytes, size, size, options);
    const bool clipped = is_clipped_gray(decoded.mode, decoded.picture.pixels);
    return {std::move(decoded.picture.pixels), {}, clipped};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

}  // namespace

void predict_files(const Model& model, std::span<const PictureFile> files, const PredictFilesOptions& options,
                   const std::function<void(const FilePrediction&)>& take) {
  if (!take) throw Error("predictions need a function that takes them");
  const DecodeOptions decoding{.apply_exif_orientation =
                                   model.apply_exif_orientation() && options.apply_exif_orientation};
  const std::size_t classes = model.classes().size();
  std::vector<ResizedFile> read;
  std::vector<const std::uint8_t*> pixels;
  for (std::size_t start = 0; start < files.size(); start += read.size()) {
    read.assign(std::min(pictures_in_memory, files.size() - start), {});
    parallel_for(read.size(), model.threads(), [&](std::size_t i) {
      read[i] = read_resized(files[start + i], model.image_size(), decoding);
    });
    pixels.clear();
    for (const ResizedFile& file : read) {
      if (!file.pixels.empty()) pixels.push_back(file.pixels.data());
    }
    const std::vector<float> probabilities = model.predict_proba_resized(pixels);
    auto row = probabilities.begin();
    for (std::size_t i = 0; i < read.size(); ++i) {
      const std::size_t answers = read[i].pixels.empty() ? 0 : classes;
      take({files[start + i], {row, answers}, std::move(read[i].reason), read[i].clipped_gray});
      row += static_cast<std::ptrdiff_t>(answers);
    }
    if (options.progress) options.progress(start + read.size(), files.size());
  }
}

}  // namespace bart
