#include "multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http.h"

namespace bart {
namespace {

std::string part(const std::string& fields, const std::string& content) {
  return "--b\r\n" + fields + "\r\n\r\n" + content + "\r\n";
}

const std::string picture =
    "Content-Disposition: form-data; name=\"p\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg";

TEST(Multipart, GivesPartsWithTheirBytesAsTheyAre) {
  std::string bytes = "\r\n--b";
  bytes.back() = 'c';  // almost the boundary
  bytes += std::string("\0\r\n\r\n--", 7);
  const std::string body =
      "preamble\r\n" + part(picture, bytes) + part("content-disposition: form-data; filename=x; name=q", "") +
      part("X: y\r\nContent-Disposition: form-data; name=\"t\"", "text") + "--b--\r\nepilogue";
  const auto parts = parse_multipart(body, "b", 9);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].name, "p");
  EXPECT_EQ(parts[0].file_name, "a.jpg");
  EXPECT_EQ(parts[0].content, bytes);
  EXPECT_EQ(parts[1].file_name, "x");
  EXPECT_EQ(parts[1].content, "");
  EXPECT_FALSE(parts[2].is_file);
  EXPECT_EQ(parts[2].content, "text");
  EXPECT_THAT(parse_multipart("--b--", "b", 9), testing::IsEmpty());
}

TEST(Multipart, ReadsNamesAsBrowsersAndOthersWriteThem) {
  const auto name = [](const std::string& text) {
    return parse_multipart(part("Content-Disposition: form-data; name=p; filename=" + text, "") + "--b--",
                           "b", 1)
        .at(0)
        .file_name;
  };
  EXPECT_EQ(name("\"C:\\x;y.jpg\""), "C:\\x;y.jpg");
  EXPECT_EQ(name("\"a\\\"b\\\\c\""), "a\"b\\c");
  EXPECT_EQ(name("\"日本%22.png\""), "日本%22.png");
}

TEST(Multipart, BrokenBodiesAreRefused) {
  const std::string whole = part(picture, "bytes") + part(picture, "more") + "--b--\r\n";
  EXPECT_EQ(parse_multipart(whole, "b", 2).size(), 2u);
  for (std::size_t length = 0; length + 4 < whole.size(); ++length)
    EXPECT_THROW(parse_multipart(whole.substr(0, length), "b", 9), HttpError) << length;
  try {
    parse_multipart(whole, "b", 1);
    FAIL();
  } catch (const HttpError& error) {
    EXPECT_EQ(error.status(), 413);
  }
  EXPECT_THROW(parse_multipart(whole, "", 9), HttpError);
  EXPECT_THROW(parse_multipart(whole, std::string(71, 'b'), 9), HttpError);
  for (const std::string head :
       {"Content-Type: image/png", "no field", "Content-Disposition: form-data; name=\"p",
        "Content-Disposition: form-data; name=p\r\nContent-Disposition: form-data; name=q",
        "Content-Disposition: form-data; name=p\r\nContent-Transfer-Encoding: base64"}) {
    EXPECT_THROW(parse_multipart(part(head, "") + "--b--", "b", 9), HttpError) << head;
  }
  EXPECT_THROW(parse_multipart(part("X: " + std::string(9000, 'x'), "") + "--b--", "b", 9), HttpError);
}

}  // namespace
}  // namespace bart
