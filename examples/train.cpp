// Trains a classifier on a folder with one sub-folder per class, through BART's library: watches every step
// and epoch, and stops early when a loss is small enough.
//
// build/examples/train FOLDER MODEL.pth LABELS.joblib

#include <bart/dataset/listing.h>
#include <bart/dataset/load.h>
#include <bart/dataset/split.h>
#include <bart/formats/joblib.h>
#include <bart/formats/pth.h>
#include <bart/platform/error.h>
#include <bart/platform/files.h>
#include <bart/training/train.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: train FOLDER MODEL.pth LABELS.joblib\n");
    return 2;
  }
  try {
    const bart::LoadedPictures pictures = bart::load_pictures(bart::list_folder(argv[1]), {.image_size = 32});
    const bart::Split split =
        bart::train_test_split(static_cast<std::uint32_t>(pictures.size()), 0.2, /*seed=*/10);
    const bart::Architecture architecture{.classes = static_cast<int>(pictures.classes.size()),
                                          .image_size = 32};

    bart::TrainEvents events;
    events.step = [](const bart::StepRecord& step, std::size_t done, std::size_t total) {
      std::printf("step %lld: loss %.4f, %zu of %zu pictures\n", static_cast<long long>(step.step),
                  static_cast<double>(step.loss), done, total);
      return step.loss > 0.01f;  // go on
    };
    events.epoch = [](const bart::EpochRecord& epoch) {
      std::printf("epoch %d: accuracy %.1f %%\n", epoch.epoch, epoch.validation_accuracy);
      return true;
    };
    const bart::TrainResult result =
        bart::train(pictures, split, architecture, {.epochs = 2, .batch_size = 4}, events);

    bart::write_file(argv[2], bart::encode_pth(result.model));
    bart::write_file(argv[3], bart::encode_label_encoder(pictures.classes));
  } catch (const bart::Error& error) {
    std::fprintf(stderr, "train: %s\n", error.what());
    return 1;
  }
}
