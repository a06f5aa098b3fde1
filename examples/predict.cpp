// Predicts the classes of pictures with a trained model, through BART's library.
//
//   cmake -S examples -B build/examples -G Ninja -D CMAKE_PREFIX_PATH=<where BART was installed>
//   cmake --build build/examples
//   build/examples/predict BART-10M.pth PICTURE...

#include <bart/model/model.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: predict MODEL PICTURE...\n");
    return 2;
  }
  try {
    const bart::Model model = bart::Model::load(argv[1]);
    for (int i = 2; i < argc; ++i) {
      const bart::ClassProbability best = model.predict(argv[i]);
      std::printf("%s: %s (%.1f %%)\n", argv[i], best.name.c_str(), 100.0 * best.probability);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "predict: %s\n", error.what());
    return 1;
  }
}
