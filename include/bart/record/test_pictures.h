#pragma once

#include <filesystem>
#include <string>

#include "bart/dataset/listing.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/record/run_folder.h"

namespace bart {

/// The content of test_pictures.csv: for each picture of inference_images/ the file that it was made from,
/// relative to the data folder, the size of that file in bytes, and its class.
std::string encode_test_pictures(const std::filesystem::path& data_folder, const LoadedPictures& pictures,
                                 const Split& split);

/// The test pictures of a training. Throws Error when test_pictures.csv cannot be read, or when one of the
/// files is no longer in `data_folder` or has another size than before.
Listing recorded_test_pictures(const RunFolder& run, const std::filesystem::path& data_folder);

/// Throws Error when one of `pictures`, which recorded_test_pictures() listed and which were read as the
/// training read them, has other pixels than in the training. It is not known for trainings of BART 0.1.
void check_unchanged(const RunFolder& run, const std::filesystem::path& data_folder,
                     const LoadedPictures& pictures);

/// What a training was tested on, to test its model on it again.
struct RecordedTest {
  Listing pictures;
  bool apply_exif_orientation = true;  // how the training read them
  bool unfinished = false;  // the training has not ended: a model in its folder may be of an earlier one,
                            // which may have been trained on these pictures
};

/// The test pictures of a training, where its record says that they lie. Throws Error as
/// recorded_test_pictures() does, and when there is no record.
RecordedTest recorded_test(const RunFolder& run);

}  // namespace bart
