#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bart {

/// "16,764".
std::string with_commas(std::uint64_t n);

/// "1 picture", "16,764 pictures".
std::string counted(std::uint64_t n, std::string_view one, std::string_view many);

/// The first names of a list, printable, for a sentence: "ann, bo, cleo and 12 more".
std::string some_of(const std::vector<std::string>& names, std::size_t most = 5);

}  // namespace bart
