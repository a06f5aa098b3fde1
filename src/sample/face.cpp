#include "face.h"

#include <algorithm>

#include "pen.h"

namespace bart {
namespace {

constexpr float kRim = 0.045f;
constexpr float kDepth = 0.13f;  // how far a full turn moves the parts in the middle of the face

/// When the head turns, parts move sideways in proportion to their distance from the middle of the head.
float depth_of(PaintLayer layer) {
  switch (layer) {
    case PaintLayer::kBehindBody:
    case PaintLayer::kBehindHead:
      return -0.35f;
    case PaintLayer::kOnSkin:
      return 0.9f;
    case PaintLayer::kFront:
      return 0.5f;
    case PaintLayer::kTop:
      return 0.4f;
    case PaintLayer::kOnClothes:
    case PaintLayer::kChest:
      break;
  }
  return 0;
}

Contour mirrored(const Contour& points) {
  Contour result(points.rbegin(), points.rend());
  for (Point& p : result) p.x = -p.x;
  return result;
}

Path symmetric(const Contour& half) {
  Contour whole = half;
  for (const Point p : mirrored(half)) {
    if (p.x != 0) whole.push_back(p);
  }
  return blob(whole);
}

/// Lighter above, darker below, with a dark rim.
void fill_shaded(const Pen& pen, const Path& path, Color color, float rim) {
  float top = path[0][0].y, bottom = top;
  for (const Contour& contour : path) {
    for (const Point p : contour) top = std::min(top, p.y), bottom = std::max(bottom, p.y);
  }
  if (rim > 0) pen.fill(outline(path, rim), ink(color));
  pen.fill(path, Paint::linear(mix(color, rgb(0xFFFFFF), 0.12f), mix(color, rgb(0x241038), 0.16f), {0, top},
                               {0, bottom}));
}

void draw_part(const Pen& pen, const FacePart& part, bool mirror) {
  const Contour points =
      mirror && part.shape != FacePart::Shape::kEllipse ? mirrored(part.points) : part.points;
  switch (part.shape) {
    case FacePart::Shape::kBlob:
      return fill_shaded(pen, blob(points), part.color, part.rim);
    case FacePart::Shape::kSymmetric:
      return fill_shaded(pen, symmetric(points), part.color, part.rim);
    case FacePart::Shape::kPolygon:
      return fill_shaded(pen, polygon(points), part.color, part.rim);
    case FacePart::Shape::kEllipse: {
      const Point center{mirror ? -points[0].x : points[0].x, points[0].y};
      return fill_shaded(pen, ellipse(center, points[1].x, points[1].y), part.color, part.rim);
    }
    case FacePart::Shape::kLine: {
      const float start = mirror ? part.end_width : part.width, end = mirror ? part.width : part.end_width;
      const Contour along = curve(points);
      if (part.rim > 0) pen.fill(stroke(along, start + 2 * part.rim, end + 2 * part.rim), ink(part.color));
      return pen.fill(stroke(along, start, end), part.color);
    }
  }
}

void draw_layer(Canvas& canvas, const Character& character, PaintLayer layer, const Affine& map, Point turned,
                const Coverage* clip = nullptr) {
  const Pen pen{canvas, map.after(Affine::moved(depth_of(layer) * kDepth * turned)), clip};
  for (const FacePart& part : character.parts) {
    if (part.layer != layer) continue;
    draw_part(pen, part, false);
    if (part.mirrored) draw_part(pen, part, true);
  }
}

void draw_body(const Pen& pen, const Character& character) {
  const Color skin = mix(character.skin, rgb(0x30102A), 0.2f);
  fill_shaded(pen, symmetric({{0, 0.5f}, {0.34f, 0.5f}, {0.34f, 1.2f}, {0.5f, 1.5f}, {0, 1.7f}}), skin, kRim);
  const Path torso = symmetric(
      {{0, 1.5f}, {0.42f, 1.36f}, {0.95f, 1.5f}, {1.45f, 1.8f}, {1.75f, 2.6f}, {1.8f, 4.4f}, {0, 4.6f}});
  fill_shaded(pen, torso, character.clothes, kRim);
  const Coverage inside = pen.canvas.cover(torso, pen.map);
  draw_layer(pen.canvas, character, PaintLayer::kOnClothes, pen.map, {}, &inside);
  draw_layer(pen.canvas, character, PaintLayer::kChest, pen.map, {});
}

void draw_eye(const Pen& pen, const Character& character, const Expression& expression, float side) {
  const Eyes& eyes = character.eyes;
  const Point at{side * eyes.at.x, eyes.at.y};
  const Color line = ink(character.skin);
  const bool dot = eyes.white.x == 0;
  const Point radii = dot ? Point{eyes.iris, eyes.iris * 1.25f} : eyes.white;
  const float open = expression.open_eyes * (1 - eyes.lid);
  if (open < 0.2f) {  // shut: an arc, upwards in a smile
    const float sag = expression.smile > 0 ? -0.5f * radii.y : 0.4f * radii.y;
    pen.fill(
        stroke(curve({{at.x - radii.x, at.y}, {at.x, at.y + sag}, {at.x + radii.x, at.y}}), 0.06f, 0.06f),
        line);
    return;
  }
  if (dot) {
    pen.fill(ellipse(at, radii.x, radii.y * std::max(open, 0.5f)), eyes.color);
    pen.fill(ellipse(at + Point{0.03f, -0.04f}, 0.03f, 0.03f), rgb(0xFFFFFF));
    return;
  }
  const Path white = ellipse(at, radii.x, radii.y);
  const Coverage inside = pen.canvas.cover(white, pen.map);
  pen.fill(outline(white, kRim), line);
  pen.fill(white, rgb(0xFFFFFF));
  Pen in_eye = pen;
  in_eye.clip = &inside;
  const Point iris = at + Point{0.4f * radii.x * expression.gaze.x, 0.35f * radii.y * expression.gaze.y};
  in_eye.fill(ellipse(iris, eyes.iris, eyes.iris), ink(eyes.color));
  in_eye.fill(ellipse(iris, eyes.iris * 0.86f, eyes.iris * 0.86f), eyes.color);
  in_eye.fill(ellipse(iris, eyes.iris * 0.5f, eyes.iris * 0.5f), rgb(0x14101C));
  in_eye.fill(
      ellipse(iris + Point{0.35f * eyes.iris, -0.4f * eyes.iris}, eyes.iris * 0.28f, eyes.iris * 0.28f),
      rgb(0xFFFFFF));
  const float lid = at.y - radii.y + 2 * radii.y * (1 - open);
  if (open < 0.98f) {
    const float left = at.x - radii.x - 0.1f, right = at.x + radii.x + 0.1f;
    in_eye.fill(polygon({{left, at.y - 2 * radii.y}, {right, at.y - 2 * radii.y}, {right, lid}, {left, lid}}),
                mix(character.skin, rgb(0x30102A), 0.12f));
    in_eye.fill(stroke({{left, lid}, {right, lid}}, kRim, kRim), line);
  }
  if (eyes.lashes) {
    for (const float angle : {0.60f, 0.66f, 0.72f}) {  // turns, on the outer side
      const Point u = unit_circle(side > 0 ? angle + 0.21f : 0.29f - angle + 0.0f + 1.0f);
      const Point from{at.x + radii.x * u.x, std::max(at.y + radii.y * u.y, lid - 0.02f)};
      pen.fill(stroke({from, from + 0.11f * u}, 0.045f, 0.02f), line);
    }
  }
}

void draw_brow(const Pen& pen, const Character& character, const Expression& expression, float side) {
  const Eyes& eyes = character.eyes;
  const float radius_x = std::max(eyes.white.x, eyes.iris), radius_y = std::max(eyes.white.y, eyes.iris);
  const float y = eyes.at.y - radius_y - 0.12f - 0.07f * expression.brows;
  const float tilt = character.brow_tilt + 0.1f * expression.anger;
  const float inner = eyes.at.x - 0.85f * radius_x, outer = eyes.at.x + 1.05f * radius_x;
  const Contour line = curve({{side * inner, y + 0.5f * tilt},
                              {side * (inner + outer) / 2, y - 0.05f},
                              {side * outer, y - 0.5f * tilt + 0.03f}});
  pen.fill(stroke(line, character.brow_width, 0.6f * character.brow_width), character.brow);
}

void draw_nose(const Pen& pen, const Character& character) {
  const Nose& nose = character.nose;
  const Color shade = mix(character.skin, rgb(0x8A2030), 0.22f), line = ink(character.skin);
  const float y = nose.y, s = nose.size;
  switch (nose.kind) {
    case Nose::Kind::kButton:
      pen.fill(ellipse({0, y}, s, 0.8f * s), shade);
      pen.fill(stroke(curve({{-s, y}, {0, y + 0.85f * s}, {s, y}}), 0.035f, 0.035f), line);
      return;
    case Nose::Kind::kBall:
      fill_shaded(pen, ellipse({0, y}, s, 0.9f * s), mix(character.skin, rgb(0xD04040), 0.2f), kRim);
      pen.fill(ellipse({-0.35f * s, y - 0.35f * s}, 0.25f * s, 0.2f * s), rgb(0xFFFFFF), 0.5f);
      return;
    case Nose::Kind::kHook:
      pen.fill(stroke(curve({{0.1f * s, y - 1.3f * s},
                             {0.55f * s, y - 0.2f * s},
                             {0.7f * s, y + 0.35f * s},
                             {-0.4f * s, y + 0.5f * s}}),
                      0.04f, 0.05f),
               line);
      return;
    case Nose::Kind::kWedge: {
      const Path wedge = blob({{0, y - s},
                               {0.35f * s, y + 0.3f * s},
                               {0.4f * s, y + 0.7f * s},
                               {-0.1f * s, y + 0.8f * s},
                               {-0.35f * s, y + 0.5f * s}});
      fill_shaded(pen, wedge, mix(character.skin, rgb(0xC06030), 0.15f), kRim);
      return;
    }
  }
}

void draw_mouth(const Pen& pen, const Character& character, const Expression& expression) {
  const float y = character.mouth.x, width = character.mouth.y * (0.9f + 0.15f * expression.smile);
  const float lift = 0.16f * expression.smile;
  const Point left{-width, y - lift}, right{width, y - lift};
  const Color line = ink(character.lips);
  if (expression.open_mouth < 0.15f) {
    const Contour smile =
        curve({left, {-0.5f * width, y + 0.35f * lift}, {0.5f * width, y + 0.35f * lift}, right});
    pen.fill(stroke(smile, 0.075f, 0.075f), character.lips);
    pen.fill(stroke(smile, 0.035f, 0.035f), line);
    return;
  }
  const float drop = 0.12f + 0.3f * expression.open_mouth;
  const Path lips = blob({left,
                          {0, y + 0.2f * lift - 0.03f},
                          right,
                          {0.6f * width, y + 0.65f * drop},
                          {0, y + drop},
                          {-0.6f * width, y + 0.65f * drop}});
  const Coverage inside = pen.canvas.cover(lips, pen.map);
  pen.fill(outline(lips, 0.11f), line);
  pen.fill(outline(lips, 0.06f), character.lips);
  pen.fill(lips, rgb(0x5A1424));
  Pen in_mouth = pen;
  in_mouth.clip = &inside;
  in_mouth.fill(ellipse({0, y + drop}, 0.6f * width, 0.45f * drop), rgb(0xE86A78));
  in_mouth.fill(ellipse({0, y - 0.1f - 0.5f * lift}, 0.95f * width, 0.15f + 0.35f * lift), rgb(0xFFFDF4));
}

}  // namespace

Expression any_expression(Dice& dice) {
  Expression e{};
  e.smile = dice.chance(0.7f) ? dice.between(0.3f, 1) : dice.between(-0.9f, 0.2f);
  e.open_mouth = dice.chance(0.45f) ? dice.between(0.2f, 1) : 0;
  const int eyes = dice.below(8);
  e.open_eyes = eyes == 0 ? 0 : eyes <= 2 ? dice.between(0.55f, 0.85f) : 1;
  e.brows = dice.between(-0.6f, 1);
  e.anger = dice.between(-1, 0.8f);
  e.gaze = {dice.between(-0.9f, 0.9f), dice.between(-0.6f, 0.7f)};
  return e;
}

void draw_character(Canvas& canvas, const Character& character, const Expression& expression,
                    const Pose& pose) {
  const Point turned = pose.turned;
  draw_layer(canvas, character, PaintLayer::kBehindBody, pose.head, turned);
  draw_layer(canvas, character, PaintLayer::kBehindHead, pose.head, turned);
  draw_body({canvas, pose.body}, character);

  const Pen skull{canvas, pose.head};
  if (character.ears > 0) {
    float side_x = 0;  // the head's widest place
    for (const Point p : character.head) side_x = std::max(side_x, p.x);
    for (const float side : {-1.0f, 1.0f}) {
      const Point at{side * (side_x + 0.2f * character.ears) - 0.4f * kDepth * turned.x, 0.08f};
      fill_shaded(skull, ellipse(at, 0.8f * character.ears, character.ears), character.skin, kRim);
      skull.fill(ellipse(at, 0.42f * character.ears, 0.58f * character.ears),
                 mix(character.skin, rgb(0x7A1C30), 0.3f));
    }
  }
  const Path head = symmetric(character.head);
  const Coverage inside = canvas.cover(head, pose.head);
  skull.fill(outline(head, kRim), ink(character.skin));
  const Color shade = mix(character.skin, rgb(0x6A1C3A), 0.28f);
  skull.fill(head,
             Paint::radial(mix(character.skin, rgb(0xFFFFFF), 0.12f), shade, {-0.25f, -0.4f}, {0.9f, 1.6f}));

  const Pen face{canvas, pose.head.after(Affine::moved(kDepth * turned))};
  Pen on_skin = face;
  on_skin.clip = &inside;
  for (const float side : {-1.0f, 1.0f}) {
    const Point at{side * 0.56f, 0.34f};
    on_skin.fill(ellipse(at, 0.26f, 0.2f), Paint::glow(rgb(0xF0506A), 0.7f * character.cheeks, at, 0.26f));
  }
  draw_layer(canvas, character, PaintLayer::kOnSkin, pose.head, turned);
  draw_mouth(face, character, expression);
  for (const float side : {-1.0f, 1.0f}) draw_eye(face, character, expression, side);
  for (const float side : {-1.0f, 1.0f}) draw_brow(face, character, expression, side);
  draw_nose(face, character);
  draw_layer(canvas, character, PaintLayer::kFront, pose.head, turned);
  draw_layer(canvas, character, PaintLayer::kTop, pose.head, turned);
}

}  // namespace bart
