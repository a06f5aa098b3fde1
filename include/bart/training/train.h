#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
#include "bart/platform/group.h"
#include "bart/platform/progress.h"
#include "bart/random/mt19937.h"
#include "bart/training/augmented_batch.h"
#include "bart/training/average.h"
#include "bart/training/metrics.h"
#include "bart/training/predictions.h"
#include "bart/training/schedule.h"

namespace bart {

struct TrainOptions {
  int epochs = 20;
  int batch_size = 32;
  double learning_rate = 0.001;
  std::uint32_t seed = 10;
  std::optional<std::int64_t> max_steps =
      {};           // stop after this many optimizer steps, without a validation at the end
  int threads = 0;  // 0: what this process may use
  Precision precision = Precision::f32;
  bool exact = false;  // see EngineOptions
  int slices = 1;      // see EngineOptions
  /// The processes that compute each step and each validation together, see EngineOptions. All of them train
  /// with the same pictures, options, state and events, and come to the same results. nullptr: this one
  /// alone.
  Group* group = nullptr;
  std::shared_ptr<Device> device = nullptr;  // see EngineOptions
  bool balanced_classes =
      false;  // pictures of rare classes have larger weights: n / (classes * pictures of the class)
  double clip_norm = 0;  // above 0: all gradients together are scaled down to this norm
  ScheduleKind schedule = ScheduleKind::constant;  // of the learning rate, over the steps of all epochs
  double warm_up_epochs = 0;                       // of the schedule
  Optimizer optimizer = {};
  double label_smoothing = 0;
  /// Above 0: the logit of each class is raised by this times the logarithm of its share of the training
  /// pictures. This is done only in the loss, so that the network need not learn which classes are rare.
  double logit_adjustment = 0;
  Augmentation augmentation = {};
  int mild_epochs = 0;  // the number of last epochs, which have mild_augmentation() instead
  /// What augmented pictures are made of: the training pictures alone, larger, in the order of Split::train.
  /// They must outlive the training. nullptr: augmented pictures are made of the pictures themselves.
  const LoadedPictures* larger_pictures = nullptr;
  /// Above 0: the model is a moving average of the weights that keeps this share of itself in each step.
  double average_decay = 0;
  /// At the end the last layer is multiplied by the factor with which the probabilities fit best, on training
  /// pictures that are augmented anew.
  bool calibrate = false;
  /// Each epoch validates what settle() makes of the model, for a training that chooses among its epochs. Its
  /// figures are then those of the model that a training of only these epochs leaves.
  bool settles_every_epoch = false;
};

/// One optimizer step. Steps and epochs count from 1.
struct StepRecord {
  std::int64_t step;
  int epoch;
  float loss;
  double learning_rate = 0;
  double gradient_norm = 0;  // the norm of all gradients together, before they are scaled down
  bool operator==(const StepRecord&) const = default;
};

/// A finished epoch as the original logs it: the loss is the unweighted mean over the batches.
struct EpochRecord {
  int epoch = 0;
  double loss = 0;
  double train_accuracy = 0;       // percent
  double validation_accuracy = 0;  // percent; NaN, like the other figures of a validation, if there was none
  double validation_macro_f1 = 0;  // scikit-learn's f1_score(average="macro")
  double validation_loss = 0;      // mean over pictures
  double train_seconds = 0;
  double validation_seconds = 0;
  double learning_rate = 0;      // of its last step
  double images_per_second = 0;  // of training, without the validation
  double gradient_norm = 0;      // mean over batches
  bool operator==(const EpochRecord&) const = default;
};

/// The progress of a training, between two steps.
struct TrainingProgress {
  Mt19937 generator;  // PyTorch's global generator: initial weights, dropout masks, seeds of the validation
                      // loader
  BatchOrder order;   // that of the training loader, before it drew the present epoch
  int epoch = 1;      // the present one, from 1; one more than the number of epochs when the training is over
  std::uint64_t done = 0;  // pictures of the present epoch that were trained on
  double loss_sum = 0;     // over the steps of the present epoch
  std::uint64_t correct = 0;
  double seconds = 0;  // that the steps of the present epoch took
  double gradient_norm_sum = 0;
  std::vector<StepRecord> steps = {};
  std::vector<EpochRecord> epochs = {};
  /// The training ended early with its last epoch, whose figures are those of the averaged model with settled
  /// statistics: see TrainEvents::last_epoch.
  bool ended_early = false;
};

/// Everything that a training goes on from, apart from the pictures: a value that can be saved.
struct TrainingState {
  TrainingProgress progress;
  StateDict model;
  AdamState adam;
  ModelAverage average = {};  // if there is one
};

/// The initial weights: PyTorch's defaults, or he_initial_state().
enum class InitialValues { pytorch, he };

/// The state before the first step: initial weights, and PyTorch's generators for `seed`.
TrainingState initial_training_state(const Architecture& architecture, std::uint32_t seed,
                                     std::size_t train_pictures,
                                     InitialValues values = InitialValues::pytorch);

/// The loss, a gradient or an output is no longer finite.
class DivergedError : public Error {
 public:
  using Error::Error;
};

/// The most steps on a device that are started before their results are asked for.
inline constexpr std::size_t most_steps_at_once = 16;

/// Functions that a training calls between two steps, on the calling thread. They may ask the Training for
/// its state. Empty ones are skipped.
struct TrainEvents {
  /// After each step, with the number of pictures done in this epoch. Returning false stops the training.
  /// Steps on a device (Engine::device_training()) are told when most_steps_at_once of them are done, or all
  /// of the epoch, and the training is then after the last of these.
  std::function<bool(const StepRecord&, std::size_t done, std::size_t total)> step = {};
  /// During a validation, with the number of pictures done. Returning false stops the training before this
  /// validation, which is done again when the training goes on.
  std::function<bool(std::size_t done, std::size_t total)> validation = {};
  /// After a validation: whether the training is to end early, after the epoch with these figures, which is
  /// not yet in Training::progress(). The statistics of an average are then settled and it is validated
  /// again, so that the figures of the last epoch are those of the model that the training leaves.
  std::function<bool(const EpochRecord&)> last_epoch = {};
  /// After the validation of each epoch. Returning false stops the training.
  std::function<bool(const EpochRecord&)> epoch = {};
};

/// Trains a network as the original does: PyTorch's batch order and dropout masks, cross entropy, Adam, a
/// validation after every epoch (on split.validation, or on the test set if that is empty). It may stop after
/// any step; another Training with its state goes on to the same bits as without the stop.
class Training {
 public:
  /// Keeps a reference to `pictures`. Throws Error when architecture, pictures, split and state do not fit
  /// together: for example when the split names a picture that does not exist, or a label is not a class.
  Training(const LoadedPictures& pictures, Split split, const Architecture& architecture,
           const TrainOptions& options, TrainingState from);
  Training(LoadedPictures&&, Split, const Architecture&, const TrainOptions&, TrainingState) = delete;
  /// Trains on an existing engine with its own architecture, device, threads, precision and exactness; those
  /// of `options` are ignored, except that options.threads make the augmented pictures.
  Training(const LoadedPictures& pictures, Split split, Engine engine, const TrainOptions& options,
           TrainingState from);
  Training(LoadedPictures&&, Split, Engine, const TrainOptions&, TrainingState) = delete;

