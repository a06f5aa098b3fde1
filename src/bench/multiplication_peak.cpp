#include "bart/bench/multiplication_peak.h"

#include <cpuid.h>
#include <fmt/format.h>
#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "bart/platform/error.h"
#include "bart/platform/threads.h"
#include "bart/platform/timing.h"

namespace bart {
namespace {

// Independent sums: two units with a latency of four cycles need eight of them, and more do no harm.
constexpr int sums = 12;
constexpr std::int64_t passes = 2'000'000;  // a few milliseconds

/// Does `passes` multiply-adds on each of the sums. The outcome goes to `result`, because the compiler would
/// otherwise leave the work out.
struct Loop {
  void (*run)(float* result);
  std::int64_t multiplications;  // in one multiply-add instruction
};

__attribute__((target("avx512f"))) void run_avx512(float* result) {
  __m512 s[sums];
  for (int k = 0; k < sums; ++k) s[k] = _mm512_set1_ps(static_cast<float>(k));
  __m512 x = _mm512_set1_ps(1e-8f);
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    asm volatile("" : "+v"(x));  // hides from the compiler that the number stays the same
#pragma GCC unroll 12
    for (int k = 0; k < sums; ++k) s[k] = _mm512_fmadd_ps(x, x, s[k]);
  }
  for (int k = 1; k < sums; ++k) s[0] = _mm512_add_ps(s[0], s[k]);
  *result = _mm512_cvtss_f32(s[0]);
}

__attribute__((target("avx512f,avx512bf16"))) void run_avx512_bf16(float* result) {
  __m512 s[sums];
  for (int k = 0; k < sums; ++k) s[k] = _mm512_set1_ps(static_cast<float>(k));
  __m512i x = _mm512_set1_epi16(0x3c00);  // 2^-7 in bf16
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    asm volatile("" : "+v"(x));
#pragma GCC unroll 12
    for (int k = 0; k < sums; ++k) s[k] = _mm512_dpbf16_ps(s[k], (__m512bh)x, (__m512bh)x);
  }
  for (int k = 1; k < sums; ++k) s[0] = _mm512_add_ps(s[0], s[k]);
  *result = _mm512_cvtss_f32(s[0]);
}

__attribute__((target("avx2,fma"))) void run_avx2(float* result) {
  __m256 s[sums];
  for (int k = 0; k < sums; ++k) s[k] = _mm256_set1_ps(static_cast<float>(k));
  __m256 x = _mm256_set1_ps(1e-8f);
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    asm volatile("" : "+x"(x));
#pragma GCC unroll 12
    for (int k = 0; k < sums; ++k) s[k] = _mm256_fmadd_ps(x, x, s[k]);
  }
  for (int k = 1; k < sums; ++k) s[0] = _mm256_add_ps(s[0], s[k]);
  *result = _mm256_cvtss_f32(s[0]);
}

std::optional<Loop> float_loop() {
  if (__builtin_cpu_supports("avx512f")) return Loop{run_avx512, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Loop{run_avx2, 8};
  return std::nullopt;
}

/// CPUID leaf 7, EDX bit 22: AMX-BF16 (Intel, Architecture Instruction Set Extensions Programming Reference).
bool multiplies_tiles() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx >> 22 & 1) != 0;
}

double per_second(const Loop& loop, int threads, int rounds) {
  double best = 0;
  for (int round = 0; round <= rounds; ++round) {  // the first one warms up
    const double seconds = seconds_of([&] {
      parallel_for(static_cast<std::size_t>(threads), threads, [&](std::size_t) {
        float result = 0;
        loop.run(&result);
        asm volatile("" : : "m"(result));
      });
    });
    const double multiplications =
        static_cast<double>(passes) * sums * static_cast<double>(loop.multiplications) * threads;
    best = std::max(best, multiplications / seconds);
  }
  return best;
}

}  // namespace

MultiplicationPeak measure_multiplication_peak(int threads, int rounds) {
  if (threads < 0) throw Error(fmt::format("{} threads are not possible", threads));
  const int all = threads == 0 ? available_threads() : threads;
  MultiplicationPeak peak;
  if (const std::optional<Loop> loop = float_loop()) peak.f32 = per_second(*loop, all, rounds);
  if (multiplies_tiles()) return peak;
  peak.bf16 =
      __builtin_cpu_supports("avx512bf16") ? per_second({run_avx512_bf16, 32}, all, rounds) : peak.f32;
  return peak;
}

std::optional<double> bound_seconds(const std::vector<OperationTime>& operations,
                                    const MultiplicationPeak& peak) {
  if (operations.empty()) return std::nullopt;
  double seconds = 0;
  for (const OperationTime& operation : operations) {
    if (operation.multiplications == 0) continue;
    const std::optional<double>& rate = operation.multiplied_in == Precision::bf16 ? peak.bf16 : peak.f32;
    if (!rate) return std::nullopt;
    seconds += operation.multiplications / *rate;
  }
  return seconds;
}

}  // namespace bart
