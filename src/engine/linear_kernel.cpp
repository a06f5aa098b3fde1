// Fully connected layers: our own kernels, and oneDNN's where every rounding has to be PyTorch's.
#include "linear_kernel.h"

#include <algorithm>
#include <utility>

#include "linear_products.h"
#include "onednn.h"

namespace bart {
namespace {

constexpr const char* own_name = "bart panels";

LinearShape shape_of(const LinearLayer& layer, std::int64_t n) {
  return {n, layer.in_padded, layer.out_features};
}

EvaluationKernel evaluate_by_onednn(const LinearLayer& layer, std::int64_t n, Team, Precision) {
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

LinearPanels panels_of(const LinearLayer& layer) {
  return {layer.in_padded, layer.out_features};
}

EvaluationKernel evaluate_by_panels(const LinearLayer& layer, std::int64_t n, Team team,
                                    Precision precision) {
  const LinearPanels panels = panels_of(layer);
  EvaluationKernel kernel{.scratch_bytes = linear_scratch_bytes(panels, n, team)};
  const std::size_t count = layer.layout.bytes() / sizeof(float);
  // A single picture takes as long as reading the weights, so half of the bytes are half of the time.
  const Precision read = n == 1 ? precision : Precision::f32;
  if (read == Precision::bf16) {
    kernel.prepared = {
        layer.weights, {"rounded to bf16", count * sizeof(Bf16)}, [team, count](const float* from, void* to) {
          round_weights(team, static_cast<std::int64_t>(count), from, static_cast<Bf16*>(to));
        }};
  }
  kernel.bind = [=, &layer](const EvaluationMemory& m) {
    const ActivationArray weights{const_cast<void*>(m.weights), read};
    return std::vector<Operation>{
        {layer.name, own_name,
         [=] {
           linear_forward(team, panels, n, static_cast<const float*>(m.source), weights, m.bias,
                          static_cast<float*>(m.output), m.scratch);
         },
         layer.flops(n), static_cast<double>(count * bytes_of(read)), layer.flops(n) / 2}};
  };
  return kernel;
}

TrainingLinear train_by_panels(const LinearLayer& layer, std::int64_t n, Team team) {
  const LinearPanels panels = panels_of(layer);
  const auto operation = [&layer, n](const char* direction, std::function<void()> run) {
    return Operation{layer.name + direction,
                     own_name,
                     std::move(run),
                     layer.flops(n),
                     static_cast<double>(layer.layout.bytes()),
                     layer.flops(n) / 2};
  };
  const std::size_t scratch = linear_scratch_bytes(panels, n, team);
  return {.forward_scratch_bytes = scratch,
          .backward_scratch_bytes = scratch,
          .forward =
              [=](const LinearMemory& m) {
                return operation(" forward", [=] {
                  linear_forward(team, panels, n, m.source, {m.weights, Precision::f32}, m.bias, m.output,
                                 m.forward_scratch);
                });
              },
          .backward_weights =
              [=](const LinearMemory& m) {
                return operation(" backward weights", [=] {
                  linear_backward_weights(team, panels, n, m.source, m.gradient, m.dweights, m.dbias,
                                          m.backward_scratch);
                });
              },
          .backward_data =
              [=](const LinearMemory& m) {
                return operation(" backward data", [=] {
                  linear_backward_data(team, panels, n, m.gradient, m.weights, m.source_gradient);
                });
              }};
}

TrainingLinear train_by_onednn(const LinearLayer& layer, std::int64_t n, Team) {
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

WeightsLayout panels_layout(std::int64_t out, std::int64_t in) {
  return {"panels of inputs", static_cast<std::size_t>(in * out) * sizeof(float)};
}

WeightsLayout onednn_layout(std::int64_t out, std::int64_t in) {
  // The batch size that is trained with most decides. Below a few megabytes no layout is faster, and the
  // row-major kernels add up in shorter chains.
  const LinearShape shape{32, in, out};
  const bool large = in * out >= std::int64_t{1} << 20;
  return WeightsLayout(OneDnnLayout{large ? preferred_linear_weights(shape) : linear_weights(shape)});
}

constexpr LinearKernel by_panels{
    .name = own_name,
    .can = [](std::int64_t in, bool exact) { return !exact && in % 16 == 0; },
    .layout = panels_layout,
    .import_rows = [](const Team& team, const LinearLayer& layer, std::int64_t first, std::int64_t rows,
                      const float* from,
                      float* to) { rows_to_panels(team, panels_of(layer), first, rows, from, to); },
    .export_rows = [](const Team& team, const LinearLayer& layer, std::int64_t first, std::int64_t rows,
                      const float* from,
                      float* to) { rows_from_panels(team, panels_of(layer), first, rows, from, to); },
    .train = train_by_panels,
    .evaluate = evaluate_by_panels};

constexpr LinearKernel by_onednn{.name = "oneDNN",
                                 .can = [](std::int64_t, bool) { return true; },
                                 .layout = onednn_layout,
                                 .import_rows =
                                     [](const Team&, const LinearLayer& layer, std::int64_t first,
                                        std::int64_t rows, const float* from, float* to) {
                                       reorder_weights(row_major_matrix(rows, layer.in_padded), from,
                                                       rows_of(layer.layout, layer.in_padded, first, rows),
                                                       to);
                                     },
                                 .export_rows =
                                     [](const Team&, const LinearLayer& layer, std::int64_t first,
                                        std::int64_t rows, const float* from, float* to) {
                                       reorder_weights(rows_of(layer.layout, layer.in_padded, first, rows),
                                                       from, row_major_matrix(rows, layer.in_padded), to);
                                     },
                                 .train = train_by_onednn,
                                 .evaluate = evaluate_by_onednn};

constexpr const LinearKernel* kernels[] = {&by_panels, &by_onednn};

}  // namespace

std::span<const LinearKernel* const> linear_kernels() {
  return kernels;
}

}  // namespace bart
