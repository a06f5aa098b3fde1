#include "bart/training/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>

#include "bart/dataset/batch_order.h"
#include "bart/engine/engine.h"
#include "bart/network/dropout.h"
#include "bart/platform/error.h"
#include "bart/random/torch.h"
#include "bart/training/metrics.h"
#include "bart/training/predictions.h"

namespace bart {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void check(const LoadedPictures& pictures, const Split& split, const Architecture& architecture,
           const TrainOptions& options) {
  if (architecture.classes != static_cast<int>(pictures.classes.size())) {
    throw Error(fmt::format("the network has {} classes, the data set {}", architecture.classes,
                            pictures.classes.size()));
  }
  if (architecture.image_size != pictures.image_size) {
    throw Error(fmt::format("the network takes pictures of {0} x {0}, these are {1} x {1}",
                            architecture.image_size, pictures.image_size));
  }
  if (split.train.empty() || split.test.empty())
    throw Error("a split that leaves a side empty cannot be trained on");
  if (options.batch_size < 1 || options.epochs < 0 || !(options.learning_rate > 0)) {
    throw UsageError("batch size and learning rate must be above 0, epochs at least 0");
  }
}

}  // namespace

TrainResult train(const LoadedPictures& pictures, const Split& split, const Architecture& architecture,
                  const TrainOptions& options, const TrainEvents& events) {
  check(pictures, split, architecture, options);

  // PyTorch's two generators: the global one (initial weights, dropout masks, the validation loader's seed)
  // and the training loader's own.
  Mt19937 global(options.seed);
  BatchOrder order(options.seed, static_cast<std::uint32_t>(split.train.size()));

  TrainResult result;
  result.state = initial_state(architecture, global);
  if (options.epochs == 0) return result;

  Engine engine(architecture, {.threads = options.threads});
  engine.load(result.state);

  std::vector<const std::uint8_t*> batch_pictures;
  std::vector<std::int32_t> batch_labels;
  for (int epoch = 1; epoch <= options.epochs && !result.stopped; ++epoch) {
    const auto train_start = std::chrono::steady_clock::now();
    const std::vector<std::uint32_t> visits = order.next_epoch();
    double loss_sum = 0;
    std::size_t correct = 0;
    std::size_t batches = 0;
    for (std::size_t done = 0; done < visits.size() && !result.stopped; ++batches) {
      const std::size_t n = std::min(visits.size() - done, static_cast<std::size_t>(options.batch_size));
      batch_pictures.clear();
      batch_labels.clear();
      for (const std::uint32_t visit : std::span(visits).subspan(done, n)) {
        const std::uint32_t i = split.train[visit];
        batch_pictures.push_back(pictures.picture(i));
        batch_labels.push_back(pictures.labels[i]);
      }
      const DropoutMasks masks = draw_dropout_masks(architecture, static_cast<int>(n), global);
      const StepResult step = engine.forward_backward({batch_pictures, batch_labels}, masks);
      const std::int64_t number = static_cast<std::int64_t>(result.steps.size()) + 1;
      if (!std::isfinite(step.loss)) {
        throw Error(
            fmt::format("the loss became {} at step {} (epoch {}, learning rate {}): train with a "
                        "smaller --lr",
                        step.loss, number, epoch, options.learning_rate));
      }
      engine.adam_step(options.learning_rate);

      loss_sum += step.loss;
      correct += static_cast<std::size_t>(step.correct);
      done += n;
      result.steps.push_back({number, epoch, step.loss});
      result.stopped = options.max_steps && number >= *options.max_steps;
      if (events.step && !events.step(result.steps.back(), done, visits.size())) result.stopped = true;
    }
    if (result.stopped) break;

    const double train_seconds = seconds_since(train_start);
    const auto validation_start = std::chrono::steady_clock::now();
    // The validation loader draws its base seed from the global generator, which moves the masks that follow.
    torch_random64(global);
    const Evaluation validation =
        evaluate(predictions_of(engine, pictures, split.test, options.batch_size, events.validation));
    result.epochs.push_back(
        {.epoch = epoch,
         .loss = loss_sum / static_cast<double>(batches),
         .train_accuracy = 100.0 * static_cast<double>(correct) / static_cast<double>(visits.size()),
         .validation_accuracy =
             100.0 * static_cast<double>(validation.report.right) / static_cast<double>(split.test.size()),
         .validation_macro_f1 = validation.report.macro.f1,
         .validation_loss = validation.loss,
         .train_seconds = train_seconds,
         .validation_seconds = seconds_since(validation_start)});
    if (events.epoch) events.epoch(result.epochs.back());
  }
  result.state = engine.state();
  return result;
}

}  // namespace bart
