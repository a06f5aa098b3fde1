// The files are joblib's and scikit-learn's own (make_formats.py).
#include "bart/formats/joblib.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "formats/files.h"
#include "golden.h"
#include "places.h"

namespace bart {
namespace {

using test::format_file;
using test::read_golden;
using testing::HasSubstr;

std::vector<std::string> classes_of(std::vector<std::string> row) {
  row.erase(row.begin());
  return row;
}

TEST(EncodeLabelEncoder, WritesTheBytesOfJoblibDump) {
  const std::vector<std::string> classes = classes_of(read_golden("formats/classes.tsv").front());
  EXPECT_EQ(encode_label_encoder(classes), format_file("encoded.joblib"));
}

TEST(EncodeLabelEncoder, KeepsAnyNumberOfAnyNames) {
  std::vector<std::string> classes = {
      "", "latin1 \xe9", "\xf0\x9f\x98\x80", "\xed\xa0\x80", std::string("a\0b", 3), std::string(30, 'x')};
  for (int i = 0; i < 70'000; ++i) classes.push_back(std::to_string(i));
  EXPECT_EQ(decode_label_encoder(encode_label_encoder(classes)), classes);
}

TEST(EncodeLabelEncoder, KeepsTwoClasses) {
  const std::vector<std::string> classes = {"a", "b"};
  EXPECT_EQ(decode_label_encoder(encode_label_encoder(classes)), classes);
}

TEST(DecodeLabelEncoder, ReadsWhatJoblibWrites) {
  for (const auto& row : read_golden("formats/classes.tsv")) {
    EXPECT_EQ(decode_label_encoder(format_file(row[0])), classes_of(row)) << row[0];
  }
}

TEST(DecodeLabelEncoder, ReadsTheOriginalAuthorsFile) {
  const std::filesystem::path path = test::shared_folder() / "data/original/label_encoder.joblib";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  const std::vector<std::string> classes = decode_label_encoder(read_file(path));
  ASSERT_EQ(classes.size(), 42u);
  EXPECT_EQ(classes.front(), "abraham_grampa_simpson");
  EXPECT_EQ(classes.back(), "waylon_smithers");
  EXPECT_TRUE(std::is_sorted(classes.begin(), classes.end()));
}

TEST(DecodeLabelEncoder, RefusesEveryHostileFileByName) {
  int files = 0;
  for (const auto& row : read_golden("formats/hostile.tsv")) {
    if (!row[0].ends_with(".joblib")) continue;
    EXPECT_THAT(test::refusal(decode_label_encoder, format_file("hostile/" + row[0])), HasSubstr(row[1]))
        << row[0];
    ++files;
  }
  EXPECT_GT(files, 25);
}

TEST(DecodeLabelEncoder, RefusesAFileCutAtAnyLength) {
  for (const char* name : {"unicode.joblib", "object.joblib", "gzip.joblib", "zlib.joblib"}) {
    const std::vector<std::uint8_t> file = format_file(name);
    for (std::size_t size = 0; size < file.size(); ++size) {
      const std::vector<std::uint8_t> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_NE(test::refusal(decode_label_encoder, cut), "") << name << " " << size;
    }
  }
}

TEST(DecodeLabelEncoder, SurvivesDamage) {
  Mt19937 random(3);
  for (const char* name : {"unicode.joblib", "object.joblib", "pickled.joblib", "protocol2.joblib"}) {
    const std::vector<std::uint8_t> file = format_file(name);
    for (int i = 0; i < 2000; ++i) {
      test::refusal(decode_label_encoder, test::mutated(file, 0, file.size(), random, false));
    }
  }
}

}  // namespace
}  // namespace bart
