#include "batch_norm_kernels.h"

#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "batch_norm_kernels.cpp"
#include <hwy/foreach_target.h>
// Highway requires foreach_target.h before highway.h.
#include <hwy/highway.h>

#include "activation_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bart::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // machines without SSSE3: one channel at a time

/// Adds floats to double accumulators.
struct DoubleSum {
  double sum = 0;

  void add(V v) { sum += hn::GetLane(v); }
  void add_product(V a, V b) {
    sum += static_cast<double>(hn::GetLane(a)) * static_cast<double>(hn::GetLane(b));
  }
  void store(double* to) const { *to = sum; }
};

#else

using D64 = hn::RepartitionToWide<D>;
using Half = hn::Half<D>;

/// Adds floats to double accumulators, the lower and the upper half of a vector.
struct DoubleSum {
  hn::Vec<D64> low, high;

  HWY_INLINE DoubleSum() : low(hn::Zero(D64())), high(hn::Zero(D64())) {}
  HWY_INLINE void add(V v) {
    low = hn::Add(low, hn::PromoteTo(D64(), hn::LowerHalf(Half(), v)));
    high = hn::Add(high, hn::PromoteTo(D64(), hn::UpperHalf(Half(), v)));
  }
  HWY_INLINE void add_product(V a, V b) {
    low = hn::MulAdd(hn::PromoteTo(D64(), hn::LowerHalf(Half(), a)),
                     hn::PromoteTo(D64(), hn::LowerHalf(Half(), b)), low);
    high = hn::MulAdd(hn::PromoteTo(D64(), hn::UpperHalf(Half(), a)),
                      hn::PromoteTo(D64(), hn::UpperHalf(Half(), b)), high);
  }
  HWY_INLINE void store(double* to) const {
    hn::StoreU(low, D64(), to);
    hn::StoreU(high, D64(), to + hn::Lanes(D64()));
  }
};

#endif

/// Adds floats to a float for a while, then to a double: fast, and accurate enough for bf16 numbers.
struct QuickSum {
  V quick;
  int pending = 0;
  DoubleSum whole;

  HWY_INLINE QuickSum() : quick(hn::Zero(D())) {}
  HWY_INLINE void add(V v) {
    quick = hn::Add(quick, v);
    tick();
  }
  HWY_INLINE void add_product(V a, V b) {
    quick = hn::MulAdd(a, b, quick);
    tick();
  }
  HWY_INLINE void store(double* to) {
    whole.add(quick);
    whole.store(to);
  }

 private:
  HWY_INLINE void tick() {
    if (++pending < 64) return;
    whole.add(quick);
    quick = hn::Zero(D());
    pending = 0;
  }
};

/// The type in which activations are summed.
template <class X>
using Sum = std::conditional_t<std::is_same_v<X, Bf16>, QuickSum, DoubleSum>;

/// y = x * scale + shift with one rounding, as in PyTorch's kernel. The bits matter here, because a ReLU or a
/// maximum that falls the other way changes a whole gradient.
struct Normalization {
  V mean, scale, shift;

  HWY_INLINE Normalization(const PlaneChannels& channels, std::size_t c)
      : mean(hn::LoadU(D(), channels.mean + c)),
        scale(hn::LoadU(D(), channels.scale + c)),
        shift(hn::LoadU(D(), channels.shift + c)) {}
  HWY_INLINE V of(V x) const { return hn::MulAdd(x, scale, shift); }
};

/// The maximum, or NaN where either number is NaN, which Highway's Max drops on some machines.
HWY_INLINE V larger(V a, V b) {
  return hn::IfThenElse(hn::Or(hn::Gt(b, a), hn::IsNaN(b)), b, a);
}

void SumOf(const float* HWY_RESTRICT x, std::size_t pixels, std::size_t block, double* HWY_RESTRICT sums) {
  for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
    DoubleSum sum;
    for (std::size_t p = 0; p < pixels; ++p) sum.add(load(x + p * block + c));
    sum.store(sums + c);
  }
}

void Squares(const float* HWY_RESTRICT x, std::size_t pixels, std::size_t block,
             const float* HWY_RESTRICT means, double* HWY_RESTRICT sums) {
  for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
    const V mean = hn::LoadU(D(), means + c);
    DoubleSum squares;
    for (std::size_t p = 0; p < pixels; ++p) {
      const V difference = hn::Sub(load(x + p * block + c), mean);
      squares.add(hn::Mul(difference, difference));
    }
    squares.store(sums + c);
  }
}