  /// Goes on until all epochs or options.max_steps are done, or an event says stop. After the last planned
  /// epoch the statistics of an average are settled. Throws DivergedError.
  void run(const TrainEvents& events = {});

  /// One step at this learning rate instead of the schedule's, on a full batch: pictures of the epoch that do
  /// not fill a batch are left out, and the next epoch begins without a validation. For a learning rate range
  /// test. Throws DivergedError.
  const StepRecord& step_at(double learning_rate);

  /// Whether all epochs are done.
  bool finished() const { return progress_.epoch > options_.epochs; }
  const TrainingProgress& progress() const { return progress_; }
  /// The model that the training has come to: the average if there is one, else the weights of the last step.
  StateDict model();
  /// The weights of the last step, even if there is an average.
  StateDict last_model();
  /// For a model that is used: takes the steps after the last update into the average, recomputes the running
  /// statistics of its BatchNorm layers with the averaged weights, on training pictures as they are, and
  /// calibrates. What model() returns is settled until the next step. Has no effect without an average or a
  /// calibration, or before the first step. state() stays as it is, so that a training that goes on from it
  /// computes the same bits.
  void settle();
  /// Throws DivergedError when outputs of model() are not finite, which the last step may have caused without
  /// any loss showing it.
  void check_outputs();
  /// Evaluates model() on the pictures `indices` and changes nothing.
  Evaluation evaluate_on(std::span<const std::uint32_t> indices, const OnProgress& progress = {});
  /// The predictions of the last validation, as long as model() is the one that was validated; else nothing.
  const std::optional<Predictions>& last_predictions() const { return last_predictions_; }
  /// Returns the engine's memory for activations to the system first, so that the copy does not raise the
  /// peak memory.
  TrainingState state();

