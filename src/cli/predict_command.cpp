#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bart/dataset/content.h"
#include "bart/model/model_agreement.h"
#include "bart/model/predict_files.h"
#include "bart/model/prediction_text.h"
#include "bart/model/sort_pictures.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "commands.h"
#include "listing_text.h"
#include "log.h"
#include "model_flags.h"
#include "output_checks.h"
#include "outputs.h"
#include "prediction_output.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct PredictFlags : ModelFlags {
  std::vector<std::string> inputs;
  std::string out;
  std::string format;  // empty: by the ending of `out`
  std::optional<int> top_k;
  std::vector<fs::path> also;  // further models
  fs::path sort_into;
  bool link = false;
  double min_probability = 0;
  bool recursive = false;
  bool strict = false;
  bool ignore_exif = false;
};

/// A format, its name, and the endings of its files.
struct NamedFormat {
  PredictionFormat format;
  const char* name;
  std::vector<std::string_view> endings;
  const char* default_output;
};

const NamedFormat formats[] = {{PredictionFormat::json, "json", {".json"}, "results.json"},
                               {PredictionFormat::csv, "csv", {".csv"}, "results.csv"},
                               {PredictionFormat::jsonl, "jsonl", {".jsonl", ".ndjson"}, "results.jsonl"},
                               {PredictionFormat::text, "text", {".txt"}, "-"}};

/// How an answer about pictures that were named is printed when nobody says where to.
const NamedFormat on_terminal = {PredictionFormat::table, "table", {}, "-"};

/// The format that --format names, or the one of the ending of --out, or JSON.
/// Pictures that are named without either are answered on stdout.
const NamedFormat& format_of(const PredictFlags& flags) {
  if (!flags.format.empty()) {
    const auto named =
        std::ranges::find_if(formats, [&](const NamedFormat& format) { return flags.format == format.name; });
    if (named == std::end(formats)) {
      throw UsageError(fmt::format("--format must be json, csv, jsonl or text, not {}", flags.format));
    }
    check_ending({"--out", flags.out}, named->name, named->endings);
    return *named;
  }
  if (flags.out.empty() && !flags.inputs.empty())
    return ::isatty(STDOUT_FILENO) != 0 ? on_terminal : formats[3];
  for (const NamedFormat& format : formats) {
    if (std::ranges::find(format.endings, ending_of(flags.out)) != format.endings.end()) return format;
  }
  if (const std::string ending = ending_of(flags.out); !ending.empty()) {
    throw UsageError(fmt::format(
        "--out {}: the format of {} is not known; name a file that ends in .json, .csv, .jsonl or .txt, or "
        "the format with --format",
        flags.out, ending));
  }
  return formats[0];
}

void check_flags(const PredictFlags& flags) {
  check_top_k(flags.top_k);
  if (!(flags.min_probability >= 0 && flags.min_probability <= 1)) {
    throw UsageError(fmt::format("--min-probability must be from 0 to 1, not {}", flags.min_probability));
  }
  if (flags.link && flags.sort_into.empty())
    throw UsageError("--link says how --sort-into sorts: name its folder");
  if (!flags.sort_into.empty()) check_can_write_into({"--sort-into", flags.sort_into});
}

