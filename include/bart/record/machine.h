#pragma once

#include <cstdint>
#include <string>

namespace bart {

/// What a record says about the computer.
struct Machine {
  std::string cpu;  // "AMD EPYC …" as the kernel names it
  std::string
      instructions;  // the widest instruction set that the kernels use: "avx512_bf16", "avx512", "avx2", …
  std::string system;  // "Linux 6.1.0 x86_64"
  std::uint64_t memory_bytes = 0;
};

Machine this_machine();

}  // namespace bart
