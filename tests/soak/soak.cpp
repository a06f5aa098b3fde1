// soak PREDICTIONS TRAININGS: that many predictions and short trainings in one process, through the library,
// reading and writing files as the program does. Afterwards the process must hold as much memory as after the
// first tenth, and as many open files as at the start.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/formats/joblib.h"
#include "bart/model/model.h"
#include "bart/model/model_file.h"
#include "bart/pictures/decode.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/sample/sample.h"
#include "bart/training/train.h"
#include "scratch_folder.h"

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;  // freed memory stays in quarantine; leaks are LeakSanitizer's to find
#else
constexpr bool sanitized = false;
#endif

namespace fs = std::filesystem;
using namespace bart;

namespace {

constexpr int threads = 2;
constexpr std::size_t predictions_of_a_model = 50;

/// The difference of memory that is allowed: pools of the allocator, one per thread. The smallest thing that
/// can be forgotten each time, a picture of 128x128, is 48 KB, so 2,000 of them are 94 MB.
constexpr double allowed_growth = 8;  // MB

double resident_megabytes() {
  ::malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) * 1e-6;
}

std::ptrdiff_t open_files() {
  return std::distance(fs::directory_iterator("/proc/self/fd"), {}) - 1;  // without the one that looks
}

void train_once(const fs::path& here) {
  const Listing listing = list_folder(here / "faces");
  const LoadedPictures pictures = load_pictures(listing, {.image_size = 32, .threads = threads});
  const Split split = train_test_split(static_cast<std::uint32_t>(pictures.size()), 0.2, 10);
  const Architecture architecture{.classes = static_cast<int>(pictures.classes.size()), .image_size = 32};
  TrainOptions options;
  options.epochs = 1;
  options.batch_size = 8;
  options.threads = threads;
  const TrainResult result = train(pictures, split, architecture, options);
  write_file(here / "model.pth", encode_model_file({ModelFormat::pth, result.model, pictures.classes}));
  write_file(here / "model.onnx", encode_model_file({ModelFormat::onnx, result.model, pictures.classes}));
  write_file(here / "labels.joblib", encode_label_encoder(pictures.classes));
}

void predict(const fs::path& here, std::size_t count) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(here / "faces")) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  Model trained = Model::load(here / "model.pth", {.labels = here / "labels.joblib", .threads = threads});
  for (std::size_t i = 0; i < count; ++i) {
    if (i % predictions_of_a_model == 0) {
      const char* model = i / predictions_of_a_model % 2 == 0 ? "model.onnx" : "model.pth";
      trained = Model::load(here / model, {.labels = here / "labels.joblib", .threads = threads});
    }
    trained.predict({{decode_picture(read_file(files[i % files.size()])).picture}});
    try {
      decode_picture(read_file(here / "broken.jpg"));
      throw std::logic_error("a broken picture was read");
    } catch (const PictureError&) {
    }
  }
}

void expect_flat(const char* what, double before, double after) {
  std::printf("%s: %.1f MB after the first tenth, %.1f MB at the end\n", what, before, after);
  if (!sanitized && after - before > allowed_growth)
    throw std::logic_error(std::string(what) + " hold on to memory");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: soak PREDICTIONS TRAININGS\n");
    return 2;
  }
  const auto predictions = static_cast<std::size_t>(std::stoul(argv[1]));
  const int trainings = std::stoi(argv[2]);
  const test::ScratchFolder scratch;
  const fs::path& here = scratch.path();
  write_sample(here / "faces", {.classes = 2, .per_class = 20});
  write_file(here / "broken.jpg", std::string_view("\xff\xd8\xff\xe0 and no more"));

  train_once(here);  // threads are started, libraries loaded
  const std::ptrdiff_t files = open_files();
  const int first = std::max(1, trainings / 10);
  for (int i = 0; i < first; ++i) train_once(here);
  const double after_some_trainings = resident_megabytes();
  for (int i = first; i < trainings; ++i) train_once(here);
  expect_flat("trainings", after_some_trainings, resident_megabytes());

  predict(here, std::max<std::size_t>(predictions_of_a_model * 2, predictions / 10));
  const double after_some_predictions = resident_megabytes();
  predict(here, predictions - predictions / 10);
  expect_flat("predictions", after_some_predictions, resident_megabytes());

  std::printf("open files: %td at the start, %td at the end\n", files, open_files());
  if (open_files() != files) throw std::logic_error("a file was left open");
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
