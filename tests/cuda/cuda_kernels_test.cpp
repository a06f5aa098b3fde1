// The convolutions in the sizes of the real network, in all precisions, and products of awkward sizes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "bart/augment/picture_change.h"
#include "batch_run.h"
#include "host_kernels.h"
#include "kernels/parameters.h"
#include "kernels/tile.h"

namespace bart::cuda {
namespace {

template <class Arguments>
void run(const std::string& name, std::int64_t x, std::int64_t y, std::int64_t z,
         const Arguments& arguments) {
  for (const HostKernel& kernel : host_kernels()) {
    if (kernel.name != name) continue;
    ASSERT_EQ(kernel.arguments_bytes, sizeof arguments);
    kernel.run(static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z), &arguments);
    return;
  }
  FAIL() << "there is no kernel " << name;
}

std::vector<float> noise(std::size_t count, unsigned seed) {
  std::mt19937 words(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(static_cast<double>(words()) * 0x1p-31 - 1);
  return values;
}

std::int64_t divided(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

/// Activations as a convolution of this arithmetic takes them.
std::vector<std::uint8_t> activations(Arithmetic arithmetic, const std::vector<float>& values) {
  const std::size_t size = arithmetic == Arithmetic::bf16 ? sizeof(Bf16) : sizeof(float);
  std::vector<std::uint8_t> bytes(values.size() * size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Bf16 half = Nearest<Bf16>::to(values[i]);
    std::memcpy(bytes.data() + i * size,
                arithmetic == Arithmetic::bf16 ? static_cast<const void*>(&half) : &values[i], size);
  }
  return bytes;
}

std::vector<float> floats_of(Arithmetic arithmetic, const std::vector<std::uint8_t>& bytes) {
  const std::size_t size = arithmetic == Arithmetic::bf16 ? sizeof(Bf16) : sizeof(float);
  std::vector<float> values(bytes.size() / size);
  for (std::size_t i = 0; i < values.size(); ++i) {
    Bf16 half;
    std::memcpy(&half, bytes.data() + i * size, sizeof half);
    if (arithmetic == Arithmetic::bf16) {
      values[i] = to_float(half);
    } else {
      std::memcpy(&values[i], bytes.data() + i * size, size);
    }
  }
  return values;
}

/// What storing an activation costs at most, relative to it: half a unit of its last place.
double storing(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::bf16 ? 0x1p-8 : 0;
}

struct Layer {
  const char* name;
  int size, in, out;
};

/// What a factor is rounded to before it is multiplied.
double factor(Arithmetic arithmetic, float value) {
  switch (arithmetic) {
    case Arithmetic::tf32:
      return stored<Arithmetic::tf32>(value);
    case Arithmetic::bf16:
      return stored<Arithmetic::bf16>(value);
    case Arithmetic::f32:
      break;
  }
  return value;
}

/// A sum in double of products of rounded factors, and of their sizes.
struct Truth {
  double sum = 0, size = 0;
  int terms = 0;
  void add(double a, double b) {
    sum += a * b;
    size += std::abs(a * b);
    ++terms;
  }
  /// Any order of adding up `terms` products in float is off by at most this (Higham, Accuracy and Stability
  /// of Numerical Algorithms, 2002, section 3.1).
  double bound() const { return 0x1p-24 * (terms + 1) * size; }
};

class ConvolutionKernels : public testing::TestWithParam<std::tuple<Layer, Arithmetic>> {
 protected:
  Layer layer = std::get<0>(GetParam());
  Arithmetic arithmetic = std::get<1>(GetParam());
  std::int64_t pixels = std::int64_t{layer.size} * layer.size;
  std::vector<float> input = noise(static_cast<std::size_t>(pixels * layer.in), 1);
  std::string suffix() const {
    return arithmetic == Arithmetic::f32 ? "f32" : arithmetic == Arithmetic::tf32 ? "tf32" : "bf16";
  }
  /// The input around a pixel, 0 outside.
  float at(std::int64_t pixel, int tap, int channel) const {
    const std::int64_t y = pixel / layer.size + tap / 3 - 1, x = pixel % layer.size + tap % 3 - 1;
    if (y < 0 || x < 0 || y >= layer.size || x >= layer.size) return 0;
    return input[static_cast<std::size_t>((y * layer.size + x) * layer.in + channel)];
  }
};

TEST_P(ConvolutionKernels, Forward) {
  const std::vector<float> weights = noise(static_cast<std::size_t>(layer.out * 9 * layer.in), 2);
  const std::vector<float> bias = noise(static_cast<std::size_t>(layer.out), 3);
  const std::vector<std::uint8_t> from = activations(arithmetic, input);
  std::vector<std::uint8_t> to =
      activations(arithmetic, std::vector<float>(static_cast<std::size_t>(pixels * layer.out), NAN));
  const TileSize tile = convolution_tile(layer.out);
  const Product product{to.data(), bias.data(),  pixels,
                        layer.out, 9 * layer.in, divided(9 * layer.in, 32) * 32};
  run((layer.out <= narrow_channels ? "convolution_narrow_" : "convolution_wide_") + suffix(),
      divided(pixels, tile.rows), divided(layer.out, tile.columns), 1,
      ConvolutionArguments{from.data(), weights.data(), layer.size, layer.in, product});
  const std::vector<float> output = floats_of(arithmetic, to);
  // Every value of the first and last lines and of others, of all channels in turn.
  for (std::int64_t i = 0; i < pixels * layer.out; i += i / layer.out < 2 * layer.size ? 7 : 101) {
    const std::int64_t pixel = i / layer.out, out = i % layer.out;
    Truth truth;
    truth.add(1, bias[static_cast<std::size_t>(out)]);
    for (int k = 0; k < 9 * layer.in; ++k) {
      truth.add(factor(arithmetic, at(pixel, k / layer.in, k % layer.in)),
                factor(arithmetic, weights[static_cast<std::size_t>(out * 9 * layer.in + k)]));
    }
    ASSERT_NEAR(output[static_cast<std::size_t>(i)], truth.sum,
                truth.bound() + storing(arithmetic) * (std::abs(truth.sum) + truth.bound()))
        << i;
  }
}

TEST_P(ConvolutionKernels, WeightGradient) {
  const std::vector<float> gradient = noise(static_cast<std::size_t>(pixels * layer.out), 4);
  const TileSize tile = weight_gradient_tile(layer.out);
  const std::int64_t columns = 9 * layer.in, count = columns * layer.out;
  const Pieces pieces = pieces_of(layer.out, columns, pixels, tile.rows, tile.columns);
  std::vector<float> parts(static_cast<std::size_t>(pieces.count * count), NAN);
  std::vector<float> sums(static_cast<std::size_t>(count), NAN);
  const Product product{parts.data(), nullptr,     layer.out, static_cast<std::int32_t>(columns),
                        pixels,       pieces.depth};
  run((layer.out <= narrow_channels ? "weight_gradient_flat_" : "weight_gradient_") + suffix(),
      divided(layer.out, tile.rows), divided(columns, tile.columns), pieces.count,
      WeightGradientArguments{activations(arithmetic, input).data(), activations(arithmetic, gradient).data(),
                              layer.size, layer.in, product});
  run("add_pieces", divided(count, 256), 1, 1,
      AddPiecesArguments{parts.data(), nullptr, sums.data(), count, product.columns,
                         static_cast<std::int32_t>(pieces.count)});
  for (std::int64_t i = 0; i < count; i += count < 1000 ? 1 : 1009) {
    const std::int64_t out = i / columns, k = i % columns;
    Truth truth;
    for (std::int64_t p = 0; p < pixels; ++p) {
      truth.add(factor(arithmetic, gradient[static_cast<std::size_t>(p * layer.out + out)]),
                factor(arithmetic, at(p, static_cast<int>(k) / layer.in, static_cast<int>(k) % layer.in)));
    }
    ASSERT_NEAR(sums[static_cast<std::size_t>(i)], truth.sum, truth.bound()) << i;
  }
}

// Forward these are the layers of the network; the gradients of their inputs are the same kernels with `in`
// and `out` exchanged, of which those that are not yet there follow. The last ones have sides and channels
// that fill no tile.
INSTANTIATE_TEST_SUITE_P(
    OfTheNetwork, ConvolutionKernels,
    testing::Combine(testing::Values(Layer{"block1_0", 128, 3, 32}, Layer{"block1_3", 128, 32, 32},
                                     Layer{"block2_0", 64, 32, 64}, Layer{"block2_3", 64, 64, 64},
                                     Layer{"block3_0", 32, 64, 128}, Layer{"block3_3", 32, 128, 128},
                                     Layer{"block4_0", 16, 128, 256}, Layer{"block4_3", 16, 256, 256},
                                     Layer{"block2_0_back", 64, 64, 32}, Layer{"block4_0_back", 16, 256, 128},
                                     Layer{"odd", 6, 5, 7}, Layer{"odd_wide", 10, 12, 70}),
                     testing::Values(Arithmetic::f32, Arithmetic::tf32, Arithmetic::bf16)),
    [](const auto& parameter) {
      const Arithmetic arithmetic = std::get<1>(parameter.param);
      return std::string(std::get<0>(parameter.param).name) + (arithmetic == Arithmetic::f32    ? "_f32"
                                                               : arithmetic == Arithmetic::tf32 ? "_tf32"
                                                                                                : "_bf16");
    });

TEST(MatrixKernels, TheFirstLinearLayerBothWays) {
  constexpr int rows = 32, inputs = 16384, outputs = 512;
  const std::vector<float> x = noise(std::size_t{rows} * inputs, 1),
                           w = noise(std::size_t{outputs} * inputs, 2);
  const std::vector<float> g = noise(std::size_t{rows} * outputs, 3);
  const Pieces pieces = pieces_of(rows, outputs, inputs, linear_tile.rows, linear_tile.columns);
  ASSERT_GT(pieces.count, 1);
  std::vector<float> parts(static_cast<std::size_t>(pieces.count * rows * outputs), NAN);
  run("linear_forward", 1, outputs / linear_tile.columns, pieces.count,
      MatrixArguments{x.data(), w.data(), {parts.data(), nullptr, rows, outputs, inputs, pieces.depth}});
  for (std::size_t i = 0; i < std::size_t{rows} * outputs; i += 97) {
    Truth truth;
    for (std::size_t k = 0; k < inputs; ++k)
      truth.add(x[i / outputs * inputs + k], w[i % outputs * inputs + k]);
    double sum = 0;
    for (std::size_t p = 0; p < static_cast<std::size_t>(pieces.count); ++p)
      sum += parts[p * rows * outputs + i];
    ASSERT_NEAR(sum, truth.sum, truth.bound()) << i;
  }
  std::vector<float> back(x.size(), NAN), weights(w.size(), NAN);
  run("linear_input_gradient", 1, inputs / linear_tile.columns, 1,
      MatrixArguments{g.data(), w.data(), {back.data(), nullptr, rows, inputs, outputs, outputs}});
  run("linear_weight_gradient", outputs / 64, inputs / 64, 1,
      MatrixArguments{g.data(), x.data(), {weights.data(), nullptr, outputs, inputs, rows, 32}});
  for (std::size_t i = 0; i < back.size(); i += 997) {
    Truth truth;
    for (std::size_t o = 0; o < outputs; ++o)
      truth.add(g[i / inputs * outputs + o], w[o * inputs + i % inputs]);
    ASSERT_NEAR(back[i], truth.sum, truth.bound()) << i;
  }
  for (std::size_t i = 0; i < weights.size(); i += 9973) {
    Truth truth;
    for (std::size_t r = 0; r < rows; ++r) truth.add(g[r * outputs + i / inputs], x[r * inputs + i % inputs]);
    ASSERT_NEAR(weights[i], truth.sum, truth.bound()) << i;
  }
}

/// The input that the kernel makes of pictures, times 255.
std::vector<float> input_of(const std::vector<std::vector<std::uint8_t>>& pictures,
                            const std::vector<PictureChange>& changes, int from_side, int to_side) {
  std::vector<const std::uint8_t*> addresses;
  for (const auto& picture : pictures) addresses.push_back(picture.data());
  std::vector<Change> copies(changes.size());
  if (!changes.empty()) std::memcpy(copies.data(), changes.data(), changes.size() * sizeof(Change));
  StepScalars scalars{};
  scalars.changed_side = changes.empty() ? 0 : from_side;
  const auto pixels = static_cast<std::int64_t>(pictures.size()) * to_side * to_side;
  std::vector<float> input(static_cast<std::size_t>(pixels * 3), NAN);
  run("pictures_to_input_f32", divided(pixels, 256), 1, 1,
      InputArguments{&scalars, addresses.data(), copies.data(), input.data(), pixels, to_side});
  return input;
}

std::vector<std::uint8_t> random_picture(int side, std::mt19937& words) {
  std::vector<std::uint8_t> picture(static_cast<std::size_t>(side * side * 3));
  for (std::uint8_t& value : picture) value = static_cast<std::uint8_t>(words() >> 24);
  return picture;
}

TEST(PictureKernel, TakesPicturesAsTheyAre) {
  std::mt19937 words(3);
  const std::vector<std::vector<std::uint8_t>> pictures = {random_picture(10, words),
                                                           random_picture(10, words)};
  const std::vector<float> input = input_of(pictures, {}, 0, 10);
  for (std::size_t i = 0; i < input.size(); ++i) {
    const std::uint8_t byte = pictures[i / 300][i % 300];
    ASSERT_EQ(input[i], static_cast<float>(byte) / 255.0f) << i;
  }
}

// All random changes as strong as they can be, and those of the tuned recipe, to the bytes of the processor.
TEST(PictureKernel, ChangesPicturesToTheBytesOfTheProcessor) {
  const Augmentation wild{.mirror = 0.5,
                          .window = {0.1, 2},
                          .aspect = {0.5, 2},
                          .rotation = 180,
                          .shear = 45,
                          .shift = 0.5,
                          .brightness = 1,
                          .contrast = 1,
                          .saturation = 1,
                          .hue = 0.5,
                          .erase = 0.5};
  const Augmentation usual{.mirror = 0.5,
                           .window = {0.75, 1.15},
                           .rotation = 10,
                           .shift = 0.1,
                           .brightness = 0.2,
                           .contrast = 0.2,
                           .saturation = 0.2,
                           .erase = 0.25};
  std::mt19937 words(4);
  std::size_t differ = 0;
  for (const auto& [from_side, to_side] :
       {std::pair{160, 128}, {128, 128}, {40, 32}, {1, 8}, {33, 17}, {7, 1}}) {
    for (const Augmentation& augmentation : {wild, usual}) {
      std::vector<std::vector<std::uint8_t>> pictures;
      std::vector<PictureChange> changes;
      std::vector<std::uint8_t> expected;
      for (std::uint32_t number = 0; number < 12; ++number) {
        pictures.push_back(random_picture(from_side, words));
        changes.push_back(draw_change(augmentation, AugmentationKey{10, 2, number}, from_side, to_side));
        std::vector<std::uint8_t> changed(static_cast<std::size_t>(to_side * to_side * 3));
        change_picture(changes.back(), pictures.back(), from_side, changed, to_side);
        expected.insert(expected.end(), changed.begin(), changed.end());
      }
      const std::vector<float> input = input_of(pictures, changes, from_side, to_side);
      for (std::size_t i = 0; i < input.size(); ++i) {
        ASSERT_EQ(input[i], static_cast<float>(expected[i]) / 255.0f)
            << from_side << " to " << to_side << " at " << i;
        differ += expected[i] != expected[0] ? 1 : 0;
      }
    }
  }
  EXPECT_GT(differ, 100000u);
}

// A channel with a single value has no unbiased variance: the processor takes 0 for it.
TEST(NormKernels, ASingleValueHasTheVarianceZero) {
  std::vector<double> partial = {3, 9};
  std::vector<float> weight = {2}, mean = {NAN}, inverse_std = {NAN}, scale = {NAN}, running_mean = {1},
                     running_var = {1};
  NormSumsArguments a{};
  a.layer.norm.weight = weight.data();
  a.layer.norm.mean = mean.data();
  a.layer.norm.inverse_std = inverse_std.data();
  a.layer.norm.scale = scale.data();
  a.layer.norm.running_mean = running_mean.data();
  a.layer.norm.running_var = running_var.data();
  a.layer.norm.channels = 1;
  a.layer.norm.pixels = 1;
  a.partial = partial.data();
  a.chunks = 1;
  run("norm_statistics", 1, 1, 1, a);
  EXPECT_EQ(mean[0], 3);
  EXPECT_FLOAT_EQ(inverse_std[0], 1 / std::sqrt(1e-5f));
  EXPECT_FLOAT_EQ(running_mean[0], 0.9f + 0.1f * 3);
  EXPECT_FLOAT_EQ(running_var[0], 0.9f);
}

TEST(AverageKernel, MovesAsFarAsItIsTold) {
  const std::vector<float> model = noise(300, 5), start = noise(300, 6);
  StepOutcome outcomes[2] = {};
  outcomes[1].applied = 1;
  const auto moved = [&](float weight, int outcome) {
    std::vector<float> average = start;
    StepScalars scalars{};
    scalars.average_weight = weight;
    scalars.outcome = outcome;
    run("move_average", 2, 1, 1, AverageArguments{&scalars, outcomes, model.data(), average.data(), 300});
    return average;
  };
  EXPECT_EQ(moved(1, 1), model);
  EXPECT_EQ(moved(0, 1), start);
  EXPECT_EQ(moved(0.25f, 0), start);  // of a step that is not taken
  const std::vector<float> average = moved(0.25f, 1);
  for (std::size_t i = 0; i < average.size(); ++i)
    EXPECT_EQ(average[i], start[i] + 0.25f * (model[i] - start[i]));
}

// Where what they read is exact in both formats, the kernels of both formats differ by the rounding of what
// they write.
TEST(NormKernels, InBf16DifferByRoundingAlone) {
  constexpr int channels = 40, size = 8, pictures = 3;
  constexpr std::int64_t pixels = pictures * size * size;
  constexpr std::size_t values = pixels * channels;
  const auto rounded = [](std::vector<float> numbers) {
    for (float& number : numbers) number = to_float(Nearest<Bf16>::to(number));
    return numbers;
  };
  const std::vector<float> input = rounded(noise(values, 1)), gradient = rounded(noise(values, 2));
  const std::vector<float> weight = noise(channels, 3), bias = noise(channels, 4), mean = noise(channels, 5),
                           inverse_std(channels, 1.5f), mean_gradient = noise(channels, 7),
                           mean_product = noise(channels, 8);
  std::vector<float> scale = weight;
  for (float& value : scale) value *= 1.5f;
  std::vector<std::uint8_t> keep(pictures * channels);
  for (std::size_t i = 0; i < keep.size(); ++i) keep[i] = i % 3 != 0;
  const auto half_input = activations(Arithmetic::bf16, input),
             half_gradient = activations(Arithmetic::bf16, gradient);
  NormalizeArguments layer{};
  layer.norm.weight = weight.data();
  layer.norm.bias = bias.data();
  layer.norm.mean = const_cast<float*>(mean.data());
  layer.norm.inverse_std = const_cast<float*>(inverse_std.data());
  layer.norm.scale = scale.data();
  layer.norm.mean_gradient = const_cast<float*>(mean_gradient.data());
  layer.norm.mean_product = const_cast<float*>(mean_product.data());
  layer.norm.channels = channels;
  layer.norm.pixels = pixels;
  layer.keep = keep.data();
  layer.kept = 1.25f;
  layer.size = size;
  /// The results of a kernel: what it writes as activations, and its partial sums.
  struct Results {
    std::vector<float> output, input_gradient;
    std::vector<double> partial;
  };
  const auto results = [&](const std::string& kernel, bool half_in, bool half_out, std::int64_t rows) {
    const Arithmetic in = half_in ? Arithmetic::bf16 : Arithmetic::f32,
                     out = half_out ? Arithmetic::bf16 : Arithmetic::f32;
    const std::vector<float> nothing(values, 0);
    std::vector<std::uint8_t> output = activations(out, nothing), input_gradient = activations(in, nothing);
    std::vector<double> partial(2 * 3 * channels, 0);
    NormalizeArguments a = layer;
    a.input = half_in ? static_cast<const void*>(half_input.data()) : input.data();
    a.gradient = half_out ? static_cast<const void*>(half_gradient.data()) : gradient.data();
    a.output = output.data();
    a.input_gradient = input_gradient.data();
    if (kernel.find("sums") == std::string::npos) {
      run(kernel, divided(rows * (channels / 4), 256), 1, 1, a);
    } else {
      run(kernel, 2, 3, 1, NormSumsArguments{a, partial.data(), 3, rows, divided(rows, 3)});
    }
    return Results{floats_of(out, output), floats_of(in, input_gradient), partial};
  };
  const auto expect_rounded = [](const std::vector<float>& found, const std::vector<float>& exact,
                                 bool half) {
    for (std::size_t i = 0; i < exact.size(); ++i)
      ASSERT_EQ(found[i], half ? to_float(Nearest<Bf16>::to(exact[i])) : exact[i]) << i;
  };
  for (const auto& [kernel, rows] : {std::pair{"norm_sums", pixels},
                                     {"norm_relu", pixels},
                                     {"norm_relu_pool", pixels / 4},
                                     {"relu_gradient_sums", pixels},
                                     {"pool_gradient_sums", pixels / 4},
                                     {"norm_relu_backward", pixels},
                                     {"norm_relu_pool_backward", pixels / 4}}) {
    const std::string name = kernel;
    const Results exact = results(name + "_f32", false, false, rows);
    const Results half = results(name + "_bf16", true, true, rows);
    const bool sums = name.find("sums") != std::string::npos;
    EXPECT_NE(sums ? exact.partial[5] : exact.output[5] + exact.input_gradient[5], 0) << name;
    EXPECT_EQ(half.partial, exact.partial) << name;
    expect_rounded(half.output, exact.output, true);
    expect_rounded(half.input_gradient, exact.input_gradient, true);
    if (name.find("pool") == std::string::npos && name != "norm_relu") continue;
    const Results mixed = results(name + "_bf16_f32", true, false, rows);
    EXPECT_EQ(mixed.partial, exact.partial) << name;
    expect_rounded(mixed.output, exact.output, false);
    expect_rounded(mixed.input_gradient, exact.input_gradient, true);
  }
}

TEST(Rounding, IsThatOfTf32AndBf16) {
  EXPECT_EQ(stored<Arithmetic::tf32>(1 + 0x1p-11f), 1 + 0x1p-10f);  // ties away from zero
  EXPECT_EQ(stored<Arithmetic::tf32>(-1 - 0x1p-11f), -1 - 0x1p-10f);
  EXPECT_EQ(stored<Arithmetic::tf32>(1 + 0x1p-12f), 1);
  EXPECT_EQ(stored<Arithmetic::bf16>(1 + 0x1p-8f), 1);  // ties to even
  EXPECT_EQ(stored<Arithmetic::bf16>(1 + 3 * 0x1p-8f), 1 + 4 * 0x1p-8f);
  EXPECT_TRUE(std::isnan(stored<Arithmetic::bf16>(NAN)));
  EXPECT_TRUE(std::isinf(to_float(Nearest<Bf16>::to(3.4e38f))));   // nearer than the largest bf16
  EXPECT_EQ(to_float(Nearest<Bf16>::to(-0x1p-130f)), -0x1p-130f);  // below the normal numbers
  EXPECT_TRUE(std::isinf(stored<Arithmetic::tf32>(INFINITY)));
}

}  // namespace
}  // namespace bart::cuda
