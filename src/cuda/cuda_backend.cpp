#include "cuda_backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "bart/platform/error.h"
#include "cuda_step.h"

namespace bart::cuda {

CudaBackend::CudaBackend(std::shared_ptr<const Context> context, const Architecture& architecture,
                         Precision training, Precision evaluation)
    : context_(std::move(context)), layout_(architecture), training_(training), evaluation_(evaluation) {
  context_->enter();
  network_memory_ =
      Memory(context_, (layout_.parameters + layout_.statistics) * sizeof(float), "for the network");
  network_.parameters = network_memory_.at<float>(0);
  network_.statistics = network_.parameters + layout_.parameters;
  context_->clear(network_memory_.address(), network_memory_.size());
}

CudaBackend::~CudaBackend() {
  context_->enter_quietly();
  context_->synchronize_quietly();  // steps may be on their way
  for (auto& [n, step] : steps_) step->forget_graph();
}

/// What is needed more than kept pictures.
Memory CudaBackend::take(std::size_t bytes, const std::string& purpose) {
  if (!kept_.empty()) {
    if (std::optional<Memory> memory = Memory::if_there_is_room(context_, bytes)) return std::move(*memory);
    read_outcomes();  // of steps that may still read them
    kept_.clear();
  }
  return {context_, bytes, purpose};
}

/// Loads parameters and running statistics. Returns the number of batches that the statistics are made of.
std::int64_t CudaBackend::load_model(const StateDict& state, float* to) {
  std::vector<float> values(layout_.parameters + layout_.statistics);
  lay_out(layout_, state, values.data(), values.data() + layout_.parameters);
  const Tensor* tracked = find_tensor(state, layout_.convolutions.front().norm_name + ".num_batches_tracked");
  const auto* count = tracked == nullptr ? nullptr : std::get_if<std::vector<std::int64_t>>(&tracked->values);
  context_->copy_to_device(reinterpret_cast<DeviceMemory>(to), values.data(), values.size() * sizeof(float));
  context_->synchronize();
  return count == nullptr || count->empty() ? 0 : count->front();
}

void CudaBackend::load(const StateDict& state) {
  context_->enter();
  batches_tracked_ = load_model(state, network_.parameters);
}

std::vector<float> CudaBackend::floats_at(const float* address, std::size_t count) const {
  std::vector<float> values(count);
  context_->enter();
  context_->copy_to_host(values.data(), reinterpret_cast<DeviceMemory>(address), count * sizeof(float));
  context_->synchronize();
  return values;
}

StateDict CudaBackend::model_at(const float* values, std::int64_t batches) const {
  const std::vector<float> floats = floats_at(values, layout_.parameters + layout_.statistics);
  StateDict state = empty_state(layout_.architecture);
  read_out(layout_, floats.data(), floats.data() + layout_.parameters, batches, state);
  return state;
}

StateDict CudaBackend::state() const {
  return model_at(network_.parameters, batches_tracked_);
}

StateDict CudaBackend::average() const {
  return averaged_batches_ ? model_at(network_.average, *averaged_batches_) : StateDict();
}

void CudaBackend::load_average(const StateDict& average) {
  averaged_batches_.reset();
  if (average.empty()) return;
  context_->enter();
  prepare_average();
  averaged_batches_ = load_model(average, network_.average);
}

/// One of the arrays that are laid out as the parameters; zeros where there is none.
StateDict CudaBackend::like_parameters(const float* values) const {
  StateDict state = empty_state(layout_.architecture);
  std::erase_if(state, [](const Tensor& tensor) { return !is_parameter(tensor.name); });
  if (values != nullptr) read_out(layout_, floats_at(values, layout_.parameters).data(), nullptr, 0, state);
  return state;
}

AdamState CudaBackend::adam_state() const {
  return {optimizer_steps_, like_parameters(network_.exp_avg), like_parameters(network_.exp_avg_sq)};
}

void CudaBackend::load_adam_state(const AdamState& adam) {
  std::vector<float> moments(2 * layout_.parameters);
  lay_out(layout_, adam.exp_avg, moments.data(), nullptr);
  lay_out(layout_, adam.exp_avg_sq, moments.data() + layout_.parameters, nullptr);
  context_->enter();
  prepare_training();
  context_->copy_to_device(reinterpret_cast<DeviceMemory>(network_.exp_avg), moments.data(),
                           moments.size() * sizeof(float));
  context_->synchronize();
  optimizer_steps_ = adam.steps;
}

/// Room for a plan. Growing moves the arena.
void CudaBackend::grow_arena(std::size_t bytes, std::int64_t n, const char* what) {
  if (bytes <= arena_.size()) return;
  forget_graphs();
  last_step_ = nullptr;
  arena_ = Memory();
  arena_ = take(bytes, fmt::format("to {} batches of {}", what, n));
}

void CudaBackend::forget_graphs() {
  read_outcomes();
  for (auto& [n, step] : steps_) step->forget_graph();
}

/// Room for those pictures of a batch that are not kept. Returns their bytes.
std::size_t CudaBackend::room_to_stream(std::span<const std::uint8_t* const> pictures, std::size_t bytes) {
  const auto missing = [&] {
    const auto count = std::ranges::count_if(pictures, [&](const auto* picture) { return !keeps(picture); });
    return static_cast<std::size_t>(count) * bytes;
  };
  if (missing() > streamed_.size()) {
    read_outcomes();
    streamed_ = Memory();
    // For all, since pictures that were kept may have to go for it.
    streamed_ = take(pictures.size() * bytes, fmt::format("for {} pictures", pictures.size()));
  }
  return missing();
}

/// Memory to copy from, of which there is enough for some pieces of this size, until the outcomes are read.
std::uint8_t* CudaBackend::pinned(std::size_t bytes, std::size_t pieces) {
  bytes = (bytes + 255) / 256 * 256;
  if (bytes > pinned_.size() - pinned_used_) read_outcomes();
  if (bytes > pinned_.size()) {
    pinned_ = PinnedMemory();
    pinned_ = PinnedMemory(context_, bytes * pieces);
  }
  return pinned_.bytes() + std::exchange(pinned_used_, pinned_used_ + bytes);
}

/// Writes where the pictures of a batch lie in the GPU's memory, and copies those that it does not keep.
void CudaBackend::place_pictures(std::span<const std::uint8_t* const> pictures, std::size_t bytes,
                                 std::uint8_t* addresses, std::uint8_t* streamed) const {
  DeviceMemory next = streamed_.address();
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    DeviceMemory place = kept_.find(pictures[i]);
    if (place == 0) {
      place = std::exchange(next, next + bytes);
      std::memcpy(std::exchange(streamed, streamed + bytes), pictures[i], bytes);
    }
    std::memcpy(addresses + i * sizeof place, &place, sizeof place);
  }
}

