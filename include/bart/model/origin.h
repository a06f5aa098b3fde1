#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "bart/checkpoint/checkpoint.h"
#include "bart/platform/hash.h"
#include "bart/record/run_record.h"

namespace bart {

/// Whether these are the bytes of a checkpoint, as far as the beginning of the file tells.
bool is_checkpoint(std::span<const std::uint8_t> bytes);

/// Whether the training wrote this checkpoint: it began at the same time with the same settings, apart from
/// the precision, which another device changes. False for checkpoints of the first versions, which do not say
/// when their training began.
bool wrote_checkpoint(const RunRecord& record, const Checkpoint& checkpoint);

/// Recognizes the training that a model is of.
class Origin {
 public:
  /// Keeps a reference to the bytes of the model's file.
  explicit Origin(std::span<const std::uint8_t> model) : model_(model), fingerprint_(hash_of(model)) {}

  /// hash_of() the file.
  std::uint64_t fingerprint() const { return fingerprint_; }

  /// Whether the training wrote the model: this file, or one with the same weights in another format. Nothing
  /// for records of the first versions, which do not say. Throws Error when the file cannot be decoded.
  std::optional<bool> is(const RunRecord& record);

 private:
  std::span<const std::uint8_t> model_;
  std::uint64_t fingerprint_;
  std::optional<Checkpoint> checkpoint_;
  struct Weights {
    std::uint64_t now, older, bfloat16;  // as records, older records and records of bfloat16 know them
  };
  std::optional<Weights> weights_;
};

}  // namespace bart
