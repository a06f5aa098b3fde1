#include "suggestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace bart {
namespace {

/// Optimal string alignment distance (Damerau 1964): insertions, deletions, substitutions, and transpositions
/// of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

/// What other programs call flags of BART.
constexpr std::pair<std::string_view, std::string_view> other_names[] = {{"--output", "--out"},
                                                                         {"--output-dir", "--out"},
                                                                         {"--workers", "--threads"},
                                                                         {"--num-workers", "--threads"},
                                                                         {"--jobs", "--threads"},
                                                                         {"--wd", "--weight-decay"},
                                                                         {"--val-size", "--validation-size"},
                                                                         {"--val-split", "--validation-size"},
                                                                         {"--weights", "--model"},
                                                                         {"--weights", "--init"},
                                                                         {"--lr-schedule", "--schedule"},
                                                                         {"--topk", "--top-k"},
                                                                         {"--outdir", "--out"},
                                                                         {"--gpu", "--device"},
                                                                         {"--resume-from", "--resume"},
                                                                         {"--pretrained", "--init"},
                                                                         {"--model", "--init"},
                                                                         {"--checkpoint", "--model"},
                                                                         {"--conf", "--min-probability"}};

/// A flag, or a key of a file as the flag that it stands for.
std::string as_flag(std::string_view name) {
  std::string flag(name.starts_with("--") ? "" : "--");
  flag += name;
  std::ranges::replace(flag, '_', '-');
  return flag;
}

}  // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = typed.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    const bool begins = typed.size() >= 3 && candidate.starts_with(typed);
    const std::size_t letters = begins ? 0 : distance(typed, candidate);
    if (letters < least) {
      least = letters;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& candidates) {
  std::string found = nearest(typed, candidates);
  for (const auto& [name, own] : other_names) {
    if (as_flag(typed) != name) continue;
    const auto meant = std::ranges::find(candidates, own, as_flag);
    if (meant != candidates.end()) found = *meant;
  }
  return found.empty() || found == typed ? std::string() : fmt::format("; did you mean {}?", found);
}

std::string suggestion(const std::vector<std::string>& unknown, const std::string& command,
                       const std::vector<CommandText>& commands) {
  for (const std::string& argument : unknown) {
    const std::string typed = argument.substr(0, argument.find('='));
    std::vector<std::string> candidates;
    if (typed.starts_with("--")) {
      for (const CommandText& text : commands) {
        if (text.name != command && !text.name.empty()) continue;
        for (const FlagText& flag : text.flags) {
          candidates.push_back(flag.name);
          candidates.insert(candidates.end(), flag.synonyms.begin(), flag.synonyms.end());
        }
      }
    } else if (command.empty()) {
      for (const CommandText& text : commands) {
        if (!text.name.empty()) candidates.push_back(text.name);
      }
    }
    if (std::string text = did_you_mean(typed, candidates); !text.empty()) return text;
  }
  return {};
}

}  // namespace bart
