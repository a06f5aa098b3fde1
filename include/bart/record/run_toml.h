#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "bart/platform/error.h"
#include "bart/record/run_settings.h"

namespace bart {

/// A setting in a configuration file.
struct RunTomlSetting {
  const Setting* setting = nullptr;
  std::string key;    // its name in the file, which may be a synonym of the flag
  std::string value;  // as text
};

/// The content of a configuration file: settings as text.
struct RunToml {
  std::string folder;  // of the pictures; empty if the file does not name it
  std::vector<RunTomlSetting> settings;
  bool of_a_training = false;      // from encode_run_toml(), which names settings that nobody has chosen, too
  std::set<std::string> not_utf8;  // "folder" and flags whose values TOML cannot hold
};

/// A configuration file names something that is not a setting.
class UnknownSetting : public Error {
 public:
  explicit UnknownSetting(std::string key);
  const std::string& key() const { return key_; }

 private:
  std::string key_;
};

/// The names that a configuration file may use: "folder", the flags of the settings and their synonyms.
std::vector<std::string> run_toml_keys();

/// The content of run.toml: TOML (https://toml.io) with one line per setting, named like its flag. `folder`
/// comes first. In place of a text that is not UTF-8, as TOML requires, is a comment that says so.
std::string encode_run_toml(const RunSettings& settings, const std::filesystem::path& folder);

/// Decodes a configuration file, whose lines may also stand under [train] and name settings by the synonyms
/// of their flags, with dashes or underscores. Throws Error ("says lr twice", a sentence that begins with the
/// file's name), UnknownSetting for anything that is not a setting.
RunToml decode_run_toml(std::span<const std::uint8_t> file);

}  // namespace bart
