#pragma once

#include <string>

#include "bart/training/lr_range_test.h"

namespace bart {

/// The test as a picture: loss over learning rate, which is logarithmic, with the suggestion marked. An SVG
/// that stands by itself, light and dark.
std::string lr_plot(const LrRangeTest& test);

}  // namespace bart
