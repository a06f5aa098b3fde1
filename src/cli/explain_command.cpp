#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bart/dataset/class_names.h"
#include "bart/dataset/content.h"
#include "bart/model/explain_files.h"
#include "bart/model/picture_files.h"
#include "bart/pictures/encode_png.h"
#include "bart/platform/error.h"
#include "bart/platform/lies_in.h"
#include "bart/platform/printable.h"
#include "commands.h"
#include "listing_text.h"
#include "log.h"
#include "model_flags.h"
#include "output_checks.h"
#include "outputs.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr const char* default_sheet = "explained.png";

struct ExplainFlags : ModelFlags {
  std::vector<std::string> inputs;
  fs::path out = default_sheet;
  std::vector<std::string> classes;
  std::optional<int> top_k;
  int most = 60;
  bool recursive = false;
  bool ignore_exif = false;
};

void check_flags(const ExplainFlags& flags) {
  check_top_k(flags.top_k);
  check_ending({"--out", flags.out}, "PNG", {".png"});
  check_outputs({{"--out", flags.out}});
  if (flags.most < 1) throw UsageError(fmt::format("--most must be at least 1, not {}", flags.most));
  if (flags.top_k && !flags.classes.empty()) {
    throw UsageError("--top-k and --class both say which classes to explain: use only one of them");
  }
}

std::vector<std::int32_t> classes_named(const std::vector<std::string>& names,
                                        const std::vector<std::string>& classes, const fs::path& model) {
  std::vector<std::int32_t> labels;
  for (const std::string& name : names) {
    const std::optional<std::size_t> found = find_class(classes, name);
    if (!found) {
      throw UsageError(
          fmt::format("{} is not a class of {} (bart explain without --class shows the most probable ones)",
                      name, model.string()));
    }
    labels.push_back(static_cast<std::int32_t>(*found));
  }
  return labels;
}

/// At most `most` of them, evenly spaced.
std::vector<PictureFile> some_of(std::vector<PictureFile> files, std::size_t most) {
  if (files.size() <= most) return files;
  std::vector<PictureFile> chosen;
  for (std::size_t i = 0; i < most; ++i) chosen.push_back(files[i * files.size() / most]);
  return chosen;
}

int explain_command(const ExplainFlags& flags) {
  check_flags(flags);
  Progress progress;
  Log log("Batlogger (Explain)", progress);

  const PictureFiles pictures_found = pictures_named(flags.inputs, flags.recursive);
  log_passed_over(log, pictures_found);
  const std::vector<PictureFile>& found = pictures_found.files;
  const FoundModel found_model = find_model(flags.model);
  check_replaces_no_input(std::array{Output{"--out", flags.out}}, inputs_of(found_model, flags, found));
  const std::vector<PictureFile> files = some_of(found, static_cast<std::size_t>(flags.most));
  const Model model(read_named_model(found_model, flags, log), model_options(flags, log));
  const bool single = files.size() == 1;
  const ExplainedFiles explained =
      explain_files(model, files,
                    {.classes = classes_named(flags.classes, model.classes(), flags.model),
                     .top_k = static_cast<std::size_t>(flags.top_k.value_or(single ? 3 : 1)),
                     .side = single ? 320 : 176,
                     .apply_exif_orientation = !flags.ignore_exif});
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string& reason = explained.files[i].reason;
    if (reason.empty()) continue;
    if (single) throw Error(fmt::format("{}: {}", files[i].path.string(), reason));
    log.warning(fmt::format("Skipped {}: {}", files[i].path.string(), reason));
  }
  if (explained.sheet.pixels.empty()) throw Error("none of the files could be read as a picture");
  log_clipped_gray(log, clipped_gray(explained.files, &ExplainedFile::name));

  EarlierOutput earlier = flags.out != default_sheet
                              ? EarlierOutput()
                              : EarlierOutput(flags.out, EarlierOutput::Replaced::as_a_whole);
  write_output(flags.out, encode_png(explained.sheet));
  std::FILE* const told = told_beside(flags.out);
  for (const ExplainedFile& file : explained.files) {
    if (!file.reason.empty()) continue;
    std::string line = printable(file.name) + ":";
    for (const ClassProbability& one : file.classes) {
      line += fmt::format("{} {} ({:.1f} %)", line.ends_with(':') ? "" : ",", printable(one.name),
                          100 * one.probability);
    }
    fmt::print(told, "{}\n", line);
  }
  if (found.size() > files.size()) {
    log.info(fmt::format("Explained {} of {} pictures, evenly spaced (--most)", files.size(), found.size()));
  }
  if (flags.out != "-") log.info(fmt::format("Saved {}", flags.out.string()));
  for (const std::string& input : flags.inputs) {
    if (flags.out == "-" || !fs::is_directory(input) || !lies_in(flags.out, input)) continue;
    log.warning(fmt::format("{} lies in {}: whoever reads the pictures there takes it for one of them",
                            flags.out.string(), input));
    break;
  }
  if (const std::string kept = earlier.keep(); !kept.empty()) log.info(kept);
  return 0;
}

}  // namespace

void add_explain_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* command = program.add_subcommand(
      "explain", "Show which parts of a picture the model takes as evidence for a class (Grad-CAM)");
  command->add_option("pictures", flags->inputs, "Pictures and folders of pictures")->required();
  command->add_option("--out", flags->out, "The PNG to write, or - for stdout")->capture_default_str();
  command->add_option("--top-k", flags->top_k,
                      "Explain the K most probable classes (default 3, or 1 for several pictures)");
  command->add_option("--class", flags->classes, "Explain this class instead; may be repeated");
  command->add_option("--most", flags->most, "Explain up to this many pictures of a folder, evenly spaced")
      ->capture_default_str();
  add_model_flags(*command, *flags);
  add_device_flag(*command, flags->device);
  command->add_flag("--recursive", flags->recursive, "Include the sub-folders of folders");
  command->add_flag("--ignore-exif", flags->ignore_exif,
                    "Take pictures as they are stored, without the rotation that EXIF asks for");
  command->footer(
      "The PNG shows the picture, and then for each class the picture with the evidence for that class: red "
      "parts count\nmost, dimmed parts do not count. Only classes above 1 % are shown. Several pictures make "
      "one contact sheet. The\nmethod is "
      "Grad-CAM (Selvaraju et al. 2017) on the second convolution of the last block, after BatchNorm and "
      "ReLU and before the pooling.\n\n"
      "Examples:\n"
      "  bart explain picture.jpg                       its three most probable classes\n"
      "  bart explain picture.jpg --class homer_simpson the evidence for this class\n"
      "  bart explain inference_images --most 40        a contact sheet");
  command->callback([flags, &run] { run = [flags] { return explain_command(*flags); }; });
}

}  // namespace bart
