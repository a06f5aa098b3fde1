#pragma once

#include <cstdint>

#include "block.h"
#include "number.h"

// A thread reads and writes four neighbouring values at once, so that enough of the memory is on its way.

namespace bart::cuda {

template <class Value>
struct Four {
  Value values[4];
};

/// Of an address on a boundary of four values.
BART_DEVICE Four<float> four_at(const float* from) {
#ifdef __CUDACC__
  const float4 four = *reinterpret_cast<const float4*>(from);
  return {{four.x, four.y, four.z, four.w}};
#else
  return {{from[0], from[1], from[2], from[3]}};
#endif
}

BART_DEVICE Four<Bf16> four_at(const Bf16* from) {
#ifdef __CUDACC__
  const ushort4 four = *reinterpret_cast<const ushort4*>(from);
  return {{{four.x}, {four.y}, {four.z}, {four.w}}};
#else
  return {{from[0], from[1], from[2], from[3]}};
#endif
}

BART_DEVICE void put_four(float* to, const Four<float>& four) {
#ifdef __CUDACC__
  *reinterpret_cast<float4*>(to) =
      make_float4(four.values[0], four.values[1], four.values[2], four.values[3]);
#else
  for (int k = 0; k < 4; ++k) to[k] = four.values[k];
#endif
}

BART_DEVICE void put_four(Bf16* to, const Four<Bf16>& four) {
#ifdef __CUDACC__
  *reinterpret_cast<ushort4*>(to) =
      make_ushort4(four.values[0].bits, four.values[1].bits, four.values[2].bits, four.values[3].bits);
#else
  for (int k = 0; k < 4; ++k) to[k] = four.values[k];
#endif
}

/// Four channels of a row of an array [rows, channels]. Those after the last one are 0, and are not written.
/// The array begins on a boundary of four values.
template <class Value>
BART_DEVICE Four<float> read_four(const void* array, std::int64_t row, int first, int channels) {
  const Value* from = static_cast<const Value*>(array) + row * channels + first;
  Four<float> result = {};
  if (channels % 4 == 0) {
    const Four<Value> four = four_at(from);
    BART_UNROLL for (int k = 0; k < 4; ++k) result.values[k] = to_float(four.values[k]);
  } else {
    BART_UNROLL for (int k = 0; k < 4; ++k) {
      if (first + k < channels) result.values[k] = to_float(from[k]);
    }
  }
  return result;
}

template <class Value>
BART_DEVICE void write_four(void* array, std::int64_t row, int first, int channels,
                            const Four<float>& values) {
  Value* to = static_cast<Value*>(array) + row * channels + first;
  Four<Value> four;
  BART_UNROLL for (int k = 0; k < 4; ++k) four.values[k] = Nearest<Value>::to(values.values[k]);
  if (channels % 4 == 0) {
    put_four(to, four);
  } else {
    BART_UNROLL for (int k = 0; k < 4; ++k) {
      if (first + k < channels) to[k] = four.values[k];
    }
  }
}

/// The number of fours in a row.
BART_DEVICE int fours_of(int channels) {
  return (channels + 3) / 4;
}

}  // namespace bart::cuda
