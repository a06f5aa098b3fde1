#pragma once

#include <optional>
#include <string_view>

namespace bart {

/// What a user wants a network to be computed by.
struct DeviceName {
  enum class Kind {
    automatic,  // "auto": the first GPU if it can be used, else the processor
    processor,  // "cpu"
    gpu,        // "cuda" or "cuda:0" is the first NVIDIA GPU, "cuda:1" the second
  } kind;
  int gpu = 0;
};

/// Nothing for any other text.
std::optional<DeviceName> parse_device_name(std::string_view text);

}  // namespace bart
