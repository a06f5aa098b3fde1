#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bart/network/state_dict.h"

namespace bart {

/// The bytes of torch.save(state_dict, "BART-10M.pth") of PyTorch 2.13, loadable with torch.load(…,
/// weights_only=True) since 1.6. The same state gives the same bytes. `archive_name` is the folder of the
/// archive's records, which PyTorch calls like the file. Throws Error when the state is not of BART's kind.
std::vector<std::uint8_t> encode_pth(const StateDict& state, std::string_view archive_name = "BART-10M");

/// Reads what torch.save wrote of a state_dict: any float dtype (float64, float32, float16, bfloat16) becomes
/// float32, integers become int64; views, shared storages and any strides are resolved. Executes nothing: the
/// pickle may name only what a state_dict needs, anything else throws Error with the name.
StateDict decode_pth(std::span<const std::uint8_t> file);

}  // namespace bart