template <class X>
void MomentsOf(const X* HWY_RESTRICT x, std::size_t pixels, std::size_t block, double* HWY_RESTRICT sums) {
  for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
    Sum<X> sum, squares;
    for (std::size_t p = 0; p < pixels; ++p) {
      const V v = load(x + p * block + c);
      sum.add(v);
      squares.add_product(v, v);
    }
    sum.store(sums + c);
    squares.store(sums + block + c);
  }
}

template <class X, class Y>
void NormalizeReluOf(const X* HWY_RESTRICT x, std::size_t pixels, std::size_t block, PlaneChannels channels,
                     Y* HWY_RESTRICT y) {
  for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
    const Normalization norm(channels, c);
    for (std::size_t p = 0; p < pixels; ++p) {
      const std::size_t i = p * block + c;
      store(relu(norm.of(load(x + i))), y + i);
    }
  }
}

/// The four elements of a pooling window, row-major.
struct Window {
  V a, b, c, d;
  HWY_INLINE V largest() const { return larger(larger(a, b), larger(c, d)); }
  HWY_INLINE Window normalized(const Normalization& norm) const {
    return {norm.of(a), norm.of(b), norm.of(c), norm.of(d)};
  }
};

template <class X>
HWY_INLINE Window load_window(const X* x, std::size_t row, std::size_t block) {
  return {load(x), load(x + block), load(x + row), load(x + row + block)};
}

template <class X, class Y>
void NormalizeReluPoolOf(const X* HWY_RESTRICT x, std::size_t size, std::size_t block, PlaneChannels channels,
                         const float* HWY_RESTRICT keep, Y* HWY_RESTRICT y) {
  const std::size_t half = size / 2;
  const std::size_t row = size * block;
  for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
    const Normalization norm(channels, c);
    const V kept = hn::LoadU(D(), keep + c);
    for (std::size_t h = 0; h < half; ++h) {
      for (std::size_t w = 0; w < half; ++w) {
        const Window window = load_window(x + 2 * h * row + 2 * w * block + c, row, block);
        const V largest = window.normalized(norm).largest();
        store(hn::Mul(relu(largest), kept), y + (h * half + w) * block + c);
      }
    }
  }
}

template <class X, class Y>
void ReluSumsOf(const Y* HWY_RESTRICT dy, const X* HWY_RESTRICT x, std::size_t pixels, std::size_t block,
                PlaneChannels channels, double* HWY_RESTRICT sums) {
  for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
    const Normalization norm(channels, c);
    Sum<X> sum, products;
    for (std::size_t p = 0; p < pixels; ++p) {
      const V v = load(x + p * block + c);
      const auto active = hn::Gt(norm.of(v), hn::Zero(D()));
      const V g = hn::IfThenElseZero(active, load(dy + p * block + c));
      sum.add(g);
      products.add_product(g, hn::Sub(v, norm.mean));
    }
    sum.store(sums + c);
    products.store(sums + block + c);
  }
}

HWY_INLINE V input_gradient(V g, V x, V mean, V dy_mean, V slope, V gain) {
  return hn::Mul(hn::NegMulAdd(hn::Sub(x, mean), slope, hn::Sub(g, dy_mean)), gain);
}

template <class X, class Y>
void ReluGradientOf(const Y* HWY_RESTRICT dy, std::size_t pixels, std::size_t block, PlaneChannels channels,
                    PlaneGradient gradient, X* HWY_RESTRICT x) {
  for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
    const Normalization norm(channels, c);
    const V dy_mean = hn::LoadU(D(), gradient.dy_mean + c);
    const V slope = hn::LoadU(D(), gradient.slope + c);
    const V gain = hn::LoadU(D(), gradient.gain + c);
    for (std::size_t p = 0; p < pixels; ++p) {
      const std::size_t i = p * block + c;
      const V v = load(x + i);
      const auto active = hn::Gt(norm.of(v), hn::Zero(D()));
      const V g = hn::IfThenElseZero(active, load(dy + i));
      store(input_gradient(g, v, norm.mean, dy_mean, slope, gain), x + i);
    }
  }
}

/// The element of a window that takes the gradient: the first largest, or none if ReLU is closed.
struct Choice {
  hn::Mask<D> a, b, c, d;
  V x;               // of the chosen element
  hn::Mask<D> open;  // whether there is one
};

