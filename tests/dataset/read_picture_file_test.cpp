#include "bart/dataset/read_picture_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "bart/pictures/decode.h"
#include "bart/platform/peak_memory.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class ReadPictureFile : public testing::Test {
 protected:
  /// A file that begins with `first` and has a hole up to `bytes`.
  fs::path sparse(const std::string& name, const std::string& first, std::uint64_t bytes) {
    scratch_.write(name, first);
    fs::resize_file(scratch_.path() / name, bytes);
    return scratch_.path() / name;
  }
  test::ScratchFolder scratch_;
};

TEST_F(ReadPictureFile, GigabytesAreToldByTheirFirstBytes) {
  constexpr std::uint64_t gigabytes = 3'900'000'000;
  const fs::path hole = sparse("hole.jpg", "", gigabytes);
  const fs::path video = sparse("film",
                                std::string("\0\0\0\x18"
                                            "ftypisom",
                                            12),
                                gigabytes);
  const fs::path bitmap = sparse("large.bmp", "BM", gigabytes);
  forget_peak_memory();
  const std::uint64_t before = peak_memory_bytes();
  EXPECT_THAT([&] { read_picture_file(hole); }, ThrowsMessage<PictureError>(HasSubstr("not a picture")));
  EXPECT_THAT([&] { read_picture_file(video); }, ThrowsMessage<PictureError>(HasSubstr("MP4 videos")));
  EXPECT_THAT([&] { read_picture_file(bitmap); },
              ThrowsMessage<PictureError>(AllOf(HasSubstr("3.9 GB"), HasSubstr("at most 1.1 GB"))));
  EXPECT_LT(peak_memory_bytes(), before + 100'000'000);
}

TEST_F(ReadPictureFile, OthersAreReadWhole) {
  EXPECT_EQ(read_picture_file(sparse("small", "text", 10)).size(), 10u);
  EXPECT_EQ(read_picture_file(sparse("large.jpg", "\xFF\xD8\xFF\xE0", 3'000'000)).size(), 3'000'000u);
  EXPECT_THROW(read_picture_file(scratch_.path() / "missing"), Error);
  const fs::path pipe = scratch_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(read_picture_file(pipe), Error);
}

}  // namespace
}  // namespace bart
