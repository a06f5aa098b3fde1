#include "characters.h"

namespace bart {
namespace {

using enum PaintLayer;
using enum FacePart::Shape;
using NoseKind = Nose::Kind;

constexpr float kNoRim = 0;

FacePart line(PaintLayer layer, std::uint32_t color, Contour points, float width, float end_width,
              bool mirrored = false, float rim = 0.045f) {
  return {layer, kLine, rgb(color), std::move(points), mirrored, width, end_width, rim};
}

FacePart shape(PaintLayer layer, FacePart::Shape kind, std::uint32_t color, Contour points,
               bool mirrored = false) {
  return {layer, kind, rgb(color), std::move(points), mirrored};
}

FacePart dot(PaintLayer layer, std::uint32_t color, Point center, float radius, bool mirrored = false,
             float rim = 0.045f) {
  return {layer, kEllipse, rgb(color), {center, {radius, radius}}, mirrored, 0, 0, rim};
}

void add_freckles(std::vector<FacePart>& parts, std::uint32_t color) {
  for (const Point p : {Point{0.42f, 0.26f}, {0.54f, 0.33f}, {0.62f, 0.22f}, {0.36f, 0.37f}}) {
    parts.push_back(dot(kOnSkin, color, p, 0.034f, true, kNoRim));
  }
}

Character ada_pumpkin() {
  Character c{.name = "ada_pumpkin",
              .skin = rgb(0xFFD9B8),
              .head = {{0, -1}, {0.62f, -0.83f}, {0.98f, -0.2f}, {0.94f, 0.38f}, {0.58f, 0.86f}, {0, 1}},
              .eyes = {{0.36f, -0.02f}, {0.23f, 0.27f}, 0.15f, rgb(0x3D9A50), 0, true},
              .nose = {NoseKind::kButton, 0.3f, 0.11f},
              .brow = rgb(0xB8501A),
              .brow_width = 0.07f,
              .brow_tilt = 0.03f,
              .mouth = {0.58f, 0.32f},
              .lips = rgb(0xC4524A),
              .cheeks = 0.55f,
              .ears = 0,
              .clothes = rgb(0x2F8F83),
              .parts = {}};
  const std::uint32_t hair = 0xF0782A;
  c.parts = {
      dot(kBehindHead, hair, {0.72f, -1.0f}, 0.42f, true),
      line(kBehindHead, 0xC95A18, {{0.58f, -1.12f}, {0.8f, -1.14f}, {0.88f, -0.94f}}, 0.05f, 0.02f, true,
           kNoRim),
      shape(kBehindHead, kSymmetric, 0xD9641C,
            {{0, -1.12f}, {0.75f, -0.95f}, {1.16f, -0.2f}, {1.1f, 0.5f}, {0.8f, 0.78f}, {0, 0.5f}}),
      shape(kFront, kBlob, hair,
            {{0, -1.14f},
             {0.6f, -1.02f},
             {1.08f, -0.42f},
             {1.12f, 0.28f},
             {0.94f, 0.34f},
             {0.86f, -0.18f},
             {0.6f, -0.5f},
             {0.1f, -0.72f},
             {-0.36f, -0.46f},
             {-0.78f, -0.28f},
             {-0.92f, 0.3f},
             {-1.12f, 0.28f},
             {-1.08f, -0.42f},
             {-0.6f, -1.02f}}),
      line(kFront, 0xFFA95C, {{-0.6f, -0.78f}, {-0.2f, -0.95f}, {0.25f, -0.94f}}, 0.03f, 0.08f, false,
           kNoRim),
      line(kFront, 0x4C8F3C, {{0, -1.1f}, {0.03f, -1.24f}, {0.14f, -1.34f}}, 0.13f, 0.08f),
  };
  add_freckles(c.parts, 0xD98A5B);
  return c;
}

Character bruno_walrus() {
  Character c{
      .name = "bruno_walrus",
      .skin = rgb(0xEDB08E),
      .head =
          {{0, -1}, {0.48f, -0.88f}, {0.72f, -0.4f}, {0.9f, 0.1f}, {1.1f, 0.52f}, {0.86f, 0.94f}, {0, 1.1f}},
      .eyes = {{0.27f, -0.18f}, {0, 0}, 0.1f, rgb(0x2B2622), 0, false},
      .nose = {NoseKind::kBall, 0.14f, 0.25f},
      .brow = rgb(0x8B8F96),
      .brow_width = 0.15f,
      .brow_tilt = -0.05f,
      .mouth = {0.72f, 0.22f},
      .lips = rgb(0x9A4A44),
      .cheeks = 0.5f,
      .ears = 0.2f,
      .clothes = rgb(0x34507E),
      .parts = {}};
  c.parts = {
      shape(kOnClothes, kPolygon, 0xF4F0E6, {{-0.42f, 1.28f}, {0.42f, 1.28f}, {0.1f, 2.3f}, {-0.1f, 2.3f}}),
      shape(kChest, kBlob, 0xD2353A, {{0.02f, 1.42f}, {0.42f, 1.24f}, {0.5f, 1.62f}}, true),
      dot(kChest, 0xB0262C, {0, 1.43f}, 0.12f),
      shape(kBehindHead, kBlob, 0x9DA2A9,
            {{0.62f, -0.5f}, {0.9f, -0.42f}, {1.08f, -0.12f}, {1.0f, 0.14f}, {0.8f, 0.05f}}, true),
      shape(kFront, kBlob, 0x9DA2A9,
            {{0, 0.36f},
             {0.3f, 0.32f},
             {0.62f, 0.42f},
             {0.86f, 0.78f},
             {0.72f, 0.86f},
             {0.4f, 0.72f},
             {0, 0.62f}},
            true),
      line(kFront, 0xC9CDD2, {{0.14f, 0.44f}, {0.45f, 0.48f}, {0.68f, 0.68f}}, 0.02f, 0.05f, true, kNoRim),
      line(kOnSkin, 0xF9D0B6, {{-0.3f, -0.76f}, {-0.12f, -0.84f}, {0.1f, -0.85f}}, 0.05f, 0.09f, false,
           kNoRim),
  };
  return c;
}

Character coco_meringue() {
  Character c{.name = "coco_meringue",
              .skin = rgb(0x8A5238),
              .head = {{0, -0.95f},
                       {0.58f, -0.86f},
                       {0.9f, -0.36f},
                       {0.83f, 0.18f},
                       {0.48f, 0.74f},
                       {0.16f, 1.02f},
                       {0, 1.06f}},
              .eyes = {{0.34f, -0.04f}, {0.22f, 0.21f}, 0.14f, rgb(0x6B3A1E), 0.2f, true},
              .nose = {NoseKind::kButton, 0.32f, 0.13f},
              .brow = rgb(0x3A2018),
              .brow_width = 0.06f,
              .brow_tilt = 0.08f,
              .mouth = {0.62f, 0.24f},
              .lips = rgb(0xC2304E),
              .cheeks = 0.25f,
              .ears = 0.17f,
              .clothes = rgb(0xF2B632),
              .parts = {}};
  const std::uint32_t hair = 0xFFE9EF;
  c.parts = {
      shape(kTop, kEllipse, hair, {{0, -1.86f}, {0.24f, 0.22f}}),
      shape(kTop, kEllipse, hair, {{0.02f, -1.56f}, {0.52f, 0.3f}}),
      shape(kTop, kEllipse, hair, {{-0.02f, -1.2f}, {0.8f, 0.36f}}),
      shape(kTop, kBlob, hair,
            {{-0.98f, -0.52f},
             {-0.92f, -0.98f},
             {-0.4f, -1.08f},
             {0.4f, -1.08f},
             {0.92f, -0.98f},
             {0.98f, -0.52f},
             {0.7f, -0.5f},
             {0.4f, -0.66f},
             {0.05f, -0.58f},
             {-0.3f, -0.68f},
             {-0.7f, -0.5f}}),
      line(kTop, 0xF3B7CB, {{-0.55f, -1.2f}, {-0.1f, -1.06f}, {0.5f, -1.2f}}, 0.03f, 0.07f, false, kNoRim),
      line(kTop, 0xF3B7CB, {{-0.32f, -1.55f}, {0, -1.46f}, {0.34f, -1.56f}}, 0.03f, 0.06f, false, kNoRim),
      line(kTop, 0xF3B7CB, {{-0.6f, -0.86f}, {-0.1f, -0.76f}, {0.6f, -0.84f}}, 0.03f, 0.07f, false, kNoRim),
      dot(kTop, 0xD8304A, {0.06f, -2.08f}, 0.13f),
      dot(kFront, 0xFFC93C, {0.92f, 0.42f}, 0.12f, true),
  };
  return c;
}

Character dotty_lamp() {
  Character c{
      .name = "dotty_lamp",
      .skin = rgb(0xF6CFA0),
      .head = {{0, -1.05f}, {0.5f, -0.92f}, {0.76f, -0.35f}, {0.74f, 0.32f}, {0.47f, 0.86f}, {0, 1.06f}},
      .eyes = {{0.33f, -0.02f}, {0.15f, 0.17f}, 0.11f, rgb(0x38302E), 0, false},
      .nose = {NoseKind::kHook, 0.28f, 0.14f},
      .brow = rgb(0x221E2A),
      .brow_width = 0.07f,
      .brow_tilt = 0.02f,
      .mouth = {0.62f, 0.22f},
      .lips = rgb(0xB34A4A),
      .cheeks = 0.3f,
      .ears = 0,
      .clothes = rgb(0xE8E2D2),
      .parts = {}};
  const std::uint32_t hair = 0x2A2636, frame = 0xE0364C;
  c.parts = {
      shape(kBehindHead, kSymmetric, hair,
            {{0, -1.22f},
             {0.66f, -1.08f},
             {0.98f, -0.4f},
             {1.04f, 0.3f},
             {1.06f, 0.74f},
             {0.66f, 0.82f},
             {0, 0.7f}}),
      shape(kFront, kBlob, hair,
            {{-0.98f, -0.3f},
             {-0.72f, -1.04f},
             {0, -1.24f},
             {0.72f, -1.04f},
             {0.98f, -0.3f},
             {0.8f, -0.22f},
             {0.7f, -0.42f},
             {0.3f, -0.4f},
             {0, -0.39f},
             {-0.3f, -0.4f},
             {-0.7f, -0.42f},
             {-0.8f, -0.22f}}),
      line(kFront, 0x6A6590, {{-0.62f, -0.8f}, {-0.1f, -0.96f}, {0.5f, -0.86f}}, 0.05f, 0.1f, false, kNoRim),
      line(kTop, frame, {{0.65f, -0.02f}, {0.9f, -0.1f}}, 0.08f, 0.06f, true),
      line(kTop, frame, {{-0.1f, -0.04f}, {0, -0.08f}, {0.1f, -0.04f}}, 0.08f, 0.08f),
  };
  Contour ring;
  for (int i = 0; i <= 32; ++i)
    ring.push_back(Point{0.35f, 0} + 0.29f * unit_circle(static_cast<float>(i) / 32));
  c.parts.push_back(line(kTop, frame, ring, 0.09f, 0.09f, true));
  return c;
}

Character enzo_pickle() {
  Character c{.name = "enzo_pickle",
              .skin = rgb(0xD9A36B),
              .head = {{0, -1.15f},
                       {0.42f, -1.02f},
                       {0.62f, -0.4f},
                       {0.6f, 0.3f},
                       {0.52f, 0.9f},
                       {0.26f, 1.22f},
                       {0, 1.26f}},
              .eyes = {{0.26f, -0.12f}, {0.2f, 0.19f}, 0.11f, rgb(0x6A7B2A), 0.5f, false},
              .nose = {NoseKind::kWedge, 0.24f, 0.3f},
              .brow = rgb(0x3B2A1C),
              .brow_width = 0.1f,
              .brow_tilt = -0.02f,
              .mouth = {0.78f, 0.2f},
              .lips = rgb(0x8E4B36),
              .cheeks = 0.1f,
              .ears = 0.2f,
              .clothes = rgb(0x7B4B94),
              .parts = {}};
  const std::uint32_t wool = 0x5E9B32, dark = 0x47792A;
  c.parts = {
      line(kBehindHead, 0x3B2A1C, {{0.5f, -0.6f}, {0.66f, -0.3f}, {0.62f, -0.05f}}, 0.2f, 0.1f, true),
      shape(kTop, kSymmetric, wool,
            {{0, -1.72f}, {0.42f, -1.52f}, {0.66f, -1.05f}, {0.74f, -0.6f}, {0, -0.62f}}),
      line(kTop, dark, {{0.02f, -1.58f}, {0.06f, -1.1f}, {0.05f, -0.75f}}, 0.04f, 0.05f, false, kNoRim),
      line(kTop, dark, {{0.2f, -1.5f}, {0.34f, -1.1f}, {0.36f, -0.75f}}, 0.04f, 0.05f, true, kNoRim),
      line(kTop, dark, {{-0.7f, -0.6f}, {-0.3f, -0.66f}, {0.3f, -0.66f}, {0.7f, -0.6f}}, 0.26f, 0.26f),
      dot(kTop, 0xF0F2D8, {0.02f, -1.78f}, 0.2f),
  };
  for (const Point p :
       {Point{0.1f, 1.02f}, {0.26f, 0.98f}, {0.38f, 0.84f}, {0.45f, 0.62f}, {0.18f, 1.12f}, {0.34f, 1.02f}}) {
    c.parts.push_back(dot(kOnSkin, 0x8A6644, p, 0.022f, true, kNoRim));
  }
  return c;
}

Character fitz_marble() {
  Character c{.name = "fitz_marble",
              .skin = rgb(0x9CC4DC),
              .head = {{0, -0.96f},
                       {0.56f, -0.95f},
                       {0.86f, -0.74f},
                       {0.9f, 0},
                       {0.88f, 0.56f},
                       {0.7f, 0.9f},
                       {0.3f, 0.99f},
                       {0, 1}},
              .eyes = {{0.36f, -0.1f}, {0.25f, 0.22f}, 0.1f, rgb(0xE0A020), 0.15f, false},
              .nose = {NoseKind::kBall, 0.26f, 0.15f},
              .brow = rgb(0x4A2A78),
              .brow_width = 0.14f,
              .brow_tilt = 0.12f,
              .mouth = {0.62f, 0.4f},
              .lips = rgb(0x3E6E92),
              .cheeks = 0.15f,
              .ears = 0.24f,
              .clothes = rgb(0x2C2C34),
              .parts = {}};
  const std::uint32_t hair = 0x8B45C8;
  c.parts = {
      shape(kBehindHead, kPolygon, hair,
            {{-0.34f, -0.6f},
             {-0.46f, -1.3f},
             {-0.2f, -1.12f},
             {-0.16f, -1.68f},
             {0.06f, -1.26f},
             {0.26f, -1.72f},
             {0.3f, -1.16f},
             {0.54f, -1.32f},
             {0.36f, -0.6f}}),
      shape(kFront, kBlob, hair,
            {{-0.32f, -0.98f}, {0.34f, -0.98f}, {0.22f, -0.72f}, {0.02f, -0.6f}, {-0.2f, -0.72f}}),
      line(kFront, 0xC08CF0, {{-0.1f, -0.9f}, {0.02f, -0.8f}, {0.1f, -0.9f}}, 0.03f, 0.05f, false, kNoRim),
      line(kOnSkin, 0x6C97B4, {{0.58f, 0.42f}, {0.72f, 0.6f}}, 0.05f, 0.03f, false, kNoRim),
      line(kOnSkin, 0x6C97B4, {{0.7f, 0.44f}, {0.6f, 0.58f}}, 0.05f, 0.03f, false, kNoRim),
      dot(kFront, 0xE8E8F0, {1.06f, 0.26f}, 0.08f, true),
  };
  return c;
}

Character greta_gale() {
  Character c{
      .name = "greta_gale",
      .skin = rgb(0xFBE0D2),
      .head = {{0, -0.96f}, {0.58f, -0.82f}, {0.86f, -0.25f}, {0.8f, 0.3f}, {0.44f, 0.82f}, {0, 1.02f}},
      .eyes = {{0.34f, 0.02f}, {0.24f, 0.25f}, 0.17f, rgb(0x3A86D8), 0, true},
      .nose = {NoseKind::kButton, 0.34f, 0.08f},
      .brow = rgb(0xB8912E),
      .brow_width = 0.055f,
      .brow_tilt = -0.04f,
      .mouth = {0.6f, 0.22f},
      .lips = rgb(0xD96A72),
      .cheeks = 0.7f,
      .ears = 0,
      .clothes = rgb(0xC73B4A),
      .parts = {}};
  const std::uint32_t hair = 0xF6D25A;
  c.parts = {
      shape(kBehindHead, kSymmetric, 0xDDB53E,
            {{0, -1.12f}, {0.7f, -0.96f}, {1.02f, -0.3f}, {0.98f, 0.4f}, {0.5f, 0.7f}, {0, 0.4f}}),
      dot(kBehindHead, hair, {0.98f, 0.42f}, 0.25f, true),
      dot(kBehindHead, hair, {1.06f, 0.76f}, 0.23f, true),
      dot(kBehindHead, hair, {1.08f, 1.08f}, 0.21f, true),
      dot(kBehindHead, hair, {1.06f, 1.37f}, 0.18f, true),
      shape(kBehindHead, kBlob, hair,
            {{0.96f, 1.56f}, {1.16f, 1.56f}, {1.22f, 1.86f}, {1.06f, 1.98f}, {0.92f, 1.86f}}, true),
      line(kBehindHead, 0x3D9A8B, {{0.95f, 1.54f}, {1.17f, 1.54f}}, 0.12f, 0.12f, true),
      shape(kFront, kBlob, hair,
            {{0, -1.14f},
             {0.62f, -0.98f},
             {1.0f, -0.32f},
             {0.98f, 0.26f},
             {0.8f, -0.02f},
             {0.46f, -0.36f},
             {0.06f, -0.84f},
             {-0.04f, -0.9f}},
            true),
      line(kFront, 0xFFF0B0, {{0.3f, -0.9f}, {0.58f, -0.68f}, {0.74f, -0.4f}}, 0.03f, 0.07f, true, kNoRim),
  };
  for (int i = 0; i < 5; ++i) {
    c.parts.push_back(
        dot(kTop, 0xFF8FB4, Point{0.62f, -0.84f} + 0.16f * unit_circle(static_cast<float>(i) / 5), 0.12f));
  }
  c.parts.push_back(dot(kTop, 0xFFE066, {0.62f, -0.84f}, 0.1f));
  return c;
}

Character hugo_anvil() {
  Character c{
      .name = "hugo_anvil",
      .skin = rgb(0xC98A62),
      .head =
          {{0, -1}, {0.56f, -0.92f}, {0.84f, -0.5f}, {0.86f, 0.1f}, {0.92f, 0.6f}, {0.66f, 1.0f}, {0, 1.1f}},
      .eyes = {{0.31f, -0.16f}, {0.17f, 0.16f}, 0.1f, rgb(0x31506E), 0.1f, false},
      .nose = {NoseKind::kHook, 0.14f, 0.22f},
      .brow = rgb(0x2A1C16),
      .brow_width = 0.16f,
      .brow_tilt = 0.06f,
      .mouth = {0.6f, 0.24f},
      .lips = rgb(0xA85A50),
      .cheeks = 0.2f,
      .ears = 0.2f,
      .clothes = rgb(0xB5482E),
      .parts = {}};
  const std::uint32_t beard = 0x3A261C;
  c.parts = {
      shape(kOnSkin, kBlob, beard,
            {{-0.9f, -0.1f},
             {-0.74f, 0.1f},
             {-0.5f, 0.38f},
             {0, 0.36f},
             {0.5f, 0.38f},
             {0.74f, 0.1f},
             {0.9f, -0.1f},
             {1.02f, 0.5f},
             {0.84f, 1.04f},
             {0.4f, 1.36f},
             {0, 1.44f},
             {-0.4f, 1.36f},
             {-0.84f, 1.04f},
             {-1.02f, 0.5f}}),
      line(kOnSkin, 0x6A4836, {{0.5f, 0.7f}, {0.46f, 0.94f}, {0.3f, 1.14f}}, 0.05f, 0.02f, true, kNoRim),
      line(kOnSkin, 0x6A4836, {{0.74f, 0.5f}, {0.74f, 0.74f}}, 0.04f, 0.02f, true, kNoRim),
      shape(kTop, kSymmetric, 0x27425F,
            {{0, -1.52f}, {0.7f, -1.42f}, {1.12f, -1.08f}, {0.94f, -0.72f}, {0, -0.78f}}),
      line(kTop, 0x182B40, {{-0.86f, -0.66f}, {-0.4f, -0.74f}, {0.4f, -0.74f}, {0.86f, -0.66f}}, 0.22f,
           0.22f),
      shape(kTop, kBlob, 0x141C26,
            {{-0.66f, -0.6f}, {0, -0.66f}, {0.66f, -0.6f}, {0.56f, -0.42f}, {0, -0.36f}, {-0.56f, -0.42f}}),
      dot(kTop, 0xF2C14E, {0, -1.08f}, 0.16f),
      line(kTop, 0xB98A22, {{0, -1.18f}, {0, -1.0f}}, 0.05f, 0.05f, false, kNoRim),
      line(kTop, 0xB98A22, {{-0.08f, -1.04f}, {0, -0.99f}, {0.08f, -1.04f}}, 0.05f, 0.05f, false, kNoRim),
  };
  return c;
}

Character iris_comet() {
  Character c{
      .name = "iris_comet",
      .skin = rgb(0xCDB6EC),
      .head = {{0, -0.88f}, {0.66f, -0.74f}, {1.04f, -0.15f}, {0.94f, 0.36f}, {0.5f, 0.8f}, {0, 0.94f}},
      .eyes = {{0.42f, 0.02f}, {0.27f, 0.3f}, 0.2f, rgb(0x8A2BA8), 0.1f, true},
      .nose = {NoseKind::kButton, 0.36f, 0.06f},
      .brow = rgb(0x147C86),
      .brow_width = 0.06f,
      .brow_tilt = 0.06f,
      .mouth = {0.58f, 0.18f},
      .lips = rgb(0x8A4BA0),
      .cheeks = 0.45f,
      .ears = 0,
      .clothes = rgb(0x26285A),
      .parts = {}};
  const std::uint32_t hair = 0x28B8B8;
  c.parts = {
      shape(kBehindBody, kSymmetric, 0x178C92,
            {{0, -1.08f}, {0.9f, -0.84f}, {1.26f, 0.1f}, {1.3f, 1.1f}, {1.06f, 2.1f}, {0, 1.8f}}),
      shape(kFront, kBlob, hair,
            {{0.5f, -1.0f},
             {1.06f, -0.56f},
             {1.22f, 0.2f},
             {1.24f, 0.86f},
             {1.0f, 0.5f},
             {0.92f, -0.1f},
             {0.62f, -0.5f},
             {0.3f, -0.66f},
             {0.1f, -0.3f},
             {-0.24f, 0.26f},
             {-0.6f, 0.52f},
             {-1.0f, 0.62f},
             {-1.22f, 0.9f},
             {-1.24f, 0.1f},
             {-1.06f, -0.56f},
             {-0.56f, -1.04f},
             {0, -1.14f}}),
      line(kFront, 0x8FF0E6, {{-0.1f, -0.98f}, {-0.5f, -0.66f}, {-0.76f, -0.16f}}, 0.1f, 0.03f, false,
           kNoRim),
      line(kFront, 0x178C92, {{0.1f, -0.7f}, {-0.2f, -0.26f}, {-0.6f, 0.16f}, {-0.9f, 0.3f}}, 0.03f, 0.06f,
           false, kNoRim),
  };
  Contour star;
  for (int i = 0; i < 10; ++i) {
    star.push_back(Point{0.72f, -0.66f} +
                   (i % 2 == 0 ? 0.27f : 0.12f) * unit_circle(static_cast<float>(i) / 10 - 0.25f));
  }
  c.parts.push_back(shape(kTop, kPolygon, 0xFFD84A, star));
  return c;
}

Character otto_biscuit() {
  Character c{
      .name = "otto_biscuit",
      .skin = rgb(0xB97A4C),
      .head = {{0, -0.84f}, {0.66f, -0.74f}, {1.02f, -0.18f}, {1.0f, 0.36f}, {0.62f, 0.8f}, {0, 0.92f}},
      .eyes = {{0.32f, -0.06f}, {0.21f, 0.25f}, 0.1f, rgb(0x1E1A18), 0, false},
      .nose = {NoseKind::kBall, 0.24f, 0.12f},
      .brow = rgb(0x4A2A16),
      .brow_width = 0.08f,
      .brow_tilt = -0.03f,
      .mouth = {0.54f, 0.42f},
      .lips = rgb(0x8C3E30),
      .cheeks = 0.35f,
      .ears = 0.36f,
      .clothes = rgb(0x6CB4E8),
      .parts = {}};
  const std::uint32_t hair = 0x5A331C;
  for (const Point p : {Point{-0.86f, -0.5f},
                        {0.86f, -0.5f},
                        {-0.66f, -0.84f},
                        {0.68f, -0.84f},
                        {-0.34f, -1.04f},
                        {0.36f, -1.04f},
                        {0.02f, -1.12f}}) {
    c.parts.push_back(dot(kFront, hair, p, 0.28f));
  }
  for (const Point p : {Point{-0.48f, -0.62f}, {-0.16f, -0.72f}, {0.18f, -0.7f}, {0.5f, -0.62f}}) {
    c.parts.push_back(dot(kFront, 0x6B3F24, p, 0.23f));
  }
  c.parts.push_back(
      line(kFront, 0xA9714A, {{0.3f, -1.14f}, {0.46f, -1.12f}, {0.5f, -0.98f}}, 0.05f, 0.03f, true, kNoRim));
  c.parts.push_back(
      shape(kOnClothes, kPolygon, 0xFFF3D6, {{-2.2f, 1.75f}, {2.2f, 1.75f}, {2.2f, 1.98f}, {-2.2f, 1.98f}}));
  return c;
}

}  // namespace

const std::vector<Character>& characters() {
  static const std::vector<Character> cast{ada_pumpkin(), bruno_walrus(), coco_meringue(), dotty_lamp(),
                                           enzo_pickle(), fitz_marble(),  greta_gale(),    hugo_anvil(),
                                           iris_comet(),  otto_biscuit()};
  return cast;
}

}  // namespace bart
