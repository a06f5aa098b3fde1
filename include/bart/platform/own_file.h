#pragma once

#include <filesystem>

namespace bart {

/// Remembers that BART wrote the file as it is now, in an extended attribute: for results whose format has no
/// place for it. On a file system without such attributes nothing is remembered.
void mark_as_own(const std::filesystem::path& file);

/// Whether the file is as it was when it was marked: neither replaced nor changed by anybody else. The mark
/// survives renaming. False for a link.
bool is_own(const std::filesystem::path& file);

/// A name beside `file` under which it can be kept without loss: "results.earlier.json" for "results.json",
/// or "results.earlier-2.json" and so on where that is taken by a file that is not BART's own.
std::filesystem::path earlier_name(const std::filesystem::path& file);

}  // namespace bart
