#include "bart/checkpoint/data_fingerprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "training/random_pictures.h"

namespace bart {
namespace {

class DataFingerprintTest : public testing::Test {
 protected:
  std::string change() const { return difference(before_, fingerprint_of(now_, 1), now_.files); }

  LoadedPictures now_ = test::random_pictures(10, 2, 16);
  const DataFingerprint before_ = fingerprint_of(now_, 2);
};

TEST_F(DataFingerprintTest, TheSamePicturesDoNotDiffer) {
  EXPECT_EQ(change(), "");
}

TEST_F(DataFingerprintTest, ATouchedPixel) {
  now_.hashes[3] ^= 1;
  EXPECT_EQ(change(), "of its pictures 1 is not what it was (the first: class1/3.png)");
}

TEST_F(DataFingerprintTest, ARenamedPicture) {
  now_.files[4] = "class0/other.png";
  EXPECT_EQ(change(), "of its pictures 1 is gone, 1 is new (the first: class0/other.png)");
}

TEST_F(DataFingerprintTest, APictureOfAnotherClass) {
  now_.labels[4] = 1;
  EXPECT_EQ(change(), "of its pictures 1 is gone, 1 is new (the first: class0/4.png)");
}

TEST_F(DataFingerprintTest, ARenamedClass) {
  now_.classes[1] = "other";
  EXPECT_EQ(change(), "its classes are different");
}

TEST_F(DataFingerprintTest, AnotherOrder) {
  std::swap(now_.files[0], now_.files[2]);
  std::swap(now_.hashes[0], now_.hashes[2]);
  EXPECT_EQ(change(), "its pictures come in another order");
}

}  // namespace
}  // namespace bart
