#pragma once

#include <string>
#include <vector>

#include "raster.h"

// The unit of a face is half the height of the head; x points right, y down, and the middle of the head is
// the origin. The head reaches from about -1 to 1, the shoulders begin near 1.4.

namespace bart {

/// From back to front; eyes, brows, nose and mouth are drawn on top of kOnSkin.
enum class PaintLayer { kBehindBody, kBehindHead, kOnClothes, kChest, kOnSkin, kFront, kTop };

/// One coloured shape of a character.
struct FacePart {
  enum class Shape {
    kBlob,       // a smooth closed curve through the points
    kSymmetric,  // the same through the points and their mirror images; the points run from the top middle to
                 // the bottom middle
    kPolygon,
    kEllipse,  // points: center, radii
    kLine,     // a smooth open line through the points, from `width` to `end_width`
  };
  PaintLayer layer;
  Shape shape;
  Color color;
  Contour points;
  bool mirrored = false;  // also drawn on the other side
  float width = 0, end_width = 0;
  float rim = 0.045f;  // width of the dark line around it; 0 for none
};

struct Eyes {
  Point at;     // of the right eye
  Point white;  // radii; 0 for eyes that consist of a pupil only
  float iris;   // radius
  Color color;  // of the iris
  float lid;    // share of the eye that the upper lid covers at rest, 0 to 1
  bool lashes;
};

struct Nose {
  enum class Kind { kButton, kBall, kHook, kWedge } kind;
  float y, size;
};

struct Character {
  std::string name;
  Color skin;
  Contour head;  // kSymmetric
  Eyes eyes;
  Nose nose;
  Color brow;
  float brow_width, brow_tilt;  // tilt: how much higher the outer end is
  Point mouth;                  // the middle's y, half the width
  Color lips;
  float cheeks;  // how red, 0 to 1
  float ears;    // radius, 0 for hidden ones
  Color clothes;
  std::vector<FacePart> parts;
};

const std::vector<Character>& characters();

}  // namespace bart
