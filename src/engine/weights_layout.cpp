#include "weights_layout.h"

#include "onednn.h"

namespace bart {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

WeightsLayout floats(const memory::dims& dimensions, Tag tag) {
  return WeightsLayout(OneDnnLayout{memory::desc(dimensions, memory::data_type::f32, tag)});
}

}  // namespace

WeightsLayout::WeightsLayout(OneDnnLayout layout)
    : bytes_(layout.desc.get_size()), onednn_(std::make_shared<const OneDnnLayout>(std::move(layout))) {}

bool WeightsLayout::operator==(const WeightsLayout& other) const {
  if (onednn_ == nullptr || other.onednn_ == nullptr) {
    return onednn_ == other.onednn_ && name_ == other.name_ && bytes_ == other.bytes_;
  }
  return onednn_->desc == other.onednn_->desc;
}

WeightsLayout row_major_filters(std::int64_t out, std::int64_t in) {
  return floats({out, in, 3, 3}, Tag::oihw);
}

WeightsLayout blocked_filters(std::int64_t out, std::int64_t in, std::int64_t block) {
  return floats({out, in, 3, 3}, tags_of(block).filters);
}

WeightsLayout pixel_filters(std::int64_t out, std::int64_t block) {
  return floats({out, 3, 3, 3}, tags_of(block).pixel_filters);
}

WeightsLayout row_major_matrix(std::int64_t out, std::int64_t in) {
  return floats({out, in}, Tag::ab);
}

WeightsLayout rows_of(const WeightsLayout& matrix, std::int64_t in, std::int64_t first, std::int64_t rows) {
  return WeightsLayout(OneDnnLayout{matrix.onednn().desc.submemory_desc({rows, in}, {first, 0})});
}

void reorder_weights(const WeightsLayout& from_layout, const float* from, const WeightsLayout& to_layout,
                     void* to) {
  const dnnl::engine& engine = cpu_engine();
  dnnl::stream stream(engine);
  memory source(from_layout.onednn().desc, engine, const_cast<float*>(from));
  memory destination(to_layout.onednn().desc, engine, to);
  dnnl::reorder(source, destination).execute(stream, source, destination);
  stream.wait();
}

}  // namespace bart
