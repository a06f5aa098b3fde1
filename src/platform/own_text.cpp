#include "bart/platform/own_text.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/platform/own_file.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

std::string comment_for(std::string_view text) {
  return fmt::format("<!-- as BART wrote it: {:016x} -->\n",
                     hash_of({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
}

}  // namespace

std::string with_fingerprint(std::string text) {
  const std::string comment = comment_for(text);
  return std::move(text) + comment;
}

bool is_text_of_others(const fs::path& file) {
  std::error_code none;
  if (!fs::is_regular_file(file, none)) return false;
  const std::vector<std::uint8_t> bytes = read_file(file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t length = comment_for({}).size();
  return text.size() < length ||
         text.substr(text.size() - length) != comment_for(text.substr(0, text.size() - length));
}

std::string keep_text_of_others(const fs::path& file) {
  if (!is_text_of_others(file)) return {};
  const fs::path kept = earlier_name(file);
  write_file(kept, read_file(file));
  return fmt::format("Kept the {} that was there as {}", file.filename().string(), kept.string());
}

}  // namespace bart
