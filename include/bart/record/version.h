#pragma once

namespace bart {

/// The version of this library, "0.1.0".
const char* bart_version();

}  // namespace bart
