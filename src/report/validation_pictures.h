#pragma once

#include <cstdint>
#include <span>

#include "bart/dataset/load.h"
#include "bart/pictures/picture.h"
#include "bart/training/metrics.h"
#include "bart/training/predictions.h"

namespace bart {

/// The confusion matrix with a square per pair of classes: rows are true classes, columns predicted ones. The
/// darker a square, the larger its share of the row; mistakes are red.
Picture confusion_picture(const ConfusionMatrix& matrix);

/// At most 25 mistakes with the true class and the predicted one below, those with the least probable true
/// class first. A picture without pixels if there is no mistake.
Picture mistake_sheet(const Predictions& predictions, const LoadedPictures& pictures,
                      std::span<const std::uint32_t> indices);

}  // namespace bart
