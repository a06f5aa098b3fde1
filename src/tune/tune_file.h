#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "bart/tune/tune.h"

namespace bart {

/// The content of tune.json: what is searched for, the plan, and all trainings so far.
std::string encode_tune(const TuneResult& result);

/// Takes the plan, the trainings and the time out of the content of tune.json into `result`, whose folder and
/// options are those of this call. Throws Error ("is not what bart tune writes", or "holds another search:
/// …", sentences that begin with the file's name) for anything else.
void decode_tune(std::span<const std::uint8_t> json, TuneResult& result);

}  // namespace bart
