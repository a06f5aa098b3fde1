#pragma once

#include <cstdint>

namespace bart {

/// y = dropout(relu(x)) on the output of a linear layer, in place.
void relu_dropout_forward(std::int64_t count,
                          const std::uint8_t* keep,  // [n, features] or nullptr: no dropout
                          float scale,               // 1 / (1 - p)
                          float* x);                 // [n, features] in: x, out: y

/// Its backward pass, in place: y says which elements were open and kept.
void relu_dropout_backward(std::int64_t count,
                           const float* y,  // [n, features]
                           float scale,     // 1 / (1 - p)
                           float* dy);      // [n, features] in: dy, out: dx

}  // namespace bart
