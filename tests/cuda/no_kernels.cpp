// In the place of the kernels' code for GPUs, in a plugin for the stand-in driver, which has the kernels
// itself.
extern "C" {
extern const unsigned char bart_cuda_kernels[];
const unsigned char bart_cuda_kernels[1] = {0};
}
