#include "referee/referee.h"

#include <cmath>

#include "referee/operations.h"

namespace bart::referee {

std::vector<double> input_of(std::span<const std::uint8_t* const> pictures, int image_size) {
  const std::size_t pixels = std::size_t(image_size) * std::size_t(image_size);
  std::vector<double> input(pictures.size() * 3 * pixels);
  for (std::size_t n = 0; n < pictures.size(); ++n) {
    for (std::size_t p = 0; p < pixels; ++p) {
      for (std::size_t c = 0; c < 3; ++c) {
        input[(n * 3 + c) * pixels + p] = double(float(pictures[n][p * 3 + c]) / 255.0f);
      }
    }
  }
  return input;
}

/// ReLU and dropout work in place, so `output` is that of the layer until the next one takes it over.
struct Referee::Record {
  std::vector<double> input;              // convolution, BatchNorm, linear
  std::vector<double> output;             // ReLU
  std::vector<double> mean, inverse_std;  // BatchNorm
  std::vector<std::int32_t> positions;    // max-pooling
};

namespace {

ConvolutionShape convolution_shape(const Layer& layer, std::size_t n) {
  return {int(n), int(layer.input[0]), int(layer.output[0]), int(layer.input[1]), int(layer.input[2])};
}
BatchNormShape batch_norm_shape(const Layer& layer, std::size_t n) {
  return {int(n), int(layer.input[0]), int(layer.input[1] * layer.input[2])};
}
MaxPoolShape max_pool_shape(const Layer& layer, std::size_t n) {
  return {int(n) * int(layer.input[0]), int(layer.input[1]), int(layer.input[2])};
}
LinearShape linear_shape(const Layer& layer, std::size_t n) {
  return {int(n), int(layer.input[0]), int(layer.output[0])};
}
std::size_t values_of(const std::vector<std::int64_t>& shape) {
  return std::size_t(element_count(shape));
}

}  // namespace

Referee::Referee(const Architecture& architecture, const StateDict& state)
    : layers_(layers_of(architecture)), input_values_(values_of(layers_.front().input)) {
  for (const Tensor& tensor : state) {
    if (!std::holds_alternative<std::vector<float>>(tensor.values)) continue;
    const std::vector<float>& values = tensor.floats();
    tensors_[tensor.name].assign(values.begin(), values.end());
    if (!is_parameter(tensor.name)) continue;
    for (Tensors* zeros : {&gradients_, &moments_.first, &moments_.second}) {
      (*zeros)[tensor.name].assign(values.size(), 0.0);
    }
  }
}

void Referee::forward(const std::vector<double>& input, const DropoutMasks* masks,
                      std::vector<Record>* records, std::vector<double>* features) {
  const std::size_t n = input.size() / input_values_;
  const bool training = masks != nullptr;
  std::size_t dropouts = 0;
  std::vector<double> x = input;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const auto tensor = [&](const char* part) { return tensors_.at(layer.name + part).data(); };
    Record record;
    std::vector<double> y;
    switch (layer.kind) {
      case LayerKind::convolution:
        y.resize(n * values_of(layer.output));
        convolution_forward(convolution_shape(layer, n), x.data(), tensor(".weight"), tensor(".bias"),
                            y.data());
        record.input = std::move(x);
        break;
      case LayerKind::batch_norm: {
        y.resize(x.size());
        const BatchNormShape shape = batch_norm_shape(layer, n);
        if (training) {
          record.mean.resize(std::size_t(shape.channels));
          record.inverse_std.resize(std::size_t(shape.channels));
          batch_norm_forward(shape, x.data(), tensor(".weight"), tensor(".bias"), tensor(".running_mean"),
                             tensor(".running_var"), record.mean.data(), record.inverse_std.data(), y.data());
        } else {
          batch_norm_evaluate(shape, x.data(), tensor(".weight"), tensor(".bias"), tensor(".running_mean"),
                              tensor(".running_var"), y.data());
        }
        record.input = std::move(x);
        break;
      }
      case LayerKind::relu:
        y = x;
        relu_forward(y.size(), y.data());
        if (training) record.output = y;
        if (features != nullptr && l + 1 < layers_.size() && layers_[l + 1].kind == LayerKind::max_pool)
          *features = y;
        break;
      case LayerKind::max_pool:
        y.resize(n * values_of(layer.output));
        record.positions.resize(y.size());
        max_pool_forward(max_pool_shape(layer, n), x.data(), y.data(), record.positions.data());
        break;
      case LayerKind::dropout2d:
      case LayerKind::dropout:
        y = std::move(x);
        if (training) {
          const std::vector<std::uint8_t>& keep = (*masks)[dropouts++];
          dropout_forward(keep.size(), y.size() / keep.size(), keep.data(), layer.dropout, y.data());
        }
        break;
      case LayerKind::flatten:
        y = std::move(x);
        break;
      case LayerKind::linear:
        y.resize(n * values_of(layer.output));
        linear_forward(linear_shape(layer, n), x.data(), tensor(".weight"), tensor(".bias"), y.data());
        record.input = std::move(x);
        break;
    }
    x = std::move(y);
    if (training) records->push_back(std::move(record));
  }
  logits_ = std::move(x);
}

