#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bart/formats/joblib.h"
#include "bart/model/model.h"
#include "bart/model/model_file.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/sample/sample.h"
#include "commands.h"
#include "picture_files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct ExportFlags {
  fs::path model = "BART-10M.pth";
  fs::path labels = "label_encoder.joblib";
  std::string format = "onnx";
  fs::path out;
  bool with_preprocessing = false;
  bool half = false;
  int threads = 0;
};

constexpr std::size_t pictures_checked = 64;
/// How far float32 probabilities may be from those of the model that a file came from.
constexpr float tolerance = 1e-5f;

ModelFormat format_named(const std::string& name, const std::string& where) {
  if (name == "onnx") return ModelFormat::onnx;
  if (name == "safetensors") return ModelFormat::safetensors;
  if (name == "pth") return ModelFormat::pth;
  throw UsageError(fmt::format("{} must be onnx, safetensors or pth, not \"{}\"", where, name));
}

struct Pictures {
  std::string origin;  // for the report
  std::vector<Picture> pictures;
};

/// The first pictures of `folder` that can be read, or drawn ones where there are none.
Pictures pictures_to_check(const fs::path& folder) {
  Pictures found{folder.string(), {}};
  try {
    for (const PictureFile& file : original_test_pictures(folder)) {
      if (found.pictures.size() == pictures_checked) break;
      found.pictures.push_back(decode_picture(read_file(file.path)).picture);
    }
  } catch (const Error&) {
    // No folder, or a file that is no picture: prediction is where that matters.
  }
  if (!found.pictures.empty()) return found;
  found.origin = fmt::format("bart sample (no pictures in {})", folder.string());
  const std::size_t characters = sample_characters().size();
  for (std::size_t i = 0; i < pictures_checked; ++i) {
    found.pictures.push_back(draw_face(static_cast<int>(i % characters), i));
  }
  return found;
}

struct Agreement {
  std::size_t same_class = 0;
  float farthest = 0;  // of two probabilities
};

std::vector<float> probabilities_of(const ModelFile& model, const std::vector<Picture>& pictures,
                                    int threads) {
  return Model(model.state, model.classes, {.threads = threads}).predict_proba(pictures);
}

Agreement compare(const ModelFile& original, const ModelFile& exported, const std::vector<Picture>& pictures,
                  int threads) {
  const std::vector<float> expected = probabilities_of(original, pictures, threads);
  const std::vector<float> found = probabilities_of(exported, pictures, threads);
  Agreement agreement;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const float distance = std::abs(expected[i] - found[i]);
    if (!(distance <= agreement.farthest)) agreement.farthest = distance;  // a NaN stays
  }
  const auto row = static_cast<std::ptrdiff_t>(original.classes.size());
  for (auto a = expected.begin(), b = found.begin(); a != expected.end(); a += row, b += row) {
    if (std::max_element(a, a + row) - a == std::max_element(b, b + row) - b) ++agreement.same_class;
  }
  return agreement;
}

/// Where the class names of a .pth go: beside it, as training puts them. Never over those of another model.
void check_labels_place(const fs::path& labels, const std::vector<std::string>& classes) {
  if (!fs::exists(labels)) return;
  if (decode_label_encoder(read_file(labels)) == classes) return;
  throw Error(fmt::format("{} names other classes than the model: write the .pth into another folder",
                          labels.string()));
}

