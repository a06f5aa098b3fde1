#pragma once

#include "team.h"

namespace bart {

inline constexpr Team two_threads{2};

}  // namespace bart
