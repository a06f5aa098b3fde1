#pragma once

#include <concepts>
#include <cstdint>
#include <limits>

#include "bart/platform/error.h"

// Arithmetic on sizes, counts and places that a file states. A file may state any number, and a product that
// wraps around would pass every check that follows.
namespace bart {

/// A size that no file and no memory can have, or a negative one.
class SizeError : public Error {
 public:
  SizeError() : Error("it states a size that no file can have: it is damaged or hostile") {}
};

/// The number as an unsigned one. Throws SizeError when it is negative.
template <std::integral Integer>
constexpr std::uint64_t unsigned_size(Integer value) {
  if constexpr (std::signed_integral<Integer>) {
    if (value < 0) throw SizeError();
  }
  return static_cast<std::uint64_t>(value);
}

/// The product. Throws SizeError when a factor is negative or the product needs more than 63 bits (so that it
/// is correct as a signed number too).
template <std::integral... Integers>
constexpr std::uint64_t checked_product(Integers... factors) {
  std::uint64_t product = 1;
  bool fits = true;
  ((fits = !__builtin_mul_overflow(product, unsigned_size(factors), &product) && fits), ...);
  if (!fits || product > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    throw SizeError();
  return product;
}

/// The sum. Throws SizeError when a summand is negative or the sum needs more than 63 bits.
template <std::integral... Integers>
constexpr std::uint64_t checked_sum(Integers... summands) {
  std::uint64_t sum = 0;
  bool fits = true;
  ((fits = !__builtin_add_overflow(sum, unsigned_size(summands), &sum) && fits), ...);
  if (!fits || sum > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) throw SizeError();
  return sum;
}

/// The number of bytes that hold this many bits.
constexpr std::uint64_t bytes_of_bits(std::uint64_t bits) {
  return bits / 8 + (bits % 8 != 0 ? 1 : 0);
}

}  // namespace bart