void Referee::backward(std::vector<Record>& records, std::vector<double> gradient,
                       const DropoutMasks& masks) {
  const std::size_t n = gradient.size() / values_of(layers_.back().output);
  std::size_t dropouts = masks.size();
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Layer& layer = layers_[l];
    const Record& record = records[l];
    const auto tensor = [&](const char* part) { return tensors_.at(layer.name + part).data(); };
    const auto grad = [&](const char* part) { return gradients_.at(layer.name + part).data(); };
    std::vector<double> before;  // the gradient of this layer's input
    switch (layer.kind) {
      case LayerKind::convolution: {
        if (l > 0) before.resize(record.input.size());
        convolution_backward(convolution_shape(layer, n), record.input.data(), tensor(".weight"),
                             gradient.data(), l > 0 ? before.data() : nullptr, grad(".weight"),
                             grad(".bias"));
        break;
      }
      case LayerKind::batch_norm:
        before.resize(gradient.size());
        batch_norm_backward(batch_norm_shape(layer, n), record.input.data(), tensor(".weight"),
                            record.mean.data(), record.inverse_std.data(), gradient.data(), before.data(),
                            grad(".weight"), grad(".bias"));
        break;
      case LayerKind::relu:
        before = std::move(gradient);
        relu_backward(before.size(), record.output.data(), before.data());
        break;
      case LayerKind::max_pool:
        before.resize(n * values_of(layer.input));
        max_pool_backward(max_pool_shape(layer, n), gradient.data(), record.positions.data(), before.data());
        break;
      case LayerKind::dropout2d:
      case LayerKind::dropout: {
        before = std::move(gradient);
        const std::vector<std::uint8_t>& keep = masks[--dropouts];
        dropout_backward(keep.size(), before.size() / keep.size(), keep.data(), layer.dropout, before.data());
        break;
      }
      case LayerKind::flatten:
        before = std::move(gradient);
        break;
      case LayerKind::linear:
        before.resize(record.input.size());
        linear_backward(linear_shape(layer, n), record.input.data(), tensor(".weight"), gradient.data(),
                        before.data(), grad(".weight"), grad(".bias"));
        break;
    }
    gradient = std::move(before);
    records.pop_back();
  }
}

double Referee::forward_backward(const std::vector<double>& input, std::span<const std::int32_t> labels,
                                 const DropoutMasks& masks) {
  std::vector<Record> records;
  forward(input, &masks, &records);
  const int n = int(labels.size()), classes = int(layers_.back().output[0]);
  const double loss = cross_entropy_forward(n, classes, logits_.data(), labels.data());
  std::vector<double> gradient(logits_.size());
  cross_entropy_backward(n, classes, logits_.data(), labels.data(), gradient.data());
  backward(records, std::move(gradient), masks);
  return loss;
}

double Referee::clip_gradients(double max_norm) {
  double squares = 0;
  for (const auto& [name, gradient] : gradients_) {
    for (const double g : gradient) squares += g * g;
  }
  const double norm = std::sqrt(squares);
  const double factor = max_norm / (norm + 1e-6);
  if (max_norm <= 0 || factor >= 1) return norm;
  for (auto& [name, gradient] : gradients_) {
    for (double& g : gradient) g *= factor;
  }
  return norm;
}

void Referee::adam_step(double learning_rate) {
  ++moments_.steps;
  for (const auto& [name, gradient] : gradients_) {
    referee::adam_step(gradient.size(), moments_.steps, learning_rate, gradient.data(),
                       moments_.first.at(name).data(), moments_.second.at(name).data(),
                       tensors_.at(name).data());
  }
}

std::vector<double> Referee::evaluate(const std::vector<double>& input, std::vector<double>* features) {
  forward(input, nullptr, nullptr, features);
  return logits_;
}

}  // namespace bart::referee
