#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bart/cluster/join.h"
#include "bart/dataset/find_pictures.h"
#include "bart/model/find_model.h"
#include "bart/model/model_agreement.h"
#include "bart/model/prediction_text.h"
#include "bart/model/sort_pictures.h"
#include "bart/platform/error.h"
#include "bart/platform/lies_in.h"
#include "bart/record/run_folder.h"
#include "commands.h"
#include "listing_text.h"
#include "log.h"
#include "model_flags.h"
#include "output_checks.h"
#include "outputs.h"
#include "prediction_run.h"
#include "progress.h"
#include "timeout_flag.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct PredictFlags : ModelFlags {
  std::vector<std::string> inputs;
  std::string out;
  std::string format;  // empty: by the ending of `out`
  std::optional<int> top_k;
  std::vector<fs::path> also;  // further models
  fs::path watch;
  std::optional<double> every;  // seconds between frames; absent: all
  fs::path sort_into;
  bool link = false;
  double min_probability = 0;
  bool recursive = false;
  bool strict = false;
  bool ignore_exif = false;
  int timeout = 300;
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
  if (flags.out.empty() && (!flags.inputs.empty() || !flags.watch.empty()))
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
  if (flags.every && !(*flags.every > 0 && *flags.every <= 1e6))
    throw UsageError(fmt::format("--every must be a number of seconds above 0, not {}", *flags.every));
  if (!flags.watch.empty() && !flags.inputs.empty())
    throw UsageError("name pictures, or a folder with --watch, but not both");
  if (flags.link && flags.sort_into.empty())
    throw UsageError("--link says how --sort-into sorts: name its folder");
  if (!flags.sort_into.empty()) check_can_write_into({"--sort-into", flags.sort_into});
}

/// Throws UsageError where files that --sort-into makes would be classified and sorted again.
void check_sorts_elsewhere(const PredictFlags& flags) {
  const fs::path &into = flags.sort_into, &watched = flags.watch;
  if (into.empty() || watched.empty()) return;
  if (lies_in(watched, into) && (flags.recursive || !lies_in(into, watched))) {
    throw UsageError(fmt::format("--sort-into {} holds the watched folder {}: name another folder",
                                 into.string(), watched.string()));
  }
}

/// What the user named, or what the original takes.
PictureFiles pictures_of(const PredictFlags& flags) {
  if (!flags.watch.empty()) return {};
  if (flags.inputs.empty()) return original_test_pictures(RunFolder("").test_pictures());
  return pictures_named(with_standard_input(flags.inputs), flags.recursive);
}

std::vector<fs::path> all_inputs(const FoundModel& model, const PredictFlags& flags,
                                 const PictureFiles& found) {
  std::vector<fs::path> inputs = inputs_of(model, flags, found.files);
  for (const fs::path& other : flags.also)
    std::ranges::copy(paths_of(find_model(other)), std::back_inserter(inputs));
  if (std::ranges::find(flags.inputs, "-") != flags.inputs.end()) inputs.emplace_back("-");
  if (!fs::is_directory(flags.watch)) return inputs;
  for (const std::string& file : find_pictures(flags.watch, flags.recursive).files)
    inputs.push_back(flags.watch / file);
  return inputs;
}