int predict_command(const PredictFlags& flags) {
  check_flags(flags);
  const NamedFormat& format = format_of(flags);
  const fs::path out = !flags.out.empty() ? flags.out : format.default_output;
  check_outputs({{"--out", out}});
  const ModelOptions options = model_options(flags);
  Progress progress;
  Log log("Batlogger (Inference)", progress);
  const PictureFiles found = flags.inputs.empty()
                                 ? original_test_pictures(RunFolder("").test_pictures())
                                 : pictures_named(with_standard_input(flags.inputs), flags.recursive);
  log_passed_over(log, found);
  const std::vector<PictureFile>& files = found.files;
  check_replaces_no_input({"--out", out}, inputs_of(flags, files));
  const Model model = load_model(flags, options, log);
  ModelAgreement others(model, flags.also, options);
  PictureSorter sorter(flags.sort_into, flags.link);
  if (!flags.sort_into.empty()) sorter.check_apart(files, model.classes());

  PredictionOutput output(out, !flags.out.empty(), format.format);
  PredictionWriter writer(format.format, flags.top_k.has_value(),
                          [&](std::string_view piece) { output.add(piece); });
  std::string last_file;
  ClassProbability last;
  std::size_t predicted = 0, clipped = 0;
  std::string first_clipped;
  std::size_t taken = 0;
  const auto take = [&](const FilePrediction& prediction) {
    const std::size_t place = taken++;
    if (prediction.probabilities.empty()) {
      const std::string path = prediction.file.path.string();
      if (flags.strict || files.size() == 1) throw Error(fmt::format("{}: {}", path, prediction.reason));
      log.warning(fmt::format("Skipped {}: {}", path, prediction.reason));
      return;
    }
    const std::vector<float> probabilities = others.mean(place, prediction.probabilities);
    const auto classes =
        sure_ones(ranking(probabilities, model.classes(), static_cast<std::size_t>(flags.top_k.value_or(1))),
                  flags.min_probability);
    writer.add(prediction.file.name, classes);
    if (!flags.sort_into.empty()) sorter.add(prediction.file.path, classes.front().name);
    if (prediction.clipped_gray && ++clipped == 1) first_clipped = prediction.file.name;
    last = classes.front();
    last_file = prediction.file.name;
    ++predicted;
  };
  others.predict(files, {.apply_exif_orientation = !flags.ignore_exif,
                         .progress = [&](std::size_t done, std::size_t total) {
                           progress.show("Predicting with further models", done, total);
                         }});
  predict_files(model, files,
                {.apply_exif_orientation = !flags.ignore_exif,
                 .progress =
                     [&](std::size_t done, std::size_t total) {
                       output.write_out();
                       progress.show("Predicting", done, total);
                     }},
                take);
  progress.clear();
  if (predicted == 0) throw Error("none of the files could be read as a picture");
  writer.finish();
  const std::string earlier = output.finish();
  if (clipped > 0) log.warning(clipped_gray_sentence(clipped, first_clipped));
  if (predicted < files.size()) {
    log.warning(fmt::format("Skipped {} of {} files that could not be read as pictures",
                            files.size() - predicted, files.size()));
  }
  if (!others.none()) log.info(others.sentence(predicted));
  if (!flags.sort_into.empty()) {
    log.info(fmt::format("Sorted {} into {} folders of {}", counted(predicted, "image", "images"),
                         sorter.counts().size(), flags.sort_into.string()));
  }
  if (out == "-") return 0;
  if (predicted == 1) log.info(fmt::format("{}: {} ({:.1f}%)", last_file, last.name, 100 * last.probability));
  log.info(
      fmt::format("Saved predictions for {} to {}", counted(predicted, "image", "images"), out.string()));
  if (!earlier.empty()) log.info(earlier);
  return 0;
}

}  // namespace

void add_predict_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = program.add_subcommand("predict", "Classify pictures with a trained model");
  command->add_option(
      "pictures", flags->inputs,
      "Pictures, folders of pictures, patterns such as 'a*.jpg', or - for standard input: a picture, or "
      "a path per line (default: the .jpg files in inference_images)");
  add_model_flags(*command, *flags);
  command->add_option(
      "--out", flags->out,
      "File to write, or - for stdout (default: stdout for pictures that are named, else results.json; "
      "with --format results.json, results.csv or results.jsonl)");
  command->add_option(
      "--format", flags->format,
      "json, csv, jsonl (one JSON object per line) or text (default: by the ending of --out, else json)");
  command->add_option("--top-k", flags->top_k, "Write the K most probable classes with their probabilities");
  command->add_option("--min-probability", flags->min_probability,
                      "Leave out classes that are less probable; a picture without any is unsure");
  command->add_option("--sort-into", flags->sort_into,
                      "Also copy each picture into a folder of this folder, named after its class");
  command->add_flag("--link", flags->link, "Make symbolic links there instead of copies");
  command
      ->add_option(
          "--also", flags->also,
          "A further model, whose probabilities are averaged with those of --model; may be repeated. The "
          "log says how often the models agree")
      ->allow_extra_args(false);
  add_prediction_precision_flag(*command, *flags);
  add_tta_flag(*command, *flags);
  command->add_flag("--recursive", flags->recursive, "Include the sub-folders of folders");
  command->add_flag("--strict", flags->strict,
                    "Stop at the first file that cannot be read as a picture, instead of skipping it");
  command->add_flag("--ignore-exif", flags->ignore_exif,
                    "Take pictures as they are stored, not turned as EXIF says");
  command->footer(
      "Examples:\n"
      "  bart predict                                  inference_images/ into results.json, as the original "
      "does\n"
      "  bart predict picture.jpg --top-k 3            the three best guesses\n"
      "  bart predict holiday --sort-into sorted --min-probability 0.8\n"
      "  find . -name '*.png' | bart predict -         the pictures of a list\n"
      "  bart predict holiday/ --recursive --out holiday.csv");
  command->callback([flags, &run] { run = [flags] { return predict_command(*flags); }; });
}

}  // namespace bart
