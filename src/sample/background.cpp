#include "background.h"

#include <algorithm>

#include "pen.h"

namespace bart {
namespace {

struct Range {
  float low, high;
  Range(float only) : low(only), high(only) {}
  Range(float from, float to) : low(from), high(to) {}
};

/// A colour of any hue: `saturation` 0 to 1 between grey and pure, `value` the brightest channel, 0 to 1.
Color any_hue(Dice& dice, Range saturation_range, Range value_range) {
  const float hue = dice.between(0, 6);
  const float saturation = dice.between(saturation_range.low, saturation_range.high);
  const float value = dice.between(value_range.low, value_range.high);
  const auto channel = [&](float center) {
    float away = hue > center ? hue - center : center - hue;
    away = std::min(away, 6 - away);
    return 255 * value * (1 - saturation * std::clamp(away - 1, 0.0f, 1.0f));
  };
  return {channel(0), channel(2), channel(4)};
}

/// `color` with a share of any hue.
Color varied(Dice& dice, Color color, Range saturation, Range value, Range share) {
  const Color other = any_hue(dice, saturation, value);
  return mix(color, other, dice.between(share.low, share.high));
}

Path box(float left, float top, float right, float bottom) {
  return polygon({{left, top}, {right, top}, {right, bottom}, {left, bottom}});
}

void gradient(const Pen& pen, float w, float h, Dice& dice) {
  const Color from = any_hue(dice, {0.2f, 0.6f}, {0.6f, 1});
  const Color to = any_hue(dice, {0.2f, 0.6f}, {0.4f, 0.9f});
  const bool radial = dice.chance(0.4f);
  const Point end{dice.between(0.2f, 1) * w, h};
  pen.fill(box(0, 0, w, h),
           radial ? Paint::radial(from, to, {w / 2, h / 2}, end) : Paint::linear(from, to, {0, 0}, end));
}

void stripes(const Pen& pen, float w, float h, Dice& dice) {
  const Color color = any_hue(dice, {0.15f, 0.6f}, {0.6f, 1});
  pen.fill(box(0, 0, w, h), color);
  const Color other = varied(dice, color, 0.5f, 0.9f, {0.3f, 0.8f});
  const float width = std::min(w, h) * dice.between(0.05f, 0.16f), reach = w + h;
  Pen turned = pen;
  turned.map = Affine::turned(dice.between(0, 1), {w / 2, h / 2});
  for (float x = -reach; x < reach; x += 2 * width) turned.fill(box(x, -reach, x + width, 2 * reach), other);
}

void dots(const Pen& pen, float w, float h, Dice& dice) {
  const Color color = any_hue(dice, {0.15f, 0.5f}, {0.6f, 1});
  pen.fill(box(0, 0, w, h), color);
  const Color other = varied(dice, color, 0.4f, 1, {0.3f, 0.8f});
  const float step = std::min(w, h) * dice.between(0.12f, 0.24f), radius = step * dice.between(0.15f, 0.35f);
  bool odd = false;
  for (float y = 0; y < h + step; y += step, odd = !odd) {
    for (float x = odd ? step / 2 : 0; x < w + step; x += step)
      pen.fill(ellipse({x, y}, radius, radius), other);
  }
}

/// A wall with a picture or a window, and a floor.
void room(const Pen& pen, float w, float h, Dice& dice) {
  const Color wall = any_hue(dice, {0.1f, 0.4f}, {0.65f, 1});
  const Color floor = varied(dice, rgb(0x8A5A3C), 0.3f, 0.7f, {0, 0.7f});
  const float edge = h * dice.between(0.62f, 0.85f);
  pen.fill(box(0, 0, w, h), Paint::linear(wall, mix(wall, rgb(0x202030), 0.25f), {0, 0}, {w, h}));
  pen.fill(box(0, edge, w, h), floor);
  pen.fill(box(0, edge - 0.025f * h, w, edge), mix(wall, rgb(0xFFFFFF), 0.6f));
  const float x = w * dice.between(-0.05f, 0.65f), y = h * dice.between(0.05f, 0.2f);
  const float width = w * dice.between(0.25f, 0.4f), height = h * dice.between(0.25f, 0.4f),
              frame = 0.02f * h;
  pen.fill(box(x - frame, y - frame, x + width + frame, y + height + frame),
           mix(floor, rgb(0xFFFFFF), dice.between(0, 0.8f)));
  const Color glass = any_hue(dice, 0.4f, 0.95f);
  pen.fill(box(x, y, x + width, y + height),
           Paint::linear(glass, mix(glass, rgb(0xFFFFFF), 0.5f), {x, y}, {x, y + height}));
  if (dice.chance(0.5f)) {  // a window's bars
    pen.fill(box(x + width / 2 - frame / 2, y, x + width / 2 + frame / 2, y + height),
             mix(floor, rgb(0xFFFFFF), 0.6f));
    pen.fill(box(x, y + height / 2 - frame / 2, x + width, y + height / 2 + frame / 2),
             mix(floor, rgb(0xFFFFFF), 0.6f));
  } else {  // a painted hill
    const Pen inside{pen.canvas, pen.map, nullptr};
    const Coverage clip = pen.canvas.cover(box(x, y, x + width, y + height), pen.map);
    Pen painted = inside;
    painted.clip = &clip;
    painted.fill(ellipse({x + width * 0.3f, y + height}, width * 0.6f, height * 0.5f),
                 any_hue(dice, 0.5f, 0.7f));
    painted.fill(ellipse({x + width * 0.75f, y + height * 0.3f}, width * 0.1f, width * 0.1f), rgb(0xFFF2B0));
  }
}

/// Sky, clouds or a low sun, and hills.
void outdoors(const Pen& pen, float w, float h, Dice& dice) {
  const Color high = varied(dice, rgb(0x3C8ED8), 0.5f, 0.9f, {0, 0.8f});
  const float horizon = h * dice.between(0.55f, 0.8f);
  pen.fill(box(0, 0, w, h), Paint::linear(high, mix(high, rgb(0xFFF4E0), 0.75f), {0, 0}, {0, horizon}));
  if (dice.chance(0.5f)) {
    const float r = h * dice.between(0.06f, 0.12f);
    const Point sun{w * dice.between(0, 1), h * dice.between(0.05f, 0.5f)};
    pen.fill(ellipse(sun, 2.5f * r, 2.5f * r), Paint::glow(rgb(0xFFF7D0), 0.7f, sun, 2.5f * r));
    pen.fill(ellipse(sun, r, r), rgb(0xFFFBE0));
  }
  for (int i = dice.below(4); i > 0; --i) {
    const Point at{w * dice.between(0, 1), h * dice.between(0.05f, 0.45f)};
    const float r = h * dice.between(0.03f, 0.06f);
    for (const float k : {-1.5f, -0.5f, 0.6f, 1.6f}) {
      pen.fill(ellipse({at.x + k * r, at.y - (k * k < 1 ? 0.5f * r : 0)}, 1.2f * r, r), rgb(0xFFFFFF), 0.85f);
    }
  }
  Color hill = varied(dice, rgb(0x6BAA4C), 0.5f, 0.7f, {0, 0.7f});
  for (int i = 0; i < 3; ++i) {
    const Point top{w * dice.between(0, 1), horizon + h * (0.5f + 0.06f * static_cast<float>(i))};
    pen.fill(ellipse(top, w * dice.between(0.6f, 1.1f), h * 0.5f), hill);
    hill = mix(hill, rgb(0x1C3A24), 0.18f);
  }
}

/// Lights out of focus.
void lights(const Pen& pen, float w, float h, Dice& dice) {
  const Color dark = any_hue(dice, {0.4f, 0.8f}, {0.2f, 0.5f});
  pen.fill(box(0, 0, w, h), Paint::linear(dark, mix(dark, rgb(0x101018), 0.5f), {0, 0}, {w, h}));
  for (int i = 10 + dice.below(14); i > 0; --i) {
    const float r = h * dice.between(0.03f, 0.12f);
    const Point at{w * dice.between(0, 1), h * dice.between(0, 1)};
    const Color color = any_hue(dice, 0.5f, 1);
    pen.fill(ellipse(at, r, r), color, dice.between(0.12f, 0.4f));
  }
}

}  // namespace

void draw_background(Canvas& canvas, Dice& dice) {
  const Pen pen{canvas, {}};
  const float w = static_cast<float>(canvas.width()), h = static_cast<float>(canvas.height());
  switch (dice.below(7)) {
    case 0:
      return pen.fill(box(0, 0, w, h), any_hue(dice, {0, 0.6f}, {0.35f, 1}));
    case 1:
      return gradient(pen, w, h, dice);
    case 2:
      return stripes(pen, w, h, dice);
    case 3:
      return dots(pen, w, h, dice);
    case 4:
      return room(pen, w, h, dice);
    case 5:
      return outdoors(pen, w, h, dice);
    default:
      return lights(pen, w, h, dice);
  }
}

}  // namespace bart
