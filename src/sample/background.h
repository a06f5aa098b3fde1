#pragma once

#include "dice.h"
#include "raster.h"

namespace bart {

/// Fills the canvas with one of several kinds of background, in any colours.
void draw_background(Canvas& canvas, Dice& dice);

}  // namespace bart
