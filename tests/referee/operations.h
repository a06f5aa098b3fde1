#pragma once

#include <cstddef>
#include <cstdint>

/// Each operation of the network in plain double precision: the truth that float32 kernels are measured
/// against. Written to be read, after the definitions in PyTorch's documentation. Arrays are dense in C
/// order.
namespace bart::referee {

/// Convolution 3x3 with one pixel of zero padding on each side (padding="same").
struct ConvolutionShape {
  int n, inputs, outputs, height, width;  // images, channels in and out, pixels
};
void convolution_forward(const ConvolutionShape& shape,
                         const double* input,   // [n, inputs, height, width]
                         const double* weight,  // [outputs, inputs, 3, 3]
                         const double* bias,    // [outputs]
                         double* output);       // [n, outputs, height, width]
void convolution_backward(const ConvolutionShape& shape,
                          const double* input,        // [n, inputs, height, width]
                          const double* weight,       // [outputs, inputs, 3, 3]
                          const double* grad_output,  // [n, outputs, height, width]
                          double* grad_input,         // like input, or nullptr where nobody wants it
                          double* grad_weight,        // like weight
                          double* grad_bias);         // [outputs]

/// BatchNorm2d, eps 1e-5. In training the statistics are the batch's (biased variance), and the running ones
/// move by momentum 0.1 towards mean and unbiased variance.
struct BatchNormShape {
  int n, channels, pixels;  // pixels = height * width
};
void batch_norm_forward(const BatchNormShape& shape,
                        const double* input,   // [n, channels, pixels]
                        const double* weight,  // [channels]
                        const double* bias,    // [channels]
                        double* running_mean,  // [channels], updated
                        double* running_var,   // [channels], updated
                        double* mean,          // [channels], the batch's, for the backward pass
                        double* inverse_std,   // [channels], the batch's 1 / sqrt(var + eps)
                        double* output);       // [n, channels, pixels]
void batch_norm_backward(const BatchNormShape& shape,
                         const double* input,        // [n, channels, pixels]
                         const double* weight,       // [channels]
                         const double* mean,         // [channels]
                         const double* inverse_std,  // [channels]
                         const double* grad_output,  // [n, channels, pixels]
                         double* grad_input,         // [n, channels, pixels]
                         double* grad_weight,        // [channels]
                         double* grad_bias);         // [channels]
void batch_norm_evaluate(const BatchNormShape& shape,
                         const double* input,         // [n, channels, pixels]
                         const double* weight,        // [channels]
                         const double* bias,          // [channels]
                         const double* running_mean,  // [channels]
                         const double* running_var,   // [channels]
                         double* output);             // [n, channels, pixels]

/// In place: values [count] become max(0, value).
void relu_forward(std::size_t count, double* values);
void relu_backward(std::size_t count,
                   const double* output,  // [count], of the forward pass
                   double* gradient);     // [count], in place: of the output, then of the input

/// 2x2 max-pooling, stride 2. Of equal values the first in reading order has the gradient, as in PyTorch.
struct MaxPoolShape {
  int planes, height, width;  // planes = images * channels; even sizes, of the input
};
void max_pool_forward(const MaxPoolShape& shape,
                      const double* input,       // [planes, height, width]
                      double* output,            // [planes, height / 2, width / 2]
                      std::int32_t* positions);  // like output: the winner's place in its input plane
void max_pool_backward(const MaxPoolShape& shape,
                       const double* grad_output,      // [planes, height / 2, width / 2]
                       const std::int32_t* positions,  // like grad_output
                       double* grad_input);            // [planes, height, width]

/// Dropout (group 1) and Dropout2d (group = height * width): each flag keeps or zeroes `group` neighbours,
/// and what is kept is scaled by 1 / (1 - probability). In place; the backward pass does the same to
/// gradients.
void dropout_forward(std::size_t flags, std::size_t group,
                     const std::uint8_t* keep,  // [flags]
                     double probability,
                     double* values);  // [flags, group]
void dropout_backward(std::size_t flags, std::size_t group,
                      const std::uint8_t* keep,  // [flags]
                      double probability,
                      double* gradient);  // [flags, group]

/// output = input * weight^T + bias
struct LinearShape {
  int n, inputs, outputs;
};
void linear_forward(const LinearShape& shape,
                    const double* input,   // [n, inputs]
                    const double* weight,  // [outputs, inputs]
                    const double* bias,    // [outputs]
                    double* output);       // [n, outputs]
void linear_backward(const LinearShape& shape,
                     const double* input,        // [n, inputs]
                     const double* weight,       // [outputs, inputs]
                     const double* grad_output,  // [n, outputs]
                     double* grad_input,         // [n, inputs]
                     double* grad_weight,        // [outputs, inputs]
                     double* grad_bias);         // [outputs]

/// Mean over the batch of -log(softmax(logits)[label]).
double cross_entropy_forward(int n, int classes,
                             const double* logits,         // [n, classes]
                             const std::int32_t* labels);  // [n]
void cross_entropy_backward(int n, int classes,
                            const double* logits,        // [n, classes]
                            const std::int32_t* labels,  // [n]
                            double* grad_logits);        // [n, classes]

/// torch.optim.Adam with betas 0.9 and 0.999, eps 1e-8, without weight decay. `step` counts from 1.
void adam_step(std::size_t count, int step, double learning_rate,
               const double* gradient,  // [count]
               double* first_moment,    // [count], updated; zero before step 1
               double* second_moment,   // [count], updated; zero before step 1
               double* parameter);      // [count], updated

}  // namespace bart::referee
