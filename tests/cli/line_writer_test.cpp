#include "line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace bart {
namespace {

/// What comes out of a descriptor until it ends.
std::string read_all(int descriptor) {
  std::string text;
  char bytes[4096];
  ssize_t got = 0;
  while ((got = ::read(descriptor, bytes, sizeof bytes)) > 0)
    text.append(bytes, static_cast<std::size_t>(got));
  return text;
}

std::string note(std::uint64_t lines) {
  return std::to_string(lines) + " left out\n";
}

TEST(LineWriterTest, WritesLinesInTheirOrder) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  {
    LineWriter writer(ends[1], note);
    for (int i = 0; i < 1000; ++i) writer.add(std::to_string(i) + "\n");
  }
  ::close(ends[1]);
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(read_all(ends[0]), expected);
  ::close(ends[0]);
}

TEST(LineWriterTest, NobodyWaitsForAReaderThatDoesNotReadOrIsGone) {
  for (const bool gone : {false, true}) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    if (gone) ::close(ends[0]);
    {
      LineWriter writer(ends[1], note, 10000);
      for (int i = 0; i < 100000; ++i) writer.add("a line that nobody reads\n");
    }  // returns
    ::close(ends[1]);
    if (gone) continue;
    // What the pipe holds are whole lines, but for the last one.
    const std::string text = read_all(ends[0]);
    EXPECT_LT(text.size(), 100000 * std::string("a line that nobody reads\n").size());
    EXPECT_TRUE(text.starts_with("a line that nobody reads\na line that nobody reads\n"));
    ::close(ends[0]);
  }
}

}  // namespace
}  // namespace bart
