// Compares driver.h with NVIDIA's header. It makes no code.
#include <cuda.h>

#include <type_traits>

#include "driver.h"

namespace bart::cuda {

/// Whether a function takes arguments of the same sizes as ours, which are all integers and pointers.
template <class Ours, class Theirs>
constexpr bool agrees = false;
template <class... Ours, class... Theirs>
constexpr bool agrees<Status (*)(Ours...), CUresult(Theirs...)> =
    sizeof...(Ours) == sizeof...(Theirs) &&
    ((sizeof(Ours) == sizeof(Theirs) && std::is_pointer_v<Ours> == std::is_pointer_v<Theirs>)&&...);

#define BART_DRIVER_AGREES(name, symbol, parameters) \
  static_assert(agrees<decltype(Driver::name), decltype(::symbol)>, #symbol);
BART_DRIVER_FUNCTIONS(BART_DRIVER_AGREES)

static_assert(sizeof(DeviceMemory) == sizeof(CUdeviceptr));
static_assert(success == CUDA_SUCCESS && out_of_memory == CUDA_ERROR_OUT_OF_MEMORY);
static_assert(devices_unavailable == CUDA_ERROR_DEVICE_UNAVAILABLE && no_device == CUDA_ERROR_NO_DEVICE);
static_assert(invalid_device == CUDA_ERROR_INVALID_DEVICE &&
              no_binary_for_gpu == CUDA_ERROR_NO_BINARY_FOR_GPU);
static_assert(unsupported_ptx_version == CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
static_assert(system_driver_mismatch == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
static_assert(compat_not_supported == CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE);
static_assert(stream_non_blocking == CU_STREAM_NON_BLOCKING);
static_assert(capture_thread_local == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);

}  // namespace bart::cuda
