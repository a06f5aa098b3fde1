#define BART_WINOGRAD_AVX512
#include "winograd_convolve.h"
#include "winograd_gradient.h"
#include "winograd_kernels.h"

namespace bart {
namespace winograd {
namespace {

template <class E>
constexpr WinogradKernels kernels = {
    sizeof(Transformed<E>),    transform_weights<E>, convolve_scratch_bytes<E>, convolve<E>,
    gradient_scratch_bytes<E>, weight_gradient<E>,   gradient_part<E>,          picture_gradient<E>,
    finish_gradient<E>};

}  // namespace
}  // namespace winograd

const WinogradKernels winograd_avx512_f32 = winograd::kernels<float>;
const WinogradKernels winograd_avx512_bf16 = winograd::kernels<Bf16>;

}  // namespace bart
