#include "outputs.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "bart/platform/copy_regular_file.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/make_folders.h"
#include "bart/platform/own_file.h"
#include "bart/platform/write_through.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Endings that would mislead if the file had another content.
constexpr std::array known_endings = std::to_array<std::string_view>(
    {".csv",  ".tsv",  ".json", ".jsonl",  ".ndjson", ".txt",     ".xml",     ".yaml",       ".yml",
     ".toml", ".md",   ".xls",  ".xlsx",   ".ods",    ".parquet", ".feather", ".arrow",      ".npy",
     ".npz",  ".h5",   ".hdf5", ".pkl",    ".pickle", ".db",      ".sqlite",  ".zip",        ".gz",
     ".tgz",  ".bz2",  ".xz",   ".zst",    ".tar",    ".7z",      ".rar",     ".png",        ".apng",
     ".jpg",  ".jpeg", ".jpe",  ".jfif",   ".mpo",    ".jp2",     ".jxl",     ".heic",       ".heif",
     ".gif",  ".webp", ".bmp",  ".ico",    ".ppm",    ".pgm",     ".pbm",     ".pnm",        ".tif",
     ".tiff", ".avif", ".ps",   ".eps",    ".html",   ".htm",     ".svg",     ".svgz",       ".pdf",
     ".doc",  ".docx", ".rtf",  ".odt",    ".mp4",    ".m4v",     ".mov",     ".avi",        ".mkv",
     ".webm", ".wmv",  ".mpg",  ".mpeg",   ".flv",    ".ogv",     ".mts",     ".m2ts",       ".3gp",
     ".mp3",  ".wav",  ".py",   ".ipynb",  ".log",    ".ini",     ".cfg",     ".conf",       ".onnx",
     ".pt",   ".pth",  ".ckpt", ".joblib", ".bin",    ".tflite",  ".pb",      ".safetensors"});

/// Piece by piece: a file of predictions may be larger than the memory.
bool same_content(const fs::path& one, const fs::path& other) {
  std::ifstream a(one, std::ios::binary), b(other, std::ios::binary);
  std::array<char, 1 << 16> piece_a, piece_b;
  while (true) {
    a.read(piece_a.data(), piece_a.size());
    b.read(piece_b.data(), piece_b.size());
    if (a.gcount() != b.gcount() || std::memcmp(piece_a.data(), piece_b.data(), std::size_t(a.gcount())) != 0)
      return false;
    if (a.gcount() == 0) return true;
  }
}

}  // namespace

void check_replaces_no_input(std::span<const Output> outputs, std::span<const fs::path> inputs) {
  for (const Output& output : outputs) {
    struct stat replaced {
    }, read{};
    if (output.path == "-" || ::stat(output.path.c_str(), &replaced) != 0 || !S_ISREG(replaced.st_mode))
      continue;
    for (const fs::path& input : inputs) {
      const bool standard = input == "-";
      if ((standard ? ::fstat(STDIN_FILENO, &read) : ::stat(input.c_str(), &read)) != 0) continue;
      if (read.st_dev != replaced.st_dev || read.st_ino != replaced.st_ino) continue;
      throw UsageError(fmt::format("{} {} would replace {}, which this command reads: name another file",
                                   output.flag, output.path.string(),
                                   standard ? "standard input" : input.string()));
    }
  }
}

void check_ending(const Output& output, std::string_view format,
                  const std::vector<std::string_view>& endings) {
  const std::string ending = ending_of(output.path);
  if (std::ranges::find(endings, ending) != endings.end()) return;
  if (std::ranges::find(known_endings, ending) == known_endings.end()) return;
  throw UsageError(fmt::format("{} {} would be a file of {}: name one that ends in {}", output.flag,
                               output.path.string(), format, endings.front()));
}

