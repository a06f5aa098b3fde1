// run.json, from which bart evaluate learns what a training read.
#include "bart/platform/error.h"
#include "bart/record/run_record.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    bart::decode_run_record({data, size});
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
