#include "tune_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "bart/platform/error.h"
#include "bart/platform/lies_in.h"
#include "bart/platform/printable.h"
#include "bart/record/version.h"
#include "bart/tune/tune_text.h"
#include "halving.h"

namespace bart {
namespace {

using nlohmann::ordered_json;

constexpr std::array<const char*, 3> state_names = {"unfinished", "finished", "diverged"};

Error foreign() {
  return Error("is not what bart tune writes");
}

/// The JSON library converts numbers of all types into each other, and one that does not fit would be
/// undefined behaviour.
template <class Whole>
Whole whole(const nlohmann::json& value) {
  if (!value.is_number_unsigned()) throw foreign();
  const auto number = value.get<std::uint64_t>();
  if (!std::in_range<Whole>(number)) throw foreign();
  return static_cast<Whole>(number);
}

double real_up_to(double most, const nlohmann::json& value) {
  const double number = value.get<double>();
  if (!(number >= 0 && number <= most)) throw foreign();
  return number;
}

constexpr double most_seconds = 1e9;

/// The plan, which a search has after its first training.
std::vector<Rung> plan_of(const nlohmann::json& json, const TuneOptions& options) {
  std::vector<Rung> rungs;
  for (const auto& rung : json)
    rungs.push_back({whole<int>(rung.at("epochs")), whole<std::size_t>(rung.at("trials"))});
  if (rungs.empty()) return rungs;
  std::vector<int> epochs = epochs_of_rungs(options.epochs);
  if (rungs.size() > epochs.size()) throw foreign();
  epochs.resize(rungs.size());
  const std::size_t candidates = rungs[0].trials;
  if (candidates < 2 || candidates > most_candidates || rungs != halving(candidates, epochs)) throw foreign();
  return rungs;
}

/// What may not change when a search goes on.
ordered_json identity(const TuneResult& result) {
  const TuneOptions& options = result.options;
  ordered_json kept = ordered_json::object();
  for (const std::string& flag : options.kept) {
    const Setting& setting = run_setting(flag);
    if (setting.effect == Effect::result || flag == "test-folder" || flag == "validation-folder") {
      kept[flag] = printable(text_of(setting, options.given));
    }
  }
  return {{"bart", bart_version()},
          {"folder", printable(result.folder.string())},
          {"recipe", options.recipe},
          {"epochs", options.epochs},
          {"figure", options.by == BestBy::accuracy ? "accuracy" : "macro-f1"},
          {"candidates", options.candidates},
          {"given", kept}};
}

ordered_json trial_json(const TuneResult& result, const Trial& trial) {
  ordered_json tried = ordered_json::object();
  for (const auto& [flag, text] : result.candidates.at(trial.candidate).shown) tried[flag] = text;
  ordered_json json = {
      {"candidate", trial.candidate},
      {"rung", trial.rung},
      {"epochs", trial.epochs},
      {"state", state_names[static_cast<std::size_t>(trial.state)]},
      {"seconds", trial.seconds},
      {"folder", printable(result.trial_folder(trial).lexically_relative(result.options.out).string())},
      {"tried", tried}};
  if (trial.state == Trial::State::finished) {
    json["validation_accuracy_percent"] = trial.accuracy;
    json["validation_macro_f1"] = trial.macro_f1;
    if (trial.test_accuracy) json["test_accuracy_percent"] = *trial.test_accuracy;
  }
  return json;
}

Trial trial_of(const nlohmann::json& json, const std::vector<Rung>& rungs) {
  Trial trial;
  trial.candidate = whole<std::size_t>(json.at("candidate"));
  trial.rung = whole<std::size_t>(json.at("rung"));
  trial.epochs = whole<int>(json.at("epochs"));
  trial.seconds = real_up_to(most_seconds, json.at("seconds"));
  const auto name = std::ranges::find(state_names, json.at("state").get<std::string>());
  const bool planned = rungs.empty() ? trial.candidate == 0 && trial.rung == 0
                                     : trial.rung < rungs.size() && trial.candidate < rungs[0].trials &&
                                           trial.epochs == rungs[trial.rung].epochs;
  if (name == state_names.end() || !planned) throw foreign();
  trial.state = static_cast<Trial::State>(name - state_names.begin());
  if (trial.state != Trial::State::finished) return trial;
  trial.accuracy = real_up_to(100, json.at("validation_accuracy_percent"));
  trial.macro_f1 = real_up_to(1, json.at("validation_macro_f1"));
  if (json.contains("test_accuracy_percent"))
    trial.test_accuracy = real_up_to(100, json["test_accuracy_percent"]);
  return trial;
}

void check_same_search(const nlohmann::json& there, const nlohmann::json& asked) {
  for (const auto& [name, value] : asked.items()) {
    const auto& before = there.at(name);
    if (name == "folder" && before.is_string() &&
        is_same_place(before.get<std::string>(), value.get<std::string>()))
      continue;
    if (name == "given") {
      for (const auto& settings : {there.at(name), value}) {
        for (const auto& [flag, text] : settings.items()) {
          const std::string before = there[name].value(flag, std::string("not given"));
          const std::string now = value.value(flag, std::string("not given"));
          const bool place = flag == "test-folder" || flag == "validation-folder" || flag == "init";
          if (before != now && !(place && is_same_place(before, now)))
            throw Error(
                fmt::format("holds another search: its {} is {}, and here it is {}", flag, before, now));
        }
      }
    } else if (there.at(name) != value) {
      throw Error(fmt::format("holds another search: its {} is {}, and here it is {}", name,
                              there[name].dump(), value.dump()));
    }
  }
}

}  // namespace

std::string encode_tune(const TuneResult& result) {
  ordered_json rungs = ordered_json::array(), trials = ordered_json::array();
  for (const Rung& rung : result.rungs) rungs.push_back({{"epochs", rung.epochs}, {"trials", rung.trials}});
  for (const Trial& trial : result.trials) trials.push_back(trial_json(result, trial));
  ordered_json json = {{"version", 1},
                       {"search", identity(result)},
                       {"budget_seconds", result.options.budget_seconds},
                       {"seconds", result.seconds},
                       {"complete", result.complete},
                       {"rungs", rungs},
                       {"trials", trials}};
  if (const auto best = result.best()) {
    json["best"] = trial_json(result, result.trials[*best]);
    json["best"]["command"] = printable(best_command(result));
  }
  return json.dump(1) + "\n";
}

void decode_tune(std::span<const std::uint8_t> bytes, TuneResult& result) {
  try {
    const auto json = nlohmann::json::parse(bytes);
    if (json.at("version") != 1) throw foreign();
    check_same_search(json.at("search"), identity(result));
    std::vector<Rung> rungs = plan_of(json.at("rungs"), result.options);
    std::vector<Trial> trials;
    std::set<std::pair<std::size_t, std::size_t>> known;
    for (const auto& trial : json.at("trials")) {
      trials.push_back(trial_of(trial, rungs));
      if (!known.emplace(trials.back().candidate, trials.back().rung).second) throw foreign();
    }
    const double seconds = real_up_to(most_seconds, json.at("seconds"));
    result.rungs = std::move(rungs);
    result.trials = std::move(trials);
    result.seconds = seconds;
  } catch (const nlohmann::json::exception&) {
    throw foreign();
  }
}

}  // namespace bart
