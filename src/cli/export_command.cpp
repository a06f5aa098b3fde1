#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bart/formats/joblib.h"
#include "bart/formats/onnx.h"
#include "bart/model/checked_export.h"
#include "bart/model/find_model.h"
#include "bart/model/model_file.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/write_through.h"
#include "commands.h"
#include "log.h"
#include "model_flags.h"
#include "output_checks.h"
#include "outputs.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct ExportFlags : ModelFlags {
  std::string format;  // empty: by the ending of `out`, else ONNX
  fs::path out;
  std::optional<int> opset;
  bool with_preprocessing = false;
  bool half = false;
};

ModelFormat format_named(const std::string& name, const std::string& where) {
  if (name == "onnx") return ModelFormat::onnx;
  if (name == "safetensors") return ModelFormat::safetensors;
  if (name == "pth") return ModelFormat::pth;
  throw UsageError(fmt::format("{} must be onnx, safetensors or pth, not \"{}\"", where, name));
}

int export_model(const ExportFlags& flags, const FoundModel& found, const Output& output,
                 ModelFormat format) {
  const fs::path& out = output.path;
  if (flags.half && format == ModelFormat::pth) {
    throw UsageError(
        "--half does not work for .pth, because PyTorch expects the network's own float32 there");
  }
  if (flags.with_preprocessing && format != ModelFormat::onnx) {
    throw UsageError("--with-preprocessing works only for ONNX: other formats hold no computation");
  }
  if (flags.opset && format != ModelFormat::onnx) throw UsageError("--opset works only for ONNX");
  if (flags.opset && (*flags.opset < oldest_opset || *flags.opset > newest_opset)) {
    throw UsageError(
        fmt::format("--opset must be from {} to {}, not {}", oldest_opset, newest_opset, *flags.opset));
  }
  const bool through = out == "-" || writes_through(out);
  check_replaces_no_input(std::array{output}, paths_of(found, flags.labels));
  check_outputs({output});
  Progress none;
  Log log("Batlogger (Export)", none);
  const ModelFile model = read_named_model(found, flags, log);
  const fs::path labels = RunFolder(out.parent_path()).labels();
  const bool with_labels = format == ModelFormat::pth && !through;
  if (with_labels) check_names_no_others(labels, model.classes);

  // The bytes are checked before anything is replaced; then the file is compared with them.
  const fs::path folder = found.run.test_pictures();
  const ComparedPictures compared = pictures_to_compare(folder);
  CheckedExport exported;
  try {
    exported = export_checked(
        model, format,
        {.half = flags.half, .with_preprocessing = flags.with_preprocessing, .opset = flags.opset},
        compared.pictures, flags.threads);
  } catch (const Error& error) {
    throw Error(fmt::format("{} was not written: {}", out.string(), error.what()));
  }
  const std::vector<std::uint8_t>& bytes = exported.bytes;
  if (with_labels && !fs::exists(labels)) write_file(labels, encode_label_encoder(model.classes));
  EarlierOutput earlier =
      !flags.out.empty() ? EarlierOutput() : EarlierOutput(out, EarlierOutput::Replaced::as_a_whole);
  write_output(out, bytes);
  if (!through && read_file(out) != bytes) {
    throw Error(
        fmt::format("{} does not read back as it was written: the disk may be failing", out.string()));
  }

  std::FILE* const told = told_beside(out);
  fmt::print(told, "{}: {:.1f} MB, {} classes{}{}\n", out == "-" ? "stdout" : out.string(),
             static_cast<double>(bytes.size()) / 1e6, model.classes.size(),
             flags.half ? ", float16 weights" : "",
             flags.with_preprocessing ? ", takes pictures of any size" : "");
  fmt::print(
      told, "Checked against {} on {} of {}: the same class for {}, probabilities within {:.1e}\n",
      found.file.string(), counted(compared.pictures.size(), "picture", "pictures"),
      compared.drawn ? fmt::format("bart sample (no pictures in {})", folder.string()) : folder.string(),
      exported.agreement.same_class, exported.agreement.farthest_probability);
  if (const std::string kept = earlier.keep(); !kept.empty()) fmt::print(told, "{}\n", kept);
  return 0;
}

