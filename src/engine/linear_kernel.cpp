// Fully connected layers: oneDNN's kernels, and for one picture our own where it can read the weights.
#include "linear_kernel.h"

#include <algorithm>
#include <utility>

#include "matrix_vector.h"
#include "onednn.h"

namespace bart {
namespace {

LinearShape shape_of(const LinearLayer& layer, std::int64_t n) {
  return {n, layer.in_padded, layer.out_features};
}

EvaluationKernel by_onednn(const LinearLayer& layer, std::int64_t n) {
  const auto desc = linear_forward_desc(shape_of(layer, n), layer.layout.onednn().desc, false);
  EvaluationKernel kernel{.scratch_bytes = desc.scratchpad_desc().get_size()};
  kernel.bind = [&layer, desc, n](const EvaluationMemory& m) {
    return std::vector{
        onednn_operation(layer.name, desc, dnnl::inner_product_forward(desc), m.scratch,
                         {{DNNL_ARG_SRC, {desc.src_desc(), m.source}},
                          {DNNL_ARG_WEIGHTS, {desc.weights_desc(), const_cast<void*>(m.weights)}},
                          {DNNL_ARG_BIAS, {desc.bias_desc(), const_cast<float*>(m.bias)}},
                          {DNNL_ARG_DST, {desc.dst_desc(), m.output}}},
                         layer.flops(n))};
  };
  return kernel;
}

EvaluationKernel by_vector(const LinearLayer& layer, const MatrixShape& shape, Team team,
                           Precision precision) {
  EvaluationKernel kernel{.scratch_bytes = multiply_vector_bytes(shape)};
  const std::size_t count = layer.layout.bytes() / sizeof(float);
  if (precision == Precision::bf16) {
    kernel.prepared = {
        layer.weights, {"rounded to bf16", count * sizeof(Bf16)}, [team, count](const float* from, void* to) {
          round_weights(team, static_cast<std::int64_t>(count), from, static_cast<Bf16*>(to));
        }};
  }
  kernel.bind = [=, &layer](const EvaluationMemory& m) {
    const ActivationArray weights{const_cast<void*>(m.weights), precision};
    return std::vector<Operation>{
        {layer.name, "bart matrix by vector",
         [=] {
           multiply_vector(team, shape, weights, static_cast<const float*>(m.source), m.bias,
                           static_cast<float*>(m.output), reinterpret_cast<float*>(m.scratch));
         },
         layer.flops(1), static_cast<double>(count) * static_cast<double>(bytes_of(precision)),
         layer.flops(1) / 2}};
  };
  return kernel;
}

}  // namespace

TrainingLinear training_linear(const LinearLayer& layer, std::int64_t n) {
  const LinearShape shape = shape_of(layer, n);
  const auto& weights = layer.layout.onednn().desc;
  const auto forward = linear_forward_desc(shape, weights, true);
  const auto backward_data = linear_backward_data_desc(shape, weights, forward);
  const auto backward_weights = linear_backward_weights_desc(shape, weights, forward);
  return {
      .forward_scratch_bytes = forward.scratchpad_desc().get_size(),
      .backward_scratch_bytes =
          std::max(backward_data.scratchpad_desc().get_size(), backward_weights.scratchpad_desc().get_size()),
      .forward =
          [&layer, forward, n](const LinearMemory& m) {
            return onednn_operation(layer.name + " forward", forward, dnnl::inner_product_forward(forward),
                                    m.forward_scratch,
                                    {{DNNL_ARG_SRC, {forward.src_desc(), m.source}},
                                     {DNNL_ARG_WEIGHTS, {forward.weights_desc(), m.weights}},
                                     {DNNL_ARG_BIAS, {forward.bias_desc(), m.bias}},
                                     {DNNL_ARG_DST, {forward.dst_desc(), m.output}}},
                                    layer.flops(n));
          },
      .backward_weights =
          [&layer, desc = backward_weights, n](const LinearMemory& m) {
            return onednn_operation(layer.name + " backward weights", desc,
                                    dnnl::inner_product_backward_weights(desc), m.backward_scratch,
                                    {{DNNL_ARG_SRC, {desc.src_desc(), m.source}},
                                     {DNNL_ARG_DIFF_DST, {desc.diff_dst_desc(), m.gradient}},
                                     {DNNL_ARG_DIFF_WEIGHTS, {desc.diff_weights_desc(), m.dweights}},
                                     {DNNL_ARG_DIFF_BIAS, {desc.diff_bias_desc(), m.dbias}}},
                                    layer.flops(n));
          },
      .backward_data =
          [&layer, desc = backward_data, n](const LinearMemory& m) {
            return onednn_operation(layer.name + " backward data", desc,
                                    dnnl::inner_product_backward_data(desc), m.backward_scratch,
                                    {{DNNL_ARG_DIFF_DST, {desc.diff_dst_desc(), m.gradient}},
                                     {DNNL_ARG_WEIGHTS, {desc.weights_desc(), m.weights}},
                                     {DNNL_ARG_DIFF_SRC, {desc.diff_src_desc(), m.source_gradient}}},
                                    layer.flops(n));
          },
  };
}

EvaluationKernel evaluation_linear(const LinearLayer& layer, std::int64_t n, Team team, Precision precision) {
  const LinearShape shape = shape_of(layer, n);
  const std::int64_t block = n == 1 ? output_block(shape, layer.layout.onednn().desc) : 0;
  if (block == 0) return by_onednn(layer, n);
  return by_vector(layer, {layer.in_padded, layer.out_features, block}, team, precision);
}

WeightsLayout linear_layout(std::int64_t out, std::int64_t in) {
  // The batch size that is trained with most decides. Below a few megabytes no layout is faster, and the
  // row-major kernels add up in shorter chains.
  const LinearShape shape{32, in, out};
  const bool large = in * out >= std::int64_t{1} << 20;
  return WeightsLayout(OneDnnLayout{large ? preferred_linear_weights(shape) : linear_weights(shape)});
}

}  // namespace bart
