#pragma once

#include <fmt/format.h>

#include <dnnl.hpp>

#include "bart/platform/error.h"

namespace bart {

/// What `make` returns; oneDNN's own errors become ones that say what failed.
template <typename Make>
decltype(auto) with_onednn(const char* what, const Make& make) {
  try {
    return make();
  } catch (const dnnl::error& error) {
    throw Error(fmt::format("oneDNN cannot {} on this computer: {}", what, error.what()));
  }
}

}  // namespace bart
