#include "training_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "activation.h"
#include "cross_entropy.h"

namespace bart {

TrainingPlan::TrainingPlan(const CompiledNetwork& network, std::int64_t n)
    : network_(network), slices_(n, network.slices, network.group, network.team), n_(slices_.own_pictures()) {
  for (std::size_t i = 0; i < network.convolutions.size(); ++i) {
    Convolution& c = convolutions_.emplace_back();
    if (computes(i)) c.kernel = network.convolutions[i].training->train(task_of(i, n_));
  }
  by_picture_ = convolutions_by_picture();
  for (std::size_t i = 0; i < network.convolutions.size(); ++i) plan_convolution(i);
  for (std::size_t i = 0; i < network.linears.size(); ++i) plan_linear(i);
  if (slices_.shared()) {
    const std::size_t bytes = float_bytes(n * network.architecture.classes);
    all_logits_ = layout_.add("logits of the batch", bytes, loss_time(), backward_time(0));
    all_logit_gradients_ = layout_.add("logits' gradients of the batch", bytes, loss_time(), loss_time());
  }
  layout_.place();
}

void TrainingPlan::plan_linear(std::size_t i) {
  const LinearLayer& layer = network_.linears[i];
  Linear l{};
  if (n_ > 0) l.kernel = layer.kernel->train(layer, n_, network_.team);
  const int now = forward_time(convolutions_.size() + i);
  const int back = backward_time(convolutions_.size() + i);
  // The last output, the logits, is also read after the step.
  l.output = layout_.add(layer.name + " output", float_bytes(n_ * layer.out_features), now,
                         layer.hidden ? back : backward_time(0));
  l.gradient = layout_.add(layer.name + " gradient", float_bytes(n_ * layer.out_features), back - 1, back);
  l.forward_scratch = layout_.add(layer.name + " forward scratch", l.kernel.forward_scratch_bytes, now, now);
  l.backward_scratch =
      layout_.add(layer.name + " backward scratch", l.kernel.backward_scratch_bytes, back, back);
  if (slices_.shared()) {
    const std::int64_t all = slices_.pictures();
    const int end = backward_time(0);
    l.whole = layer.kernel->train(layer, all, network_.team);
    const auto ask = [&](const char* what, std::size_t bytes) {
      return layout_.add(layer.name + what, bytes, back, end);
    };
    l.own_inputs = ask(" inputs to send", float_bytes(n_ * layer.in_padded));
    l.own_gradients = ask(" gradients to send", float_bytes(n_ * layer.out_features));
    l.all_inputs = ask(" inputs of the batch", float_bytes(all * layer.in_padded));
    l.all_gradients = ask(" gradients of the batch", float_bytes(all * layer.out_features));
    l.whole_scratch = ask(" scratch for the batch", l.whole.backward_scratch_bytes);
  }
  linears_.push_back(std::move(l));
}

std::uint8_t* TrainingPlan::bytes(std::size_t buffer) const {
  return arena_ + layout_.offset(buffer);
}

float* TrainingPlan::floats(std::size_t buffer) const {
  return reinterpret_cast<float*>(bytes(buffer));
}

void TrainingPlan::add(std::string name, double bytes, std::function<void()> run) {
  operations_.push_back({std::move(name), "bart", std::move(run), 0, bytes});
}

void TrainingPlan::add(std::vector<Operation> operations) {
  std::move(operations.begin(), operations.end(), std::back_inserter(operations_));
}

void TrainingPlan::bind(std::uint8_t* arena, Parameters& parameters) {
  arena_ = arena;
  operations_.clear();
  add("expand dropout masks", 0, [this] { expand_masks(); });
  for (std::size_t i = 0; i < convolutions_.size(); ++i) bind_convolution_forward(i, parameters);
  for (std::size_t i = 0; i < linears_.size(); ++i) bind_linear_forward(i, parameters);

  bind_loss();
  forward_count_ = operations_.size();
  for (std::size_t i = linears_.size(); i-- > 0;) bind_linear_backward(i, parameters);
  for (std::size_t i = convolutions_.size(); i-- > 0;) bind_convolution_backward(i, parameters);
  if (!slices_.shared()) return;
  add("wait for the other processes", 0, [this] { slices_.wait(); });
  for (std::size_t i = 0; i < linears_.size(); ++i) bind_shared_linear_weights(i, parameters);
}

/// The loss of the whole batch, which each process computes: logits are few.
void TrainingPlan::bind_loss() {
  float* own = floats(linears_.back().output);
  float* own_gradient = floats(linears_.back().gradient);
  const std::int64_t classes = network_.architecture.classes;
  float* logits = slices_.shared() ? floats(all_logits_) : own;
  float* gradient = slices_.shared() ? floats(all_logit_gradients_) : own_gradient;
  logits_ = logits;
  add("cross entropy forward and backward", 0, [=, this] {
    if (slices_.shared()) slices_.gather_rows(own, float_bytes(classes), logits);
    const CrossEntropy loss = cross_entropy(slices_.pictures(), classes, logits, batch_->labels,
                                            {.weights = batch_->class_weights,
                                             .adjustments = batch_->logit_adjustments,
                                             .smoothing = batch_->label_smoothing},
                                            gradient);
    loss_ = {loss.loss, loss.correct};
    if (slices_.shared())
      std::copy_n(gradient + slices_.first_picture() * classes, n_ * classes, own_gradient);
  });
}

LinearMemory TrainingPlan::memory_of_linear(std::size_t i, Parameters& parameters) const {
  const LinearLayer& layer = network_.linears[i];
  const Linear& l = linears_[i];
  float* source = floats(i == 0 ? convolutions_.back().activated : linears_[i - 1].output);
  return {.source = source,
          .output = floats(l.output),
          .gradient = floats(l.gradient),
          // The first layer's input gradient replaces the pooled activations, as the convolutions do it.
          .source_gradient = i == 0 ? source : floats(linears_[i - 1].gradient),
          .weights = parameters.values.floats() + layer.weights,
          .bias = parameters.values.floats() + layer.bias,
          .dweights = parameters.gradients.floats() + layer.weights,
          .dbias = parameters.gradients.floats() + layer.bias,
          .forward_scratch = bytes(l.forward_scratch),
          .backward_scratch = bytes(l.backward_scratch)};
}

void TrainingPlan::bind_linear_forward(std::size_t i, Parameters& parameters) {
  const LinearLayer& layer = network_.linears[i];
  const LinearMemory memory = memory_of_linear(i, parameters);
  if (n_ > 0) operations_.push_back(linears_[i].kernel.forward(memory));
  if (!layer.hidden) return;
  // Masks come in the order of layers: a Dropout2d for each block, then one for each hidden layer.
  const std::size_t mask = network_.architecture.blocks.size() + i;
  add(layer.name + " ReLU + dropout forward", 0,
      [this, output = memory.output, mask, count = n_ * layer.out_features,
       first = slices_.first_picture() * layer.out_features,
       scale = static_cast<float>(1 / (1 - layer.dropout))] {
        relu_dropout_forward(count, (*masks_)[mask].data() + first, scale, output);
      });
}

void TrainingPlan::bind_linear_backward(std::size_t i, Parameters& parameters) {
  const LinearLayer& layer = network_.linears[i];
  const LinearMemory memory = memory_of_linear(i, parameters);
  if (layer.hidden) {
    add(layer.name + " ReLU + dropout backward", 0,
        [count = n_ * layer.out_features, output = memory.output, gradient = memory.gradient,
         scale = static_cast<float>(1 / (1 - layer.dropout))] {
          relu_dropout_backward(count, output, scale, gradient);
        });
  }
  bind_linear_weights(i, memory);
  if (n_ > 0) operations_.push_back(linears_[i].kernel.backward_data(memory));
}

void TrainingPlan::bind_linear_weights(std::size_t i, const LinearMemory& own) {
  const LinearLayer& layer = network_.linears[i];
  const Linear& l = linears_[i];
  if (!slices_.shared()) {
    operations_.push_back(l.kernel.backward_weights(own));
    return;
  }
  // Copies, for the inputs make place for their gradient.
  add(layer.name + " to all processes", 0,
      [=, this, &layer, inputs = floats(l.own_inputs), gradients = floats(l.own_gradients),
       all_inputs = floats(l.all_inputs), all_gradients = floats(l.all_gradients)] {
        std::copy_n(own.source, n_ * layer.in_padded, inputs);
        std::copy_n(own.gradient, n_ * layer.out_features, gradients);
        slices_.begin_gather_rows(inputs, float_bytes(layer.in_padded), all_inputs);
        slices_.begin_gather_rows(gradients, float_bytes(layer.out_features), all_gradients);
      });
}

/// At the end of the backward pass, when everything has come.
void TrainingPlan::bind_shared_linear_weights(std::size_t i, Parameters& parameters) {
  const Linear& l = linears_[i];
  LinearMemory all = memory_of_linear(i, parameters);
  all.source = floats(l.all_inputs);
  all.gradient = floats(l.all_gradients);
  all.backward_scratch = bytes(l.whole_scratch);
  operations_.push_back(l.whole.backward_weights(all));
}

const std::vector<Operation>& TrainingPlan::operations(const Batch& batch, const DropoutMasks& masks) {
  batch_ = &batch;
  pictures_ =
      batch.pictures.subspan(static_cast<std::size_t>(slices_.first_picture()), static_cast<std::size_t>(n_));
  masks_ = &masks;
  return operations_;
}

StepLoss TrainingPlan::run(const Batch& batch, const DropoutMasks& masks, bool forward_only) {
  const std::span all = operations(batch, masks);
  for (const Operation& operation : all.first(forward_only ? forward_count_ : all.size())) operation.run();
  return loss_;
}

std::vector<float> TrainingPlan::logits() const {
  return {logits_, logits_ + slices_.pictures() * network_.architecture.classes};
}

std::string TrainingPlan::description() const {
  return describe(fmt::format("Training plan for a batch of {}", slices_.pictures()), operations_, layout_);
}

}  // namespace bart
