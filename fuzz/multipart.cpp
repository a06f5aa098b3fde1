// Bodies of multipart/form-data: parts that lie in the body in their order, or a reason.
#include "multipart.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http.h"
#include "require.h"

namespace {

constexpr std::size_t most_parts = 8;

void check(std::string_view body, std::string_view boundary) {
  const std::string delimiter = "\r\n--" + std::string(boundary);
  const char* end_of_last = body.data();
  const auto parts = bart::parse_multipart(body, boundary, most_parts);
  REQUIRE(parts.size() <= most_parts);
  for (const bart::FormPart& part : parts) {
    REQUIRE(part.content.data() > end_of_last);
    end_of_last = part.content.data() + part.content.size();
    REQUIRE(end_of_last + delimiter.size() <= body.data() + body.size());
    REQUIRE(std::string_view(end_of_last, delimiter.size()) == delimiter);
    REQUIRE(part.content.find(delimiter) == std::string_view::npos);
  }
}

}  // namespace

/// The first line is the Content-Type, and the body follows it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), size);
  try {
    const bart::MediaType type = bart::parse_media_type(input.substr(0, line));
    const auto boundary = type.parameters.find("boundary");
    check(input.substr(std::min(line + 1, size)),
          boundary == type.parameters.end() ? std::string_view() : boundary->second);
  } catch (const bart::HttpError& error) {
    REQUIRE(error.status() == 400 || error.status() == 413);
    REQUIRE(error.what()[0] != '\0');
  }
  return 0;
}
