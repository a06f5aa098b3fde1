#include "host_kernels.h"

#include "kernels/elementwise.h"
#include "kernels/input.h"
#include "kernels/loss.h"
#include "kernels/multiply.h"
#include "kernels/norm_sums.h"
#include "kernels/normalize.h"
#include "kernels/optimizer.h"

namespace bart::cuda {
namespace {

template <class Implementation, class Arguments, int threads>
void run(unsigned x, unsigned y, unsigned z, const void* arguments) {
  for (int k = 0; k < static_cast<int>(z); ++k) {
    for (int j = 0; j < static_cast<int>(y); ++j) {
      for (int i = 0; i < static_cast<int>(x); ++i) {
        Implementation::run(Block<threads>{i, j, k, static_cast<int>(x)},
                            *static_cast<const Arguments*>(arguments));
      }
    }
  }
}

constexpr HostKernel kernels[] = {
#define BART_KERNEL(name, threads, Arguments, ...) \
  {#name, threads, sizeof(Arguments), run<__VA_ARGS__, Arguments, threads>},
#include "kernels/kernel_list.h"
#undef BART_KERNEL
};

}  // namespace

std::span<const HostKernel> host_kernels() {
  return kernels;
}

}  // namespace bart::cuda
