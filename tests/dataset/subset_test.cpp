// The real subset against the reference run. Golden: tests/goldens/make_dataset.py.
#include <gtest/gtest.h>

#include <algorithm>

#include "bart/dataset/batch_order.h"
#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/platform/threads.h"
#include "golden.h"
#include "places.h"

namespace bart {
namespace {

TEST(Subset, PicturesLabelsSplitAndEveryBatchOfThreeEpochsEqualTheReferences) {
  const std::filesystem::path folder = test::shared_folder() / "data" / "simpsons_subset";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not here";
  const LoadedPictures pictures =
      load_pictures(list_folder(folder), {.threads = available_threads(), .strict = true});

  const auto pixels = test::read_golden("subset_pictures.tsv");
  ASSERT_EQ(pictures.size(), pixels.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    EXPECT_EQ(pictures.files[i], pixels[i][0]);
    EXPECT_EQ(test::crc32_of(std::span(pictures.picture(i), 128 * 128 * 3)), pixels[i][1])
        << pictures.files[i];
  }
  EXPECT_TRUE(pictures.converted.empty());

  const Split split = train_test_split(static_cast<std::uint32_t>(pictures.size()), 0.2, 10);
  BatchOrder order(10, static_cast<std::uint32_t>(split.train.size()));
  std::vector<std::uint32_t> epoch;  // what is left of it
  std::size_t classes = 0, batches = 0;
  for (const std::vector<std::string>& row : test::read_golden("subset_dataset.tsv")) {
    if (row[0] == "class") {
      ASSERT_LT(classes, pictures.classes.size());
      EXPECT_EQ(pictures.classes[classes++], row[1]);
    } else if (row[0] == "labels") {
      EXPECT_EQ(test::crc32_of(pictures.labels), row[1]);
    } else if (row[0] == "train") {
      EXPECT_EQ(test::crc32_of(split.train), row[1]);
    } else if (row[0] == "test") {
      EXPECT_EQ(test::crc32_of(split.test), row[1]);
    } else if (row[0] == "sizes") {
      const auto text = [](std::pair<int, int> size) {
        return std::to_string(size.first) + "x" + std::to_string(size.second);
      };
      EXPECT_EQ(text(*pictures.sizes.begin()), row[1]);
      EXPECT_EQ(text(*pictures.sizes.rbegin()), row[2]);
      EXPECT_EQ(pictures.sizes.size(), std::stoul(row[3]));
    } else {
      if (epoch.empty()) epoch = order.next_epoch();
      const auto batch_size = static_cast<std::ptrdiff_t>(std::min<std::size_t>(32, epoch.size()));
      EXPECT_EQ(std::to_string(batch_size), row[1]);
      std::vector<std::uint32_t> batch;
      for (auto i = epoch.begin(); i != epoch.begin() + batch_size; ++i) batch.push_back(split.train[*i]);
      epoch.erase(epoch.begin(), epoch.begin() + batch_size);
      EXPECT_EQ(test::crc32_of(batch), row[2]) << "batch " << batches;
      ++batches;
    }
  }
  EXPECT_EQ(classes, 42u);
  EXPECT_EQ(pictures.classes.size(), 42u);
  EXPECT_EQ(batches, 3u * 52);
  EXPECT_TRUE(epoch.empty());
}

}  // namespace
}  // namespace bart
