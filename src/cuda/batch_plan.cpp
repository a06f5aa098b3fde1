#include "batch_plan.h"

#include <algorithm>

#include "batch_run.h"
#include "kernels/number.h"

namespace bart::cuda {
namespace {

constexpr std::int64_t blocks_wanted = 512;  // to fill a GPU
constexpr std::int64_t least_depth = 256;    // of a piece

std::size_t floats(std::int64_t count) {
  return static_cast<std::size_t>(count) * sizeof(float);
}

}  // namespace

Pieces pieces_of(std::int64_t rows, std::int64_t columns, std::int64_t depth, int tile_rows,
                 int tile_columns) {
  const std::int64_t blocks = divided(rows, tile_rows) * divided(columns, tile_columns);
  const std::int64_t most = std::max<std::int64_t>(1, depth / least_depth);
  const std::int64_t wanted = std::clamp<std::int64_t>(divided(blocks_wanted, blocks), 1, most);
  const std::int64_t piece = whole_tiles(divided(depth, wanted));
  return {divided(depth, piece), piece};
}

BatchPlan::BatchPlan(const NetworkLayout& layout, std::int64_t n, Arithmetic arithmetic, bool training)
    : layout_(layout), n_(n), arithmetic_(arithmetic), training_(training) {
  take_upload(training);
  upload_bytes_ = bytes_;
  const ConvolutionPlace& first = layout.convolutions.front();
  input_ = take(activations(n * first.size * first.size * first.in_channels));
  take_convolutions(training);
  for (const LinearPlace& l : layout.linears) linears_.push_back(take(floats(n * l.outputs)));
  logits = linears_.back();
  take_scratch(training);
}

std::size_t BatchPlan::activations(std::int64_t count) const {
  return arithmetic_ == Arithmetic::bf16 ? static_cast<std::size_t>(count) * sizeof(Bf16) : floats(count);
}

Pieces BatchPlan::forward_pieces(const LinearPlace& linear) const {
  return pieces_of(training_ ? n_ : 1, linear.outputs, linear.inputs, linear_tile.rows, linear_tile.columns);
}

std::size_t BatchPlan::take(std::size_t bytes) {
  constexpr std::size_t boundary = 256;
  const std::size_t offset = bytes_;
  bytes_ += (bytes + boundary - 1) / boundary * boundary;
  return offset;
}

void BatchPlan::take_upload(bool training) {
  const Architecture& architecture = layout_.architecture;
  const auto n = static_cast<std::size_t>(n_);
  if (training) {
    scalars = take(sizeof(StepScalars));
    labels = take(n * sizeof(std::int32_t));
    class_weights = take(floats(architecture.classes));
    adjustments = take(floats(architecture.classes));
    for (const bart::Block& block : architecture.blocks)
      masks.push_back(take(n * static_cast<std::size_t>(block.channels)));
    for (const Hidden& hidden : architecture.hidden)
      masks.push_back(take(n * static_cast<std::size_t>(hidden.features)));
  }
  pictures = take(n * sizeof(DeviceMemory));
  changes = take(training ? n * sizeof(Change) : 0);
}

void BatchPlan::take_convolutions(bool training) {
  const auto pixels_of = [&](const ConvolutionPlace& c) { return n_ * c.size * c.size; };
  std::int64_t most = 0;
  for (const ConvolutionPlace& c : layout_.convolutions) most = std::max(most, pixels_of(c) * c.out_channels);
  // An evaluation needs the present layer's alone. The last output are floats, a quarter of those before it.
  const std::size_t shared_raw = training ? 0 : take(activations(most));
  const std::size_t shared_output = training ? 0 : take(activations(most));
  for (const ConvolutionPlace& c : layout_.convolutions) {
    ConvolutionBuffers buffers{};
    const std::int64_t values = pixels_of(c) * c.out_channels;
    const bool last = &c == &layout_.convolutions.back();
    buffers.raw = training ? take(activations(values)) : shared_raw;
    buffers.output = !training ? shared_output
                     : last    ? take(floats(values / 4))
                               : take(activations(c.ends_block ? values / 4 : values));
    for (std::size_t* array : {&buffers.mean, &buffers.inverse_std, &buffers.scale, &buffers.mean_gradient,
                               &buffers.mean_product}) {
      *array = take(floats(c.out_channels));
    }
    convolutions_.push_back(buffers);
  }
  const ConvolutionPlace& last = layout_.convolutions.back();
  if (!training) features = take(floats(pixels_of(last) * last.out_channels));
  if (!training) return;
  std::size_t bytes = activations(most);
  for (const LinearPlace& l : layout_.linears)
    bytes = std::max(bytes, floats(n_ * std::max(l.inputs, l.outputs)));
  for (std::size_t& gradient : gradients_) gradient = take(bytes);
}

/// What several operations use one after the other.
void BatchPlan::take_scratch(bool training) {
  std::int64_t pieces = 0, channels = 0, turned = 0;
  const auto need = [&](std::int64_t rows, std::int64_t columns, std::int64_t depth, const TileSize& tile) {
    pieces =
        std::max(pieces, pieces_of(rows, columns, depth, tile.rows, tile.columns).count * rows * columns);
  };
  for (const LinearPlace& l : layout_.linears) {
    pieces = std::max(pieces, forward_pieces(l).count * n_ * l.outputs);
    need(n_, l.inputs, l.outputs, linear_tile);
  }
  for (const ConvolutionPlace& c : layout_.convolutions) {
    need(c.out_channels, 9 * c.in_channels, n_ * c.size * c.size, weight_gradient_tile(c.out_channels));
    channels = std::max<std::int64_t>(channels, c.out_channels);
    turned = std::max(turned, std::int64_t{9} * c.in_channels * c.out_channels);
  }
  pieces_ = take(floats(pieces));
  if (!training) return;
  partial_ =
      take(static_cast<std::size_t>(std::max(2 * norm_chunks * channels, norm_chunks)) * sizeof(double));
  turned_ = take(floats(turned));
}

}  // namespace bart::cuda