void CudaBackend::evaluate(std::span<const std::uint8_t* const> pictures, std::span<float> logits,
                           std::span<float> features) {
  context_->enter();
  read_outcomes();
  const auto n = static_cast<std::int64_t>(pictures.size());
  const BatchPlan plan(layout_, n, arithmetic_of(evaluation_), false);
  grow_arena(plan.bytes(), n, "evaluate");
  last_step_ = nullptr;  // its logits lie in the arena that is used now
  const std::size_t bytes = picture_bytes(layout_.architecture.image_size);
  const std::size_t streamed = room_to_stream(pictures, bytes), upload = plan.upload_bytes(false);
  std::uint8_t* from = pinned(upload + streamed, 1);
  place_pictures(pictures, bytes, from + plan.pictures, from + upload);
  context_->copy_to_device(arena_.address(), from, upload);
  if (streamed > 0) context_->copy_to_device(streamed_.address(), from + upload, streamed);
  plan.evaluate(*context_, arena_.address(), network_, !features.empty());
  context_->copy_to_host(logits.data(), arena_.address() + plan.logits, logits.size_bytes());
  std::vector<float> maps(features.size());
  if (!maps.empty()) {
    context_->copy_to_host(maps.data(), arena_.address() + plan.features, maps.size() * sizeof(float));
  }
  context_->synchronize();
  pinned_used_ = 0;
  // From [pixel, channel] to [channel, pixel].
  const auto channels = static_cast<std::size_t>(layout_.convolutions.back().out_channels);
  const std::size_t pixels = maps.size() / std::max<std::size_t>(1, pictures.size() * channels);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    const std::size_t picture = i / (pixels * channels), pixel = i / channels % pixels,
                      channel = i % channels;
    features[(picture * channels + channel) * pixels + pixel] = maps[i];
  }
}

StateDict CudaBackend::gradients() const {
  return like_parameters(network_.gradients);
}

std::vector<float> CudaBackend::last_logits() const {
  if (last_step_ == nullptr)
    throw Error("there are no logits: the last thing that the engine did was no training step");
  return floats_at(reinterpret_cast<const float*>(arena_.address() + last_step_->plan.logits),
                   static_cast<std::size_t>(last_step_->n * layout_.architecture.classes));
}

void CudaBackend::synchronize() {
  context_->enter();
  context_->synchronize();
}

void CudaBackend::reserve(std::int64_t batch_size, bool training) {
  context_->enter();
  if (training) {
    prepare_training();
    step_for(batch_size);
  }
  grow_arena(BatchPlan(layout_, batch_size, arithmetic_of(evaluation_), false).bytes(), batch_size,
             "evaluate");
  const auto side = static_cast<std::size_t>(layout_.architecture.image_size);
  const std::size_t pictures = static_cast<std::size_t>(batch_size) * side * side * 3;
  if (pictures > streamed_.size()) {
    read_outcomes();
    streamed_ = Memory();
    streamed_ = take(pictures, fmt::format("for {} pictures", batch_size));
  }
}

/// The GPU's memory is not the computer's, and taking it again would take time.
void CudaBackend::release_memory() {}

}  // namespace bart::cuda
