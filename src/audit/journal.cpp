#include "journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "bart/platform/error.h"
#include "bart/platform/files.h"

namespace bart {
namespace {

using nlohmann::ordered_json;

constexpr std::array<const char*, 4> states = {"applying", "applied", "undoing", "undone"};

}  // namespace

bool stays_inside(const std::string& path) {
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string::npos) return false;
    if (end == path.size()) return true;
    begin = end + 1;
  }
}

std::string encode_journal(const Journal& journal) {
  ordered_json moves = ordered_json::array();
  for (const PictureMove& move : journal.moves) {
    moves.push_back({{"from", move.from}, {"to", move.to}, {"removed", move.removed}});
  }
  const ordered_json json{{"version", 1},
                          {"state", states[static_cast<std::size_t>(journal.state)]},
                          {"kept", journal.kept},
                          {"created", journal.created},
                          {"moves", std::move(moves)}};
  return json.dump(1) + "\n";
}

Journal read_journal(const std::filesystem::path& path) {
  const Error wrong(fmt::format("{} is not a journal of bart apply", path.string()));
  const std::vector<std::uint8_t> bytes = read_file(path);
  try {
    const auto json = nlohmann::json::parse(bytes);
    Journal journal;
    const auto state = std::ranges::find(states, json.at("state").get<std::string>());
    if (json.at("version") != 1 || state == states.end()) throw wrong;
    journal.state = static_cast<Journal::State>(state - states.begin());
    if (!json.at("kept").is_number_unsigned()) throw wrong;
    journal.kept = json["kept"].get<std::size_t>();
    journal.created = json.at("created").get<std::vector<std::string>>();
    for (const auto& move : json.at("moves")) {
      journal.moves.push_back({move.at("from"), move.at("to"), move.at("removed")});
      if (!stays_inside(journal.moves.back().from) || !stays_inside(journal.moves.back().to)) throw wrong;
    }
    if (!std::ranges::all_of(journal.created, stays_inside)) throw wrong;
    return journal;
  } catch (const nlohmann::json::exception&) {
    throw wrong;
  }
}

}  // namespace bart
