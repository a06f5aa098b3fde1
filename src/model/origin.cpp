#include "bart/model/origin.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "bart/formats/weights_fingerprint.h"
#include "bart/model/model_file.h"

namespace bart {

// A checkpoint is a safetensors file, which begins with the length of its header in eight bytes and the
// header, JSON.
bool is_checkpoint(std::span<const std::uint8_t> bytes) {
  std::uint64_t length = 0;
  if (bytes.size() <= sizeof length || bytes[sizeof length] != '{') return false;
  std::memcpy(&length, bytes.data(), sizeof length);
  const std::string_view rest(reinterpret_cast<const char*>(bytes.data()) + sizeof length,
                              bytes.size() - sizeof length);
  return rest.substr(0, std::min<std::uint64_t>(length, rest.size())).find("\"bart-checkpoint-") !=
         std::string_view::npos;
}

bool wrote_checkpoint(const RunRecord& record, const Checkpoint& checkpoint) {
  constexpr std::string_view no_utf8 = "\uFFFD";  // a byte of a path that JSON does not hold
  const auto is = [&](const std::string& name, const std::string& value) {
    const auto kept = checkpoint.settings.find(name);
    return kept == checkpoint.settings.end() || kept->second == value ||
           value.find(no_utf8) != std::string::npos;
  };
  if (!checkpoint.settings.contains(started_setting) || !is(started_setting, record.started)) return false;
  return std::ranges::all_of(run_settings(), [&](const Setting& setting) {
    return setting.effect != Effect::result || std::string_view(setting.flag) == "precision" ||
           record.unrecorded.contains(setting.name) ||
           is(fmt::format("--{}", setting.flag), text_of(setting, record.settings));
  });
}

std::optional<bool> Origin::is(const RunRecord& record) {
  if (const std::optional<bool> wrote = wrote_model(record, fingerprint_); wrote.value_or(true)) return wrote;
  if (is_checkpoint(model_)) {
    if (!checkpoint_) checkpoint_ = decode_checkpoint(model_);
    return wrote_checkpoint(record, *checkpoint_);
  }
  if (!weights_) {
    const StateDict state = decode_model_file(model_).state;
    weights_ = {weights_fingerprint(state), older_weights_fingerprint(state),
                bfloat16_weights_fingerprint(state)};
  }
  const auto wrote = [this](const ModelRecord& model) {
    return (model.weights && (*model.weights == weights_->now || *model.weights == weights_->older)) ||
           (model.bfloat16_weights && *model.bfloat16_weights == weights_->bfloat16);
  };
  return std::ranges::any_of(record.models, wrote) || (record.writing && wrote(*record.writing));
}

}  // namespace bart