/// What --out names, or else a file beside the model with the ending of the format.
int export_command(const ExportFlags& flags) {
  const std::string ending = ending_of(flags.out);
  const bool told_by_ending = ending == ".onnx" || ending == ".safetensors" || ending == ".pth";
  std::string name = flags.format;
  if (name.empty()) name = told_by_ending ? ending.substr(1) : "onnx";
  const ModelFormat format = format_named(name, "--format");
  if (flags.format.empty() && !told_by_ending && !ending.empty()) {
    throw UsageError(fmt::format(
        "--out {}: the format of {} is not known; name a file that ends in .onnx, .safetensors or .pth, or "
        "the format with --format",
        flags.out.string(), ending));
  }
  if (!flags.out.empty()) check_ending({"--out", flags.out}, name, {"." + name});
  const FoundModel found = find_model(flags.model);
  // Not beside a checkpoint: bart-run/ holds only what its training writes.
  // A link is in the folder where it lies; a checkpoint, in that of its training's results.
  const fs::path folder = fs::is_symlink(found.file) ? found.file.parent_path() : found.run.results();
  const fs::path beside = folder / found.file.filename().replace_extension(name);
  return export_model(flags, found, {"--out", flags.out.empty() ? beside : flags.out}, format);
}

int convert_command(const ExportFlags& flags) {
  const std::string ending = flags.out == "-" ? ".onnx" : ending_of(flags.out);
  return export_model(flags, find_model(flags.model), {"the output", flags.out},
                      format_named(ending.empty() ? ending : ending.substr(1),
                                   fmt::format("the extension of {}", flags.out.string())));
}

void add_shared_flags(CLI::App& command, ExportFlags& flags) {
  command.add_flag(
      "--with-preprocessing", flags.with_preprocessing,
      "ONNX: the model takes uint8 pictures [height, width, 3] of any size and resizes them as Pillow does");
  command.add_option(
      "--opset", flags.opset,
      fmt::format("ONNX: the version of its operators, {} to {} (default {}, which most programs read)",
                  oldest_opset, newest_opset, oldest_opset));
  command.add_flag("--half", flags.half,
                   "Write the weights as float16: half the size, still computed in float32");
}

}  // namespace

void add_export_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command =
      program.add_subcommand("export", "Write a trained model for other programs, and check it on pictures");
  add_model_flags(*command, *flags);
  command->add_option("--format", flags->format,
                      "onnx, safetensors or pth (default: by the ending of --out, else onnx)");
  command->add_option("--out", flags->out, "File to write, or - for stdout (default: beside the model)");
  add_shared_flags(*command, *flags);
  command->footer(
      "Examples:\n"
      "  bart export                                   BART-10M.onnx of BART-10M.pth\n"
      "  bart export --with-preprocessing              a model that resizes pictures itself\n"
      "  bart export --format safetensors --half       float16 weights, half the size\n"
      "  bart predict --model BART-10M.onnx            it needs no label_encoder.joblib");
  command->callback([flags, &run] { run = [flags] { return export_command(*flags); }; });
}

void add_convert_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command =
      program.add_subcommand("convert", "Convert a model file to the format that the extension names");
  command->add_option("input", flags->model, "The model: .pth, .safetensors, .onnx")->required();
  command
      ->add_option("output", flags->out,
                   "The file to write: .pth, .safetensors, .onnx, or - for ONNX on stdout")
      ->required();
  add_labels_flags(*command, *flags);
  add_shared_flags(*command, *flags);
  command->footer(
      "Examples:\n"
      "  bart convert BART-10M.pth BART-10M.safetensors\n"
      "  bart convert BART-10M.onnx taken/BART-10M.pth    with label_encoder.joblib beside it");
  command->callback([flags, &run] { run = [flags] { return convert_command(*flags); }; });
}

}  // namespace bart
