#include "context.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "bart/cuda/open_gpu.h"

namespace bart::cuda {
namespace {

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

Context::Context(const Driver& driver, const void* image, int needed_version, int number) : driver_(driver) {
  try {
    open(image, needed_version, number);
  } catch (...) {
    close();
    throw;
  }
}

void Context::open(const void* image, int needed_version, int number) {
  const Status started = driver_.init(0);
  if (started == no_device) throw NoGpuError("NVIDIA's driver finds no GPU");
  const bool mismatch = started == system_driver_mismatch || started == compat_not_supported;
  if (!mismatch) check(started, "cannot start NVIDIA's driver");
  int version = 0;
  check(driver_.driver_version(&version), "cannot ask NVIDIA's driver for its version");
  if (mismatch || version / 1000 < needed_version / 1000) {
    throw Error(
        fmt::format("NVIDIA's driver is too old: it knows CUDA {}, and BART needs {}: install a newer one",
                    version_text(version), version_text(needed_version)));
  }
  int count = 0;
  check(driver_.device_count(&count), "cannot count the GPUs");
  if (count == 0) throw NoGpuError("NVIDIA's driver finds no GPU");
  if (number < 0 || number >= count) {
    throw Error(fmt::format("there is no GPU {}: this computer has {}, counted from 0", number, count));
  }
  check(driver_.get_device(&device_, number), "cannot find the GPU");
  std::array<char, 256> name{};
  check(driver_.device_name(name.data(), static_cast<int>(name.size()) - 1, device_), "cannot name the GPU");
  name_ = name.data();
  const Status retained = driver_.retain_context(&context_, device_);
  if (retained != success) context_ = nullptr;
  if (retained == devices_unavailable) {
    throw Error(fmt::format("the GPU {} is busy: another process has it for itself", name_));
  }
  check(retained, "cannot use the GPU");
  enter();
  const Status loaded = driver_.load_module(&module_, image);
  if (loaded != success) module_ = nullptr;
  if (loaded == no_binary_for_gpu || loaded == unsupported_ptx_version) {
    throw Error(fmt::format(
        "BART has no code for the GPU {}: it needs one of NVIDIA's architecture 7.5 or later", name_));
  }
  check(loaded, "cannot load BART's code into the GPU");
  find_kernels();
  const Status made = driver_.create_stream(&stream_, stream_non_blocking);
  if (made != success) stream_ = nullptr;
  check(made, "cannot use the GPU");
}

void Context::find_kernels() {
#define BART_KERNEL(kernel, block_threads, Arguments, ...)                                          \
  check(driver_.get_function(&kernels_.kernel.function, module_, #kernel), "cannot find " #kernel); \
  kernels_.kernel.threads = block_threads;
#include "kernels/kernel_list.h"
#undef BART_KERNEL
}

void Context::close() noexcept {
  if (context_ == nullptr) return;
  driver_.set_context(context_);
  if (stream_ != nullptr) driver_.destroy_stream(stream_);
  if (module_ != nullptr) driver_.unload_module(module_);
  driver_.release_context(device_);
}

Context::~Context() {
  close();
}

void Context::enter() const {
  check(driver_.set_context(context_), "cannot use the GPU");
}

void Context::check(Status status, const char* what) const {
  if (status == success) return;
  const char* text = nullptr;
  if (driver_.error_text(status, &text) != success || text == nullptr) text = "an unknown error";
  if (status == out_of_memory) {
    throw Error(fmt::format("the GPU {} has not enough free memory ({})", name_, what));
  }
  throw Error(fmt::format("{}: NVIDIA's driver says {} (error {})", what, text, status));
}

void Context::copy_to_device(DeviceMemory to, const void* from, std::size_t bytes) const {
  check(driver_.copy_to_device(to, from, bytes, stream_), "cannot copy to the GPU");
}

void Context::copy_to_host(void* to, DeviceMemory from, std::size_t bytes) const {
  check(driver_.copy_to_host(to, from, bytes, stream_), "cannot copy from the GPU");
}

void Context::copy_on_device(DeviceMemory to, DeviceMemory from, std::size_t bytes) const {
  check(driver_.copy_on_device(to, from, bytes, stream_), "cannot copy in the GPU's memory");
}

void Context::clear(DeviceMemory memory, std::size_t bytes) const {
  check(driver_.fill(memory, 0, bytes, stream_), "cannot clear the GPU's memory");
}

void Context::synchronize() const {
  check(driver_.synchronize(stream_), "the GPU failed");
}

void Context::launch(void* function, int threads, const Grid& grid, void* arguments) const {
  std::array<void*, 1> list = {arguments};
  check(driver_.launch(function, static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                       static_cast<unsigned>(grid.z), static_cast<unsigned>(threads), 1, 1, 0, stream_,
                       list.data(), nullptr),
        "cannot start work on the GPU");
}

void Context::begin_capture() const {
  check(driver_.begin_capture(stream_, capture_thread_local), "cannot record a step");
}

void* Context::end_capture() const {
  void* graph = nullptr;
  check(driver_.end_capture(stream_, &graph), "cannot record a step");
  void* executable = nullptr;
  const Status status = driver_.instantiate_graph(&executable, graph, 0);
  driver_.destroy_graph(graph);
  check(status, "cannot record a step");
  return executable;
}

void Context::abandon_capture() const noexcept {
  void* graph = nullptr;
  if (driver_.end_capture(stream_, &graph) == success && graph != nullptr) driver_.destroy_graph(graph);
}

void Context::launch_graph(void* executable) const {
  check(driver_.launch_graph(executable, stream_), "cannot start a step on the GPU");
}

std::size_t Context::free_memory() const {
  std::size_t free = 0, total = 0;
  check(driver_.free_memory(&free, &total), "cannot ask the GPU for its free memory");
  return free;
}

std::optional<Memory> Memory::if_there_is_room(std::shared_ptr<const Context> context, std::size_t bytes) {
  DeviceMemory taken = 0;
  const Status status = context->driver().allocate(&taken, bytes);
  if (status == out_of_memory) return std::nullopt;
  context->check(status, "cannot take memory of the GPU");
  Memory memory;
  memory.context_ = std::move(context);
  memory.memory_ = taken;
  memory.bytes_ = bytes;
  return memory;
}

Memory::Memory(std::shared_ptr<const Context> context, std::size_t bytes, const std::string& purpose) {
  const Driver& driver = context->driver();
  std::optional<Memory> taken = if_there_is_room(context, bytes);
  if (!taken) {
    constexpr double gigabyte = 1e9;
    std::size_t free = 0, total = 0;
    std::string left = "less is free";
    if (driver.free_memory(&free, &total) == success) {
      left = fmt::format("{:.2f} GB of {:.2f} GB are free", static_cast<double>(free) / gigabyte,
                         static_cast<double>(total) / gigabyte);
    }
    throw Error(fmt::format("the GPU {} has not enough free memory: {:.2f} GB are needed {}, and {}",
                            context->name(), static_cast<double>(bytes) / gigabyte, purpose, left));
  }
  swap(*taken);
}

void Memory::release() noexcept {
  if (context_ == nullptr) return;
  context_->enter_quietly();
  context_->driver().free(memory_);
}

PinnedMemory::PinnedMemory(std::shared_ptr<const Context> context, std::size_t bytes) {
  context->check(context->driver().allocate_host(&memory_, bytes), "cannot take memory to copy from");
  context_ = std::move(context);
  bytes_ = bytes;
}

void PinnedMemory::release() noexcept {
  if (context_ == nullptr) return;
  context_->enter_quietly();
  context_->driver().free_host(memory_);
}

}  // namespace bart::cuda
