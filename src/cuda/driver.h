#pragma once

#include <cstddef>

/// The functions of the CUDA driver API (libcuda.so.1) that BART calls, with its types as far as BART needs
/// them, so that BART builds without NVIDIA's headers. Where nvcc is, driver_check.cu compares them with
/// cuda.h. The tests put another driver in their place.
namespace bart::cuda {

using Status = int;
using DeviceMemory = unsigned long long;  // an address

// Values of CUresult.
inline constexpr Status success = 0;
inline constexpr Status out_of_memory = 2;
inline constexpr Status devices_unavailable = 46;
inline constexpr Status no_device = 100;
inline constexpr Status invalid_device = 101;
inline constexpr Status no_binary_for_gpu = 209;
inline constexpr Status unsupported_ptx_version = 222;
inline constexpr Status system_driver_mismatch = 803;
inline constexpr Status compat_not_supported = 804;

// Values of other enumerations.
inline constexpr unsigned stream_non_blocking = 1;
inline constexpr int capture_thread_local = 1;

#define BART_DRIVER_FUNCTIONS(X)                                                                            \
  X(init, cuInit, (unsigned flags))                                                                         \
  X(driver_version, cuDriverGetVersion, (int* version))                                                     \
  X(error_text, cuGetErrorString, (Status status, const char** text))                                       \
  X(device_count, cuDeviceGetCount, (int* count))                                                           \
  X(get_device, cuDeviceGet, (int* device, int number))                                                     \
  X(device_name, cuDeviceGetName, (char* name, int length, int device))                                     \
  X(retain_context, cuDevicePrimaryCtxRetain, (void** context, int device))                                 \
  X(release_context, cuDevicePrimaryCtxRelease_v2, (int device))                                            \
  X(set_context, cuCtxSetCurrent, (void* context))                                                          \
  X(free_memory, cuMemGetInfo_v2, (std::size_t * free, std::size_t * total))                                \
  X(load_module, cuModuleLoadData, (void** module, const void* image))                                      \
  X(unload_module, cuModuleUnload, (void* module))                                                          \
  X(get_function, cuModuleGetFunction, (void** function, void* module, const char* name))                   \
  X(allocate, cuMemAlloc_v2, (DeviceMemory * memory, std::size_t bytes))                                    \
  X(free, cuMemFree_v2, (DeviceMemory memory))                                                              \
  X(allocate_host, cuMemAllocHost_v2, (void** memory, std::size_t bytes))                                   \
  X(free_host, cuMemFreeHost, (void* memory))                                                               \
  X(copy_to_device, cuMemcpyHtoDAsync_v2,                                                                   \
    (DeviceMemory to, const void* from, std::size_t bytes, void* stream))                                   \
  X(copy_to_host, cuMemcpyDtoHAsync_v2, (void* to, DeviceMemory from, std::size_t bytes, void* stream))     \
  X(copy_on_device, cuMemcpyDtoDAsync_v2,                                                                   \
    (DeviceMemory to, DeviceMemory from, std::size_t bytes, void* stream))                                  \
  X(fill, cuMemsetD8Async, (DeviceMemory memory, unsigned char value, std::size_t bytes, void* stream))     \
  X(create_stream, cuStreamCreate, (void** stream, unsigned flags))                                         \
  X(destroy_stream, cuStreamDestroy_v2, (void* stream))                                                     \
  X(synchronize, cuStreamSynchronize, (void* stream))                                                       \
  X(launch, cuLaunchKernel,                                                                                 \
    (void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, \
     unsigned block_z, unsigned shared_bytes, void* stream, void** arguments, void** extra))                \
  X(begin_capture, cuStreamBeginCapture_v2, (void* stream, int mode))                                       \
  X(end_capture, cuStreamEndCapture, (void* stream, void** graph))                                          \
  X(instantiate_graph, cuGraphInstantiateWithFlags,                                                         \
    (void** executable, void* graph, unsigned long long flags))                                             \
  X(destroy_graph, cuGraphDestroy, (void* graph))                                                           \
  X(launch_graph, cuGraphLaunch, (void* executable, void* stream))                                          \
  X(destroy_executable, cuGraphExecDestroy, (void* executable))

struct Driver {
#define BART_DRIVER_MEMBER(name, symbol, parameters) Status(*name) parameters;
  BART_DRIVER_FUNCTIONS(BART_DRIVER_MEMBER)
#undef BART_DRIVER_MEMBER
};

/// Opens libcuda.so.1. Throws NoGpuError when it is missing, and Error when it lacks a function.
const Driver& system_driver();

}  // namespace bart::cuda
