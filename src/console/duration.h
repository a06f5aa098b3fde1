#pragma once

#include <optional>
#include <string_view>

namespace bart {

/// The seconds of "90s", "30m", "2h" or "1h30m"; nothing for any other text.
std::optional<double> seconds_of_text(std::string_view text);

}  // namespace bart
