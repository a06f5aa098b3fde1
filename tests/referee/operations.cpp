#include "referee/operations.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "bart/platform/threads.h"

namespace bart::referee {
namespace {

using std::size_t;

/// Planes [count, height, width], each with a border of one zero pixel, so that no tap needs a test.
std::vector<double> padded(int count, int height, int width, const double* planes) {
  const size_t rows = size_t(height), columns = size_t(width);
  std::vector<double> result(size_t(count) * (rows + 2) * (columns + 2), 0.0);
  for (size_t plane = 0; plane < size_t(count); ++plane) {
    for (size_t y = 0; y < rows; ++y) {
      std::copy_n(planes + (plane * rows + y) * columns, columns,
                  result.data() + (plane * (rows + 2) + y + 1) * (columns + 2) + 1);
    }
  }
  return result;
}

// The two inner loops, where all the time goes: compiled for several instruction sets, picked at run time.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define BART_MULTIVERSION __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define BART_MULTIVERSION
#endif

/// plane [height, width] += the 3x3 correlation of a padded plane with `tap` [3, 3].
BART_MULTIVERSION
void add_correlation(int height, int width, const double* padded_plane, const double* tap, double* plane) {
  const size_t stride = size_t(width) + 2;
  for (int y = 0; y < height; ++y) {
    const double* above = padded_plane + size_t(y) * stride;
    const double* here = above + stride;
    const double* below = here + stride;
    double* out = plane + size_t(y) * size_t(width);
#pragma omp simd
    for (int x = 0; x < width; ++x) {
      out[x] += tap[0] * above[x] + tap[1] * above[x + 1] + tap[2] * above[x + 2]  //
                + tap[3] * here[x] + tap[4] * here[x + 1] + tap[5] * here[x + 2]   //
                + tap[6] * below[x] + tap[7] * below[x + 1] + tap[8] * below[x + 2];
    }
  }
}

/// tap [3, 3] += for each tap, the sum over a plane [height, width] times the padded plane under that tap.
BART_MULTIVERSION
void add_tap_gradients(int height, int width, const double* padded_plane, const double* plane, double* tap) {
  const size_t stride = size_t(width) + 2;
  double t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0, t8 = 0;
  for (int y = 0; y < height; ++y) {
    const double* above = padded_plane + size_t(y) * stride;
    const double* here = above + stride;
    const double* below = here + stride;
    const double* g = plane + size_t(y) * size_t(width);
#pragma omp simd reduction(+ : t0, t1, t2, t3, t4, t5, t6, t7, t8)
    for (int x = 0; x < width; ++x) {
      t0 += g[x] * above[x], t1 += g[x] * above[x + 1], t2 += g[x] * above[x + 2];
      t3 += g[x] * here[x], t4 += g[x] * here[x + 1], t5 += g[x] * here[x + 2];
      t6 += g[x] * below[x], t7 += g[x] * below[x + 1], t8 += g[x] * below[x + 2];
    }
  }
  const double sums[9] = {t0, t1, t2, t3, t4, t5, t6, t7, t8};
  for (int k = 0; k < 9; ++k) tap[k] += sums[k];
}

double dot(size_t count, const double* a, const double* b) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

double sum_of(size_t count, const double* values) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (size_t i = 0; i < count; ++i) sum += values[i];
  return sum;
}

void in_parallel(size_t count, const std::function<void(size_t)>& work) {
  static const int threads = available_threads();
  parallel_for(count, threads, work);
}

constexpr double batch_norm_eps = 1e-5;
constexpr double batch_norm_momentum = 0.1;

}  // namespace

