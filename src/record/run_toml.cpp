#include "bart/record/run_toml.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "bart/platform/printable.h"

namespace bart {
namespace {

constexpr std::string_view folder_key = "folder", folder_synonym = "folder-name";
constexpr std::string_view section = "train";
constexpr std::string_view first_line = "# bart train --config run.toml\n";

/// A TOML string, which has the escapes of JSON; nothing if the text is not UTF-8.
std::optional<std::string> quoted(const std::string& text) {
  try {
    std::string json = nlohmann::json(text).dump();
    for (std::size_t at = 0; (at = json.find('\x7f', at)) != std::string::npos;)
      json.replace(at, 1, "\\u007f");
    return json;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

/// Stands in place of a text that TOML cannot hold.
std::string not_utf8_line(std::string_view key) {
  return fmt::format("# {} is not UTF-8: name it on the command line\n", key);
}

void append_line(std::string& text, std::string_view key, const std::optional<std::string>& value) {
  text += value ? fmt::format("{} = {}\n", key, *value) : not_utf8_line(key);
}

/// The setting that the command line has under --key; nullptr: none.
const Setting* setting_called(std::string_view key) {
  const std::string synonym = fmt::format(",--{},", key);
  for (const Setting& setting : run_settings()) {
    if (key == setting.flag || fmt::format(",{},", setting.synonyms).find(synonym) != std::string::npos)
      return &setting;
  }
  return nullptr;
}

std::string value_text(const toml::node& node, const std::string& key) {
  if (const auto* text = node.as_string()) {
    if (text->get().find('\0') != std::string::npos)
      throw Error(fmt::format("gives {} a text with a zero character, which no file or setting has", key));
    return text->get();
  }
  if (const auto* whole = node.as_integer()) return fmt::format("{}", whole->get());
  if (const auto* real = node.as_floating_point()) return fmt::format("{}", real->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  throw Error(fmt::format("gives {} a value that is neither a text nor a number, true or false", key));
}

void read_table(const toml::table& table, bool whole_file, RunToml& config) {
  for (const auto& [toml_key, node] : table) {
    std::string key(toml_key.str());
    if (key == section && node.is_table() && whole_file) {
      read_table(*node.as_table(), false, config);
      continue;
    }
    std::ranges::replace(key, '_', '-');  // as on the command line
    if (key == folder_key || key == folder_synonym) {
      if (!config.folder.empty()) throw Error(fmt::format("says {} twice: keep one", folder_key));
      config.folder = value_text(node, key);
      if (config.folder.empty())
        throw Error(
            fmt::format("says {} = \"\": name the folder of the pictures, or leave the line out", key));
      continue;
    }
    const Setting* found = setting_called(key);
    if (found == nullptr) throw UnknownSetting(std::string(toml_key.str()));
    if (std::ranges::find(config.settings, found, &RunTomlSetting::setting) != config.settings.end())
      throw Error(fmt::format("says {} twice, perhaps by another name of it: keep one", found->flag));
    const std::string value = value_text(node, key);
    RunSettings fits;
    if (!set_from_text(*found, fits, value)) {
      throw Error(fmt::format("says {} = {}, which is not a valid value", key, value));
    }
    config.settings.push_back({found, std::string(toml_key.str()), value});
  }
}

}  // namespace

UnknownSetting::UnknownSetting(std::string key)
    : Error(fmt::format("says {}, which is not a setting of a training", printable(key))),
      key_(std::move(key)) {}

std::vector<std::string> run_toml_keys() {
  std::vector<std::string> keys = {std::string(folder_key)};
  for (const Setting& setting : run_settings()) {
    keys.emplace_back(setting.flag);
    for (std::string_view rest = setting.synonyms; !rest.empty();) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      keys.emplace_back(rest.substr(2, end - 2));  // without its dashes
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return keys;
}

std::string encode_run_toml(const RunSettings& settings, const std::filesystem::path& folder) {
  std::string text(first_line);
  append_line(text, folder_key, quoted(folder.string()));
  for (const Setting& setting : run_settings()) {
    if (setting.effect == Effect::output) continue;
    const std::string value = text_of(setting, settings);
    if (!std::holds_alternative<std::string RunSettings::*>(setting.value)) {
      append_line(text, setting.flag, value);
    } else if (!value.empty()) {
      append_line(text, setting.flag, quoted(value));
    }
  }
  return text;
}

RunToml decode_run_toml(std::span<const std::uint8_t> file) {
  RunToml config;
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  config.of_a_training = text.starts_with(first_line);
  const auto left_out = [&](std::string_view key) {
    if (text.find(not_utf8_line(key)) != std::string_view::npos) config.not_utf8.emplace(key);
  };
  left_out(folder_key);
  for (const Setting& setting : run_settings()) left_out(setting.flag);
  try {
    read_table(toml::parse(text), true, config);
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("is not TOML, line {}: {}", error.source().begin.line, error.description()));
  }
  return config;
}

}  // namespace bart
