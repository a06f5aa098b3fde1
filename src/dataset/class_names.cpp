#include "bart/dataset/class_names.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <unordered_map>

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

std::optional<std::vector<std::size_t>> places_of_same_classes(std::span<const std::string> classes,
                                                               std::span<const std::string> names) {
  std::vector<std::size_t> places(names.size());
  std::iota(places.begin(), places.end(), 0u);
  if (std::ranges::equal(classes, names)) return places;
  std::unordered_map<std::string, std::size_t> left;
  for (std::size_t place = 0; place < classes.size(); ++place) left.emplace(composed(classes[place]), place);
  // Of two classes with one name it is not known which is meant.
  if (left.size() != classes.size() || names.size() != classes.size()) return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = left.find(composed(names[i]));
    if (found == left.end()) return std::nullopt;
    places[i] = found->second;
    left.erase(found);
  }
  return places;
}

}  // namespace bart