void convolution_forward(const ConvolutionShape& s, const double* input, const double* weight,
                         const double* bias, double* output) {
  const size_t pixels = size_t(s.height) * size_t(s.width);
  const size_t padded_pixels = (size_t(s.height) + 2) * (size_t(s.width) + 2);
  in_parallel(size_t(s.n), [&](size_t n) {
    const std::vector<double> image =
        padded(s.inputs, s.height, s.width, input + size_t(n) * size_t(s.inputs) * pixels);
    for (int o = 0; o < s.outputs; ++o) {
      double* plane = output + (size_t(n) * size_t(s.outputs) + size_t(o)) * pixels;
      std::fill_n(plane, pixels, bias[o]);
      for (int i = 0; i < s.inputs; ++i) {
        add_correlation(s.height, s.width, image.data() + size_t(i) * padded_pixels,
                        weight + (size_t(o) * size_t(s.inputs) + size_t(i)) * 9, plane);
      }
    }
  });
}

void convolution_backward(const ConvolutionShape& s, const double* input, const double* weight,
                          const double* grad_output, double* grad_input, double* grad_weight,
                          double* grad_bias) {
  const size_t pixels = size_t(s.height) * size_t(s.width);
  const size_t padded_pixels = (size_t(s.height) + 2) * (size_t(s.width) + 2);
  const size_t inputs = size_t(s.inputs), outputs = size_t(s.outputs);

  // The gradient of the input is the correlation of the output's with the weights turned by 180 degrees.
  if (grad_input != nullptr) {
    in_parallel(size_t(s.n), [&](size_t n) {
      const std::vector<double> gradient =
          padded(s.outputs, s.height, s.width, grad_output + size_t(n) * outputs * pixels);
      for (size_t i = 0; i < inputs; ++i) {
        double* plane = grad_input + (size_t(n) * inputs + i) * pixels;
        std::fill_n(plane, pixels, 0.0);
        for (size_t o = 0; o < outputs; ++o) {
          double turned[9];
          std::reverse_copy(weight + (o * inputs + i) * 9, weight + (o * inputs + i) * 9 + 9, turned);
          add_correlation(s.height, s.width, gradient.data() + o * padded_pixels, turned, plane);
        }
      }
    });
  }

  const std::vector<double> images = padded(s.n * s.inputs, s.height, s.width, input);
  in_parallel(outputs, [&](size_t o) {
    std::fill_n(grad_weight + o * inputs * 9, inputs * 9, 0.0);
    grad_bias[o] = 0;
    for (size_t n = 0; n < size_t(s.n); ++n) {
      const double* plane = grad_output + (n * outputs + o) * pixels;
      grad_bias[o] += sum_of(pixels, plane);
      for (size_t i = 0; i < inputs; ++i) {
        add_tap_gradients(s.height, s.width, images.data() + (n * inputs + i) * padded_pixels, plane,
                          grad_weight + (o * inputs + i) * 9);
      }
    }
  });
}

void batch_norm_forward(const BatchNormShape& s, const double* input, const double* weight,
                        const double* bias, double* running_mean, double* running_var, double* mean,
                        double* inverse_std, double* output) {
  const size_t pixels = size_t(s.pixels), channels = size_t(s.channels);
  const double count = double(s.n) * double(s.pixels);
  in_parallel(channels, [&](size_t c) {
    const auto plane = [&](int n) { return (size_t(n) * channels + c) * pixels; };
    double sum = 0;
    for (int n = 0; n < s.n; ++n) sum += sum_of(pixels, input + plane(n));
    mean[c] = sum / count;
    double squares = 0;
    for (int n = 0; n < s.n; ++n) {
      const double* x = input + plane(n);
      for (size_t p = 0; p < pixels; ++p) squares += (x[p] - mean[c]) * (x[p] - mean[c]);
    }
    inverse_std[c] = 1 / std::sqrt(squares / count + batch_norm_eps);
    running_mean[c] += batch_norm_momentum * (mean[c] - running_mean[c]);
    running_var[c] += batch_norm_momentum * (squares / (count - 1) - running_var[c]);
    for (int n = 0; n < s.n; ++n) {
      const double* x = input + plane(n);
      double* y = output + plane(n);
      for (size_t p = 0; p < pixels; ++p) y[p] = (x[p] - mean[c]) * inverse_std[c] * weight[c] + bias[c];
    }
  });
}

