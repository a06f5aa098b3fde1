// A label encoder that is read can be written, and is then read as the same.
#include "bart/formats/joblib.h"

#include "bart/platform/error.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::vector<std::string> classes = bart::decode_label_encoder({data, size});
    // numpy's text ends before trailing zeros, and an array of no text has no width.
    for (const std::string& name : classes) {
      if (name.empty() || name.back() == '\0') return 0;
    }
    if (!classes.empty()) REQUIRE(bart::decode_label_encoder(bart::encode_label_encoder(classes)) == classes);
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
