#include "kept_folds.h"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "bart/audit/audit.h"
#include "bart/checkpoint/data_fingerprint.h"
#include "bart/formats/safetensors.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/platform/make_folders.h"
#include "bart/record/run_settings.h"
#include "bart/record/version.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view before_number = "fold-", after_number = ".safetensors";

template <class Value>
std::uint64_t hash_after(std::uint64_t before, const std::vector<Value>& values) {
  return hash_of({reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(Value)},
                 before);
}

/// The text of all settings that decide what a training learns.
std::string deciding_text(const RunSettings& settings) {
  std::string text;
  for (const Setting& setting : run_settings()) {
    if (setting.effect == Effect::result || std::string_view(setting.flag) == "epochs")
      text += fmt::format("{} = {}\n", setting.flag, text_of(setting, settings));
  }
  return text;
}

/// What a file says besides the logits, whose hash tells a damaged one.
std::map<std::string, std::string> metadata_of(const std::string& key, const std::vector<float>& logits) {
  return {{"made from", key}, {"xxh3", fmt::format("{:016x}", hash_after(0, logits))}};
}

}  // namespace

KeptFolds::KeptFolds(fs::path folder, const LoadedPictures& pictures,
                     const std::vector<std::vector<std::uint32_t>>& folds, const RunSettings& settings)
    : folder_(std::move(folder)), classes_(pictures.classes.size()) {
  const DataFingerprint data = fingerprint_of(pictures, settings.threads);
  std::uint64_t hash = hash_after(hash_after(data.classes, data.names), data.pixels);
  for (const std::vector<std::uint32_t>& fold : folds) {
    sizes_.push_back(fold.size());
    hash = hash_after(hash + 1, fold);
  }
  // A fingerprint of all, because a setting may name a file that is not UTF-8, which a safetensors file
  // needs.
  const std::string settings_text = deciding_text(settings);
  hash = hash_after(hash, std::vector<char>(settings_text.begin(), settings_text.end()));
  key_ = fmt::format("BART {}, {:016x}", bart_version(), hash);
}

fs::path KeptFolds::file(std::size_t fold) const {
  return folder_ / fmt::format("{}{}{}", before_number, fold + 1, after_number);
}

std::vector<std::int64_t> KeptFolds::shape(std::size_t fold) const {
  return {static_cast<std::int64_t>(sizes_[fold]), static_cast<std::int64_t>(classes_)};
}

std::optional<std::vector<float>> KeptFolds::read(std::size_t fold) const {
  if (folder_.empty()) return std::nullopt;
  try {
    Safetensors content = decode_safetensors(read_file(file(fold)));
    const Tensor* logits = find_tensor(content.tensors, "logits");
    if (logits == nullptr || logits->shape != shape(fold)) return std::nullopt;
    if (content.metadata != metadata_of(key_, logits->floats())) return std::nullopt;
    return logits->floats();
  } catch (const std::exception&) {
    return std::nullopt;  // there is none, or it is damaged: the fold is trained again
  }
}

void KeptFolds::write(std::size_t fold, const std::vector<float>& logits) const {
  if (folder_.empty()) return;
  make_folders(folder_);
  write_file(file(fold), encode_safetensors({.tensors = {{"logits", shape(fold), logits}},
                                             .metadata = metadata_of(key_, logits)}));
}

void remove_kept_folds(const fs::path& kept) {
  if (kept.empty()) return;
  std::error_code gone;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kept, gone)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(before_number) && name.ends_with(after_number)) files.push_back(entry.path());
  }
  for (const fs::path& file : files) fs::remove(file, gone);
  fs::remove(kept, gone);  // only if it is empty
}

}  // namespace bart
