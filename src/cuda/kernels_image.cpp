// The fat binary of the kernels as bytes of the plugin.
asm(R"(
.section .rodata
.balign 16
.globl bart_cuda_kernels
.hidden bart_cuda_kernels
bart_cuda_kernels:
.incbin ")" BART_CUDA_KERNELS R"("
.previous
)");
