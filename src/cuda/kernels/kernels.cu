// The kernels for GPUs: nvcc makes a fat binary of this file, with code for every architecture that it knows.
#include "elementwise.h"
#include "input.h"
#include "loss.h"
#include "multiply.h"
#include "norm_sums.h"
#include "normalize.h"
#include "optimizer.h"

using namespace bart::cuda;

#define BART_KERNEL(name, threads, Arguments, ...)                                        \
  extern "C" __global__ void __launch_bounds__(threads) name(const Arguments arguments) { \
    __VA_ARGS__::run(Block<threads>{}, arguments);                                        \
  }
#include "kernel_list.h"
