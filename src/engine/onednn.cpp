#include "onednn.h"

#include <fmt/format.h>
#include <omp.h>

#include <string_view>
#include <utility>

#include "bart/platform/error.h"
#include "onednn_errors.h"
#include "onednn_threads.h"

namespace bart {
namespace {

using dnnl::memory;
using dnnl::prop_kind;
using Tag = memory::format_tag;

constexpr auto f32 = memory::data_type::f32;
const memory::dims ones = {1, 1};

memory::data_type type_of(Precision precision) {
  return precision == Precision::bf16 ? memory::data_type::bf16 : f32;
}

memory::desc convolution_source(const ConvolutionShape& s, const ConvolutionLayouts& layouts) {
  return {{s.n, s.in_channels, s.size, s.size}, type_of(layouts.precision), layouts.source};
}

memory::desc convolution_destination(const ConvolutionShape& s, const ConvolutionLayouts& layouts) {
  return {{s.n, s.out_channels, s.size, s.size}, type_of(layouts.precision), layouts.destination};
}

memory::desc bias(memory::dim channels) {
  return {{channels}, f32, Tag::x};
}

/// Scratch memory comes from the arena, not from the primitive.
dnnl::primitive_attr attributes(bool relu = false) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (relu) {
    dnnl::post_ops after;
#if DNNL_VERSION_MAJOR >= 3
    after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.f, 0.f);
#else
    after.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
#endif
    attr.set_post_ops(after);
  }
  return attr;
}

}  // namespace

bool multiplies_bf16() {
  return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core_bf16;
}

bool has_amx() {
  return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core_amx;
}

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

BlockTags tags_of(std::int64_t block) {
  if (block == 16) return {Tag::nChw16c, Tag::OIhw16i16o, Tag::Ohwi16o};
  return {Tag::nChw8c, Tag::OIhw8i8o, Tag::Ohwi8o};
}

void rethrow_onednn_error(const char* what) {
  try {
    throw;
  } catch (const dnnl::error& error) {
    throw Error(fmt::format("oneDNN cannot {} on this computer: {}", what, error.what()));
  }
}

namespace {

/// A primitive with its arguments, built once. It runs with as many threads as it was created with, whoever
/// calls it.
class BoundPrimitive {
 public:
  BoundPrimitive(const dnnl::primitive& primitive, const Arguments& arguments)
      : primitive_(primitive), stream_(cpu_engine()), threads_{.size = omp_get_max_threads()} {
    memories_.reserve(arguments.size());
    for (const auto& [index, where] : arguments) {
      memories_.emplace_back(where.first, cpu_engine(), where.second);
      arguments_.push_back({index, memories_.back().get()});
    }
  }
  void operator()() const {
    const OneDnnThreads threads(threads_);
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), stream_.get(),
                                                   static_cast<int>(arguments_.size()), arguments_.data()),
                            "could not execute a primitive");
  }

 private:
  dnnl::primitive primitive_;
  dnnl::stream stream_;
  Team threads_;
  std::vector<memory> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

}  // namespace

Operation onednn_operation(std::string name, const dnnl::primitive_desc_base& desc,
                           const dnnl::primitive& primitive, void* scratch, Arguments arguments, double flops,
                           Precision multiplied_in) {
  double bytes = 0;
  for (const auto& [index, where] : arguments) bytes += static_cast<double>(where.first.get_size());
  arguments.push_back({DNNL_ARG_SCRATCHPAD, {desc.scratchpad_desc(), scratch}});
  return {std::move(name), desc.impl_info_str(), BoundPrimitive(primitive, arguments), flops, bytes,
          flops / 2,       multiplied_in};
}

memory::desc convolution_weights(const ConvolutionShape& s, Tag layout, Precision precision) {
  return {{s.out_channels, s.in_channels, 3, 3}, type_of(precision), layout};
}

dnnl::reorder::primitive_desc reorder_desc(const memory::desc& from, const memory::desc& to) {
  return {cpu_engine(), from, cpu_engine(), to, attributes()};
}

dnnl::convolution_forward::primitive_desc convolution_forward_desc(const ConvolutionShape& shape,
                                                                   const ConvolutionLayouts& layouts,
                                                                   const memory::desc& weights, bool training,
                                                                   dnnl::algorithm algorithm) {
  const auto kind = training ? prop_kind::forward_training : prop_kind::forward_inference;
  const memory::desc source = convolution_source(shape, layouts);
  const memory::desc destination = convolution_destination(shape, layouts);
  const memory::desc biases = bias(shape.out_channels);
  const dnnl::primitive_attr attr = attributes(!training);
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), kind, algorithm, source, weights, biases, destination, ones, ones, ones, attr};
#else
  return {{kind, algorithm, source, weights, biases, destination, ones, ones, ones}, attr, cpu_engine()};
