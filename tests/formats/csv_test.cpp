#include "bart/formats/csv.h"

#include <gmock/gmock.h>

namespace bart {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CsvText, FieldsComeBackAsTheyWere) {
  const std::vector<std::string> fields = {"plain",      "",      "a,b", "say \"no\"",
                                           "two\nlines", "r\r\n", "\"",  "Ελλάδα\xFF"};
  std::string text;
  for (const std::string& field : fields) text += (text.empty() ? "" : ",") + csv_field(field);
  EXPECT_THAT(csv_rows_of(text + "\n" + text), ElementsAre(fields, fields));
}

TEST(CsvText, OnlyWhatMustBeIsQuoted) {
  EXPECT_EQ(csv_field("a b'c"), "a b'c");
  EXPECT_EQ(csv_field("a\"b"), "\"a\"\"b\"");
}

TEST(CsvText, LinesMayEndAsOnWindowsAndAnEmptyTextHasNoRow) {
  EXPECT_THAT(csv_rows_of("a,b\r\nc,\r\n"), ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "")));
  EXPECT_THAT(csv_rows_of(""), IsEmpty());
  EXPECT_THAT(csv_rows_of("\"never closed,\n"), ElementsAre(ElementsAre("never closed,\n")));
}

}  // namespace
}  // namespace bart
