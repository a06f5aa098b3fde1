#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bart/platform/error.h"

namespace bart {

// Values one after the other as bytes, for another process of the same program.

template <class T>
concept Number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Packed {
 public:
  template <Number T>
  void add(T value) {
    add_bytes(&value, sizeof value);
  }
  template <Number T>
  void add_all(std::span<const T> values) {
    add(std::uint64_t{values.size()});
    add_bytes(values.data(), values.size_bytes());
  }
  void add_text(std::string_view text) { add_all(std::span<const char>(text)); }

  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  void add_bytes(const void* from, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(from);
    bytes_.insert(bytes_.end(), bytes, bytes + size);
  }

  std::vector<std::uint8_t> bytes_;
};

/// The values in the order in which they were added. Throws Error past the end.
class Unpacked {
 public:
  explicit Unpacked(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <Number T>
  T next() {
    T value;
    std::memcpy(&value, next_bytes(1, sizeof value), sizeof value);
    return value;
  }
  template <Number T>
  std::vector<T> next_all() {
    const auto count = next<std::uint64_t>();
    const std::uint8_t* from = next_bytes(count, sizeof(T));
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), from, count * sizeof(T));
    return values;
  }
  std::string next_text() {
    const std::vector<char> text = next_all<char>();
    return {text.begin(), text.end()};
  }

 private:
  const std::uint8_t* next_bytes(std::uint64_t count, std::size_t size_each) {
    if (count > bytes_.size() / size_each)
      throw Error("another process has sent less than it should: install the same version everywhere");
    const std::uint8_t* from = bytes_.data();
    bytes_ = bytes_.subspan(count * size_each);
    return from;
  }

  std::span<const std::uint8_t> bytes_;
};

}  // namespace bart
