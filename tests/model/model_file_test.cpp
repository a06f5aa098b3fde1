#include "bart/model/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "bart/network/state_dict.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/random/mt19937.h"
#include "scratch_folder.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A file of zeros that takes no place on the disk.
void write_sparse(const fs::path& path, std::uintmax_t size) {
  write_file(path, "");
  fs::resize_file(path, size);
}

TEST(ModelFile, OfGigabytesIsToldByItsFirstBytes) {
  const test::ScratchFolder scratch;
  const fs::path model = scratch.path() / "huge.pth";
  write_sparse(model, std::uintmax_t{8} << 30);  // read_file() would refuse its size
  EXPECT_THAT([&] { read_model_bytes(model); },
              ThrowsMessage<Error>(HasSubstr("huge.pth: no PyTorch model: torch.save writes a zip archive")));
}

TEST(ModelFile, ThatBeginsAsAModelIsReadUpToALimit) {
  const test::ScratchFolder scratch;
  const fs::path model = scratch.path() / "huge.pth";
  write_file(model, "PK\x03\x04");
  fs::resize_file(model, std::uintmax_t{8} << 30);
  EXPECT_THAT([&] { read_model_bytes(model); }, ThrowsMessage<Error>(HasSubstr("more than the 1073741824")));
}

TEST(ModelFile, TakesNoLabelsOfHundredsOfMegabytes) {
  const test::ScratchFolder scratch;
  Mt19937 generator(1);
  const ModelFile model{.state = initial_state({.classes = 2, .image_size = 16}, generator), .classes = {}};
  const fs::path labels = scratch.path() / "label_encoder.joblib";
  write_sparse(labels, std::uintmax_t{200} << 20);
  EXPECT_THAT([&] { with_labels(model, "m.pth", labels, true); },
              ThrowsMessage<Error>(HasSubstr("more than the 67108864")));
}

}  // namespace
}  // namespace bart
