#pragma once

// The vectors of the instruction set that a file is compiled for: AVX-512 or AVX2.
#ifdef BART_WINOGRAD_AVX512
#include "winograd_avx512.h"
#else
#include "winograd_avx2.h"
#endif