void batch_norm_backward(const BatchNormShape& s, const double* input, const double* weight,
                         const double* mean, const double* inverse_std, const double* grad_output,
                         double* grad_input, double* grad_weight, double* grad_bias) {
  const size_t pixels = size_t(s.pixels), channels = size_t(s.channels);
  const double count = double(s.n) * double(s.pixels);
  in_parallel(channels, [&](size_t c) {
    const auto plane = [&](int n) { return (size_t(n) * channels + c) * pixels; };
    double sum = 0, sum_normalized = 0;  // of the gradient, and of the gradient times the normalized input
    for (int n = 0; n < s.n; ++n) {
      const double* x = input + plane(n);
      const double* g = grad_output + plane(n);
      for (size_t p = 0; p < pixels; ++p) {
        sum += g[p];
        sum_normalized += g[p] * (x[p] - mean[c]) * inverse_std[c];
      }
    }
    grad_weight[c] = sum_normalized;
    grad_bias[c] = sum;
    for (int n = 0; n < s.n; ++n) {
      const double* x = input + plane(n);
      const double* g = grad_output + plane(n);
      double* result = grad_input + plane(n);
      for (size_t p = 0; p < pixels; ++p) {
        const double normalized = (x[p] - mean[c]) * inverse_std[c];
        result[p] = weight[c] * inverse_std[c] * (g[p] - sum / count - normalized * sum_normalized / count);
      }
    }
  });
}

void batch_norm_evaluate(const BatchNormShape& s, const double* input, const double* weight,
                         const double* bias, const double* running_mean, const double* running_var,
                         double* output) {
  const size_t pixels = size_t(s.pixels), channels = size_t(s.channels);
  in_parallel(size_t(s.n) * channels, [&](size_t plane) {
    const size_t c = plane % channels;
    const double inverse_std = 1 / std::sqrt(running_var[c] + batch_norm_eps);
    for (size_t i = plane * pixels; i < (plane + 1) * pixels; ++i) {
      output[i] = (input[i] - running_mean[c]) * inverse_std * weight[c] + bias[c];
    }
  });
}

void relu_forward(size_t count, double* values) {
  for (size_t i = 0; i < count; ++i) values[i] = values[i] > 0 ? values[i] : 0;
}

void relu_backward(size_t count, const double* output, double* gradient) {
  for (size_t i = 0; i < count; ++i) gradient[i] = output[i] > 0 ? gradient[i] : 0;
}

void max_pool_forward(const MaxPoolShape& s, const double* input, double* output, std::int32_t* positions) {
  const int out_height = s.height / 2, out_width = s.width / 2;
  in_parallel(size_t(s.planes), [&](size_t plane) {
    const double* in = input + size_t(plane) * size_t(s.height) * size_t(s.width);
    size_t to = size_t(plane) * size_t(out_height) * size_t(out_width);
    for (int y = 0; y < out_height; ++y) {
      for (int x = 0; x < out_width; ++x, ++to) {
        int best = 2 * y * s.width + 2 * x;
        for (const int other : {best + 1, best + s.width, best + s.width + 1}) {
          if (in[other] > in[best]) best = other;
        }
        output[to] = in[best];
        positions[to] = best;
      }
    }
  });
}

void max_pool_backward(const MaxPoolShape& s, const double* grad_output, const std::int32_t* positions,
                       double* grad_input) {
  const size_t in_pixels = size_t(s.height) * size_t(s.width);
  const size_t out_pixels = in_pixels / 4;
  in_parallel(size_t(s.planes), [&](size_t plane) {
    double* in = grad_input + plane * in_pixels;
    std::fill_n(in, in_pixels, 0.0);
    for (size_t i = plane * out_pixels; i < (plane + 1) * out_pixels; ++i) in[positions[i]] = grad_output[i];
  });
}

