// Measures how fast an NVIDIA GPU trains and evaluates the original's network through BART's library.
//
// build/examples/gpu_speed [GPU [BATCH...]]

#include <bart/cuda/open_gpu.h>
#include <bart/engine/engine.h>
#include <bart/network/dropout.h>
#include <bart/platform/error.h>
#include <bart/platform/timing.h>
#include <bart/random/mt19937.h>

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace {

constexpr int warm_up_rounds = 5, rounds = 30;

/// The median time of a call, in seconds.
template <class Call>
double seconds_of_call(const Call& call) {
  std::vector<double> seconds;
  for (int round = 0; round < warm_up_rounds + rounds; ++round) {
    const double taken = bart::seconds_of(call);
    if (round >= warm_up_rounds) seconds.push_back(taken);
  }
  return bart::median_of(std::move(seconds));
}

void measure(bart::Device& gpu, const char* name, bart::Precision precision, int batch_size) {
  const bart::Architecture architecture{.classes = 42};
  bart::Engine engine(gpu.backend(architecture, precision, precision));
  bart::Mt19937 words(10);
  engine.load(bart::initial_state(architecture, words));
  const std::size_t bytes = 128 * 128 * 3, n = static_cast<std::size_t>(batch_size);
  std::vector<std::uint8_t> pixels(n * bytes);
  for (std::uint8_t& value : pixels) value = static_cast<std::uint8_t>(words.next() >> 24);
  std::vector<const std::uint8_t*> pictures;
  for (std::size_t i = 0; i < n; ++i) pictures.push_back(pixels.data() + i * bytes);
  std::vector<std::int32_t> labels(n);
  for (std::int32_t& label : labels) label = static_cast<std::int32_t>(words.next() % 42);
  const bart::DropoutMasks masks = bart::draw_dropout_masks(architecture, batch_size, words);
  std::vector<float> logits(n * 42);
  // As a training does it: the pictures are on the GPU, and results are asked for after some steps.
  constexpr int started = 16;
  engine.device_training()->keep_pictures(pictures, architecture.image_size);
  const double steps = seconds_of_call([&] {
    for (int i = 0; i < started; ++i) engine.start_step({.pictures = pictures, .labels = labels}, masks, {});
    engine.finish_steps();
  });
  const double step = steps / started;
  const double evaluation = seconds_of_call([&] { engine.evaluate(pictures, logits); });
  std::printf("%-5s batch %4d: training %9.0f images/s, evaluation %9.0f images/s\n", name, batch_size,
              batch_size / step, batch_size / evaluation);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto gpu = bart::open_gpu(argc > 1 ? std::atoi(argv[1]) : 0);
    std::printf("%s\n", gpu->name().c_str());
    std::vector<int> batch_sizes;
    for (int i = 2; i < argc; ++i) batch_sizes.push_back(std::atoi(argv[i]));
    if (batch_sizes.empty()) batch_sizes = {32, 256};
    for (const int batch_size : batch_sizes) {
      if (batch_size < 1) throw bart::Error("a batch has at least one picture");
      measure(*gpu, "f32", bart::Precision::f32, batch_size);
      measure(*gpu, "tf32", bart::Precision::tf32, batch_size);
      measure(*gpu, "bf16", bart::Precision::bf16, batch_size);
    }
  } catch (const bart::Error& error) {
    std::fprintf(stderr, "gpu_speed: %s\n", error.what());
    return 1;
  }
}
