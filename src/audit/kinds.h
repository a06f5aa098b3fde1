#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "bart/audit/audit.h"

namespace bart {

/// A kind of duplicates.
struct GroupKind {
  const char* name;
  const char* heading;
  const char* words;  // after "groups of"
  std::vector<DuplicateGroup> Inspection::*groups;
};

inline constexpr GroupKind group_kinds[] = {
    {"same-bytes", "Same bytes", "files with the same bytes", &Inspection::same_bytes},
    {"same-pixels", "Same pixels", "files with the same pixels", &Inspection::same_pixels},
    {"near-duplicate", "Near duplicates", "near duplicates", &Inspection::near_duplicates},
};

/// In pixels.
inline double shorter_side(const InspectedPicture& picture) {
  return std::min(picture.width, picture.height);
}

/// A kind of poor pictures, and the figure by which they are known.
struct PoorKind {
  const char* name;
  const char* heading;
  const char* figure;
  const char* meaning;  // a sentence
  std::vector<std::uint32_t> Audit::*pictures;
  double (*value)(const InspectedPicture&);
};

inline constexpr PoorKind poor_kinds[] = {
    {"blurred", "Blurred", "sharpness",
     "The variance of the Laplacian of these pictures is below a tenth of the data set's median.",
     &Audit::blurred, [](const InspectedPicture& picture) { return picture.sharpness; }},
    {"dark", "Dark", "brightness", "Even the brightest hundredth of the pixels of these pictures is dark.",
     &Audit::dark, [](const InspectedPicture& picture) { return picture.brightness; }},
    {"tiny", "Tiny", "shorter_side",
     "The shorter side of these pictures is less than half of what the network sees.", &Audit::tiny,
     shorter_side},
};

/// Below this share of pictures whose label is the most probable class, a list of doubtful labels says
/// little.
inline constexpr double fair_accuracy = 0.5;

/// A sentence for probabilities of models that have learned little; else empty.
inline std::string weakness_of(const Audit& audit) {
  if (audit.label_issues.empty() || audit.accuracy >= fair_accuracy) return {};
  return "The models that gave these probabilities have learned little, so most of these labels may be "
         "correct: more epochs, or the model of a better training, give a better list.";
}

}  // namespace bart
