#pragma once

#include "checked.h"

namespace bart {

/// Throws PictureError where libavif or its AV1 decoder would be busy with the file for long: tables of far
/// more items than a picture has, or far more frames than are shown.
void check_avif_work(Bytes file);

}  // namespace bart
