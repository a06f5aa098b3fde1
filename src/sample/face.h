#pragma once

#include "characters.h"
#include "dice.h"
#include "raster.h"

namespace bart {

struct Expression {
  float smile;       // -1 to 1
  float open_mouth;  // 0 to 1
  float open_eyes;   // 0 (shut) to 1
  float brows;       // how far they are raised, -1 to 1
  float anger;       // how far their inner ends are lowered, -1 to 1
  Point gaze;        // each -1 to 1
};

struct Pose {
  Affine body;   // from face units to pixels
  Affine head;   // the same, tilted about the neck
  Point turned;  // how far the head is turned to a side and nods, each -1 to 1
};

Expression any_expression(Dice& dice);

void draw_character(Canvas& canvas, const Character& character, const Expression& expression,
                    const Pose& pose);

}  // namespace bart
