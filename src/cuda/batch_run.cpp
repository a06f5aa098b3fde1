#include "batch_run.h"

#include <algorithm>

namespace bart::cuda {
namespace {

Grid grid_of(const Product& product, const TileSize& tile, std::int64_t pieces) {
  return {.x = divided(product.rows, tile.rows), .y = divided(product.columns, tile.columns), .z = pieces};
}

/// The kernel of the wanted arithmetic.
template <class Arguments>
const Kernel<Arguments>& kernel_for(Arithmetic arithmetic, const Kernel<Arguments>& f32,
                                    const Kernel<Arguments>& tf32, const Kernel<Arguments>& bf16) {
  return arithmetic == Arithmetic::f32 ? f32 : arithmetic == Arithmetic::tf32 ? tf32 : bf16;
}

/// The kernel for activations of the wanted format.
template <class Arguments>
const Kernel<Arguments>& kernel_for(Arithmetic arithmetic, const Kernel<Arguments>& f32,
                                    const Kernel<Arguments>& bf16) {
  return arithmetic == Arithmetic::bf16 ? bf16 : f32;
}

float scale_of(double dropout) {
  return static_cast<float>(1 / (1 - dropout));
}

}  // namespace

const void* BatchPlan::Run::convolution_input(std::size_t i) const {
  return values(i == 0 ? plan.input_ : plan.convolutions_[i - 1].output);
}

const float* BatchPlan::Run::linear_input(std::size_t i) const {
  return floats(i == 0 ? plan.convolutions_.back().output : plan.linears_[i - 1]);
}

void BatchPlan::Run::input() const {
  const int size = convolution(0).size;
  const std::int64_t pixels = plan.n_ * size * size;
  const Kernels& k = gpu.kernels();
  gpu.launch_for(
      kernel_for(plan.arithmetic_, k.pictures_to_input_f32, k.pictures_to_input_bf16), pixels,
      {.scalars = plan.training_ ? reinterpret_cast<const StepScalars*>(arena + plan.scalars) : nullptr,
       .pictures = reinterpret_cast<const std::uint8_t* const*>(arena + plan.pictures),
       .changes = reinterpret_cast<const Change*>(arena + plan.changes),
       .input = values(plan.input_),
       .pixels = pixels,
       .size = size});
}

void BatchPlan::Run::convolve(const void* from, const float* weights, const float* bias, void* to, int size,
                              int in_channels, int out_channels) const {
  const Kernels& k = gpu.kernels();
  const std::int64_t depth = std::int64_t{9} * in_channels;
  const Product product{.output = to,
                        .bias = bias,
                        .rows = plan.n_ * size * size,
                        .columns = out_channels,
                        .depth = depth,
                        .piece = whole_tiles(depth)};
  const auto& kernel = out_channels <= narrow_channels
                           ? kernel_for(plan.arithmetic_, k.convolution_narrow_f32, k.convolution_narrow_tf32,
                                        k.convolution_narrow_bf16)
                           : kernel_for(plan.arithmetic_, k.convolution_wide_f32, k.convolution_wide_tf32,
                                        k.convolution_wide_bf16);
  gpu.launch(
      kernel, grid_of(product, convolution_tile(out_channels), 1),
      {.input = from, .weights = weights, .size = size, .in_channels = in_channels, .product = product});
}

void BatchPlan::Run::convolution_forward(std::size_t i) const {
  const ConvolutionPlace& c = convolution(i);
  convolve(convolution_input(i), network.parameters + c.weights, network.parameters + c.bias,
           values(plan.convolutions_[i].raw), c.size, c.in_channels, c.out_channels);
}

NormalizeArguments BatchPlan::Run::normalize_arguments(std::size_t i) const {
  const ConvolutionPlace& c = convolution(i);
  const ConvolutionBuffers& b = plan.convolutions_[i];
  NormalizeArguments a{};
  a.norm = {.weight = network.parameters + c.norm_weight,
            .bias = network.parameters + c.norm_bias,
            .running_mean = network.statistics + c.running_mean,
            .running_var = network.statistics + c.running_var,
            .mean = floats(b.mean),
            .inverse_std = floats(b.inverse_std),
            .scale = floats(b.scale),
            .mean_gradient = floats(b.mean_gradient),
            .mean_product = floats(b.mean_product),
            .weight_gradient = nullptr,
            .bias_gradient = nullptr,
            .channels = c.out_channels,
            .pixels = plan.n_ * c.size * c.size};
  if (network.gradients != nullptr) {
    a.norm.weight_gradient = network.gradients + c.norm_weight;
    a.norm.bias_gradient = network.gradients + c.norm_bias;
  }
  a.input = values(b.raw);
  a.output = values(b.output);
  if (plan.training_ && c.ends_block && c.dropout > 0) {
    a.keep = bytes(plan.masks[i / 2]);
    a.kept = scale_of(c.dropout);
  }
  a.size = c.size;
  return a;
}

NormSumsArguments BatchPlan::Run::sums_arguments(const NormalizeArguments& layer, std::int64_t rows) const {
  constexpr std::int64_t least_rows = 64;
  const std::int64_t chunk = std::max(least_rows, divided(rows, norm_chunks));
  return {.layer = layer,
          .partial = reinterpret_cast<double*>(arena + plan.partial_),
          .chunks = static_cast<std::int32_t>(divided(rows, chunk)),
          .rows = rows,
          .chunk = chunk};
}

void BatchPlan::Run::normalize_batch(std::size_t i) const {
  const NormalizeArguments layer = normalize_arguments(i);
  const NormSumsArguments sums = sums_arguments(layer, layer.norm.pixels);
  const std::int64_t groups = divided(layer.norm.channels, norm_channels);
  const Kernels& k = gpu.kernels();
  gpu.launch(kernel_for(plan.arithmetic_, k.norm_sums_f32, k.norm_sums_bf16), {.x = groups, .y = sums.chunks},
             sums);
  gpu.launch(k.norm_statistics, {.x = groups}, sums);
}

void BatchPlan::Run::normalize(std::size_t i, bool with_dropout) const {
  NormalizeArguments layer = normalize_arguments(i);
  if (!with_dropout) layer.keep = nullptr;
  const std::int64_t pixels = layer.norm.pixels;
  const int channels = layer.norm.channels;
  const Kernels& k = gpu.kernels();
  if (convolution(i).ends_block) {
    gpu.launch_for(kernel_for(plan.arithmetic_, k.norm_relu_pool_f32,
                              is_last(i) ? k.norm_relu_pool_bf16_f32 : k.norm_relu_pool_bf16),
                   threads_for(pixels / 4, channels), layer);
  } else {
    gpu.launch_for(kernel_for(plan.arithmetic_, k.norm_relu_f32, k.norm_relu_bf16),
                   threads_for(pixels, channels), layer);
  }
}

void BatchPlan::Run::add_pieces(const Product& product, std::int64_t pieces, float* result) const {
  const std::int64_t count = product.rows * product.columns;
  gpu.launch_for(gpu.kernels().add_pieces, count,
                 {.pieces = floats(plan.pieces_),
                  .bias = nullptr,
                  .result = result,
                  .count = count,
                  .columns = product.columns,
                  .pieces_count = static_cast<std::int32_t>(pieces)});
}

void BatchPlan::Run::linear_forward(std::size_t i, bool with_dropout) const {
  const LinearPlace& l = linear(i);
  const Pieces pieces = plan.forward_pieces(l);
  const Product product{.output = floats(plan.pieces_),
                        .bias = nullptr,
                        .rows = plan.n_,
                        .columns = l.outputs,
                        .depth = l.inputs,
                        .piece = pieces.depth};
  gpu.launch(gpu.kernels().linear_forward, grid_of(product, linear_tile, pieces.count),
             {.left = linear_input(i), .right = network.parameters + l.weights, .product = product});
  const std::int64_t count = plan.n_ * l.outputs;
  const AddPiecesArguments sum{.pieces = floats(plan.pieces_),
                               .bias = network.parameters + l.bias,
                               .result = floats(plan.linears_[i]),
                               .count = count,
                               .columns = l.outputs,
                               .pieces_count = static_cast<std::int32_t>(pieces.count)};
  if (!l.hidden) {
    gpu.launch_for(gpu.kernels().add_pieces, count, sum);
    return;
  }
  const bool drops = with_dropout && l.dropout > 0;
  const std::size_t blocks = plan.layout_.architecture.blocks.size();
  gpu.launch_for(gpu.kernels().hidden_forward, count,
                 {.sum = sum,
                  .keep = drops ? bytes(plan.masks[blocks + i]) : nullptr,
                  .scale = drops ? scale_of(l.dropout) : 1});
}

void BatchPlan::Run::linear_backward(std::size_t i, float* gradient, float* input_gradient) const {
  const LinearPlace& l = linear(i);
  const Kernels& k = gpu.kernels();
  if (l.hidden) {
    const std::int64_t count = plan.n_ * l.outputs;
    gpu.launch_for(k.hidden_gradient, count,
                   {.output = floats(plan.linears_[i]),
                    .gradient = gradient,
                    .scale = l.dropout > 0 ? scale_of(l.dropout) : 1,
                    .count = count});
  }
  const Product weights{.output = network.gradients + l.weights,
                        .bias = nullptr,
                        .rows = l.outputs,
                        .columns = l.inputs,
                        .depth = plan.n_,
                        .piece = whole_tiles(plan.n_)};
  gpu.launch(k.linear_weight_gradient, grid_of(weights, {64, 64}, 1),
             {.left = gradient, .right = linear_input(i), .product = weights});
  gpu.launch_for(k.column_sums, l.outputs,
                 {.matrix = gradient,
                  .sums = network.gradients + l.bias,
                  .rows = static_cast<std::int32_t>(plan.n_),
                  .columns = l.outputs});
  const Pieces pieces = pieces_of(plan.n_, l.inputs, l.outputs, linear_tile.rows, linear_tile.columns);
  const Product inputs{.output = pieces.count == 1 ? input_gradient : floats(plan.pieces_),
                       .bias = nullptr,
                       .rows = plan.n_,
                       .columns = l.inputs,
                       .depth = l.outputs,
                       .piece = pieces.depth};
  gpu.launch(k.linear_input_gradient, grid_of(inputs, linear_tile, pieces.count),
             {.left = gradient, .right = network.parameters + l.weights, .product = inputs});
  if (pieces.count > 1) add_pieces(inputs, pieces.count, input_gradient);
}

void BatchPlan::Run::weight_gradient(std::size_t i, const void* raw_gradient) const {
  const ConvolutionPlace& c = convolution(i);
  const Kernels& k = gpu.kernels();
  const TileSize tile = weight_gradient_tile(c.out_channels);
  const std::int64_t pixels = plan.n_ * c.size * c.size;
  const Pieces pieces = pieces_of(c.out_channels, 9 * c.in_channels, pixels, tile.rows, tile.columns);
  float* result = network.gradients + c.weights;
  const Product product{.output = pieces.count == 1 ? result : floats(plan.pieces_),
                        .bias = nullptr,
                        .rows = c.out_channels,
                        .columns = 9 * c.in_channels,
                        .depth = pixels,
                        .piece = pieces.depth};
  const auto& kernel = c.out_channels <= narrow_channels
                           ? kernel_for(plan.arithmetic_, k.weight_gradient_flat_f32,
                                        k.weight_gradient_flat_tf32, k.weight_gradient_flat_bf16)
                           : kernel_for(plan.arithmetic_, k.weight_gradient_f32, k.weight_gradient_tf32,
                                        k.weight_gradient_bf16);
  gpu.launch(kernel, grid_of(product, tile, pieces.count),
             {.input = convolution_input(i),
              .gradient = raw_gradient,
              .size = c.size,
              .in_channels = c.in_channels,
              .product = product});
  if (pieces.count > 1) add_pieces(product, pieces.count, result);
}

void BatchPlan::Run::convolution_backward(std::size_t i, void* gradient, void* raw_gradient) const {
  const ConvolutionPlace& c = convolution(i);
  const Kernels& k = gpu.kernels();
  NormalizeArguments layer = normalize_arguments(i);
  layer.gradient = gradient;
  layer.input_gradient = raw_gradient;
  const std::int64_t rows = c.ends_block ? layer.norm.pixels / 4 : layer.norm.pixels;
  const NormSumsArguments sums = sums_arguments(layer, rows);
  const std::int64_t groups = divided(c.out_channels, norm_channels);
  const auto& gradient_sums =
      c.ends_block ? kernel_for(plan.arithmetic_, k.pool_gradient_sums_f32,
                                is_last(i) ? k.pool_gradient_sums_bf16_f32 : k.pool_gradient_sums_bf16)
                   : kernel_for(plan.arithmetic_, k.relu_gradient_sums_f32, k.relu_gradient_sums_bf16);
  const auto& backward =
      c.ends_block
          ? kernel_for(plan.arithmetic_, k.norm_relu_pool_backward_f32,
                       is_last(i) ? k.norm_relu_pool_backward_bf16_f32 : k.norm_relu_pool_backward_bf16)
          : kernel_for(plan.arithmetic_, k.norm_relu_backward_f32, k.norm_relu_backward_bf16);
  gpu.launch(gradient_sums, {.x = groups, .y = sums.chunks}, sums);
  gpu.launch(k.norm_gradients, {.x = groups}, sums);
  gpu.launch_for(backward, threads_for(rows, c.out_channels), layer);
  // The bias has no gradient: BatchNorm takes it away again.
  weight_gradient(i, raw_gradient);
  if (i == 0) return;
  float* turned = floats(plan.turned_);
  gpu.launch_for(k.turn_weights, std::int64_t{9} * c.in_channels * c.out_channels,
                 {.weights = network.parameters + c.weights,
                  .turned = turned,
                  .out_channels = c.out_channels,
                  .in_channels = c.in_channels});
  convolve(raw_gradient, turned, nullptr, gradient, c.size, c.out_channels, c.in_channels);
}

void BatchPlan::forward(const Context& gpu, DeviceMemory arena, const NetworkMemory& network) const {
  const Run run{*this, gpu, arena, network};
  run.input();
  for (std::size_t i = 0; i < layout_.convolutions.size(); ++i) {
    run.convolution_forward(i);
    run.normalize_batch(i);
    run.normalize(i, true);
  }
  for (std::size_t i = 0; i < layout_.linears.size(); ++i) run.linear_forward(i, true);
}

void BatchPlan::loss(const Context& gpu, DeviceMemory arena, const NetworkMemory& network) const {
  const auto floats = [arena](std::size_t offset) { return reinterpret_cast<float*>(arena + offset); };
  gpu.launch(gpu.kernels().cross_entropy_loss, {},
             {.scalars = reinterpret_cast<const StepScalars*>(arena + scalars),
              .logits = floats(logits),
              .labels = reinterpret_cast<const std::int32_t*>(arena + labels),
              .class_weights = floats(class_weights),
              .adjustments = floats(adjustments),
              .gradient = floats(gradients_[0]),
              .outcomes = network.outcomes,
              .pictures = static_cast<std::int32_t>(n_),
              .classes = layout_.architecture.classes});
}

void BatchPlan::backward(const Context& gpu, DeviceMemory arena, const NetworkMemory& network) const {
  const Run run{*this, gpu, arena, network};
  float* gradient = run.floats(gradients_[0]);
  float* other = run.floats(gradients_[1]);
  for (std::size_t i = layout_.linears.size(); i-- > 0;) {
    run.linear_backward(i, gradient, other);
    std::swap(gradient, other);
  }
  for (std::size_t i = layout_.convolutions.size(); i-- > 0;) run.convolution_backward(i, gradient, other);
}

void BatchPlan::optimizer(const Context& gpu, DeviceMemory arena, const NetworkMemory& network) const {
  const auto count = static_cast<std::int64_t>(layout_.parameters);
  const auto* factors = reinterpret_cast<const StepScalars*>(arena + scalars);
  const GradientNormArguments norm{.scalars = factors,
                                   .gradients = network.gradients,
                                   .partial = reinterpret_cast<double*>(arena + partial_),
                                   .outcomes = network.outcomes,
                                   .diverged = network.diverged,
                                   .count = count,
                                   .chunks = static_cast<std::int32_t>(norm_chunks)};
  gpu.launch(gpu.kernels().gradient_squares, {.x = norm_chunks}, norm);
  gpu.launch(gpu.kernels().gradient_norm, {}, norm);
  gpu.launch_for(gpu.kernels().optimizer_step, count,
                 {.scalars = factors,
                  .outcomes = network.outcomes,
                  .parameters = network.parameters,
                  .gradients = network.gradients,
                  .exp_avg = network.exp_avg,
                  .exp_avg_sq = network.exp_avg_sq,
                  .count = count,
                  .decaying = static_cast<std::int64_t>(layout_.decaying)});
  if (network.average == nullptr) return;
  const auto values = static_cast<std::int64_t>(layout_.parameters + layout_.statistics);
  gpu.launch_for(gpu.kernels().move_average, values,
                 {.scalars = factors,
                  .outcomes = network.outcomes,
                  .model = network.parameters,
                  .average = network.average,
                  .count = values});
}

void BatchPlan::evaluate(const Context& gpu, DeviceMemory arena, const NetworkMemory& network,
                         bool with_features) const {
  const Run run{*this, gpu, arena, network};
  run.input();
  for (std::size_t i = 0; i < layout_.convolutions.size(); ++i) {
    run.convolution_forward(i);
    NormalizeArguments layer = run.normalize_arguments(i);
    gpu.launch_for(gpu.kernels().norm_running, layer.norm.channels, layer.norm);
    run.normalize(i, false);
    if (with_features && i + 1 == layout_.convolutions.size()) {
      layer.output = run.values(features);
      gpu.launch_for(kernel_for(arithmetic_, gpu.kernels().norm_relu_f32, gpu.kernels().norm_relu_bf16_f32),
                     threads_for(layer.norm.pixels, layer.norm.channels), layer);
    }
  }
  for (std::size_t i = 0; i < layout_.linears.size(); ++i) run.linear_forward(i, false);
}

}  // namespace bart::cuda
