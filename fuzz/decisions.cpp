// A file of decisions, which bart apply reads: it is refused, or every picture is named once, and what is
// moved has a class to go to.
#include "bart/audit/decisions.h"

#include <cstddef>
#include <cstdint>
#include <set>

#include "bart/platform/error.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const bart::Decisions read = bart::decode_decisions({data, size});
    REQUIRE(!read.folder.empty());
    std::set<std::string> files;
    for (const bart::Decision& decision : read.decisions) {
      REQUIRE(!decision.file.empty());
      REQUIRE(files.insert(decision.file).second);
      REQUIRE(decision.to.empty() == (decision.action != bart::Decision::Action::move));
    }
  } catch (const bart::Error& error) {
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
