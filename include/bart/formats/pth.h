#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bart/network/state_dict.h"

namespace bart {

/// The bytes of torch.save(state_dict) in the zip format (since torch 1.6), loadable with
/// torch.load(…, weights_only=True). The same state gives the same bytes.
std::vector<std::uint8_t> encode_pth(const StateDict& state);

/// Reads what torch.save wrote of a state_dict: any float dtype (float64, float32, float16, bfloat16) becomes
/// float32, integers become int64; views, shared storages and any strides are resolved. Executes nothing: the
/// pickle may name only what a state_dict needs, anything else throws Error with the name.
StateDict decode_pth(std::span<const std::uint8_t> file);

}  // namespace bart
