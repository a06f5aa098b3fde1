#include "bart/model/predict_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "bart/dataset/content.h"
#include "bart/dataset/files_fingerprint.h"
#include "bart/dataset/read_picture_file.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/packed.h"
#include "bart/platform/share_out.h"
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

/// The answer about a file.
struct Answer {
  std::vector<float> probabilities;
  std::string reason;
  bool clipped_gray = false;
};

std::vector<Answer> answers_about(const Model& model, std::span<const PictureFile> files,
                                  const PredictFilesOptions& options, bool some_of_more) {
  const DecodeOptions decoding{.apply_exif_orientation =
                                   model.apply_exif_orientation() && options.apply_exif_orientation};
  std::vector<ResizedFile> read(files.size());
  parallel_for(files.size(), model.threads(),
               [&](std::size_t i) { read[i] = read_resized(files[i], model.image_size(), decoding); });
  std::vector<const std::uint8_t*> pixels;
  for (const ResizedFile& file : read) {
    if (!file.pixels.empty()) pixels.push_back(file.pixels.data());
  }
  const std::vector<float> probabilities = model.predict_proba_resized(pixels, some_of_more);
  auto row = probabilities.begin();
  std::vector<Answer> answers;
  for (ResizedFile& file : read) {
    const auto end = row + static_cast<std::ptrdiff_t>(file.pixels.empty() ? 0 : model.classes().size());
    answers.push_back({{row, end}, std::move(file.reason), file.clipped_gray});
    row = end;
  }
  return answers;
}

std::vector<std::uint8_t> packed(const std::vector<Answer>& answers) {
  Packed all;
  for (const Answer& answer : answers) {
    all.add_all(std::span(answer.probabilities));
    all.add_text(answer.reason);
    all.add(answer.clipped_gray);
  }
  return all.take();
}

std::vector<Answer> unpacked(std::span<const std::uint8_t> bytes, std::size_t count) {
  Unpacked all(bytes);
  std::vector<Answer> answers(count);
  for (Answer& answer : answers) {
    answer.probabilities = all.next_all<float>();
    answer.reason = all.next_text();
    answer.clipped_gray = all.next<bool>();
  }
  return answers;
}

void check_same_work(Group& group, const Model& model, std::span<const PictureFile> files) {
  check_same(group, model.fingerprint(), "this process has another model than process 0");
  std::vector<std::filesystem::path> paths;
  for (const PictureFile& file : files) paths.push_back(file.path);
  check_same_files(group, fingerprint_of(paths, model.threads()));
}

}  // namespace

void predict_files(const Model& model, std::span<const PictureFile> files, const PredictFilesOptions& options,
                   const std::function<void(const FilePrediction&)>& take) {
  if (!take) throw Error("predictions need a function that takes them");
  const bool some_of_more = files.size() > 1 || options.some_of_more;
  const auto compute = [&](std::size_t first, std::size_t end) {
    return answers_about(model, files.subspan(first, end - first), options, some_of_more);
  };
  const auto take_all = [&](std::size_t first, std::vector<Answer> answers) {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      Answer& answer = answers[i];
      take({files[first + i], answer.probabilities, std::move(answer.reason), answer.clipped_gray});
    }
    if (options.progress) options.progress(first + answers.size(), files.size());
  };
  if (options.group != nullptr) {
    check_same_work(*options.group, model, files);
    share_out(
        *options.group, files.size(), pictures_in_memory,
        [&](std::size_t first, std::size_t end) { return packed(compute(first, end)); },
        [&](std::size_t first, std::size_t end, std::span<const std::uint8_t> bytes) {
          take_all(first, unpacked(bytes, end - first));
        });
    return;
  }
  for (std::size_t first = 0; first < files.size(); first += pictures_in_memory) {
    take_all(first, compute(first, std::min(files.size(), first + pictures_in_memory)));
  }
}

}  // namespace bart
