#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "bart/engine/softmax.h"
#include "bart/explain/contact_sheet.h"
#include "bart/explain/grad_cam.h"
#include "bart/explain/overlay.h"
#include "bart/model/model_file.h"
#include "bart/pictures/decode.h"
#include "bart/pictures/encode_png.h"
#include "bart/pictures/resize.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/printable.h"
#include "bart/platform/threads.h"
#include "commands.h"
#include "log.h"
#include "picture_files.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct ExplainFlags {
  std::vector<std::string> inputs;
  fs::path model = "BART-10M.pth";
  fs::path labels = "label_encoder.joblib";
  fs::path out = "explained.png";
  std::vector<std::string> classes;
  int top_k = 0;  // 0: not given
  int most = 60;
  int threads = 0;
  bool recursive = false;
  bool ignore_exif = false;
};

void check_flags(const ExplainFlags& flags) {
  if (flags.top_k < 0) throw UsageError(fmt::format("--top-k must be at least 1, not {}", flags.top_k));
  if (flags.most < 1) throw UsageError(fmt::format("--most must be at least 1, not {}", flags.most));
  if (flags.threads < 0) throw UsageError(fmt::format("--threads must be at least 1, not {}", flags.threads));
  if (flags.top_k > 0 && !flags.classes.empty()) {
    throw UsageError("--top-k and --class both say which classes to explain: name one of them");
  }
}

std::vector<std::size_t> classes_named(const std::vector<std::string>& names,
                                       const std::vector<std::string>& classes, const fs::path& model) {
  std::vector<std::size_t> indices;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(classes, name);
    if (found == classes.end()) {
      throw UsageError(fmt::format("{} is no class of {} (bart explain without --class names the likeliest)",
                                   name, model.string()));
    }
    indices.push_back(static_cast<std::size_t>(found - classes.begin()));
  }
  return indices;
}

/// The likeliest classes, the first of equals before.
std::vector<std::size_t> likeliest(std::span<const float> logits, std::size_t count) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  order.resize(std::min(count, order.size()));
  return order;
}

/// `most` of them, evenly spaced.
std::vector<PictureFile> some_of(std::vector<PictureFile> files, std::size_t most) {
  if (files.size() <= most) return files;
  std::vector<PictureFile> chosen;
  for (std::size_t i = 0; i < most; ++i) chosen.push_back(files[i * files.size() / most]);
  return chosen;
}

struct ReadPicture {
  Picture shown;                     // as large as it can stand on the sheet
  std::vector<std::uint8_t> pixels;  // as the network takes it
  std::string reason;                // why it cannot be read
};

ReadPicture read_picture(const fs::path& path, int image_size, int side, const DecodeOptions& options) {
  try {
    const Picture picture = decode_picture(read_file(path), options).picture;
    return {fit_picture(picture, side), resize_picture(picture, image_size, image_size).pixels, {}};
  } catch (const Error& error) {
    return {{}, {}, error.what()};
  }
}

