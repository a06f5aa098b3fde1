#pragma once

#include <cstddef>
#include <cstdint>

#include "activations.h"
#include "team.h"

namespace bart {

// A fully connected layer for a single picture. Its cost is that of reading the weights once, which matrix
// libraries do at a third of the memory's speed. What a job adds up, and in which order,
// does not depend on the number of threads, so neither do the bits.

/// Weights in blocks of outputs, [out / block, in, block].
struct MatrixShape {
  std::int64_t in;
  std::int64_t out;
  std::int64_t block;  // a multiple of 16
};

/// Bytes of the scratch memory `partial` of multiply_vector.
std::size_t multiply_vector_bytes(const MatrixShape& shape);

/// y = weights x + bias.
void multiply_vector(const Team& team, const MatrixShape& shape,
                     ActivationArray weights,  // [out / block, in, block]
                     const float* x,           // [in]
                     const float* bias,        // [out]
                     float* y,                 // [out]
                     float* partial);          // scratch

/// Rounded to bf16, which halves what has to be read.
void round_weights(const Team& team, std::int64_t count,
                   const float* from,  // [count], a multiple of 16
                   Bf16* to);          // [count]

}  // namespace bart