HWY_INLINE Choice choose(const Window& x, const Normalization& norm) {
  const Window y = x.normalized(norm);
  const V largest = y.largest();
  const auto open = hn::Gt(largest, hn::Zero(D()));
  const auto a = hn::And(open, hn::Eq(y.a, largest));
  const auto not_a = hn::AndNot(a, open);
  const auto b = hn::And(not_a, hn::Eq(y.b, largest));
  const auto not_b = hn::AndNot(b, not_a);
  const auto c = hn::And(not_b, hn::Eq(y.c, largest));
  const auto d = hn::AndNot(c, not_b);
  const V chosen = hn::IfThenElse(d, x.d, hn::IfThenElse(c, x.c, hn::IfThenElse(b, x.b, x.a)));
  return {a, b, c, d, chosen, open};
}

template <class X, class Y>
void PoolSumsOf(const Y* HWY_RESTRICT dy, const X* HWY_RESTRICT x, std::size_t size, std::size_t block,
                PlaneChannels channels, const float* HWY_RESTRICT keep, double* HWY_RESTRICT sums) {
  const std::size_t half = size / 2;
  const std::size_t row = size * block;
  for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
    const Normalization norm(channels, c);
    const V kept = hn::LoadU(D(), keep + c);
    Sum<X> sum, products;
    for (std::size_t h = 0; h < half; ++h) {
      for (std::size_t w = 0; w < half; ++w) {
        const Window window = load_window(x + 2 * h * row + 2 * w * block + c, row, block);
        const Choice choice = choose(window, norm);
        const V g = hn::IfThenElseZero(choice.open, hn::Mul(load(dy + (h * half + w) * block + c), kept));
        sum.add(g);
        products.add_product(g, hn::Sub(choice.x, norm.mean));
      }
    }
    sum.store(sums + c);
    products.store(sums + block + c);
  }
}

template <class X, class Y>
void PoolGradientOf(const Y* HWY_RESTRICT dy, std::size_t size, std::size_t block, PlaneChannels channels,
                    const float* HWY_RESTRICT keep, PlaneGradient gradient, X* HWY_RESTRICT x) {
  const std::size_t half = size / 2;
  const std::size_t row = size * block;
  for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
    const Normalization norm(channels, c);
    const V kept = hn::LoadU(D(), keep + c);
    const V dy_mean = hn::LoadU(D(), gradient.dy_mean + c);
    const V slope = hn::LoadU(D(), gradient.slope + c);
    const V gain = hn::LoadU(D(), gradient.gain + c);
    for (std::size_t h = 0; h < half; ++h) {
      for (std::size_t w = 0; w < half; ++w) {
        X* place = x + 2 * h * row + 2 * w * block + c;
        const Window window = load_window(place, row, block);
        const Choice choice = choose(window, norm);
        const V g = hn::Mul(load(dy + (h * half + w) * block + c), kept);
        const auto put = [&](hn::Mask<D> chosen, V v, X* to) HWY_ATTR {
          store(input_gradient(hn::IfThenElseZero(chosen, g), v, norm.mean, dy_mean, slope, gain), to);
        };
        put(choice.a, window.a, place);
        put(choice.b, window.b, place + block);
        put(choice.c, window.c, place + row);
        put(choice.d, window.d, place + row + block);
      }
    }
  }
}

template <class X, class Y>
void MaxPoolOf(const X* HWY_RESTRICT x, std::size_t size, std::size_t block, Y* HWY_RESTRICT y) {
  const std::size_t half = size / 2;
  const std::size_t row = size * block;
  for (std::size_t h = 0; h < half; ++h) {
    for (std::size_t w = 0; w < half; ++w) {
      for (std::size_t c = 0; c < block; c += hn::Lanes(D())) {
        const Window window = load_window(x + 2 * h * row + 2 * w * block + c, row, block);
        store(window.largest(), y + (h * half + w) * block + c);
      }
    }
  }
}

void Moments(ActivationArray x, std::size_t pixels, std::size_t block, double* sums) {
  typed(x, [&](auto* px) { MomentsOf(px, pixels, block, sums); });
}

void NormalizeRelu(ActivationArray x, std::size_t pixels, std::size_t block, PlaneChannels channels,
                   ActivationArray y) {
  typed(x, y, [&](auto* px, auto* py) { NormalizeReluOf(px, pixels, block, channels, py); });
}

void NormalizeReluPool(ActivationArray x, std::size_t size, std::size_t block, PlaneChannels channels,
                       const float* keep, ActivationArray y) {
  typed(x, y, [&](auto* px, auto* py) { NormalizeReluPoolOf(px, size, block, channels, keep, py); });
}

void ReluSums(ActivationArray dy, ActivationArray x, std::size_t pixels, std::size_t block,
              PlaneChannels channels, double* sums) {
  typed(dy, x, [&](auto* pdy, auto* px) { ReluSumsOf(pdy, px, pixels, block, channels, sums); });
}

