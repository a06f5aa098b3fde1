#include "bart/network/dropout.h"

#include <gmock/gmock.h>

#include "bart/network/state_dict.h"
#include "bart/random/torch.h"
#include "golden.h"

namespace bart {
namespace {

// Golden: tests/goldens/make_network.py, the masks of PyTorch's own layers over 1657 training pictures.
TEST(DropoutMasks, FirstStepsAndTheFirstAfterAValidationEqualPyTorchs) {
  const Architecture architecture{.classes = 42};
  Mt19937 generator(10);
  initial_state(architecture, generator);
  int step = 0;
  for (const std::vector<std::string>& row : test::read_golden("network_dropout.tsv")) {
    DropoutMasks masks;
    const int golden_step = std::stoi(row[0]);
    while (step < golden_step) {
      if (step == 52) torch_random64(generator);  // the validation's DataLoader draws its base seed
      masks = draw_dropout_masks(architecture, step % 52 == 51 ? 25 : 32, generator);
      ++step;
    }
    ASSERT_EQ(masks.size(), 6u);
    for (std::size_t i = 0; i < masks.size(); ++i) {
      EXPECT_EQ(test::crc32_of(masks[i]), row[2 + i]) << "step " << step << ", dropout layer " << i;
    }
  }
  EXPECT_EQ(step, 53);
}

TEST(DropoutMasks, LayersWithoutDropoutKeepAllAndDrawNothing) {
  Mt19937 generator(1);
  Mt19937 untouched = generator;
  const DropoutMasks masks = draw_dropout_masks(
      {.classes = 2, .image_size = 4, .blocks = {{3, 0}}, .hidden = {{5, 0}}}, 2, generator);
  EXPECT_THAT(masks, testing::ElementsAre(std::vector<std::uint8_t>(6, 1), std::vector<std::uint8_t>(10, 1)));
  EXPECT_EQ(generator.next(), untouched.next());
}

}  // namespace
}  // namespace bart
