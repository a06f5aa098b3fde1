#include "bart/report/augmentation_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "bart/pictures/encode_png.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "scratch_folder.h"

namespace bart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AugmentationPage : public testing::Test {
 protected:
  /// Pictures 0.png, 1.png, … of one colour each.
  std::vector<std::string> write_pictures(int count) {
    std::vector<std::string> files;
    for (int i = 0; i < count; ++i) {
      const Picture picture{8, 8, std::vector<std::uint8_t>(8 * 8 * 3, static_cast<std::uint8_t>(8 * i))};
      files.push_back(std::to_string(i) + ".png");
      write_file(scratch_.path() / files.back(), encode_png(picture));
    }
    return files;
  }
  /// The files that the rows of the page name.
  static std::vector<std::string> files_of(const std::string& page) {
    const std::regex row("<tr><td>([^<]*)</td>");
    std::vector<std::string> files;
    for (std::sregex_iterator at(page.begin(), page.end(), row), end; at != end; ++at)
      files.push_back((*at)[1]);
    return files;
  }

  test::ScratchFolder scratch_;
};

TEST_F(AugmentationPage, ShowsTwelvePicturesEvenlySpaced) {
  const std::string page =
      augmentation_page(scratch_.path(), write_pictures(30), augmentation_of("mirror=0.5"), 1);
  EXPECT_THAT(files_of(page), ElementsAre("1.png", "3.png", "6.png", "8.png", "11.png", "13.png", "16.png",
                                          "18.png", "21.png", "23.png", "26.png", "28.png"));
  EXPECT_THAT(page, HasSubstr("<code>mirror=0.5</code>"));
}

TEST_F(AugmentationPage, ShowsEveryPictureOfAFewAsItIsAndInEightEpochs) {
  const std::string page =
      augmentation_page(scratch_.path(), write_pictures(2), augmentation_of("shift=0.4"), 1);
  EXPECT_THAT(files_of(page), ElementsAre("0.png", "1.png"));
  std::size_t images = 0;
  for (std::size_t at = 0; (at = page.find("<img ", at)) != std::string::npos; ++at) ++images;
  EXPECT_EQ(images, 2u * 9);
  EXPECT_TRUE(files_of(augmentation_page(scratch_.path(), {}, {}, 1)).empty());
}

TEST_F(AugmentationPage, TheChangesAreThoseOfThePlaceInTheDataSet) {
  std::vector<std::string> files = write_pictures(2);
  const Augmentation turned = augmentation_of("brightness=0.5");
  const std::string page = augmentation_page(scratch_.path(), files, turned, 1);
  EXPECT_EQ(augmentation_page(scratch_.path(), files, turned, 1), page);
  EXPECT_NE(augmentation_page(scratch_.path(), files, turned, 2), page);
  // The same picture in another place of the data set.
  write_file(scratch_.path() / "0.png", read_file(scratch_.path() / "1.png"));
  const std::string same = augmentation_page(scratch_.path(), files, turned, 1);
  const auto row = [&](const std::string& of, const std::string& file) {
    const std::size_t begin = of.find("</td>", of.find("<tr><td>" + file));
    return of.substr(begin, of.find("</tr>", begin) - begin);
  };
  EXPECT_NE(row(same, "0.png"), row(same, "1.png"));
  EXPECT_EQ(row(same, "1.png"), row(page, "1.png"));
}

TEST_F(AugmentationPage, AFileThatIsGoneIsNamed) {
  std::vector<std::string> files = write_pictures(2);
  std::filesystem::remove(scratch_.path() / files[1]);
  EXPECT_THAT([&] { augmentation_page(scratch_.path(), files, {}, 1); },
              testing::ThrowsMessage<Error>(HasSubstr("1.png")));
}

}  // namespace
}  // namespace bart
