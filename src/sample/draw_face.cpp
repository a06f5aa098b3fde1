#include <fmt/format.h>

#include "background.h"
#include "bart/platform/error.h"
#include "bart/sample/sample.h"
#include "characters.h"
#include "dice.h"
#include "face.h"
#include "raster.h"

namespace bart {
namespace {

constexpr int kLeastSide = 256, kMostShortSide = 400;

Canvas any_canvas(Dice& dice) {
  const int side = kLeastSide + dice.below(kMostShortSide - kLeastSide + 1);
  const int longer = static_cast<int>(static_cast<float>(side) * dice.between(1, 1.35f));
  return dice.chance(0.5f) ? Canvas(side, longer) : Canvas(longer, side);
}

Pose any_pose(const Canvas& canvas, Dice& dice) {
  const float w = static_cast<float>(canvas.width()), h = static_cast<float>(canvas.height());
  const float side = w < h ? w : h;
  const float scale = side * dice.between(0.21f, 0.33f);
  const Point middle{w / 2 + side * dice.between(-0.13f, 0.13f), h / 2 + side * dice.between(-0.04f, 0.12f)};
  const float mirror = dice.chance(0.5f) ? -1.0f : 1.0f;
  Pose pose;
  pose.body = Affine::moved(middle).after(Affine::scaled(mirror * scale * dice.between(0.94f, 1.06f), scale));
  pose.head = pose.body.after(Affine::turned(dice.between(-0.055f, 0.055f), {0, 1.1f}));
  pose.turned = {dice.between(-1, 1), dice.between(-0.6f, 0.6f)};
  return pose;
}

/// Light from some side, warmer or colder, brighter or dimmer.
Paint any_light(const Canvas& canvas, Dice& dice) {
  const float bright = dice.between(0.9f, 1.15f), dim = bright * dice.between(0.65f, 0.97f);
  const float warmth = dice.between(-0.1f, 0.1f);
  const Color white{255 * (1 + warmth), 255, 255 * (1 - warmth)};
  const float w = static_cast<float>(canvas.width()), h = static_cast<float>(canvas.height());
  const Point from{dice.chance(0.5f) ? 0 : w, dice.between(-0.3f, 0.5f) * h};
  return Paint::linear(mix({}, white, bright), mix({}, white, dim), from, {w - from.x, h - from.y});
}

}  // namespace

const std::vector<std::string>& sample_characters() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const Character& character : characters()) result.push_back(character.name);
    return result;
  }();
  return names;
}

Picture draw_face(int character, std::uint64_t seed) {
  if (character < 0 || static_cast<std::size_t>(character) >= characters().size())
    throw Error(
        fmt::format("there is no character {}: there are 0 to {}", character, characters().size() - 1));
  const Character& who = characters()[static_cast<std::size_t>(character)];
  Dice dice(seed);
  Canvas canvas = any_canvas(dice);
  draw_background(canvas, dice);
  const Pose pose = any_pose(canvas, dice);
  draw_character(canvas, who, any_expression(dice), pose);
  canvas.tint(any_light(canvas, dice));
  return canvas.picture();
}

}  // namespace bart
