#pragma once

#include "bart/pictures/picture.h"

namespace bart {

/// Pillow's Image.resize((width, height)): bicubic (a = -0.5) with antialiasing, separable, horizontal pass
/// first, 8-bit intermediate, coefficients in 22-bit fixed point; equal to it in every byte.
Picture resize_picture(const Picture& picture, int width, int height);

}  // namespace bart