void check_can_write(const Output& output) {
  const fs::path& path = output.path;
  if (path.empty() || path == "-") return;
  std::error_code none;
  const fs::file_status status = fs::status(path, none);
  // A descriptor of this process that was closed when it began stands for a folder. Writing it fails later.
  const bool descriptor = path.string().starts_with("/dev/") || path.string().starts_with("/proc/");
  if (fs::is_directory(status) && !descriptor) {
    throw UsageError(fmt::format("{} {} is a folder: name a file", output.flag, path.string()));
  }
  if (fs::exists(status)) {
    if (::access(path.c_str(), W_OK) == 0) return;
    throw Error(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  }
  const fs::path folder = written_folder(path);  // a link may lead to a file that is not there yet
  if (fs::exists(folder, none) && !fs::is_directory(folder, none))
    throw Error(fmt::format("cannot write {}: {} is not a folder", path.string(), folder.string()));
  if (const std::error_code reason = try_to_create_in(folder))
    throw Error(fmt::format("cannot write {}: {}", path.string(), reason.message()));
}

void check_can_write_into(const Output& output) {
  std::error_code none;
  fs::path there = fs::absolute(output.path, none);
  if (none) throw Error(fmt::format("cannot write into {}: {}", output.path.string(), none.message()));
  there = existing_part(std::move(there));
  if (!fs::is_directory(there, none)) {
    throw UsageError(
        fmt::format("{} {}: {} is not a folder", output.flag, output.path.string(), there.string()));
  }
  if (const std::error_code reason = try_to_create_in(there))
    throw Error(fmt::format("cannot write into {}: {}", output.path.string(), reason.message()));
}

void check_keeps(std::span<const Output> outputs) {
  for (const Output& output : outputs) {
    std::error_code none;
    if (fs::is_other(output.path, none)) throw keeps_nothing(output.path);
  }
}

EarlierOutput::EarlierOutput(fs::path output, Replaced how) : output_(std::move(output)) {
  std::error_code error;
  if (!fs::is_regular_file(output_, error)) return;
  const fs::path there = fs::canonical(output_);
  own_ = is_own(there);
  // A second name that a killed command left may be the only one of a file that is not BART's.
  second_ = earlier_name(output_).string() + ".new";
  while (fs::exists(fs::symlink_status(second_, error)) && !is_own(second_)) second_ += "-2";
  fs::remove(second_, error);
  // A file that is replaced as a whole needs no second copy on the disk, where the file system has links.
  if (how == Replaced::as_a_whole) fs::create_hard_link(there, second_, error);
  if (how == Replaced::in_place || error) {
    copy_regular_file(output_, second_);
    if (own_) mark_as_own(second_);
  }
}

EarlierOutput::~EarlierOutput() {
  try {
    keep();
  } catch (const Error&) {  // it stays under its second name
  }
}

std::string EarlierOutput::keep() {
  const fs::path output = std::exchange(output_, {}), second = std::exchange(second_, {});
  if (output.empty()) return {};
  const bool same = !second.empty() && same_content(output, second);
  if (own_ || !same) mark_as_own(output);
  if (second.empty()) return {};
  std::error_code error;
  if (same) {
    fs::remove(second, error);
    return {};
  }
  const fs::path kept = earlier_name(output);
  fs::rename(second, kept, error);
  if (error) throw Error(fmt::format("cannot write {}: {}", kept.string(), error.message()));
  return fmt::format("Kept the {} that was there as {}", output.filename().string(), kept.string());
}

std::string ending_of(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

void write_output(const fs::path& path, std::string_view text) {
  if (path.empty()) return;
  if (path == "-") {
    // At once, because the reason is lost with a later call.
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
      throw Error(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
    }
  } else {
    write_file(path, text);
  }
}

void write_output(const fs::path& path, std::span<const std::uint8_t> bytes) {
  write_output(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::FILE* told_beside(const fs::path& path) {
  return path == "-" || writes_through(path) ? stderr : stdout;
}

}  // namespace bart
