#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "bart/augment/augmentation.h"
#include "bart/dataset/batch_order.h"
#include "bart/dataset/load.h"
#include "bart/dataset/split.h"
#include "bart/engine/engine.h"
#include "bart/network/architecture.h"
#include "bart/network/state_dict.h"
#include "bart/platform/error.h"
#include "bart/platform/progress.h"
#include "bart/random/mt19937.h"
#include "bart/training/augmented_batch.h"
#include "bart/training/average.h"
#include "bart/training/metrics.h"
#include "bart/training/schedule.h"

namespace bart {

struct TrainOptions {
  int epochs = 20;
  int batch_size = 32;
  double learning_rate = 0.001;
  std::uint32_t seed = 10;
  std::optional<std::int64_t> max_steps =
      {};  // stop after so many optimizer steps, without a last validation
  int threads = 1;
  Precision precision = Precision::f32;
  bool exact = false;  // see EngineOptions
  bool balanced_classes =
      false;             // pictures of rare classes weigh more: n / (classes * pictures of the class)
  double clip_norm = 0;  // above 0: gradients are scaled down to this norm, all together
  ScheduleKind schedule = ScheduleKind::constant;  // of the learning rate, over the steps of all epochs
  double warm_up_epochs = 0;                       // of the schedule
  Optimizer optimizer = {};
  double label_smoothing = 0;
  /// Above 0: each class's logit is raised by this times the logarithm of its share of the training pictures,
  /// in the loss alone, so that the network need not learn which classes are rare.
  double logit_adjustment = 0;
  Augmentation augmentation = {};
  int mild_epochs = 0;  // so many last epochs have mild_augmentation() instead
  /// What augmented pictures are made of: the training pictures alone, larger, in the order of Split::train.
  /// They must outlive the training. nullptr: augmented pictures are made of the pictures themselves.
  const LoadedPictures* larger_pictures = nullptr;
  /// Above 0: the model is a moving average of the weights that keeps this share of itself in each step.
  double average_decay = 0;
};

/// One optimizer step. Steps and epochs count from 1.
struct StepRecord {
  std::int64_t step;
  int epoch;
  float loss;
  double learning_rate = 0;
  double gradient_norm = 0;  // of all gradients together, before they were scaled down
  bool operator==(const StepRecord&) const = default;
};

/// One finished epoch, as the original logs it: the loss is the unweighted mean over batches.
struct EpochRecord {
  int epoch = 0;
  double loss = 0;
  double train_accuracy = 0;       // percent
  double validation_accuracy = 0;  // percent; NaN, as the others of a validation, where there was none
  double validation_macro_f1 = 0;  // scikit-learn's f1_score(average="macro")
  double validation_loss = 0;      // mean over pictures
  double train_seconds = 0;
  double validation_seconds = 0;
  double learning_rate = 0;      // of its last step
  double images_per_second = 0;  // of training, without the validation
  double gradient_norm = 0;      // mean over batches
  bool operator==(const EpochRecord&) const = default;
};

/// How far a training has come, between two steps.
struct TrainingProgress {
  Mt19937 generator;  // PyTorch's global one: initial weights, dropout masks, the validation loader's seeds
  BatchOrder order;   // the training loader's, as it was before it drew the present epoch
  int epoch = 1;      // the present one; one more than all when the training is over
  std::uint64_t done = 0;  // pictures of it that were trained on
  double loss_sum = 0;     // of its steps
  std::uint64_t correct = 0;
  double seconds = 0;  // that its steps took
  double gradient_norm_sum = 0;
  std::vector<StepRecord> steps = {};
  std::vector<EpochRecord> epochs = {};
  /// The training ended early with its last epoch, whose figures are those of the averaged model with settled
  /// statistics: see TrainEvents::last_epoch.
  bool ended_early = false;
};

/// All that a training goes on from, beside the pictures: a value that can be kept.
struct TrainingState {
  TrainingProgress progress;
  StateDict model;
  AdamState adam;
  ModelAverage average = {};  // where there is one
};

/// Where weights come from: PyTorch's defaults, or he_initial_state().
enum class InitialValues { pytorch, he };

/// The state before the first step: initial weights, and PyTorch's generators for `seed`.
TrainingState initial_training_state(const Architecture& architecture, std::uint32_t seed,
                                     std::size_t train_pictures,
                                     InitialValues values = InitialValues::pytorch);

/// The loss is not finite any more.
class DivergedError : public Error {
 public:
  using Error::Error;
};

/// What a caller may watch. Each is called between steps, on the calling thread, which may then ask the
/// Training for its state; an empty one is skipped.
struct TrainEvents {
  /// Pictures done of this epoch's training set, after each step; false stops the training there.
  std::function<bool(const StepRecord&, std::size_t done, std::size_t total)> step = {};
  /// Pictures done during a validation; false stops the training before this validation,
  /// which is then done again.
  std::function<bool(std::size_t done, std::size_t total)> validation = {};
  /// After a validation: whether the training is to end early, after the epoch with these figures, which is
  /// not yet in Training::progress(). The statistics of an average are then settled and it is validated
  /// again, so that the figures of the last epoch are those of the model that the training leaves.
  std::function<bool(const EpochRecord&)> last_epoch = {};
  /// After each epoch's validation; false stops the training there.
  std::function<bool(const EpochRecord&)> epoch = {};
};

/// Trains a network as the original does: PyTorch's batch order and dropout masks, cross entropy, Adam, a
/// validation after every epoch (on split.validation, or where there is none on the test set). May stop after
/// any step; another Training that is given its state goes on as if nothing had happened, to the last bit.
class Training {
 public:
  /// Keeps a reference to `pictures`. Throws Error when architecture, pictures, split and state do not fit
  /// together: among others where the split names a picture that is not there, or a label is no class.
  Training(const LoadedPictures& pictures, Split split, const Architecture& architecture,
           const TrainOptions& options, TrainingState from);
  Training(LoadedPictures&&, Split, const Architecture&, const TrainOptions&, TrainingState) = delete;
  /// On an engine that is there already, whose architecture is the network's. Its threads, precision and
  /// exactness are its own, those of `options` do not count.
  Training(const LoadedPictures& pictures, Split split, Engine engine, const TrainOptions& options,
           TrainingState from);