#endif
}

dnnl::convolution_backward_data::primitive_desc convolution_backward_data_desc(
    const ConvolutionShape& shape, const ConvolutionLayouts& layouts,
    const dnnl::convolution_forward::primitive_desc& forward, dnnl::algorithm algorithm) {
  const memory::desc source = convolution_source(shape, layouts);
  const memory::desc destination = convolution_destination(shape, layouts);
  const memory::desc weights = convolution_weights(shape, Tag::any, layouts.precision);
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), algorithm, source, weights, destination, ones, ones, ones, forward, attributes()};
#else
  return {{algorithm, source, weights, destination, ones, ones, ones}, attributes(), cpu_engine(), forward};
#endif
}

dnnl::convolution_backward_weights::primitive_desc convolution_backward_weights_desc(
    const ConvolutionShape& shape, const ConvolutionLayouts& layouts, const memory::desc& weights,
    const dnnl::convolution_forward::primitive_desc& forward, dnnl::algorithm algorithm) {
  const memory::desc source = convolution_source(shape, layouts);
  const memory::desc destination = convolution_destination(shape, layouts);
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), algorithm, source, weights, destination, ones, ones, ones, forward, attributes()};
#else
  return {{algorithm, source, weights, destination, ones, ones, ones}, attributes(), cpu_engine(), forward};
#endif
}

namespace {

memory::desc linear_source(const LinearShape& s) {
  return {{s.n, s.in_features}, f32, Tag::ab};
}

memory::desc linear_destination(const LinearShape& s) {
  return {{s.n, s.out_features}, f32, Tag::ab};
}

bool is_reference(const char* implementation) {
  return std::string_view(implementation).find("ref") != std::string_view::npos;
}

}  // namespace

dnnl::inner_product_forward::primitive_desc linear_forward_desc(const LinearShape& shape,
                                                                const memory::desc& weights, bool training) {
  const auto kind = training ? prop_kind::forward_training : prop_kind::forward_inference;
  const memory::desc source = linear_source(shape);
  const memory::desc destination = linear_destination(shape);
  const memory::desc biases = bias(shape.out_features);
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), kind, source, weights, biases, destination, attributes()};
#else
  return {{kind, source, weights, biases, destination}, attributes(), cpu_engine()};
#endif
}

dnnl::inner_product_backward_data::primitive_desc linear_backward_data_desc(
    const LinearShape& shape, const memory::desc& weights,
    const dnnl::inner_product_forward::primitive_desc& forward) {
  const memory::desc source = linear_source(shape);
  const memory::desc destination = linear_destination(shape);
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), source, weights, destination, forward, attributes()};
#else
  return {{source, weights, destination}, attributes(), cpu_engine(), forward};
#endif
}

dnnl::inner_product_backward_weights::primitive_desc linear_backward_weights_desc(
    const LinearShape& shape, const memory::desc& weights,
    const dnnl::inner_product_forward::primitive_desc& forward) {
  const memory::desc source = linear_source(shape);
  const memory::desc destination = linear_destination(shape);
  const memory::desc biases = bias(shape.out_features);
#if DNNL_VERSION_MAJOR >= 3
  return {cpu_engine(), source, weights, biases, destination, forward, attributes()};
#else
  return {{source, weights, biases, destination}, attributes(), cpu_engine(), forward};
#endif
}

memory::desc linear_weights(const LinearShape& shape) {
  return {{shape.out_features, shape.in_features}, f32, Tag::ab};
}

memory::desc preferred_linear_weights(const LinearShape& shape) {
  const memory::desc any({shape.out_features, shape.in_features}, f32, Tag::any);
  const auto forward = linear_forward_desc(shape, any, true);
  const memory::desc weights = forward.weights_desc();
  try {
    if (!is_reference(linear_backward_data_desc(shape, weights, forward).impl_info_str()) &&
        !is_reference(linear_backward_weights_desc(shape, weights, forward).impl_info_str())) {
      return weights;
    }
  } catch (const dnnl::error&) {  // a backward pass that cannot take that layout at all
  }
  return linear_weights(shape);
}

}  // namespace bart
