#include "bart/dataset/class_names.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "bart/platform/utf8.h"

namespace bart {
namespace {

std::string mapped(std::string_view text, utf8proc_option_t options) {
  utf8proc_uint8_t* result = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &result, options);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, &std::free);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(result), static_cast<std::size_t>(size)};
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (is_stray_byte(next_code_point(text))) return false;
  }
  return true;
}

std::string composed(std::string_view text) {
  return mapped(text, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
}

std::string folded(std::string_view text) {
  const std::string all =
      mapped(text, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                  UTF8PROC_CASEFOLD | UTF8PROC_IGNORE));
  // The compatibility forms have turned the other spaces into U+0020.
  std::string result;
  for (const char c : all) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space) {
      result += c;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

std::optional<std::size_t> find_class(std::span<const std::string> classes, std::string_view name) {
  const auto place = [&](auto found) { return static_cast<std::size_t>(found - classes.begin()); };
  const auto same = std::ranges::find(classes, name);
  if (same != classes.end()) return place(same);
  const std::string wanted = composed(name);
  const auto alike = std::ranges::find(classes, wanted, [](const std::string& one) { return composed(one); });
  if (alike != classes.end()) return place(alike);
  return std::nullopt;
}

}  // namespace bart
