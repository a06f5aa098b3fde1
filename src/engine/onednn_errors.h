#pragma once

namespace bart {

/// To be called while an exception is handled: rethrows it, and oneDNN's own as an Error that says what
/// oneDNN cannot do ("train this network").
[[noreturn]] void rethrow_onednn_error(const char* what);

/// Returns what `make` returns. Errors of oneDNN become Errors that say what failed.
template <typename Make>
decltype(auto) with_onednn(const char* what, const Make& make) {
  try {
    return make();
  } catch (...) {
    rethrow_onednn_error(what);
  }
}

}  // namespace bart
