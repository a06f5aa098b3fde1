#include "bart/engine/device_name.h"

#include <charconv>

namespace bart {

std::optional<DeviceName> parse_device_name(std::string_view text) {
  constexpr std::string_view gpu = "cuda";
  if (text == "auto") return DeviceName{DeviceName::Kind::automatic};
  if (text == "cpu") return DeviceName{DeviceName::Kind::processor};
  if (!text.starts_with(gpu)) return std::nullopt;
  text.remove_prefix(gpu.size());
  DeviceName name{DeviceName::Kind::gpu};
  if (text.empty()) return name;
  if (!text.starts_with(':')) return std::nullopt;
  text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), name.gpu);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.starts_with('-');
  return whole ? std::optional(name) : std::nullopt;
}

}  // namespace bart
