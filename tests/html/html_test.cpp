#include "bart/html/html.h"

#include <gtest/gtest.h>

#include <vector>

namespace bart {
namespace {

TEST(HtmlText, NothingOfANameIsMarkup) {
  EXPECT_EQ(html_text("<b>\"Tom & 日本\"</b>"), "&lt;b&gt;&quot;Tom &amp; 日本&quot;&lt;/b&gt;");
  EXPECT_EQ(html_text("'"), "&#39;");
}

TEST(HtmlText, InvalidUtf8BecomesReplacementCharacters) {
  // ESC, a byte of no character, and U+009B, which is one character of two bytes.
  EXPECT_EQ(html_text("a\x1b\xff\xC2\x9B"), "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(html_text("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // half a surrogate pair
}

TEST(HtmlBreakable, LinesBreakBetweenTheWordsOfANameAndNothingIsMarkup) {
  EXPECT_EQ(html_breakable("homer_simpson/pic_1.jpg"), "homer_<wbr>simpson/<wbr>pic_<wbr>1.jpg");
  EXPECT_EQ(html_breakable("</b_>,"), "&lt;/<wbr>b_<wbr>&gt;,<wbr>");
  EXPECT_EQ(html_breakable("日本"), "日本");
}

TEST(Base64, IsRfc4648s) {
  const auto of = [](std::string_view text) {
    return base64(std::vector<std::uint8_t>(text.begin(), text.end()));
  };
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("f"), "Zg==");
  EXPECT_EQ(of("fo"), "Zm8=");
  EXPECT_EQ(of("foo"), "Zm9v");
  EXPECT_EQ(of("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace bart
