#pragma once

#include <string>
#include <string_view>

namespace bart {

/// The least and the most that a random figure can be.
struct Range {
  double low;
  double high;
  bool operator==(const Range&) const = default;
};

/// How strongly pictures are changed at random before the network sees them. Every figure is drawn evenly
/// from its range, for each picture and epoch anew. The default changes nothing.
struct Augmentation {
  double mirror = 0;      // probability of being mirrored, left to right
  Range window = {1, 1};  // side of the part that is shown, as a share of the picture's: below 1 comes nearer
  Range aspect = {1, 1};  // width / height of that part
  double rotation = 0;    // degrees at most, either way
  double shear = 0;       // degrees at most, either way
  double shift = 0;       // of the part shown, in x and in y: share of the picture's side at most, either way
  double brightness = 0;  // colours are multiplied by 1 - brightness to 1 + brightness
  double contrast = 0;    // the same of their distance from mid-grey
  double saturation = 0;  // the same of their distance from their own grey
  double hue = 0;         // turns of the circle of colours at most, either way
  double erase =
      0;  // probability that a rectangle is painted over, as in "Random erasing" (Zhong et al. 2020)

  bool operator==(const Augmentation&) const = default;
  /// Whether some picture may come out changed.
  bool changes() const { return *this != Augmentation(); }
};

/// Throws Error for figures that are no probability, or that would show a picture beyond recognition.
void check_augmentation(const Augmentation& augmentation);

/// What of it the last epochs keep: the mirror, and half of the window's range. Pictures are then nearly
/// those that the network will be asked about.
Augmentation mild_augmentation(const Augmentation& augmentation);

/// "none", or the figures that change something: "mirror=0.5,window=0.75..1.15". Numbers are the shortest
/// that give the double back.
std::string augmentation_text(const Augmentation& augmentation);

/// The augmentation of such a text, checked. Throws Error, which says what is not understood.
Augmentation augmentation_of(std::string_view text);

}  // namespace bart
