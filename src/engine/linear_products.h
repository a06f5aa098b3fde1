#pragma once

#include <cstddef>
#include <cstdint>

#include "activations.h"
#include "team.h"

namespace bart {

// The three products of a fully connected layer. What a job adds up, and in which order, does not depend on
// the number of threads, so neither do the bits. No sum is a chain of more than a few hundred additions.

/// Weights in panels of inputs, [in / panel, out, panel]: a panel is read from end to end in all three
/// products.
struct LinearPanels {
  std::int64_t in;  // a multiple of 16
  std::int64_t out;
  std::int64_t panel;  // 64, 48, 32 or 16, which divides `in`

  LinearPanels(std::int64_t in, std::int64_t out);
  std::int64_t count() const { return in / panel; }
};

/// Bytes of `scratch` for either forward or backward weights of a batch of n pictures.
std::size_t linear_scratch_bytes(const LinearPanels& shape, std::int64_t n, const Team& team);

/// y = x weights^T + bias. The bits of a row do not depend on n.
void linear_forward(const Team& team, const LinearPanels& shape, std::int64_t n,
                    const float* x,           // [n, in]
                    ActivationArray weights,  // [in / panel, out, panel]
                    const float* bias,        // [out]
                    float* y,                 // [n, out]
                    void* scratch);

/// dx = dy weights
void linear_backward_data(const Team& team, const LinearPanels& shape, std::int64_t n,
                          const float* dy,       // [n, out]
                          const float* weights,  // [in / panel, out, panel]
                          float* dx);            // [n, in]

/// dweights = dy^T x; dbias is the sum of dy over the pictures.
void linear_backward_weights(const Team& team, const LinearPanels& shape, std::int64_t n,
                             const float* x,   // [n, in]
                             const float* dy,  // [n, out]
                             float* dweights,  // [in / panel, out, panel]
                             float* dbias,     // [out]
                             void* scratch);

/// Rows [first, first + rows) of a matrix [out, in] into their places in the panels, and back.
void rows_to_panels(const Team& team, const LinearPanels& shape, std::int64_t first, std::int64_t rows,
                    const float* from,  // [rows, in]
                    float* panels);
void rows_from_panels(const Team& team, const LinearPanels& shape, std::int64_t first, std::int64_t rows,
                      const float* panels,
                      float* to);  // [rows, in]

/// Rounded to bf16, which halves what has to be read.
void round_weights(const Team& team, std::int64_t count,
                   const float* from,  // [count], a multiple of 16
                   Bf16* to);          // [count]

}  // namespace bart
