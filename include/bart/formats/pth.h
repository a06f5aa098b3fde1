#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "bart/formats/model_metadata.h"
#include "bart/network/state_dict.h"

namespace bart {

/// The bytes of torch.save(state_dict, "BART-10M.pth") of PyTorch 2.13, loadable with torch.load(…,
/// weights_only=True) since 1.6. The same state gives the same bytes. `archive_name` is the folder of the
/// archive's records, which PyTorch calls like the file. Throws Error when the state is not of BART's kind.
std::vector<std::uint8_t> encode_pth(const StateDict& state, std::string_view archive_name = "BART-10M");

/// The record of a .pth's archive that holds BART's metadata (encode_model_metadata).
inline constexpr std::string_view pth_metadata_record = "extra/bart.json";

/// The same with the metadata in one more record, after those of PyTorch. PyTorch reads the records that the
/// pickle names and passes over all others (TorchScript keeps extra files in the folder "extra" too), so
/// torch.load takes the file as before, and the pickle and all tensors lie where they lie without the
/// metadata. Throws Error too when the metadata are not what encode_model_metadata takes, or do not fit the
/// state.
std::vector<std::uint8_t> encode_pth(const StateDict& state, const ModelMetadata& metadata,
                                     std::string_view archive_name = "BART-10M");

/// Reads what torch.save wrote of a state_dict: any float dtype (float64, float32, float16, bfloat16) becomes
/// float32, integers become int64; views, shared storages and any strides are resolved. Executes nothing: the
/// pickle may name only what a state_dict needs, anything else throws Error with the name. A state_dict
/// within a dictionary, as training programs save it beside an optimizer ({"state_dict": ...}, {"model":
/// ...}), is found where it is the only one there, or the only one under such a name.
StateDict decode_pth(std::span<const std::uint8_t> file);

/// Throws Error, with the reason that decode_pth() gives, if a file with these first bytes (14 or more) is no
/// .pth.
void check_begins_as_pth(std::span<const std::uint8_t> first_bytes);

/// A .pth with the metadata that BART adds.
struct PthModel {
  StateDict state;
  std::optional<ModelMetadata> metadata;  // empty for a file of PyTorch or of BART 0.1
};

/// decode_pth() with the metadata. Also throws Error for metadata that decode_model_metadata() refuses.
PthModel decode_pth_model(std::span<const std::uint8_t> file);

}  // namespace bart
