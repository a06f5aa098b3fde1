// Judges a trained model on a folder with one sub-folder a class, through BART's library.
//
//   build/examples/evaluate BART-10M.pth label_encoder.joblib FOLDER

#include <bart/dataset/listing.h>
#include <bart/dataset/load.h>
#include <bart/engine/engine.h>
#include <bart/model/model_file.h>
#include <bart/platform/error.h>
#include <bart/platform/threads.h>
#include <bart/training/metrics.h>
#include <bart/training/predictions.h>

#include <cstdio>
#include <numeric>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: evaluate MODEL LABELS FOLDER\n");
    return 2;
  }
  try {
    const int threads = bart::available_threads();
    const bart::ModelFile model = bart::read_model_file(argv[1], argv[2]);
    const bart::Architecture architecture = bart::architecture_of(model.state);

    const bart::Listing listing = bart::list_folder(argv[3]);
    if (listing.classes != model.classes) throw bart::Error("the folder's classes are not the model's");
    const bart::LoadedPictures pictures =
        bart::load_pictures(listing, {.image_size = architecture.image_size, .threads = threads});

    bart::Engine engine(architecture, {.threads = threads});
    engine.load(model.state);
    std::vector<std::uint32_t> all(pictures.size());
    std::iota(all.begin(), all.end(), 0u);
    const bart::Evaluation evaluation = bart::evaluate(bart::predictions_of(engine, pictures, all, 32));

    std::printf("%s", bart::classification_report_text(evaluation.report, model.classes).c_str());
    std::printf("accuracy %.4f, macro F1 %.4f, loss %.4f\n", evaluation.report.accuracy,
                evaluation.report.macro.f1, evaluation.loss);
  } catch (const bart::Error& error) {
    std::fprintf(stderr, "evaluate: %s\n", error.what());
    return 1;
  }
}