int export_model(const ExportFlags& flags, const fs::path& out, ModelFormat format) {
  if (flags.threads < 0) throw UsageError(fmt::format("--threads must be at least 1, not {}", flags.threads));
  if (flags.half && format == ModelFormat::pth) {
    throw UsageError("--half is not for .pth, which PyTorch expects in the network's own float32");
  }
  if (flags.with_preprocessing && format != ModelFormat::onnx) {
    throw UsageError("--with-preprocessing is for ONNX: other formats hold no computation");
  }
  std::error_code ignored;
  if (fs::equivalent(flags.model, out, ignored)) {
    throw UsageError(
        fmt::format("{} would replace the model that it is made from: name another file", out.string()));
  }
  const ModelFile model = read_model_file(flags.model, flags.labels);
  const fs::path labels = out.parent_path() / "label_encoder.joblib";
  if (format == ModelFormat::pth) check_labels_place(labels, model.classes);

  // Checked before anything is replaced; then the file is compared with what was checked.
  const std::vector<std::uint8_t> bytes =
      encode_model_file({format, model.state, model.classes},
                        {.half = flags.half, .with_preprocessing = flags.with_preprocessing});
  ModelFile exported = decode_model_file(bytes);
  if (format == ModelFormat::pth) exported.classes = model.classes;
  const Pictures pictures = pictures_to_check(flags.model.parent_path() / "inference_images");
  const Agreement agreement = compare(model, exported, pictures.pictures, flags.threads);
  const std::size_t count = pictures.pictures.size();
  if (!flags.half && !(agreement.farthest <= tolerance && agreement.same_class == count)) {
    throw Error(fmt::format("{} was not written: its probabilities would be up to {:.1e} from those of {}",
                            out.string(), agreement.farthest, flags.model.string()));
  }
  if (exported.classes != model.classes) {
    throw Error(fmt::format("{} was not written: its classes would not be those of {}", out.string(),
                            flags.model.string()));
  }
  if (format == ModelFormat::pth) write_file(labels, encode_label_encoder(model.classes));
  write_file(out, bytes);
  if (read_file(out) != bytes) {
    throw Error(
        fmt::format("{} does not read back as it was written: the disk may be failing", out.string()));
  }

  fmt::print("{}: {:.1f} MB, {} classes{}{}\n", out.string(), static_cast<double>(bytes.size()) / 1e6,
             model.classes.size(), flags.half ? ", float16 weights" : "",
             flags.with_preprocessing ? ", takes pictures of any size" : "");
  fmt::print("Checked against {} on {} pictures of {}: the same class for {}, probabilities within {:.1e}\n",
             flags.model.string(), count, pictures.origin, agreement.same_class, agreement.farthest);
  return 0;
}

/// The file beside the model, with the format's extension.
int export_command(const ExportFlags& flags) {
  const ModelFormat format = format_named(flags.format, "--format");
  fs::path out = flags.out;
  if (out.empty()) out = fs::path(flags.model).replace_extension(flags.format);
  return export_model(flags, out, format);
}

int convert_command(const ExportFlags& flags) {
  std::string extension = flags.out.extension().string();
  if (!extension.empty()) extension.erase(0, 1);
  return export_model(flags, flags.out,
                      format_named(extension, fmt::format("the extension of {}", flags.out.string())));
}

void add_shared_flags(CLI::App& command, ExportFlags& flags) {
  command.add_option("--labels", flags.labels, "The class names of a .pth, .joblib")->capture_default_str();
  command.add_flag("--with-preprocessing", flags.with_preprocessing,
                   "ONNX: take uint8 [height, width, 3] pictures of any size, resized in the graph as Pillow "
                   "does");
  command.add_flag("--half", flags.half, "Weights as float16: half the size, computed in float32");
  command.add_option("--threads", flags.threads, "Threads (default: all that this process may use)");
}

}  // namespace

void add_export_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command =
      program.add_subcommand("export", "Write a trained model for other programs, checked on pictures");
  command->add_option("--model", flags->model, "The trained model: .pth, .safetensors, .onnx")
      ->capture_default_str();
  command->add_option("--format", flags->format, "onnx, safetensors or pth")->capture_default_str();
  command->add_option("--out", flags->out, "File to write (default: beside the model)");
  add_shared_flags(*command, *flags);
  command->footer(
      "Examples:\n"
      "  bart export                                   BART-10M.onnx of BART-10M.pth\n"
      "  bart export --with-preprocessing              one that resizes pictures by itself\n"
      "  bart export --format safetensors --half       float16 weights, half the size\n"
      "  bart predict --model BART-10M.onnx            it needs no label_encoder.joblib");
  command->callback([flags, &run] { run = [flags] { return export_command(*flags); }; });
}

void add_convert_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command =
      program.add_subcommand("convert", "Turn a model file into another format, told by its extension");
  command->add_option("input", flags->model, "The model: .pth, .safetensors, .onnx")->required();
  command->add_option("output", flags->out, "The file to write: .pth, .safetensors, .onnx")->required();
  add_shared_flags(*command, *flags);
  command->footer(
      "Examples:\n"
      "  bart convert BART-10M.pth BART-10M.safetensors\n"
      "  bart convert BART-10M.onnx taken/BART-10M.pth    with label_encoder.joblib beside it");
  command->callback([flags, &run] { run = [flags] { return convert_command(*flags); }; });
}

}  // namespace bart
