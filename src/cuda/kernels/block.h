#pragma once

// The thin layer between a kernel and what runs it. A kernel is a function template of a Block: its threads
// work in phases, between which all of them wait for each other. nvcc compiles it for GPUs, where a phase is
// the code of one thread and a barrier; any C++ compiler compiles it for the processor, where a phase is a
// loop over the threads. So the tests run the very source that GPUs run.

#include <cstdint>

#ifdef __CUDACC__
#define BART_DEVICE __device__ __forceinline__
#define BART_UNROLL _Pragma("unroll")
/// A variable in the memory that the threads of a block share.
#define BART_SHARED(Type, name) __shared__ Type name
#else
#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>
#define BART_DEVICE inline
#define BART_UNROLL
#define BART_SHARED(Type, name)                                      \
  const auto name##_memory = std::make_unique_for_overwrite<Type>(); \
  bart::cuda::spoil(name##_memory.get(), sizeof(Type));              \
  Type& name = *name##_memory
#endif

namespace bart::cuda {

inline constexpr int warp_lanes = 32;

#ifdef __CUDACC__

template <int threads_>
struct Block {
  static constexpr int threads = threads_;
  BART_DEVICE int x() const { return static_cast<int>(blockIdx.x); }
  BART_DEVICE int y() const { return static_cast<int>(blockIdx.y); }
  BART_DEVICE int z() const { return static_cast<int>(blockIdx.z); }
  BART_DEVICE int columns() const { return static_cast<int>(gridDim.x); }  // number of blocks in x

  /// Every thread calls visit(thread), then waits for the others.
  template <class Visit>
  BART_DEVICE void phase(const Visit& visit) const {
    visit(static_cast<int>(threadIdx.x));
    __syncthreads();
  }
  /// The same without the wait.
  template <class Visit>
  BART_DEVICE void each_thread(const Visit& visit) const {
    visit(static_cast<int>(threadIdx.x));
  }
  /// Every warp calls visit(warp) with all its lanes, then waits for the others.
  template <class Visit>
  BART_DEVICE void warp_phase(const Visit& visit) const {
    visit(static_cast<int>(threadIdx.x) / warp_lanes);
    __syncthreads();
  }
};

/// A value of each thread (count: threads) or warp (count: warps) that lives from phase to phase, in
/// registers.
template <class Value, int count>
struct Each {
  Value value;
  BART_DEVICE Value& operator[](int) { return value; }
};

#else

/// What a kernel reads before it has written it is not a number.
inline void spoil(void* memory, std::size_t bytes) {
  std::memset(memory, 0xff, bytes);
}

template <int threads_>
struct Block {
  static constexpr int threads = threads_;
  int x_, y_, z_, columns_;
  int x() const { return x_; }
  int y() const { return y_; }
  int z() const { return z_; }
  int columns() const { return columns_; }

  template <class Visit>
  void phase(const Visit& visit) const {
    for (int thread = 0; thread < threads; ++thread) visit(thread);
  }
  template <class Visit>
  void each_thread(const Visit& visit) const {
    phase(visit);
  }
  template <class Visit>
  void warp_phase(const Visit& visit) const {
    for (int warp = 0; warp < threads / warp_lanes; ++warp) visit(warp);
  }
};

template <class Value, int count>
struct Each {
  std::unique_ptr<Value[]> values = std::make_unique<Value[]>(count);
  Value& operator[](int i) { return values[static_cast<std::size_t>(i)]; }
};

#endif

/// The number of a thread among those of all blocks in x.
template <class Block>
BART_DEVICE std::int64_t index_of(const Block& block, int thread) {
  return static_cast<std::int64_t>(block.x()) * Block::threads + thread;
}

/// Adds values[0 .. threads) up in a fixed tree. The sum is values[0], once all threads have passed.
template <class Block, class Value>
BART_DEVICE void add_up(const Block& block, Value* values) {
  static_assert((Block::threads & (Block::threads - 1)) == 0, "a power of two");
  for (int half = Block::threads / 2; half > 0; half /= 2) {
    block.phase([&](int thread) {
      if (thread < half) values[thread] += values[thread + half];
    });
  }
}

}  // namespace bart::cuda
