#pragma once

#include <cstdint>
#include <vector>

#include "bart/pictures/picture.h"

// Anti-aliased drawing of curved shapes. It uses only + - * / and sqrt, whose results IEEE 754 defines to the
// last bit: with fused multiply-adds switched off (see CMakeLists.txt) every machine draws the same bytes.

namespace bart {

struct Point {
  float x = 0, y = 0;
};
inline Point operator+(Point a, Point b) {
  return {a.x + b.x, a.y + b.y};
}
inline Point operator-(Point a, Point b) {
  return {a.x - b.x, a.y - b.y};
}
inline Point operator*(float s, Point a) {
  return {s * a.x, s * a.y};
}

/// Sine and cosine of an angle in turns, to 1e-6 or better.
Point unit_circle(float turns);

/// x -> (a c e; b d f) (x, y, 1)
struct Affine {
  float a = 1, b = 0, c = 0, d = 1, e = 0, f = 0;
  Point operator()(Point p) const { return {a * p.x + c * p.y + e, b * p.x + d * p.y + f}; }
  /// The map that applies `first` and then this one.
  Affine after(const Affine& first) const;

  static Affine moved(Point by) { return {1, 0, 0, 1, by.x, by.y}; }
  static Affine scaled(float x, float y) { return {x, 0, 0, y, 0, 0}; }
  static Affine turned(float turns, Point around = {});
};

using Contour = std::vector<Point>;

/// Closed contours. Overlapping ones with the same direction of rotation form a union.
using Path = std::vector<Contour>;

Path ellipse(Point center, float radius_x, float radius_y);
Path polygon(Contour points);
/// The closed Catmull-Rom spline through the points.
Path blob(const Contour& points);
/// The open Catmull-Rom spline through the points, as a line of short segments.
Contour curve(const Contour& points);
/// A line with round joints and ends whose width changes from `width` to `end_width`.
Path stroke(const Contour& line, float width, float end_width);
/// The line along the rim of each contour.
Path outline(const Path& path, float width);

/// 0 to 255 per channel, not yet rounded.
struct Color {
  float r = 0, g = 0, b = 0;
};
Color rgb(std::uint32_t hex);
Color mix(Color a, Color b, float share_of_b);

/// A gradient from the colour `from` at the point `a` to `to` at `b`, along the line through both, or with
/// the distance from `a`.
struct Paint {
  enum class Kind { kPlain, kLinear, kRadial } kind = Kind::kPlain;
  Color from, to;
  float from_alpha = 1, to_alpha = 1;
  Point a, b;

  static Paint plain(Color color, float alpha = 1) {
    return {Kind::kPlain, color, color, alpha, alpha, {}, {}};
  }
  static Paint linear(Color from, Color to, Point a, Point b) {
    return {Kind::kLinear, from, to, 1, 1, a, b};
  }
  static Paint radial(Color from, Color to, Point a, Point b) {
    return {Kind::kRadial, from, to, 1, 1, a, b};
  }
  /// A round spot that fades away towards `radius`.
  static Paint glow(Color color, float alpha, Point center, float radius) {
    return {Kind::kRadial, color, color, alpha, 0, center, {center.x + radius, center.y}};
  }
};

/// The share of each pixel of a rectangle that a path covers, 0 to 1.
struct Coverage {
  int left = 0, top = 0, width = 0, height = 0;
  std::vector<float> values;  // [height, width]

  float at(int x, int y) const;  // in pixels of the canvas, 0 outside of the rectangle
};

class Canvas {
 public:
  Canvas(int width, int height);
  int width() const { return width_; }
  int height() const { return height_; }

  /// The coverage of `path`, which `map` maps into pixels.
  Coverage cover(const Path& path, const Affine& map) const;
  /// Composes `paint`, whose points `map` maps, over the covered pixels, within `clip` if there is one.
  void paint(const Coverage& coverage, const Paint& paint, const Affine& map, const Coverage* clip = nullptr);
  /// Multiplies each pixel by the paint, as light does.
  void tint(const Paint& light);

  Picture picture() const;

 private:
  int width_, height_;
  std::vector<Color> pixels_;  // [height, width]
};

}  // namespace bart
