#include "bart/model/checked_export.h"

#include <gtest/gtest.h>

#include "bart/formats/joblib.h"
#include "bart/pictures/encode_png.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/sample/sample.h"
#include "scratch_folder.h"

namespace bart {
namespace {

TEST(PicturesToCompare, AreTheFirstOfTheFolder) {
  const test::ScratchFolder scratch;
  // A PNG may have the name that the original's test pictures have.
  for (int i = 0; i < 3; ++i) {
    write_file(scratch.path() / ("pic_" + std::to_string(i) + ".jpg"), encode_png(draw_face(i, 7)));
  }
  const ComparedPictures two = pictures_to_compare(scratch.path(), 2);
  EXPECT_FALSE(two.drawn);
  ASSERT_EQ(two.pictures.size(), 2u);
  EXPECT_EQ(two.pictures[1].pixels, draw_face(1, 7).pixels);
  EXPECT_EQ(pictures_to_compare(scratch.path()).pictures.size(), 3u);
  scratch.write("pic_1.jpg", "no picture");
  EXPECT_EQ(pictures_to_compare(scratch.path()).pictures.size(), 1u);
}

TEST(PicturesToCompare, AreDrawnIfThereAreNone) {
  const test::ScratchFolder scratch;
  for (const std::filesystem::path& folder : {scratch.path(), scratch.path() / "nothing"}) {
    const ComparedPictures drawn = pictures_to_compare(folder, 5);
    EXPECT_TRUE(drawn.drawn);
    ASSERT_EQ(drawn.pictures.size(), 5u);
    EXPECT_NE(drawn.pictures[0].pixels, drawn.pictures[1].pixels);
  }
}

TEST(CheckNamesNoOthers, ProtectsTheLabelsOfAnotherModel) {
  const test::ScratchFolder scratch;
  const std::filesystem::path labels = scratch.path() / "label_encoder.joblib";
  EXPECT_NO_THROW(check_names_no_others(labels, {"ann", "bo"}));
  write_file(labels, encode_label_encoder({"ann", "bo"}));
  EXPECT_NO_THROW(check_names_no_others(labels, {"ann", "bo"}));
  EXPECT_THROW(check_names_no_others(labels, {"bo", "ann"}), Error);
}

}  // namespace
}  // namespace bart
