// run.toml, which bart train --config reads.
#include "bart/record/run_toml.h"

#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    bart::RunSettings settings;
    for (const bart::RunTomlSetting& given : bart::decode_run_toml({data, size}).settings) {
      REQUIRE(bart::set_from_text(*given.setting, settings, given.value));
    }
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
