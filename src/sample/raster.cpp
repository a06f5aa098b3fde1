#include "raster.h"

#include <algorithm>
#include <cmath>

namespace bart {
namespace {

constexpr int kEllipseSegments = 72;
constexpr int kSplineSegments = 8;  // between two points of a spline
constexpr int kJointSegments = 12;

Point catmull_rom(Point before, Point from, Point to, Point after, float t) {
  const Point c = -1.0f * before + 3.0f * from - 3.0f * to + after;
  const Point b = 2.0f * before - 5.0f * from + 4.0f * to - after;
  return from + 0.5f * t * ((to - before) + t * (b + t * c));
}

float length(Point p) {
  return std::sqrt(p.x * p.x + p.y * p.y);
}

/// Adds the edge from p to q to `rows`, whose running sums along x become the signed coverage: within a pixel
/// column, an edge of height h whose middle is m right of the column's left side covers h (1 - m) of that
/// column and h of all columns to the right.
void add_edge(std::vector<float>& rows, int width, int height, Point p, Point q) {
  const float sign = p.y < q.y ? 1.0f : -1.0f;
  if (p.y > q.y) std::swap(p, q);
  const float top = std::max(p.y, 0.0f), bottom = std::min(q.y, static_cast<float>(height));
  if (!(top < bottom)) return;
  const float slope = (q.x - p.x) / (q.y - p.y);
  const float right = static_cast<float>(width);
  const auto x_at = [&](float y) { return std::clamp(p.x + slope * (y - p.y), 0.0f, right); };
  for (int y = static_cast<int>(top); y < height && static_cast<float>(y) < bottom; ++y) {
    float* row = rows.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width + 2);
    const float y0 = std::max(top, static_cast<float>(y)), y1 = std::min(bottom, static_cast<float>(y + 1));
    const float x0 = x_at(y0), x1 = x_at(y1);
    const float low = std::min(x0, x1), high = std::max(x0, x1);
    const float rise = sign * (y1 - y0);
    for (int x = static_cast<int>(low); x == static_cast<int>(low) || static_cast<float>(x) < high; ++x) {
      const float column = static_cast<float>(x);
      const float a = std::max(low, column), b = std::min(high, column + 1.0f);
      const float part = high > low ? rise * ((b - a) / (high - low)) : rise;
      const float middle = 0.5f * (a + b) - column;
      row[x] += part * (1.0f - middle);
      row[x + 1] += part * middle;
    }
  }
}

}  // namespace

Point unit_circle(float turns) {
  // The angle is reduced to [-1/8, 1/8] of a turn, where the Taylor series are short, and the result is
  // turned back.
  const float quarters = std::floor(4.0f * turns + 0.5f);
  const float x = (turns - 0.25f * quarters) * 6.28318531f;
  const float x2 = x * x;
  const float sine = x * (1.0f - x2 / 6.0f * (1.0f - x2 / 20.0f * (1.0f - x2 / 42.0f)));
  const float cosine = 1.0f - x2 / 2.0f * (1.0f - x2 / 12.0f * (1.0f - x2 / 30.0f * (1.0f - x2 / 56.0f)));
  switch (static_cast<int>(quarters) & 3) {
    case 0:
      return {cosine, sine};
    case 1:
      return {-sine, cosine};
    case 2:
      return {-cosine, -sine};
    default:
      return {sine, -cosine};
  }
}

Affine Affine::after(const Affine& first) const {
  const Point x = (*this)({first.a, first.b}), y = (*this)({first.c, first.d}),
              o = (*this)({first.e, first.f});
  return {x.x - e, x.y - f, y.x - e, y.y - f, o.x, o.y};
}

Affine Affine::turned(float turns, Point around) {
  const Point u = unit_circle(turns);
  const Affine turn{u.x, u.y, -u.y, u.x, 0, 0};
  return moved(around).after(turn).after(moved(-1.0f * around));
}

Path ellipse(Point center, float radius_x, float radius_y) {
  Contour points;
  for (int i = 0; i < kEllipseSegments; ++i) {
    const Point u = unit_circle(static_cast<float>(i) / kEllipseSegments);
    points.push_back({center.x + radius_x * u.x, center.y + radius_y * u.y});
  }
  return {points};
}

Path polygon(Contour points) {
  return {std::move(points)};
}

Path blob(const Contour& points) {
  Contour rim;
  const std::size_t n = points.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (int k = 0; k < kSplineSegments; ++k) {
      rim.push_back(catmull_rom(points[(i + n - 1) % n], points[i], points[(i + 1) % n], points[(i + 2) % n],
                                static_cast<float>(k) / kSplineSegments));
    }
  }
  return {rim};
}

Contour curve(const Contour& points) {
  Contour line;
  const std::size_t last = points.size() - 1;
  for (std::size_t i = 0; i < last; ++i) {
    const Point before = points[i == 0 ? 0 : i - 1], after = points[std::min(i + 2, last)];
    for (int k = 0; k < kSplineSegments; ++k) {
      line.push_back(
          catmull_rom(before, points[i], points[i + 1], after, static_cast<float>(k) / kSplineSegments));
    }
  }
  line.push_back(points[last]);
  return line;
}

Path stroke(const Contour& line, float width, float end_width) {
  Path path;
  const std::size_t n = line.size();
  const auto radius_at = [&](std::size_t i) {
    return 0.5f * (width + (end_width - width) * static_cast<float>(i) / static_cast<float>(n - 1));
  };
  for (std::size_t i = 0; i < n; ++i) {
    Contour joint;
    for (int k = 0; k < kJointSegments; ++k) {
      joint.push_back(line[i] + radius_at(i) * unit_circle(static_cast<float>(k) / kJointSegments));
    }
    path.push_back(joint);
    if (i + 1 == n) break;
    const Point along = line[i + 1] - line[i];
    const float size = length(along);
    if (size == 0) continue;
    const Point side{-along.y / size, along.x / size};
    const Point a = radius_at(i) * side, b = radius_at(i + 1) * side;
    path.push_back({line[i] - a, line[i + 1] - b, line[i + 1] + b, line[i] + a});
  }
  return path;
}

