#include "outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <string>
#include <system_error>

#include "bart/platform/error.h"
#include "bart/platform/files.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// Endings whose owner would be misled by another content.
constexpr std::array<std::string_view, 22> known_endings = {
    ".csv", ".json", ".jsonl", ".ndjson", ".txt", ".png", ".jpg",  ".jpeg",        ".gif",    ".webp", ".bmp",
    ".tif", ".tiff", ".avif",  ".html",   ".svg", ".pdf", ".onnx", ".safetensors", ".joblib", ".pth",  ".pt"};

}  // namespace

void check_replaces_no_input(const Output& output, std::span<const fs::path> inputs) {
  std::error_code none;
  if (output.path.empty() || output.path == "-" || !fs::is_regular_file(output.path, none)) return;
  for (const fs::path& input : inputs) {
    if (fs::equivalent(output.path, input, none)) {
      throw UsageError(fmt::format("{} {} would replace {}, which this command reads: name another file",
                                   output.flag, output.path.string(), input.string()));
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

std::string ending_of(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending;
}

void write_output(const fs::path& path, std::string_view text) {
  if (path.empty()) return;
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    write_file(path, text);
  }
}

}  // namespace bart
