#pragma once

#include <string>
#include <string_view>

namespace bart {

/// The range of a random number.
struct Range {
  double low;
  double high;
  bool operator==(const Range&) const = default;
};

/// How strongly pictures are changed at random before the network sees them. Each number is drawn uniformly
/// from its range, anew for each picture and epoch. The default changes nothing.
struct Augmentation {
  double mirror = 0;      // probability that the picture is mirrored, left to right
  Range window = {1, 1};  // side of the part that is shown, relative to the picture's side: below 1 zooms in
  Range aspect = {1, 1};  // width / height of that part
  double rotation = 0;    // degrees at most, either way
  double shear = 0;       // degrees at most, either way
  double shift =
      0;  // of the part that is shown, in x and in y: at most this share of the picture's side, either way
  double brightness = 0;  // colours are multiplied by 1 - brightness to 1 + brightness
  double contrast = 0;    // the same for their distance from mid-grey
  double saturation = 0;  // the same for their distance from the grey of the same brightness
  double hue = 0;         // at most this part of a turn of the colour circle, either way
  double erase =
      0;  // probability that a random rectangle is painted over, as in "Random erasing" (Zhong et al. 2020)

  bool operator==(const Augmentation&) const = default;
  /// Whether it can change a picture.
  bool changes() const { return *this != Augmentation(); }
};

/// Throws Error for probabilities outside 0 to 1, and for numbers that would change a picture beyond
/// recognition.
void check_augmentation(const Augmentation& augmentation);

/// The augmentation of the last epochs: only the mirror and half of the window's range are kept, so that
/// pictures are nearly like those that the network will classify. Throws Error as check_augmentation() does.
Augmentation mild_augmentation(const Augmentation& augmentation);

/// "none", or the numbers that change something: "mirror=0.5,window=0.75..1.15". Each number has the fewest
/// digits that give the same double.
std::string augmentation_text(const Augmentation& augmentation);

/// Reads such a text and checks the numbers. Throws Error with the part that is not understood.
Augmentation augmentation_of(std::string_view text);

}  // namespace bart