void dropout_forward(size_t flags, size_t group, const std::uint8_t* keep, double probability,
                     double* values) {
  const double scale = 1 / (1 - probability);
  for (size_t f = 0; f < flags; ++f) {
    for (size_t i = f * group; i < (f + 1) * group; ++i) values[i] = keep[f] != 0 ? values[i] * scale : 0;
  }
}

void dropout_backward(size_t flags, size_t group, const std::uint8_t* keep, double probability,
                      double* gradient) {
  dropout_forward(flags, group, keep, probability, gradient);
}

void linear_forward(const LinearShape& s, const double* input, const double* weight, const double* bias,
                    double* output) {
  const size_t inputs = size_t(s.inputs), outputs = size_t(s.outputs);
  in_parallel(outputs, [&](size_t o) {
    for (size_t n = 0; n < size_t(s.n); ++n) {
      output[n * outputs + o] = bias[o] + dot(inputs, input + n * inputs, weight + o * inputs);
    }
  });
}

void linear_backward(const LinearShape& s, const double* input, const double* weight,
                     const double* grad_output, double* grad_input, double* grad_weight, double* grad_bias) {
  const size_t inputs = size_t(s.inputs), outputs = size_t(s.outputs);
  in_parallel(outputs, [&](size_t o) {
    double* row = grad_weight + o * inputs;
    std::fill_n(row, inputs, 0.0);
    grad_bias[o] = 0;
    for (size_t n = 0; n < size_t(s.n); ++n) {
      const double g = grad_output[n * outputs + o];
      grad_bias[o] += g;
      for (size_t i = 0; i < inputs; ++i) row[i] += g * input[n * inputs + i];
    }
  });
  in_parallel(size_t(s.n), [&](size_t n) {
    double* row = grad_input + n * inputs;
    std::fill_n(row, inputs, 0.0);
    for (size_t o = 0; o < outputs; ++o) {
      const double g = grad_output[n * outputs + o];
      for (size_t i = 0; i < inputs; ++i) row[i] += g * weight[o * inputs + i];
    }
  });
}

namespace {

/// log(sum(exp(logits))) of one row, safe for any size of logit.
double log_sum_exp(int classes, const double* logits) {
  const double largest = *std::max_element(logits, logits + classes);
  double sum = 0;
  for (int c = 0; c < classes; ++c) sum += std::exp(logits[c] - largest);
  return largest + std::log(sum);
}

}  // namespace

double cross_entropy_forward(int n, int classes, const double* logits, const std::int32_t* labels) {
  double sum = 0;
  for (int i = 0; i < n; ++i) {
    const double* row = logits + size_t(i) * size_t(classes);
    sum += log_sum_exp(classes, row) - row[labels[i]];
  }
  return sum / n;
}

void cross_entropy_backward(int n, int classes, const double* logits, const std::int32_t* labels,
                            double* grad_logits) {
  for (int i = 0; i < n; ++i) {
    const double* row = logits + size_t(i) * size_t(classes);
    double* gradient = grad_logits + size_t(i) * size_t(classes);
    const double normalizer = log_sum_exp(classes, row);
    for (int c = 0; c < classes; ++c) {
      gradient[c] = (std::exp(row[c] - normalizer) - (c == labels[i] ? 1 : 0)) / n;
    }
  }
}

void adam_step(size_t count, int step, double learning_rate, const double* gradient, double* first_moment,
               double* second_moment, double* parameter) {
  const double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  const double correction1 = 1 - std::pow(beta1, step), correction2 = 1 - std::pow(beta2, step);
  for (size_t i = 0; i < count; ++i) {
    first_moment[i] = beta1 * first_moment[i] + (1 - beta1) * gradient[i];
    second_moment[i] = beta2 * second_moment[i] + (1 - beta2) * gradient[i] * gradient[i];
    parameter[i] -=
        learning_rate * (first_moment[i] / correction1) / (std::sqrt(second_moment[i] / correction2) + eps);
  }
}

}  // namespace bart::referee