Path outline(const Path& path, float width) {
  Path rims;
  for (Contour rim : path) {
    rim.push_back(rim.front());
    for (Contour& part : stroke(rim, width, width)) rims.push_back(std::move(part));
  }
  return rims;
}

Color rgb(std::uint32_t hex) {
  return {static_cast<float>(hex >> 16 & 255), static_cast<float>(hex >> 8 & 255),
          static_cast<float>(hex & 255)};
}

Color mix(Color a, Color b, float share_of_b) {
  return {a.r + (b.r - a.r) * share_of_b, a.g + (b.g - a.g) * share_of_b, a.b + (b.b - a.b) * share_of_b};
}

float Coverage::at(int x, int y) const {
  x -= left, y -= top;
  if (x < 0 || y < 0 || x >= width || y >= height) return 0;
  return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
}

Canvas::Canvas(int width, int height)
    : width_(width),
      height_(height),
      pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {}

Coverage Canvas::cover(const Path& path, const Affine& map) const {
  Path mapped = path;
  const float wide = static_cast<float>(width_), high = static_cast<float>(height_);
  Point low{wide, high}, top{0, 0};
  for (Contour& contour : mapped) {
    for (Point& p : contour) {
      p = map(p);
      low = {std::min(low.x, p.x), std::min(low.y, p.y)};
      top = {std::max(top.x, p.x), std::max(top.y, p.y)};
    }
  }
  Coverage result;
  result.left = static_cast<int>(std::clamp(low.x, 0.0f, wide));
  result.top = static_cast<int>(std::clamp(low.y, 0.0f, high));
  result.width = std::max(0, static_cast<int>(std::clamp(top.x + 1.0f, 0.0f, wide)) - result.left);
  result.height = std::max(0, static_cast<int>(std::clamp(top.y + 1.0f, 0.0f, high)) - result.top);
  const std::size_t columns = static_cast<std::size_t>(result.width),
                    rows = static_cast<std::size_t>(result.height);
  if (columns == 0 || rows == 0) return result;

  std::vector<float> sums(rows * (columns + 2));
  const Point origin{static_cast<float>(result.left), static_cast<float>(result.top)};
  for (const Contour& contour : mapped) {
    Point from = contour.back() - origin;
    for (Point p : contour) {
      p = p - origin;
      add_edge(sums, result.width, result.height, from, p);
      from = p;
    }
  }
  result.values.resize(rows * columns);
  for (std::size_t y = 0; y < rows; ++y) {
    float sum = 0;
    for (std::size_t x = 0; x < columns; ++x) {
      sum += sums[y * (columns + 2) + x];
      result.values[y * columns + x] = std::min(std::abs(sum), 1.0f);
    }
  }
  return result;
}

void Canvas::paint(const Coverage& coverage, const Paint& paint, const Affine& map, const Coverage* clip) {
  const Point a = map(paint.a), axis = map(paint.b) - a;
  const float span = std::max(axis.x * axis.x + axis.y * axis.y, 1e-6f);
  for (int y = coverage.top; y < coverage.top + coverage.height; ++y) {
    for (int x = coverage.left; x < coverage.left + coverage.width; ++x) {
      float opacity = coverage.at(x, y);
      if (clip != nullptr) opacity *= clip->at(x, y);
      if (opacity < 0.002f) continue;
      Color color = paint.from;
      if (paint.kind == Paint::Kind::kPlain) {
        opacity *= paint.from_alpha;
      } else {
        const Point p = Point{static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f} - a;
        const float share = paint.kind == Paint::Kind::kLinear ? (p.x * axis.x + p.y * axis.y) / span
                                                               : std::sqrt((p.x * p.x + p.y * p.y) / span);
        const float t = std::clamp(share, 0.0f, 1.0f);
        color = mix(paint.from, paint.to, t);
        opacity *= paint.from_alpha + (paint.to_alpha - paint.from_alpha) * t;
      }
      Color& pixel = pixels_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                             static_cast<std::size_t>(x)];
      pixel = mix(pixel, color, opacity);
    }
  }
}

void Canvas::tint(const Paint& light) {
  const Point axis = light.b - light.a;
  const float span = axis.x * axis.x + axis.y * axis.y;
  for (int y = 0; y < height_; ++y) {
    for (int x = 0; x < width_; ++x) {
      const Point p = Point{static_cast<float>(x), static_cast<float>(y)} - light.a;
      const Color by =
          mix(light.from, light.to, std::clamp((p.x * axis.x + p.y * axis.y) / span, 0.0f, 1.0f));
      Color& pixel = pixels_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                             static_cast<std::size_t>(x)];
      pixel = {pixel.r * by.r / 255.0f, pixel.g * by.g / 255.0f, pixel.b * by.b / 255.0f};
    }
  }
}

Picture Canvas::picture() const {
  Picture result{width_, height_, {}};
  result.pixels.reserve(pixels_.size() * 3);
  for (const Color& pixel : pixels_) {
    for (const float channel : {pixel.r, pixel.g, pixel.b}) {
      result.pixels.push_back(static_cast<std::uint8_t>(std::clamp(channel, 0.0f, 255.0f) + 0.5f));
    }
  }
  return result;
}

}  // namespace bart
