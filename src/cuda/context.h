#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "driver.h"
#include "kernels/parameters.h"

namespace bart::cuda {

struct Grid {
  std::int64_t x = 1, y = 1, z = 1;  // number of blocks
};

/// A kernel that takes these arguments.
template <class Arguments>
struct Kernel {
  void* function = nullptr;
  int threads = 0;  // of a block
};

struct Kernels {
#define BART_KERNEL(name, threads, Arguments, ...) Kernel<Arguments> name;
#include "kernels/kernel_list.h"
#undef BART_KERNEL
};

/// A GPU in use: the driver's context, the kernels, and a stream in which all work is done in order.
/// Functions throw Error when the driver reports a failure.
class Context {
 public:
  /// `image` is a fat binary, for drivers of at least `needed_version` (13000: CUDA 13.0). Throws as
  /// open_gpu().
  Context(const Driver& driver, const void* image, int needed_version, int number);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const std::string& name() const { return name_; }
  const Kernels& kernels() const { return kernels_; }
  const Driver& driver() const { return driver_; }

  /// Makes this the GPU of the calling thread. Everything below needs it.
  void enter() const;
  void enter_quietly() const noexcept { driver_.set_context(context_); }
  void check(Status status, const char* what) const;

  void copy_to_device(DeviceMemory to, const void* from, std::size_t bytes) const;
  void copy_to_host(void* to, DeviceMemory from, std::size_t bytes) const;
  void copy_on_device(DeviceMemory to, DeviceMemory from, std::size_t bytes) const;
  void clear(DeviceMemory memory, std::size_t bytes) const;
  /// Waits until all work is done.
  void synchronize() const;
  void synchronize_quietly() const noexcept { driver_.synchronize(stream_); }
  std::size_t free_memory() const;  // bytes

  template <class Arguments>
  void launch(const Kernel<Arguments>& kernel, const Grid& grid, Arguments arguments) const {
    launch(kernel.function, kernel.threads, grid, &arguments);
  }
  /// A thread for each of `count` values.
  template <class Arguments>
  void launch_for(const Kernel<Arguments>& kernel, std::int64_t count, const Arguments& arguments) const {
    launch(kernel, {.x = (count + kernel.threads - 1) / kernel.threads}, arguments);
  }

  void begin_capture() const;
  /// The work since begin_capture() as a graph that can be launched. The caller destroys it.
  void* end_capture() const;
  /// After a failure between the two.
  void abandon_capture() const noexcept;
  void launch_graph(void* executable) const;

 private:
  void launch(void* function, int threads, const Grid& grid, void* arguments) const;
  void find_kernels();
  void open(const void* image, int needed_version, int number);
  void close() noexcept;

  const Driver& driver_;
  int device_ = 0;
  std::string name_;
  void* context_ = nullptr;
  void* module_ = nullptr;
  void* stream_ = nullptr;
  Kernels kernels_;
};

/// Memory of the GPU.
class Memory {
 public:
  Memory() = default;
  /// `purpose` completes the sentence of a failure: "for the network".
  Memory(std::shared_ptr<const Context> context, std::size_t bytes, const std::string& purpose);
  /// Nothing where there is too little memory.
  static std::optional<Memory> if_there_is_room(std::shared_ptr<const Context> context, std::size_t bytes);
  ~Memory() { release(); }
  Memory(Memory&& other) noexcept { swap(other); }
  Memory& operator=(Memory&& other) noexcept {
    Memory taken(std::move(other));
    swap(taken);
    return *this;
  }

  std::size_t size() const { return bytes_; }
  DeviceMemory address() const { return memory_; }
  /// The address as the kernels take it.
  template <class Value>
  Value* at(std::size_t offset) const {
    return reinterpret_cast<Value*>(memory_ + offset);
  }

 private:
  void swap(Memory& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
  }
  void release() noexcept;

  std::shared_ptr<const Context> context_;
  DeviceMemory memory_ = 0;
  std::size_t bytes_ = 0;
};

/// Memory of this computer from which the GPU can copy by itself.
class PinnedMemory {
 public:
  PinnedMemory() = default;
  PinnedMemory(std::shared_ptr<const Context> context, std::size_t bytes);
  ~PinnedMemory() { release(); }
  PinnedMemory(PinnedMemory&& other) noexcept { swap(other); }
  PinnedMemory& operator=(PinnedMemory&& other) noexcept {
    PinnedMemory taken(std::move(other));
    swap(taken);
    return *this;
  }

  std::size_t size() const { return bytes_; }
  std::uint8_t* bytes() const { return static_cast<std::uint8_t*>(memory_); }

 private:
  void swap(PinnedMemory& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
  }
  void release() noexcept;

  std::shared_ptr<const Context> context_;
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace bart::cuda
