#include "bart/audit/decisions.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "bart/platform/error.h"

namespace bart {
namespace {

using nlohmann::json;

Error wrong(const std::string& what) {
  return Error(fmt::format("is not a file of decisions: {}", what));
}

std::string text_in(const json& object, const char* key, std::size_t number) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string() || found->get_ref<const std::string&>().empty()) {
    throw wrong(fmt::format("decision {} has no \"{}\"", number, key));
  }
  std::string text = found->get<std::string>();
  // No path and no class has one, and a sentence about it would end there.
  if (text.find('\0') != std::string::npos) {
    throw wrong(fmt::format("the \"{}\" of decision {} holds a null byte", key, number));
  }
  return text;
}

}  // namespace

Decisions decode_decisions(std::span<const std::uint8_t> bytes) {
  const json file = json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!file.is_object()) throw wrong("it is not a JSON object");
  const auto folder = file.find("folder");
  const auto list = file.find("decisions");
  if (file.value("version", json()) != json(1) || folder == file.end() || !folder->is_string() ||
      list == file.end() || !list->is_array()) {
    throw wrong("it lacks \"version\": 1, \"folder\" or \"decisions\"");
  }
  const std::string& path = folder->get_ref<const std::string&>();
  if (path.empty() || path.find('\0') != std::string::npos) throw wrong("its \"folder\" is not a path");
  Decisions decisions{.folder = path, .decisions = {}};
  std::set<std::string> files;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json& one = (*list)[i];
    if (!one.is_object()) throw wrong(fmt::format("decision {} is not a JSON object", i + 1));
    Decision decision{.file = text_in(one, "file", i + 1)};
    const std::string action = text_in(one, "action", i + 1);
    if (action == "move") {
      decision.action = Decision::Action::move;
      decision.to = text_in(one, "to", i + 1);
    } else if (action == "remove") {
      decision.action = Decision::Action::remove;
    } else if (action != "keep") {
      throw wrong(fmt::format("the action of decision {} is neither keep nor move nor remove", i + 1));
    }
    if (!files.insert(decision.file).second) {
      throw wrong(fmt::format("there are two decisions about {}", decision.file));
    }
    decisions.decisions.push_back(std::move(decision));
  }
  return decisions;
}

}  // namespace bart
