#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bart/record/run_settings.h"

namespace bart {

/// What a configuration file says: settings as text, by their rows.
struct RunToml {
  std::string folder;  // of the pictures; empty where it is not said
  std::vector<std::pair<const Setting*, std::string>> settings;
};

/// The content of run.toml: TOML (https://toml.io), a line per setting, under the names of the flags.
/// `folder` comes first where it is UTF-8, which TOML asks for.
std::string encode_run_toml(const RunSettings& settings, const std::filesystem::path& folder);

/// The reverse; the lines may stand under [train]. Throws Error ("says x, which is no flag of bart train", to
/// be put after the file's name) for anything that is not a setting, or not TOML.
RunToml decode_run_toml(std::span<const std::uint8_t> file);

}  // namespace bart