void ReluGradient(ActivationArray dy, std::size_t pixels, std::size_t block, PlaneChannels channels,
                  PlaneGradient gradient, ActivationArray x) {
  typed(dy, x, [&](auto* pdy, auto* px) { ReluGradientOf(pdy, pixels, block, channels, gradient, px); });
}

void PoolSums(ActivationArray dy, ActivationArray x, std::size_t size, std::size_t block,
              PlaneChannels channels, const float* keep, double* sums) {
  typed(dy, x, [&](auto* pdy, auto* px) { PoolSumsOf(pdy, px, size, block, channels, keep, sums); });
}

void PoolGradient(ActivationArray dy, std::size_t size, std::size_t block, PlaneChannels channels,
                  const float* keep, PlaneGradient gradient, ActivationArray x) {
  typed(dy, x, [&](auto* pdy, auto* px) { PoolGradientOf(pdy, size, block, channels, keep, gradient, px); });
}

void MaxPool(ActivationArray x, std::size_t size, std::size_t block, ActivationArray y) {
  typed(x, y, [&](auto* px, auto* py) { MaxPoolOf(px, size, block, py); });
}

std::size_t PreferredBlock() {
  return hn::Lanes(D()) == 16 ? 16 : 8;
}

}  // namespace bart::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bart {

HWY_EXPORT(SumOf);
HWY_EXPORT(Squares);
HWY_EXPORT(Moments);
HWY_EXPORT(NormalizeRelu);
HWY_EXPORT(NormalizeReluPool);
HWY_EXPORT(ReluSums);
HWY_EXPORT(ReluGradient);
HWY_EXPORT(PoolSums);
HWY_EXPORT(PoolGradient);
HWY_EXPORT(MaxPool);
HWY_EXPORT(PreferredBlock);

void plane_sum(const float* x, std::size_t pixels, std::size_t block, double* sums) {
  HWY_DYNAMIC_DISPATCH(SumOf)(x, pixels, block, sums);
}

void plane_squares(const float* x, std::size_t pixels, std::size_t block, const float* mean, double* sums) {
  HWY_DYNAMIC_DISPATCH(Squares)(x, pixels, block, mean, sums);
}

void plane_moments(ActivationArray x, std::size_t pixels, std::size_t block, double* sums) {
  HWY_DYNAMIC_DISPATCH(Moments)(x, pixels, block, sums);
}

void plane_normalize_relu(ActivationArray x, std::size_t pixels, std::size_t block, PlaneChannels channels,
                          ActivationArray y) {
  HWY_DYNAMIC_DISPATCH(NormalizeRelu)(x, pixels, block, channels, y);
}

void plane_normalize_relu_pool(ActivationArray x, std::size_t size, std::size_t block, PlaneChannels channels,
                               const float* keep, ActivationArray y) {
  HWY_DYNAMIC_DISPATCH(NormalizeReluPool)(x, size, block, channels, keep, y);
}

void plane_relu_sums(ActivationArray dy, ActivationArray x, std::size_t pixels, std::size_t block,
                     PlaneChannels channels, double* sums) {
  HWY_DYNAMIC_DISPATCH(ReluSums)(dy, x, pixels, block, channels, sums);
}

void plane_relu_gradient(ActivationArray dy, std::size_t pixels, std::size_t block, PlaneChannels channels,
                         PlaneGradient gradient, ActivationArray x) {
  HWY_DYNAMIC_DISPATCH(ReluGradient)(dy, pixels, block, channels, gradient, x);
}

void plane_pool_sums(ActivationArray dy, ActivationArray x, std::size_t size, std::size_t block,
                     PlaneChannels channels, const float* keep, double* sums) {
  HWY_DYNAMIC_DISPATCH(PoolSums)(dy, x, size, block, channels, keep, sums);
}

void plane_pool_gradient(ActivationArray dy, std::size_t size, std::size_t block, PlaneChannels channels,
                         const float* keep, PlaneGradient gradient, ActivationArray x) {
  HWY_DYNAMIC_DISPATCH(PoolGradient)(dy, size, block, channels, keep, gradient, x);
}

void plane_max_pool(ActivationArray x, std::size_t size, std::size_t block, ActivationArray y) {
  HWY_DYNAMIC_DISPATCH(MaxPool)(x, size, block, y);
}

std::size_t preferred_block() {
  return HWY_DYNAMIC_DISPATCH(PreferredBlock)();
}

}  // namespace bart
#endif  // HWY_ONCE