int predict_command(const PredictFlags& flags, Group* group) {
  const bool writes = is_first(group);
  if (writes) check_flags(flags);
  check_sorts_elsewhere(flags);
  const NamedFormat& format = format_of(flags);
  if (!flags.watch.empty() && format.format == PredictionFormat::json) {
    throw UsageError(
        "--watch writes rows as they come, and JSON is a single document: use --format jsonl, csv or text");
  }
  const fs::path out = !flags.out.empty() ? flags.out : format.default_output;
  if (writes) check_outputs({{"--out", out}});
  Progress progress;
  Log log("Batlogger (Inference)", progress);
  PictureFiles found = pictures_of(flags);
  log_passed_over(log, found);
  const FoundModel found_model = find_model(flags.model);
  check_replaces_no_input(std::array{Output{"--out", out}}, all_inputs(found_model, flags, found));
  // Not std::ranges::stable_partition(): Clang 14 does not compile what it returns.
  const auto first_video = std::stable_partition(found.files.begin(), found.files.end(),
                                                 [](const PictureFile& file) { return !file.video; });
  const std::span videos(first_video, found.files.end());
  if (videos.empty() && flags.every) throw UsageError("--every is for videos, and none is named");
  if (!videos.empty() && !flags.sort_into.empty()) {
    throw UsageError(fmt::format("--sort-into sorts picture files: {} is a video", videos.front().name));
  }
  const ModelOptions options = model_options(flags, log, group);
  const Model model(read_named_model(found_model, flags, log), options);
  if (!flags.sort_into.empty()) {
    std::vector<PictureFile> sorted = found.files;
    if (!flags.watch.empty()) sorted.push_back({flags.watch / "picture", {}});
    PictureSorter(flags.sort_into, flags.link).check_apart(sorted, model.classes());
  }
  ModelAgreement others(model, flags.model, flags.also, options,
                        [&](const std::string& sentence) { log.warning(sentence); });
  PredictionRun run(model, others,
                    {.out = out,
                     .named_out = !flags.out.empty(),
                     .format = format.format,
                     .top_k = flags.top_k,
                     .min_probability = flags.min_probability,
                     .sort_into = flags.sort_into,
                     .link = flags.link,
                     .strict = flags.strict,
                     .apply_exif_orientation = !flags.ignore_exif},
                    log, progress);
  const bool only = found.files.size() == 1;
  if (!flags.watch.empty()) {
    run.watch(flags.watch, flags.recursive);
    run.finish();
    return 0;
  }
  run.classify({found.files.begin(), first_video}, only, group);
  if (!writes) return 0;
  for (const PictureFile& video : videos) run.classify_frames(video, flags.every.value_or(0), only);
  progress.clear();
  if (run.predicted() == 0) throw Error("none of the files could be read as a picture");
  run.finish();
  return 0;
}

}  // namespace

void add_predict_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = program.add_subcommand("predict", "Classify pictures with a trained model");
  command->add_option(
      "pictures", flags->inputs,
      "Pictures, folders of pictures, patterns such as 'a*.jpg', videos (if ffmpeg is installed), or - for "
      "standard input: a picture, or a path per line (default: the .jpg files in inference_images)");
  add_model_flags(*command, *flags);
  command->add_option("--out", flags->out,
                      "File to write, or - for stdout (default: stdout if pictures are named, else "
                      "results.json; with --format: results.json, results.csv or results.jsonl)");
  command->add_option(
      "--format", flags->format,
      "json, csv, jsonl (one JSON object per line) or text (default: by the ending of --out, else json)");
  command->add_option("--top-k", flags->top_k, "Write the K most probable classes with their probabilities");
  command->add_option("--min-probability", flags->min_probability,
                      "Leave out classes that are less probable; a picture with none left is unsure");
  command->add_option("--watch", flags->watch,
                      "Classify the pictures of this folder, and then each that arrives in it once it is "
                      "written, until Ctrl-C");
  command->add_option("--every", flags->every,
                      "Seconds between the frames that are taken from a video (default: all frames)");
  command->add_option(
      "--sort-into", flags->sort_into,
      "Also copy each picture into the sub-folder of this folder that is named after its class");
  command->add_flag("--link", flags->link, "Make symbolic links there instead of copies");
  command
      ->add_option("--also", flags->also,
                   "Another model, whose probabilities are averaged with those of --model; may be repeated. "
                   "The output says for which pictures the models agree, and the log how often")
      ->allow_extra_args(false);
  add_prediction_flags(*command, *flags);
  command->add_flag("--recursive", flags->recursive, "Include the sub-folders of folders");
  command->add_flag("--strict", flags->strict,
                    "Stop at the first file that cannot be read as a picture, instead of skipping it");
  command->add_flag("--ignore-exif", flags->ignore_exif,
                    "Take pictures as they are stored, without the rotation that EXIF asks for");
  add_timeout_flag(*command, flags->timeout);
  command->footer(
      "Examples:\n"
      "  bart predict                                  inference_images/ into results.json, as the original "
      "does\n"
      "  bart predict picture.jpg --top-k 3            the three best guesses\n"
      "  bart predict holiday --sort-into sorted --min-probability 0.8\n"
      "  bart predict --watch inbox --sort-into sorted     what arrives in inbox/, until Ctrl-C\n"
      "  bart predict clip.mp4 --every 1 --out clip.csv    a frame per second of a video\n"
      "  find . -name '*.png' | bart predict -         the pictures of a list\n"
      "  bart predict holiday/ --recursive --out holiday.csv");
  command->callback([flags, &run] {
    run = [flags] {
      // A launcher hands standard input to process 0 alone.
      const bool shared =
          flags->watch.empty() && std::ranges::find(flags->inputs, "-") == flags->inputs.end();
      return run_shared(shared, *flags, predict_command);
    };
  });
}

}  // namespace bart
