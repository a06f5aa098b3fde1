// The plugin's only function that the program calls.
#include "plugin.h"

#include "driver.h"
#include "gpu.h"

extern "C" {
extern const unsigned char bart_cuda_kernels[];  // the fat binary

/// BART_OPEN_GPU has the version in its name: open_gpu_function.
__attribute__((visibility("default"))) bart::Device* BART_OPEN_GPU(int number) {
  return bart::cuda::make_gpu(bart::cuda::system_driver(), bart_cuda_kernels, BART_CUDA_VERSION, number)
      .release();
}
}
