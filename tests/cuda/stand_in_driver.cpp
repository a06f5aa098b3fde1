#include "stand_in_driver.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "host_kernels.h"

namespace bart::cuda {
namespace {

constexpr Status failure = 999;      // CUDA_ERROR_UNKNOWN
constexpr Status invalid_value = 1;  // CUDA_ERROR_INVALID_VALUE
constexpr Status not_found = 500;    // CUDA_ERROR_NOT_FOUND
constexpr char image[] = "the kernels";

struct Launch {
  const HostKernel* kernel;
  unsigned x, y, z;
  std::vector<std::uint64_t> arguments;

  void run() const { kernel->run(x, y, z, arguments.data()); }
};
using Graph = std::vector<Launch>;

/// Work of the stream that is not yet done. As on a GPU, it is done later than it is asked for: here as late
/// as it may be.
std::vector<std::function<void()>> queue;

void do_all() {
  for (const auto& work : std::exchange(queue, {})) work();
}

std::recursive_mutex one_thread;  // of the program at a time
StandIn& seen = stand_in();
std::map<DeviceMemory, std::size_t> allocations;
std::map<const std::uint8_t*, std::size_t> pinned;
std::unique_ptr<Graph> recording;
void* current_context = nullptr;

/// Counts a call, and tells whether it is to fail.
Status called(const char* name) {
  ++seen.calls_of[name];
  if (seen.calls++ == seen.failing_call) return failure;
  const auto answer = seen.answers.find(name);
  return answer == seen.answers.end() ? success : answer->second;
}

template <class Thing>
void* made(Thing* thing) {
  ++seen.alive;
  return thing;
}

/// Whether `bytes` from there lie in one allocation.
bool is_ours(DeviceMemory memory, std::size_t bytes) {
  auto after = allocations.upper_bound(memory);
  if (after == allocations.begin()) return false;
  --after;
  return memory + bytes <= after->first + after->second;
}

/// Whether the driver copies from or to there by itself; for other memory a copy waits for the stream.
bool is_pinned(const void* memory, std::size_t bytes) {
  const auto* first = static_cast<const std::uint8_t*>(memory);
  auto after = pinned.upper_bound(first);
  if (after == pinned.begin()) return false;
  --after;
  return first + bytes <= after->first + after->second;
}

void copy(void* to, const void* from, std::size_t bytes, bool later) {
  queue.push_back([=] { std::memcpy(to, from, bytes); });
  if (!later) do_all();
}

#define ALONE const std::lock_guard alone(one_thread)
#define CALLED(name) \
  ALONE;             \
  if (const Status status = called(#name); status != success) return status

}  // namespace

/// Named as the members of Driver.
namespace stand_in_functions {

#define SYMBOL(name, symbol, parameters) \
  [[gnu::visibility("default")]] Status name parameters __asm__(#symbol);
BART_DRIVER_FUNCTIONS(SYMBOL)
#undef SYMBOL

Status init(unsigned) {
  CALLED(init);
  return success;
}
Status driver_version(int* version) {
  CALLED(driver_version);
  *version = seen.version;
  return success;
}
Status error_text(Status, const char** text) {
  ALONE;
  *text = "a failure of the stand-in";
  return success;
}
Status device_count(int* count) {
  CALLED(device_count);
  *count = seen.devices;
  return success;
}
Status get_device(int* device, int number) {
  CALLED(get_device);
  *device = number;
  return success;
}
Status device_name(char* name, int length, int) {
  CALLED(device_name);
  std::strncpy(name, "Stand-in 1000", static_cast<std::size_t>(length));
  return success;
}
Status retain_context(void** context, int) {
  CALLED(retain_context);
  *context = made(&seen);
  return success;
}
Status release_context(int) {
  ALONE;
  do_all();
  --seen.alive;
  return success;
}
Status set_context(void* context) {
  CALLED(set_context);
  current_context = context;
  return success;
}
Status free_memory(std::size_t* free, std::size_t* total) {
  CALLED(free_memory);
  *free = seen.memory - seen.used;
  *total = seen.memory;
  return success;
}
Status load_module(void** module, const void* from) {
  CALLED(load_module);
  if (from != image && !seen.any_image) return invalid_value;
  *module = made(&recording);
  return success;
}
Status unload_module(void*) {
  ALONE;
  --seen.alive;
  return success;
}
Status get_function(void** function, void*, const char* name) {
  CALLED(get_function);
  for (const HostKernel& kernel : host_kernels()) {
    if (std::strcmp(kernel.name, name) == 0) {
      *function = const_cast<HostKernel*>(&kernel);
      return success;
    }
  }
  return not_found;
}
Status allocate(DeviceMemory* memory, std::size_t bytes) {
  CALLED(allocate);
  if (recording != nullptr || current_context == nullptr || bytes == 0) return invalid_value;
  if (seen.used + bytes > seen.memory) return out_of_memory;
  // As a GPU's memory: on a wide boundary, and with whatever was there before.
  void* taken = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(taken, 0xff, bytes);
  *memory = reinterpret_cast<DeviceMemory>(made(taken));
  allocations[*memory] = bytes;
  seen.used += bytes;
  return success;
}
Status free(DeviceMemory memory) {
  ALONE;
  do_all();
  const auto found = allocations.find(memory);
  if (found == allocations.end()) std::abort();
  seen.used -= found->second;
  allocations.erase(found);
  --seen.alive;
  std::free(reinterpret_cast<void*>(memory));
  return success;
}
Status allocate_host(void** memory, std::size_t bytes) {
  CALLED(allocate_host);
  *memory = made(std::malloc(bytes));
  pinned[static_cast<const std::uint8_t*>(*memory)] = bytes;
  return success;
}
Status free_host(void* memory) {
  ALONE;
  do_all();
  pinned.erase(static_cast<const std::uint8_t*>(memory));
  --seen.alive;
  std::free(memory);
  return success;
}
Status copy_to_device(DeviceMemory to, const void* from, std::size_t bytes, void*) {
  CALLED(copy_to_device);
  if (recording != nullptr || !is_ours(to, bytes)) return invalid_value;
  copy(reinterpret_cast<void*>(to), from, bytes, is_pinned(from, bytes));
  return success;
}
Status copy_to_host(void* to, DeviceMemory from, std::size_t bytes, void*) {
  CALLED(copy_to_host);
  if (recording != nullptr || !is_ours(from, bytes)) return invalid_value;
  copy(to, reinterpret_cast<const void*>(from), bytes, is_pinned(to, bytes));
  return success;
}
Status copy_on_device(DeviceMemory to, DeviceMemory from, std::size_t bytes, void*) {
  CALLED(copy_on_device);
  if (recording != nullptr || !is_ours(to, bytes) || !is_ours(from, bytes)) return invalid_value;
  copy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes, true);
  return success;
}
Status fill(DeviceMemory memory, unsigned char value, std::size_t bytes, void*) {
  CALLED(fill);
  if (recording != nullptr || !is_ours(memory, bytes)) return invalid_value;
  queue.push_back([=] { std::memset(reinterpret_cast<void*>(memory), value, bytes); });
  return success;
}
Status create_stream(void** stream, unsigned) {
  CALLED(create_stream);
  *stream = made(&allocations);
  return success;
}
Status destroy_stream(void*) {
  ALONE;
  --seen.alive;
  return success;
}
Status synchronize(void*) {
  CALLED(synchronize);
  if (recording != nullptr) return invalid_value;
  do_all();
  return success;
}
Status launch(void* function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned threads_y,
              unsigned threads_z, unsigned, void*, void** arguments, void**) {
  CALLED(launch);
  const auto* kernel = static_cast<const HostKernel*>(function);
  const bool possible = x > 0 && y > 0 && z > 0 && x < 1u << 31 && y < 1u << 16 && z < 1u << 16 &&
                        static_cast<int>(threads) == kernel->threads && threads_y == 1 && threads_z == 1;
  if (!possible) return invalid_value;
  Launch one{kernel, x, y, z, std::vector<std::uint64_t>((kernel->arguments_bytes + 7) / 8)};
  std::memcpy(one.arguments.data(), arguments[0], kernel->arguments_bytes);
  if (recording != nullptr) {
    recording->push_back(std::move(one));
  } else {
    queue.push_back([one = std::move(one)] { one.run(); });
  }
  return success;
}
Status begin_capture(void*, int) {
  CALLED(begin_capture);
  if (recording != nullptr) return invalid_value;
  recording = std::make_unique<Graph>();
  return success;
}
Status end_capture(void*, void** graph) {
  ALONE;
  std::unique_ptr<Graph> recorded = std::move(recording);
  if (const Status status = called("end_capture"); status != success) return status;
  *graph = made(recorded.release());
  return success;
}
Status instantiate_graph(void** executable, void* graph, unsigned long long) {
  CALLED(instantiate_graph);
  *executable = made(new Graph(*static_cast<Graph*>(graph)));
  return success;
}
Status destroy_graph(void* graph) {
  ALONE;
  --seen.alive;
  delete static_cast<Graph*>(graph);
  return success;
}
Status launch_graph(void* executable, void*) {
  CALLED(launch_graph);
  queue.push_back([graph = *static_cast<Graph*>(executable)] {
    for (const Launch& one : graph) one.run();
  });
  return success;
}
Status destroy_executable(void* executable) {
  ALONE;
  return destroy_graph(executable);
}

}  // namespace stand_in_functions

void reset_stand_in() {
  seen = {};
}

StandIn& stand_in() {
  static StandIn driver;  // which stand_in_library.cpp changes before this file's other variables exist
  return driver;
}

const Driver& stand_in_driver() {
  static const Driver driver = [] {
    Driver functions{};
#define MEMBER(name, symbol, parameters) functions.name = stand_in_functions::name;
    BART_DRIVER_FUNCTIONS(MEMBER)
#undef MEMBER
    return functions;
  }();
  return driver;
}

const void* stand_in_image() {
  return image;
}

}  // namespace bart::cuda
