#pragma once

#include "bart/platform/printable.h"

namespace bart {

/// A text of a hostile file within the sentence that refuses it.
inline std::string in_message(std::string_view text) {
  return printable(text, 100);
}

}  // namespace bart