 private:
  void begin_epoch();
  void next_epoch();
  void prepare(DeviceTraining& device);
  std::int64_t steps() const;
  void start_step(double learning_rate);
  bool may_start_more_steps() const;
  bool finish_steps(const TrainEvents& events);
  bool end_epoch(const TrainEvents& events);
  bool validate(EpochRecord& record, const TrainEvents& events);
  DivergedError outputs_not_finite() const;
  bool enough_steps() const;
  bool averages() const { return averages_; }
  ModelAverage average() const;
  bool settles() const {
    return !progress_.steps.empty() && (options_.average_decay > 0 || options_.calibrate);
  }
  std::vector<std::uint32_t> settling_visits() const;
  Predictions predict(std::span<const std::uint32_t> indices, const OnProgress& progress, Group* group);
  const std::uint8_t* picture(const LoadedPictures& pictures, std::uint32_t i) const;
  std::vector<const std::uint8_t*> own_pixels(std::span<const std::uint32_t> batch) const;
  StateDict average_with_statistics();
  Predictions predictions_of_augmented();
  Predictions predictions_with(const StateDict& model, const std::function<Predictions()>& predict);
  struct PixelSource;
  PixelSource pixel_source(const Augmentation& augmentation) const;
  void augment(std::span<const std::uint32_t> visits, const Augmentation& augmentation, int epoch);
  float next_average_weight();
  std::int64_t steps_of_all_epochs() const;
  Schedule schedule() const;

  const LoadedPictures& pictures_;
  Split split_;
  TrainOptions options_;
  std::vector<float> class_weights_;      // empty: all 1
  std::vector<float> logit_adjustments_;  // empty: all 0
  AugmentedBatch augmented_;
  Engine engine_;
  ModelAverage average_;  // with a device_training() only the number of updates
  bool averages_;         // whether there is an average
  StateDict settled_;     // what settle() made of the model; empty: nothing since the last step
  std::optional<Predictions> last_predictions_;
  TrainingProgress progress_;
  /// A step whose result is not yet known.
  struct StartedStep {
    StepRecord record;
    std::uint64_t before, done;  // pictures of the epoch
  };
  std::vector<StartedStep> started_;
  BatchOrder next_order_;              // progress_.order after it drew the present epoch
  std::vector<std::uint32_t> visits_;  // the present epoch, as indices into split_.train
};

enum class BestBy { accuracy, macro_f1 };

/// The epoch with the best validation figure, the first of equal ones; 0 if there is none.
int best_epoch(std::span<const EpochRecord> epochs, BestBy by);

struct TrainResult {
  StateDict model;
  std::vector<StepRecord> steps;
  std::vector<EpochRecord> epochs;
  bool stopped = false;  // before all epochs were done, by max_steps or by an event
};

/// A whole training, from the initial weights of options.seed.
TrainResult train(const LoadedPictures& pictures, const Split& split, const Architecture& architecture,
                  const TrainOptions& options, const TrainEvents& events = {});

}  // namespace bart