  /// Goes on until all epochs or options.max_steps are done, or an event says stop. After the last planned
  /// epoch the statistics of an average are settled. Throws DivergedError.
  void run(const TrainEvents& events = {});

  /// Whether all epochs are done.
  bool finished() const { return progress_.epoch > options_.epochs; }
  const TrainingProgress& progress() const { return progress_; }
  /// The model that the training has come to: the average if there is one, else the weights of the last step.
  StateDict model();
  /// The weights of the last step, even if there is an average.
  StateDict last_model();
  /// Recomputes the running statistics of the average's BatchNorm layers with the averaged weights, on
  /// training pictures as they are, for a training that ends here: what model() returns has them until the
  /// next step. Has no effect without an average. state() stays as it is, so that a training that goes on
  /// from it computes the same bits.
  void settle_statistics();
  /// Throws DivergedError when outputs of model() are not finite, which the last step may have caused without
  /// any loss showing it.
  void check_outputs();
  /// Evaluates model() on the pictures `indices` and changes nothing.
  Evaluation evaluate_on(std::span<const std::uint32_t> indices, const OnProgress& progress = {});
  /// Gives the engine's memory for activations back first, so that the copy does not add to the most that is
  /// taken.
  TrainingState state();

 private:
  void begin_epoch();
  void step();
  bool end_epoch(const TrainEvents& events);
  bool validate(EpochRecord& record, const TrainEvents& events);
  DivergedError outputs_not_finite() const;
  bool enough_steps() const;
  bool averages() const { return !average_.model.empty(); }
  std::int64_t steps_of_all_epochs() const;
  Schedule schedule() const;

  const LoadedPictures& pictures_;
  Split split_;
  TrainOptions options_;
  std::vector<float> class_weights_;      // empty: all 1
  std::vector<float> logit_adjustments_;  // empty: all 0
  AugmentedBatch augmented_;
  Engine engine_;
  ModelAverage average_;
  StateDict settled_;  // the average with settled statistics; empty: they are not settled since the last step
  TrainingProgress progress_;
  BatchOrder next_order_;              // progress_.order after it drew the present epoch
  std::vector<std::uint32_t> visits_;  // the present epoch, as indices into split_.train
};

enum class BestBy { accuracy, macro_f1 };

/// The epoch with the best validation figure, the first of equals; 0 where there is none.
int best_epoch(std::span<const EpochRecord> epochs, BestBy by);

struct TrainResult {
  StateDict model;
  std::vector<StepRecord> steps;
  std::vector<EpochRecord> epochs;
  bool stopped = false;  // by max_steps or by an event, before all epochs were done
};

/// A whole training, from the initial weights of options.seed.
TrainResult train(const LoadedPictures& pictures, const Split& split, const Architecture& architecture,
                  const TrainOptions& options, const TrainEvents& events = {});

}  // namespace bart
