#pragma once

#include <dnnl.hpp>
#include <string>
#include <utility>
#include <vector>

#include "bart/engine/engine.h"
#include "plan.h"
#include "weights_layout.h"

namespace bart {

// Only this pair of files creates the descriptors of oneDNN's primitives, which differs between 2.x, with
// operation descriptors, and 3.x, without.

/// Whether this processor multiplies whole tiles of bf16 (AMX).
bool has_amx();

/// oneDNN's engine for the processor: one per process, used by all threads.
const dnnl::engine& cpu_engine();

/// oneDNN's names for layouts in channel blocks.
struct BlockTags {
  dnnl::memory::format_tag activations;    // [N, C/B, H, W, B]
  dnnl::memory::format_tag filters;        // [O/B, I/B, 3, 3, B i, B o]
  dnnl::memory::format_tag pixel_filters;  // [O/B, 3, 3, I, B o]
};
BlockTags tags_of(std::int64_t block);  // 8 or 16

/// The content of a WeightsLayout that belongs to oneDNN.
struct OneDnnLayout {
  dnnl::memory::desc desc;
};

/// The memory that a primitive reads and writes, by DNNL_ARG_….
using Arguments = std::vector<std::pair<int, std::pair<dnnl::memory::desc, void*>>>;

/// One oneDNN primitive on its memory, as an operation of a plan. It allocates nothing when it runs.
Operation onednn_operation(std::string name, const dnnl::primitive_desc_base& desc,
                           const dnnl::primitive& primitive, void* scratch, Arguments arguments, double flops,
                           Precision multiplied_in = Precision::f32);

/// A 3x3 convolution with padding 1 and stride 1 on square pictures of side `size`. Channels are the padded
/// ones: oneDNN's fast kernels want whole blocks, and padding that is zero stays zero.
struct ConvolutionShape {
  dnnl::memory::dim n, in_channels, out_channels, size;
};

/// The layouts of activations between operations.
struct ConvolutionLayouts {
  Precision precision;
  dnnl::memory::format_tag source;       // nchw for the first layer's pixels
  dnnl::memory::format_tag destination;  // nChw16c or nChw8c
};

// oneDNN's own Winograd is slower than BART's; it is used only to measure the limit of a machine.

/// With a bias; in evaluation with ReLU, too.
dnnl::convolution_forward::primitive_desc convolution_forward_desc(
    const ConvolutionShape& shape, const ConvolutionLayouts& layouts, const dnnl::memory::desc& weights,
    bool training, dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct);

dnnl::convolution_backward_data::primitive_desc convolution_backward_data_desc(
    const ConvolutionShape& shape, const ConvolutionLayouts& layouts,
    const dnnl::convolution_forward::primitive_desc& forward,
    dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct);

dnnl::convolution_backward_weights::primitive_desc convolution_backward_weights_desc(
    const ConvolutionShape& shape, const ConvolutionLayouts& layouts, const dnnl::memory::desc& weights,
    const dnnl::convolution_forward::primitive_desc& forward,
    dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct);

/// A fully connected layer: source [n, in] and destination [n, out] row-major, weights [out, in].
struct LinearShape {
  dnnl::memory::dim n, in_features, out_features;
};

dnnl::inner_product_forward::primitive_desc linear_forward_desc(const LinearShape& shape,
                                                                const dnnl::memory::desc& weights,
                                                                bool training);
dnnl::inner_product_backward_data::primitive_desc linear_backward_data_desc(
    const LinearShape& shape, const dnnl::memory::desc& weights,
    const dnnl::inner_product_forward::primitive_desc& forward);
dnnl::inner_product_backward_weights::primitive_desc linear_backward_weights_desc(
    const LinearShape& shape, const dnnl::memory::desc& weights,
    const dnnl::inner_product_forward::primitive_desc& forward);

/// Weights of a fully connected layer, row-major.
dnnl::memory::desc linear_weights(const LinearShape& shape);

/// The weights in the layout that the forward kernel prefers, if both backward kernels take it too; else
/// row-major.
dnnl::memory::desc preferred_linear_weights(const LinearShape& shape);

/// The memory of convolution weights [out, in, 3, 3] in a given layout; `any` leaves the choice to oneDNN.
dnnl::memory::desc convolution_weights(const ConvolutionShape& shape, dnnl::memory::format_tag layout,
                                       Precision precision = Precision::f32);

/// Copies `from` into the layout and type of `to`.
dnnl::reorder::primitive_desc reorder_desc(const dnnl::memory::desc& from, const dnnl::memory::desc& to);

}  // namespace bart
