#include "bart/checkpoint/data_fingerprint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <span>
#include <unordered_map>

#include "bart/platform/error.h"
#include "bart/platform/hash.h"
#include "bart/platform/threads.h"

namespace bart {
namespace {

std::uint64_t hash_of_text(const std::string& text, std::uint64_t seed) {
  return hash_of({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, seed);
}

/// "2 are new (the first: a/b.jpg)", nothing for none.
void say(std::vector<std::string>& parts, const char* what, std::size_t count, const std::string& first) {
  if (count == 0) return;
  parts.push_back(fmt::format("{} {} {}{}", count, count == 1 ? "is" : "are", what,
                              first.empty() ? "" : fmt::format(" (the first: {})", first)));
}

}  // namespace

std::uint64_t fingerprint_of_classes(const std::vector<std::string>& classes) {
  std::uint64_t fingerprint = 0;
  for (const std::string& name : classes) fingerprint = hash_of_text(name, fingerprint + 1);
  return fingerprint;
}

DataFingerprint fingerprint_of(const LoadedPictures& pictures, int threads) {
  if (pictures.files.size() != pictures.size() || pictures.hashes.size() != pictures.size())
    throw Error("the files and hashes of the pictures do not fit their labels");
  DataFingerprint fingerprint;
  fingerprint.classes = fingerprint_of_classes(pictures.classes);
  fingerprint.names.resize(pictures.size());
  fingerprint.pixels.resize(pictures.size());
  parallel_for(pictures.size(), threads, [&](std::size_t i) {
    fingerprint.names[i] = std::bit_cast<std::int64_t>(
        hash_of_text(pictures.files[i], static_cast<std::uint64_t>(pictures.labels[i])));
    fingerprint.pixels[i] = std::bit_cast<std::int64_t>(pictures.hashes[i]);
  });
  return fingerprint;
}

std::string difference(const DataFingerprint& before, const DataFingerprint& now,
                       const std::vector<std::string>& files) {
  if (before.names.size() != before.pixels.size() || now.names.size() != now.pixels.size() ||
      now.names.size() != files.size())
    throw Error("the parts of a fingerprint do not fit each other");
  if (now == before) return {};
  if (now.classes != before.classes) return "its classes are different";

  std::unordered_map<std::int64_t, std::int64_t> pixels_before;
  for (std::size_t i = 0; i < before.names.size(); ++i) pixels_before[before.names[i]] = before.pixels[i];
  std::size_t added = 0, changed = 0;
  std::string first_added, first_changed;
  for (std::size_t i = 0; i < now.names.size(); ++i) {
    const auto found = pixels_before.find(now.names[i]);
    if (found == pixels_before.end()) {
      if (added++ == 0) first_added = files[i];
    } else if (found->second != now.pixels[i]) {
      if (changed++ == 0) first_changed = files[i];
    }
  }
  const std::size_t kept = now.names.size() - added;
  std::vector<std::string> parts;
  say(parts, "gone", pixels_before.size() - std::min(kept, pixels_before.size()), {});
  say(parts, "new", added, first_added);
  say(parts, "not what it was", changed, first_changed);
  if (parts.empty()) return "its pictures come in another order";
  return fmt::format("of its pictures {}", fmt::join(parts, ", "));
}

}  // namespace bart
