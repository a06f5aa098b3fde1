#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "bart/network/state_dict.h"

namespace bart {

/// Named arrays and text beside them, as a safetensors file holds them
/// (https://huggingface.co/docs/safetensors: 8 bytes of header length, a JSON header, the data).
struct Safetensors {
  StateDict tensors;
  std::map<std::string, std::string> metadata;
};

struct SafetensorsOptions {
  /// Kernels and matrices as F16 (half the file); vectors stay F32.
  bool half = false;
};

/// The bytes of a safetensors file, tensors in the given order. The same arguments give the same bytes. Each
/// tensor's memory is freed as soon as its bytes are there: content that is moved in is never there twice.
/// Throws Error when a name occurs twice, text is not UTF-8, or a value does not fit a float16.
std::vector<std::uint8_t> encode_safetensors(Safetensors content, const SafetensorsOptions& options = {});

/// Reads a safetensors file of any program, tensors in the order of their data: F64, F32, F16 and BF16 become
/// float32, integers int64. Throws Error if the file violates the format, which requires among other things
/// that the tensors have no gaps or overlaps and reach to the end of the file.
Safetensors decode_safetensors(std::span<const std::uint8_t> file);

}  // namespace bart
