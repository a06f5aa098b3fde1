// test_pictures.csv, which bart evaluate reads: the fields of any text can be written, and are then read as
// the same.
#include "bart/formats/csv.h"

#include <cstddef>
#include <cstdint>

#include "require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto rows = bart::csv_rows_of({reinterpret_cast<const char*>(data), size});
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "," : "") + bart::csv_field(row[i]);
    text += '\n';
  }
  REQUIRE(bart::csv_rows_of(text) == rows);
  return 0;
}
