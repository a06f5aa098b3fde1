#include "training_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cross_entropy.h"

namespace bart {

TrainingPlan::TrainingPlan(const CompiledNetwork& network, const dnnl::engine& engine, std::int64_t n)
    : network_(network), engine_(engine), stream_(engine), n_(n) {
  for (std::size_t i = 0; i < network.convolutions.size(); ++i) {
    network.convolutions[i].from_pixels ? plan_pixels() : plan_convolution(i);
  }
  for (std::size_t i = 0; i < network.linears.size(); ++i) plan_linear(i);
  layout_.place();
}

void TrainingPlan::plan_linear(std::size_t i) {
  const LinearLayer& layer = network_.linears[i];
  const LinearShape shape{n_, layer.in_padded, layer.out_features};
  const auto forward = linear_forward_desc(engine_, shape, layer.weights_desc, true);
  Linear l{.forward = forward,
           .backward_data = linear_backward_data_desc(engine_, shape, layer.weights_desc, forward),
           .backward_weights = linear_backward_weights_desc(engine_, shape, layer.weights_desc, forward)};
  const int now = forward_time(convolutions_.size() + i);
  const int back = backward_time(convolutions_.size() + i);
  // The last output, the logits, is read after the step, too.
  l.output = layout_.add(layer.name + " output", float_bytes(n_ * layer.out_features), now,
                         layer.hidden ? back : backward_time(0));
  l.gradient = layout_.add(layer.name + " gradient", float_bytes(n_ * layer.out_features), back - 1, back);
  l.forward_scratch =
      layout_.add(layer.name + " forward scratch", l.forward.scratchpad_desc().get_size(), now, now);
  l.backward_scratch = layout_.add(
      layer.name + " backward scratch",
      std::max(l.backward_data.scratchpad_desc().get_size(), l.backward_weights.scratchpad_desc().get_size()),
      back, back);
  linears_.push_back(std::move(l));
}

std::uint8_t* TrainingPlan::bytes(std::size_t buffer) const {
  return arena_ + layout_.offset(buffer);
}

float* TrainingPlan::floats(std::size_t buffer) const {
  return reinterpret_cast<float*>(bytes(buffer));
}

void TrainingPlan::add_own(std::string name, double bytes, std::function<void()> run) {
  operations_.push_back({std::move(name), "bart", std::move(run), 0, bytes});
}

void TrainingPlan::add_onednn(std::string name, const dnnl::primitive_desc_base& desc,
                              const dnnl::primitive& primitive, std::size_t scratch, Arguments arguments,
                              double flops) {
  double bytes = 0;
  for (const auto& [index, where] : arguments) bytes += static_cast<double>(where.first.get_size());
  arguments.push_back({DNNL_ARG_SCRATCHPAD, {desc.scratchpad_desc(), floats(scratch)}});
  operations_.push_back(
      {std::move(name), desc.impl_info_str(),
       [bound = BoundPrimitive(primitive, engine_, arguments), this] { bound.run(stream_); }, flops, bytes});
}

void TrainingPlan::bind(std::uint8_t* arena, Parameters& parameters) {
  arena_ = arena;
  operations_.clear();
  add_own("expand dropout masks", 0, [this] { expand_masks(); });
  for (std::size_t i = 0; i < convolutions_.size(); ++i) {
    network_.convolutions[i].from_pixels ? bind_pixels_forward(parameters)
                                         : bind_convolution_forward(i, parameters);
  }
  for (std::size_t i = 0; i < linears_.size(); ++i) bind_linear_forward(i, parameters);

  float* logits = floats(linears_.back().output);
  logits_ = logits;
  add_own("cross entropy forward and backward", 0,
          [this, logits, dlogits = floats(linears_.back().gradient)] {
            const CrossEntropy loss = cross_entropy(n_, network_.architecture.classes, logits, batch_->labels,
                                                    batch_->class_weights, dlogits);
            result_ = {loss.loss, loss.correct};
          });
  for (std::size_t i = linears_.size(); i-- > 0;) bind_linear_backward(i, parameters);
  for (std::size_t i = convolutions_.size(); i-- > 0;) {
    network_.convolutions[i].from_pixels ? bind_pixels_backward(parameters)
                                         : bind_convolution_backward(i, parameters);
  }
}

void TrainingPlan::bind_linear_forward(std::size_t i, Parameters& parameters) {
  const LinearLayer& layer = network_.linears[i];
  const Linear& l = linears_[i];
  float* values = parameters.values.floats();
  float* source = floats(i == 0 ? convolutions_.back().activated : linears_[i - 1].output);
  float* output = floats(l.output);
  add_onednn(layer.name + " forward", l.forward, dnnl::inner_product_forward(l.forward), l.forward_scratch,
             {{DNNL_ARG_SRC, {l.forward.src_desc(), source}},
              {DNNL_ARG_WEIGHTS, {l.forward.weights_desc(), values + layer.weights}},
              {DNNL_ARG_BIAS, {l.forward.bias_desc(), values + layer.bias}},
              {DNNL_ARG_DST, {l.forward.dst_desc(), output}}},
             layer.flops(n_));
  if (!layer.hidden) return;
  // Masks come in the order of layers: a Dropout2d for each block, then one for each hidden layer.
  const std::size_t mask = network_.architecture.blocks.size() + i;
  add_own(layer.name + " ReLU + dropout forward", 0,
          [this, output, mask, count = n_ * layer.out_features,
           scale = static_cast<float>(1 / (1 - layer.dropout))] {
            relu_dropout_forward(count, (*masks_)[mask].data(), scale, output);
          });
}

void TrainingPlan::bind_linear_backward(std::size_t i, Parameters& parameters) {
  const LinearLayer& layer = network_.linears[i];
  const Linear& l = linears_[i];
  float* values = parameters.values.floats();
  float* gradients = parameters.gradients.floats();
  float* source = floats(i == 0 ? convolutions_.back().activated : linears_[i - 1].output);
  float* gradient = floats(l.gradient);
  if (layer.hidden) {
    add_own(layer.name + " ReLU + dropout backward", 0,
            [=, count = n_ * layer.out_features, output = floats(l.output),
             scale = static_cast<float>(1 / (1 - layer.dropout))] {
              relu_dropout_backward(count, output, scale, gradient);
            });
  }
  add_onednn(layer.name + " backward weights", l.backward_weights,
             dnnl::inner_product_backward_weights(l.backward_weights), l.backward_scratch,
             {{DNNL_ARG_SRC, {l.backward_weights.src_desc(), source}},
              {DNNL_ARG_DIFF_DST, {l.backward_weights.diff_dst_desc(), gradient}},
              {DNNL_ARG_DIFF_WEIGHTS, {l.backward_weights.diff_weights_desc(), gradients + layer.weights}},
              {DNNL_ARG_DIFF_BIAS, {l.backward_weights.diff_bias_desc(), gradients + layer.bias}}},
             layer.flops(n_));
  // The first layer's input gradient replaces the pooled activations, as the convolutions do it.
  float* source_gradient = i == 0 ? source : floats(linears_[i - 1].gradient);
  add_onednn(layer.name + " backward data", l.backward_data,
             dnnl::inner_product_backward_data(l.backward_data), l.backward_scratch,
             {{DNNL_ARG_DIFF_DST, {l.backward_data.diff_dst_desc(), gradient}},
              {DNNL_ARG_WEIGHTS, {l.backward_data.weights_desc(), values + layer.weights}},
              {DNNL_ARG_DIFF_SRC, {l.backward_data.diff_src_desc(), source_gradient}}},
             layer.flops(n_));
}

StepResult TrainingPlan::run(const Batch& batch, const DropoutMasks& masks) {
  batch_ = &batch;
  masks_ = &masks;
  for (const Operation& operation : operations_) operation.run();
  return result_;
}

std::vector<OperationTime> TrainingPlan::time(const Batch& batch, const DropoutMasks& masks, int rounds) {
  batch_ = &batch;
  masks_ = &masks;
  return time_operations(operations_, rounds);
}

std::vector<float> TrainingPlan::logits() const {
  return {logits_, logits_ + n_ * network_.architecture.classes};
}

std::string TrainingPlan::description() const {
  return describe(fmt::format("Training plan for a batch of {}", n_), operations_, layout_);
}

}  // namespace bart