int explain_command(const ExplainFlags& flags) {
  check_flags(flags);
  const int threads = flags.threads > 0 ? flags.threads : available_threads();
  Progress progress;
  Log log("Batlogger (Explain)", progress);

  const std::vector<PictureFile> found = find_picture_files(flags.inputs, flags.recursive);
  const std::vector<PictureFile> files = some_of(found, static_cast<std::size_t>(flags.most));
  const ModelFile model = read_model_file(flags.model, flags.labels);
  const Architecture architecture = architecture_of(model.state);
  const std::vector<std::size_t> named = classes_named(flags.classes, model.classes, flags.model);
  const bool single = files.size() == 1;
  const auto top_k = static_cast<std::size_t>(flags.top_k > 0 ? flags.top_k : single ? 3 : 1);
  const int side = single ? 320 : 176;

  std::vector<ReadPicture> pictures(files.size());
  parallel_for(files.size(), threads, [&](std::size_t i) {
    pictures[i] = read_picture(files[i].path, architecture.image_size, side,
                               {.apply_exif_orientation = !flags.ignore_exif});
  });
  std::vector<std::size_t> readable;
  std::vector<const std::uint8_t*> pixels;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (pictures[i].reason.empty()) {
      readable.push_back(i);
      pixels.push_back(pictures[i].pixels.data());
    } else if (single) {
      throw Error(fmt::format("{}: {}", files[i].path.string(), pictures[i].reason));
    } else {
      log.warning(fmt::format("Skipped {}: {}", files[i].path.string(), pictures[i].reason));
    }
  }
  if (readable.empty()) throw Error("none of the files could be read as a picture");

  Engine engine(architecture, {.threads = threads});
  engine.load(model.state);
  const std::vector<Activations> activations = activations_of(engine, pixels);
  const GradCam grad_cam(architecture, model.state);
  std::vector<std::vector<SheetTile>> tiles(readable.size());  // of each picture: itself, then its overlays
  std::vector<std::string> lines(readable.size());
  parallel_for(readable.size(), threads, [&](std::size_t r) {
    const Picture& shown = pictures[readable[r]].shown;
    const std::string name = printable(files[readable[r]].name);
    const std::vector<std::size_t> classes = named.empty() ? likeliest(activations[r].logits, top_k) : named;
    const std::vector<double> probabilities = softmax(activations[r].logits);
    const std::vector<ClassActivationMap> maps = grad_cam(activations[r], classes);
    tiles[r].push_back({shown, {fs::path(name).filename().string()}});
    lines[r] = name + ":";
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const std::string class_name = printable(model.classes[classes[i]]);
      const std::string percent = fmt::format("{:.1f} %", 100 * probabilities[classes[i]]);
      tiles[r].push_back({overlay(shown, maps[i]), {class_name, percent}});
      lines[r] += fmt::format("{} {} ({})", i > 0 ? "," : "", class_name, percent);
    }
  });

  const std::size_t per_picture = tiles.front().size();
  std::vector<SheetTile> all;
  for (std::vector<SheetTile>& its : tiles) std::ranges::move(its, std::back_inserter(all));
  const std::size_t columns = per_picture * std::max<std::size_t>(1, 8 / per_picture);
  write_file(flags.out, encode_png(contact_sheet(all, columns, side)));
  for (const std::string& line : lines) fmt::print("{}\n", line);
  if (found.size() > files.size()) {
    log.info(fmt::format("Explained {} of {} pictures, evenly spaced (--most)", files.size(), found.size()));
  }
  log.info(fmt::format("Saved {}", flags.out.string()));
  return 0;
}

}  // namespace

void add_explain_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* command =
      program.add_subcommand("explain", "Show where in a picture the network found its classes (Grad-CAM)");
  command->add_option("pictures", flags->inputs, "Pictures and folders of pictures")->required();
  command->add_option("--out", flags->out, "The PNG to write")->capture_default_str();
  command->add_option("--top-k", flags->top_k,
                      "Explain the K likeliest classes (default 3; of several pictures 1)");
  command->add_option("--class", flags->classes, "Explain this class instead; more than once for more");
  command->add_option("--most", flags->most, "Of a folder, at most so many pictures, evenly spaced")
      ->capture_default_str();
  command->add_option("--model", flags->model, "The trained model: .pth, .safetensors, .onnx")
      ->capture_default_str();
  command->add_option("--labels", flags->labels, "The class names of a .pth, .joblib")->capture_default_str();
  command->add_option("--threads", flags->threads, "Threads (default: all that this process may use)");
  command->add_flag("--recursive", flags->recursive, "Look into the sub-folders of folders too");
  command->add_flag("--ignore-exif", flags->ignore_exif, "Take pictures as stored, not as turned by EXIF");
  command->footer(
      "The PNG shows the picture, then for each class the picture with the evidence for it: red counts "
      "most,\n"
      "what is dimmed does not count. Several pictures make one contact sheet. Grad-CAM (Selvaraju et al. "
      "2017)\n"
      "of the last block's second convolution, behind BatchNorm and ReLU, before the pooling.\n\n"
      "Examples:\n"
      "  bart explain picture.jpg                       its three likeliest classes\n"
      "  bart explain picture.jpg --class homer_simpson where a picture looks like one class\n"
      "  bart explain inference_images --most 40        a contact sheet");
  command->callback([flags, &run] { run = [flags] { return explain_command(*flags); }; });
}

}  // namespace bart
