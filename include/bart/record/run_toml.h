#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bart/record/run_settings.h"

namespace bart {

/// The content of a configuration file: settings as text.
struct RunToml {
  std::string folder;  // of the pictures; empty if the file does not name it
  std::vector<std::pair<const Setting*, std::string>> settings;
};

/// The content of run.toml: TOML (https://toml.io) with one line per setting, named like its flag. `folder`
/// comes first if it is UTF-8, which TOML requires.
std::string encode_run_toml(const RunSettings& settings, const std::filesystem::path& folder);

/// Decodes a configuration file, whose lines may also stand under [train]. Throws Error ("says x, which is no
/// flag of bart train", a sentence that begins with the file's name) for anything that is not a setting or
/// not TOML.
RunToml decode_run_toml(std::span<const std::uint8_t> file);

}  // namespace bart
