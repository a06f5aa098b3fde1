#pragma once

#include <stdexcept>
#include <string>

namespace bart {

/// A failure that the user can understand: what() is one sentence that names the file or value and, if the
/// user can do something about it, says what. The program prints it and exits with 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A mistake in the command itself (a flag, a value). The program exits with 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

}  // namespace bart
