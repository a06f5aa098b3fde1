// Expectations are those of Python's json.dumps(…, indent=4), of a name as os.listdir gives it.
#include "bart/formats/python_json.h"

#include <gtest/gtest.h>

namespace bart {
namespace {

TEST(PythonJson, EscapesAsPythonDoes) {
  EXPECT_EQ(python_json_string("pic_1.jpg"), R"("pic_1.jpg")");
  EXPECT_EQ(python_json_string("\"\\/\n\r\t\f\b"), R"("\"\\/\n\r\t\f\b")");
  EXPECT_EQ(python_json_string(std::string("\0\x01\x1f ~\x7f", 6)), "\"\\u0000\\u0001\\u001f ~\x7f\"");
  EXPECT_EQ(python_json_string("Zoë 北京"), R"("Zo\u00eb \u5317\u4eac")");
  EXPECT_EQ(python_json_string("😀"), R"("\ud83d\ude00")");
}

TEST(PythonJson, WritesInvalidUtf8AsLoneSurrogates) {
  EXPECT_EQ(python_json_string("caf\xe9.jpg"), R"("caf\udce9.jpg")");
  EXPECT_EQ(python_json_string("\xff\xc0\xaf"), R"("\udcff\udcc0\udcaf")");
  EXPECT_EQ(python_json_string("\xed\xa0\x80"), R"("\udced\udca0\udc80")");            // a surrogate
  EXPECT_EQ(python_json_string("\xe5\x8c"), R"("\udce5\udc8c")");                      // cut off
  EXPECT_EQ(python_json_string("\xf4\x90\x80\x80"), R"("\udcf4\udc90\udc80\udc80")");  // above U+10FFFF
}

TEST(PythonJson, LaysOutObjectsAsIndentFour) {
  EXPECT_EQ(python_json_object({}), "{}");
  EXPECT_EQ(python_json_object({{"a.jpg", "bart"}}), "{\n    \"a.jpg\": \"bart\"\n}");
  EXPECT_EQ(python_json_object({{"b", "x"}, {"a", "y"}}), "{\n    \"b\": \"x\",\n    \"a\": \"y\"\n}");
}

}  // namespace
}  // namespace bart
