#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bart {

/// The bytes of joblib.dump(LabelEncoder().fit(classes)): `classes` (UTF-8, sorted, unique) as numpy unicode.
/// Throws Error when a class is named twice.
std::vector<std::uint8_t> encode_label_encoder(const std::vector<std::string>& classes);

/// The classes of a LabelEncoder that joblib.dump wrote, plain or compressed (zlib, gzip; others are refused
/// by name), classes_ as unicode or object array. Executes nothing. Throws Error with the name for a Python
/// name that is not on a short list.
std::vector<std::string> decode_label_encoder(std::span<const std::uint8_t> file);

}  // namespace bart
