#include "bart/record/run_toml.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <variant>

namespace bart {
namespace {

constexpr std::string_view folder_key = "folder";
constexpr std::string_view section = "train";

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

void append_line(std::string& text, std::string_view key, const std::optional<std::string>& value) {
  if (value) {
    text += fmt::format("{} = {}\n", key, *value);
  } else {
    text += fmt::format("# {} is not UTF-8: name it on the command line\n", key);
  }
}

std::string value_text(const toml::node& node, const std::string& key) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* whole = node.as_integer()) return fmt::format("{}", whole->get());
  if (const auto* real = node.as_floating_point()) return fmt::format("{}", real->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  throw Error(fmt::format("gives {} a value that is neither a text nor a number, true or false", key));
}

void read_table(const toml::table& table, bool whole_file, RunToml& config) {
  for (const auto& [toml_key, node] : table) {
    const std::string key(toml_key.str());
    if (key == section && node.is_table() && whole_file) {
      read_table(*node.as_table(), false, config);
      continue;
    }
    if (key == folder_key) {
      config.folder = value_text(node, key);
      continue;
    }
    const auto settings = run_settings();
    const auto found = std::ranges::find(settings, key, &Setting::flag);
    if (found == settings.end()) throw Error(fmt::format("says {}, which is not a flag of bart train", key));
    const std::string value = value_text(node, key);
    RunSettings fits;
    if (!set_from_text(*found, fits, value)) {
      throw Error(fmt::format("says {} = {}, which is not a valid value", key, value));
    }
    config.settings.emplace_back(&*found, value);
  }
}

}  // namespace

std::string encode_run_toml(const RunSettings& settings, const std::filesystem::path& folder) {
  std::string text = "# bart train --config run.toml\n";
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
  try {
    read_table(toml::parse(std::string_view(reinterpret_cast<const char*>(file.data()), file.size())), true,
               config);
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("is not TOML, line {}: {}", error.source().begin.line, error.description()));
  }
  return config;
}

}  // namespace bart
