#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace bart {

/// A failure that the user can understand: what() is one sentence that names the file or value and, if the
/// user can do something about it, says what. The program prints it and exits with 1.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& sentence) : std::runtime_error(without_zeros(sentence)) {}

 private:
  /// A zero character, which may be in a text from a file, would end what() there: it becomes "\0".
  static std::string without_zeros(std::string sentence) {
    for (std::size_t at = 0; (at = sentence.find('\0', at)) != std::string::npos; at += 2)
      sentence.replace(at, 1, "\\0");
    return sentence;
  }
};

/// A mistake in the command itself (a flag, a value). The program exits with 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace bart
