#include "http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bart {
namespace {

int status_of_target(const std::string& target) {
  try {
    parse_target(target);
    return 200;
  } catch (const HttpError& error) {
    return error.status();
  }
}

TEST(HttpTargets, AreReadInTheirParts) {
  const HttpTarget target = parse_target("/v1/pr%65dict?top_k=3&name=a%20b+c&empty=&bare");
  EXPECT_EQ(target.path, "/v1/predict");
  EXPECT_THAT(target.query,
              testing::ElementsAre(testing::Pair("bare", ""), testing::Pair("empty", ""),
                                   testing::Pair("name", "a b c"), testing::Pair("top_k", "3")));
  const HttpTarget absolute = parse_target("HTTP://example.org:80/a?b=c");
  EXPECT_EQ(absolute.authority, "example.org:80");
  EXPECT_EQ(absolute.path, "/a");
  EXPECT_EQ(parse_target("http://example.org").path, "/");
}

TEST(HttpTargets, ThatAreNoneAreRefused) {
  for (const char* wrong : {"", "v1/predict", "*", "/%", "/%2", "/%zz", "/?a=%g0", "/?a=1&a=2", "ftp://a/b"})
    EXPECT_EQ(status_of_target(wrong), 400) << wrong;
  EXPECT_EQ(status_of_target("/?&&"), 200);
}

TEST(MediaTypes, AreReadInTheirParts) {
  const MediaType form = parse_media_type(" Multipart/Form-Data ; Boundary=\"a\\\"b; c\" ;charset=x ;");
  EXPECT_EQ(form.type, "multipart/form-data");
  EXPECT_THAT(form.parameters,
              testing::ElementsAre(testing::Pair("boundary", "a\"b; c"), testing::Pair("charset", "x")));
  EXPECT_EQ(parse_media_type("").type, "");
  for (const char* wrong : {"image", "/", "image/", "image/jpeg; a", "image/jpeg; a=\"b",
                            "image/jpeg; a=1; a=2", "im age/jpeg", "image/jpeg; a=\"b\" c"})
    EXPECT_THROW(parse_media_type(wrong), HttpError) << wrong;
}

TEST(HttpRequests, FindFieldsInAnyCase) {
  const HttpRequest request{
      .method = "GET", .target = "/", .fields = {{"HOST", "a"}, {"host", "b"}}, .body = {}};
  EXPECT_EQ(request.field("Host"), "a");
  EXPECT_EQ(request.count("Host"), 2u);
  EXPECT_EQ(request.field("Origin"), std::nullopt);
}

}  // namespace
}  // namespace bart
