#include "bart/record/dropout_text.h"

#include <charconv>
#include <cstddef>
#include <utility>

namespace bart {

bool set_dropout(std::string_view text, Architecture& architecture) {
  Architecture changed = architecture;
  const std::size_t blocks = changed.blocks.size();
  const std::size_t layers = blocks + changed.hidden.size();
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t i = 0; i < layers; ++i) {
    double value = -1;
    const auto [after, error] = std::from_chars(at, end, value);
    const bool last = i + 1 == layers;
    if (error != std::errc() || !(value >= 0 && value < 1)) return false;
    if (last ? after != end : after == end || *after != ',') return false;
    (i < blocks ? changed.blocks[i].dropout : changed.hidden[i - blocks].dropout) = value;
    at = last ? after : after + 1;
  }
  architecture = std::move(changed);
  return true;
}

}  // namespace bart
