#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bart {

/// "16,764".
std::string with_commas(std::uint64_t n);

/// "1 picture", "16,764 pictures".
std::string counted(std::uint64_t n, std::string_view one, std::string_view many);

}  // namespace bart
