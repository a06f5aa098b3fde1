#pragma once

#include "bart/pictures/picture.h"

namespace bart {

/// Pillow 13's Image.resize((width, height)): bicubic (a = -0.5) with antialiasing, separable, 8-bit between
/// the passes, coefficients in 22-bit fixed point; equal to it in every byte. The horizontal pass is the
/// first, except where the height shrinks by more than twice as many pixels as the width. Throws Error for a
/// size without pixels or over the limit.
Picture resize_picture(const Picture& picture, int width, int height);

/// The picture in the largest size that fits into side x side and keeps its proportions, to be looked at: one
/// that is 64 times as large or larger is thinned to 32 to 64 times first. Throws Error for a picture without
/// its pixels.
Picture fit_picture(const Picture& picture, int side);

}  // namespace bart
