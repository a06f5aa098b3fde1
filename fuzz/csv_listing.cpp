// A CSV of pictures and labels: it is refused, or every picture is named once and has a class, and every
// class has a picture.
#include "csv_listing.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "bart/platform/error.h"
#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const bart::Listing listing = bart::listing_of_csv({reinterpret_cast<const char*>(data), size}, "/data");
    bart::check_labels(listing);
    std::set<std::string> files;
    std::set<std::int32_t> labels;
    for (const bart::ListedPicture& picture : listing.pictures) {
      REQUIRE(!picture.file.empty());
      REQUIRE(files.insert(picture.file).second);
      labels.insert(picture.label);
    }
    REQUIRE(labels.size() == listing.classes.size());
  } catch (const bart::Error&) {
  }
  return 0;
}
