// Predicts the classes of pictures with a trained model, through BART's library.
//
//   cmake -S examples -B build/examples -D CMAKE_PREFIX_PATH=<where BART was installed>
//   cmake --build build/examples
//   build/examples/predict BART-10M.pth label_encoder.joblib PICTURE...

#include <bart/model/model.h>
#include <bart/pictures/decode.h>
#include <bart/platform/error.h>
#include <bart/platform/files.h>

#include <algorithm>
#include <cstdio>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: predict MODEL LABELS PICTURE...\n");
    return 2;
  }
  try {
    bart::Model classifier = bart::Model::load(argv[1], argv[2]);

    std::vector<bart::Picture> pictures;
    for (int i = 3; i < argc; ++i) pictures.push_back(bart::decode_picture(bart::read_file(argv[i])).picture);

    const std::vector<float> probabilities = classifier.predict_proba(pictures);
    const std::size_t classes = classifier.classes().size();
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      const auto row = probabilities.begin() + static_cast<std::ptrdiff_t>(i * classes);
      const auto best = std::max_element(row, row + static_cast<std::ptrdiff_t>(classes));
      std::printf("%s: %s (%.1f %%)\n", argv[i + 3],
                  classifier.classes()[static_cast<std::size_t>(best - row)].c_str(),
                  100.0 * static_cast<double>(*best));
    }
  } catch (const bart::Error& error) {
    std::fprintf(stderr, "predict: %s\n", error.what());
    return 1;
  }
}
