#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bart/model/model.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/threads.h"
#include "commands.h"
#include "log.h"
#include "picture_files.h"
#include "precision.h"
#include "prediction_text.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct PredictFlags {
  std::vector<std::string> inputs;
  fs::path model = "BART-10M.pth";
  fs::path labels = "label_encoder.joblib";
  std::string out;
  std::string format = "json";
  int top_k = 0;  // 0: the class alone
  int threads = 0;
  std::string precision = "f32";
  bool recursive = false;
  bool strict = false;
  bool ignore_exif = false;
};

/// Pictures decoded and in memory at a time: bounds memory whatever the number of pictures.
constexpr std::size_t chunk_size = 256;

struct Resized {
  std::vector<std::uint8_t> pixels;  // empty: skipped
  std::string reason;
};

Resized read_resized(const fs::path& path, int size, const DecodeOptions& options) {
  try {
    return {decode_resized(read_file(path), size, size, options).picture.pixels, {}};
  } catch (const Error& error) {
    return {{}, error.what()};
  }
}

/// The `count` most probable classes of a row, most probable first, the first of equals before.
std::vector<RankedClass> ranked(std::span<const float> row, const std::vector<std::string>& classes,
                                int count) {
  std::vector<RankedClass> all;
  for (std::size_t c = 0; c < row.size(); ++c) all.push_back({classes[c], row[c]});
  const auto n = std::min<std::size_t>(all.size(), static_cast<std::size_t>(count));
  std::stable_sort(all.begin(), all.end(),
                   [](const RankedClass& a, const RankedClass& b) { return a.probability > b.probability; });
  all.resize(n);
  return all;
}

int predict_command(const PredictFlags& flags) {
  if (flags.top_k < 0) throw UsageError(fmt::format("--top-k must be at least 1, not {}", flags.top_k));
  if (flags.threads < 0) throw UsageError(fmt::format("--threads must be at least 1, not {}", flags.threads));
  const int threads = flags.threads > 0 ? flags.threads : available_threads();
  const Precision precision = precision_named(flags.precision);
  const PredictionFormat format = prediction_format(flags.format);

  Progress progress;
  Log log("Batlogger (Inference)", progress);
  const std::vector<PictureFile> files = flags.inputs.empty()
                                             ? original_test_pictures("inference_images")
                                             : find_picture_files(flags.inputs, flags.recursive);
  Model classifier = Model::load(flags.model, flags.labels, {.threads = threads, .precision = precision});

  std::vector<Prediction> predictions;
  std::size_t skipped = 0;
  for (std::size_t start = 0; start < files.size(); start += chunk_size) {
    const std::size_t n = std::min(chunk_size, files.size() - start);
    std::vector<Resized> resized(n);
    parallel_for(n, threads, [&](std::size_t i) {
      resized[i] = read_resized(files[start + i].path, classifier.image_size(),
                                {.apply_exif_orientation = !flags.ignore_exif});
    });
    std::vector<const std::uint8_t*> pixels;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < n; ++i) {
      const PictureFile& file = files[start + i];
      if (!resized[i].pixels.empty()) {
        pixels.push_back(resized[i].pixels.data());
        names.push_back(file.name);
      } else if (flags.strict || files.size() == 1) {
        throw Error(fmt::format("{}: {}", file.path.string(), resized[i].reason));
      } else {
        ++skipped;
        log.warning(fmt::format("Skipped {}: {}", file.path.string(), resized[i].reason));
      }
    }
    const std::vector<float> probabilities = classifier.predict_proba_resized(pixels);
    const std::size_t classes = classifier.classes().size();
    for (std::size_t i = 0; i < names.size(); ++i) {
      predictions.push_back({names[i], ranked(std::span(probabilities).subspan(i * classes, classes),
                                              classifier.classes(), std::max(flags.top_k, 1))});
    }
    progress.show("Predicting", start + n, files.size());
  }
  progress.clear();
  if (predictions.empty()) throw Error("none of the files could be read as a picture");

  const std::string text = prediction_text(predictions, format, flags.top_k > 0);
  const std::string out = !flags.out.empty() ? flags.out : default_output(format);
  if (skipped > 0) {
    log.warning(
        fmt::format("Skipped {} of {} files that could not be read as pictures", skipped, files.size()));
  }
  if (out == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
  }
  write_file(out, text);
  if (predictions.size() == 1) {
    const RankedClass& best = predictions.front().ranking.front();
    log.info(fmt::format("{}: {} ({:.1f}%)", predictions.front().file, best.name, 100 * best.probability));
  }
  log.info(fmt::format("Saved predictions for {} images to {}", predictions.size(), out));
  return 0;
}

}  // namespace

void add_predict_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = program.add_subcommand("predict", "Classify pictures with a trained model");
  command->add_option("pictures", flags->inputs,
                      "Pictures and folders of pictures (default: the .jpg of inference_images)");
  command->add_option("--model", flags->model, "The trained model: .pth, .safetensors, .onnx")
      ->capture_default_str();
  command->add_option("--labels", flags->labels, "The class names of a .pth, .joblib")->capture_default_str();
  command->add_option("--out", flags->out,
                      "File to write, - for stdout (default results.json, results.csv; text: stdout)");
  command->add_option("--format", flags->format, "json, csv or text")->capture_default_str();
  command->add_option("--top-k", flags->top_k, "Write the K most probable classes with their probabilities");
  command->add_option("--threads", flags->threads, "Threads (default: all that this process may use)");
  add_precision_flag(*command, flags->precision, prediction_precision_help);
  command->add_flag("--recursive", flags->recursive, "Look into the sub-folders of folders too");
  command->add_flag("--strict", flags->strict,
                    "Stop at the first file that is no good picture, instead of skipping it");
  command->add_flag("--ignore-exif", flags->ignore_exif, "Take pictures as stored, not as turned by EXIF");
  command->footer(
      "Examples:\n"
      "  bart predict                                  inference_images/ into results.json, as the original "
      "does\n"
      "  bart predict picture.jpg --top-k 3 --out -    the three best guesses, on stdout\n"
      "  bart predict holiday/ --recursive --format csv --out holiday.csv");
  command->callback([flags, &run] { run = [flags] { return predict_command(*flags); }; });
}

}  // namespace bart
