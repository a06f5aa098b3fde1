#include <fmt/format.h>

#include <cmath>

#include "bart/augment/augmentation.h"
#include "bart/engine/device_name.h"
#include "bart/record/dropout_text.h"
#include "bart/record/run_settings.h"

namespace bart {
namespace {

using S = RunSettings;

// Checks that several settings share.

template <auto member>
std::string share(const S& s) {
  return s.*member >= 0 && s.*member < 1 ? "" : "must be at least 0 and below 1";
}

template <auto member>
std::string at_least_0(const S& s) {
  return s.*member >= 0 ? "" : "must be at least 0";
}

template <auto member>
std::string at_least_1_or_0(const S& s) {
  return s.*member >= 0 ? "" : "must be at least 1, or 0";
}

// Checks of one setting.

std::string check_batch_size(const S& s) {
  return s.batch_size >= 1 ? "" : "must be at least 1";
}

// A step of Adam moves each weight by about the learning rate, and of the initial weights none is above 0.2
// in size, so that after a step with a rate of 1 nothing is left of them. A step of SGD is the rate times a
// gradient, which is far below 1; published rates end near 30 (large batches).
std::string check_learning_rate(const S& s) {
  if (!(s.learning_rate > 0)) return "must be above 0";
  if (s.learning_rate < smallest_learning_rate)
    return fmt::format("must be at least {}", smallest_learning_rate);
  const double most = s.optimizer == "sgd" ? 100 : 1;
  return s.learning_rate <= most ? ""
                                 : fmt::format("must be at most {} with the optimizer {}", most, s.optimizer);
}

std::string check_warm_up(const S& s) {
  if (!(s.warm_up >= 0)) return "must be at least 0";
  if (s.warm_up > 0 && !(s.warm_up < s.epochs)) return "must be shorter than the training";
  return s.warm_up > 0 && s.schedule == "one-cycle"
             ? "must be 0 with the schedule one-cycle, which has a warm-up of its own"
             : "";
}

std::string check_weight_decay(const S& s) {
  if (!(s.weight_decay >= 0)) return "must be at least 0";
  if (!std::isfinite(s.weight_decay)) return "must be finite";
  // Each step takes this times the learning rate from a weight.
  if (s.weight_decay * s.learning_rate > 1) {
    return fmt::format("must be at most 1 divided by the learning rate, {}", 1 / s.learning_rate);
  }
  return s.weight_decay > 0 && s.optimizer == "adam" ? "must be 0 with the optimizer adam: use adamw" : "";
}

// run.json has no infinity.
std::string check_checkpoint_minutes(const S& s) {
  return s.checkpoint_minutes >= 0 && std::isfinite(s.checkpoint_minutes) ? ""
                                                                          : "must be at least 0 and finite";
}

// 1 is the value of the theory (Menon et al. 2021). With 10 a class with a ten-thousandth of the pictures has
// a probability of 10^-40 before anything is learned, which float32 hardly holds.
std::string check_logit_adjustment(const S& s) {
  return s.logit_adjustment >= 0 && s.logit_adjustment <= 10 ? "" : "must be from 0 to 10";
}

std::string check_seed(const S& s) {
  return s.seed >= 0 && s.seed <= 0xFFFFFFFFLL ? "" : "must be from 0 to 4294967295";
}

std::string check_split_seed(const S& s) {
  return s.split_seed >= -1 && s.split_seed <= 0xFFFFFFFFLL ? "" : "must be from 0 to 4294967295, or -1";
}

std::string check_image_size(const S& s) {
  return s.image_size >= 16 && s.image_size % 16 == 0 && s.image_size <= 2048
             ? ""
             : "must be a multiple of 16 from 16 to 2048";
}

std::string check_clip_norm(const S& s) {
  return s.clip_norm >= 0 && std::isfinite(s.clip_norm) ? "" : "must be above 0 and finite, or 0";
}

std::string check_device(const S& s) {
  return parse_device_name(s.device) ? "" : "must be auto, cpu, cuda or cuda:N with the number of a GPU";
}

std::string check_dropout(const S& s) {
  Architecture architecture;
  return set_dropout(s.dropout, architecture)
             ? ""
             : "must be six numbers from 0 to below 1, such as 0.25,0.25,0.4,0.4,0.5,0.5";
}

std::string check_augment(const S& s) {
  try {
    augmentation_of(s.augment);
    return "";
  } catch (const Error& error) {
    return fmt::format("must be none or valid figures ({})", error.what());
  }
}

std::string check_mild_epochs(const S& s) {
  return s.mild_epochs >= 0 && (s.mild_epochs == 0 || s.mild_epochs <= s.epochs)
             ? ""
             : "must be from 0 to the number of epochs";
}

constexpr std::string_view schedules[] = {"constant", "cosine", "one-cycle", "step"};
constexpr std::string_view optimizers[] = {"adam", "adamw", "sgd"};
constexpr std::string_view splits[] = {"original", "stratified", "grouped"};
constexpr std::string_view best_figures[] = {"accuracy", "macro-f1"};
constexpr std::string_view class_weightings[] = {"none", "balanced"};
constexpr std::string_view calibrations[] = {"none", "temperature"};
constexpr std::string_view initial_values[] = {"pytorch", "he"};
constexpr std::string_view precisions[] = {"auto", "bf16", "f32", "tf32"};

constexpr Setting table[] = {
    {.flag = "bs",
     .name = "batch_size",
     .label = "Batch size",
     .value = &S::batch_size,
     .effect = Effect::result,
     .help = "Batch size",
     .wrong = check_batch_size,
     .synonyms = "--batch-size,--batch"},
    {.flag = "lr",
     .name = "learning_rate",
     .label = "Learning rate",
     .value = &S::learning_rate,
     .effect = Effect::result,
     .help = "Learning rate, at the peak of the schedule",
     .wrong = check_learning_rate,
     .synonyms = "--learning-rate"},
    {.flag = "schedule",
     .name = "schedule",
     .label = "Schedule",
     .value = &S::schedule,
     .effect = Effect::result,
     .help = "Schedule of the learning rate: constant, cosine (falls to 0), one-cycle (as PyTorch's "
             "OneCycleLR), step (divided by ten after each third of the training)",
     .choices = schedules},
    {.flag = "warm-up",
     .name = "warm_up",
     .label = "Warm-up",
     .value = &S::warm_up,
     .effect = Effect::result,
     .help = "Epochs in which the learning rate rises to its peak, before the schedule begins",
     .wrong = check_warm_up,
     .nothing = "none"},
    {.flag = "optimizer",
     .name = "optimizer",
     .label = "Optimizer",
     .value = &S::optimizer,
     .effect = Effect::result,
     .help = "adam, adamw (Adam with decoupled weight decay), sgd (with a Nesterov momentum of 0.9)",
     .choices = optimizers},
    {.flag = "beta2",
     .name = "beta2",
     .label = "Beta 2",
     .value = &S::beta2,
     .effect = Effect::result,
     .help = "Decay rate of the running average of squared gradients in Adam and AdamW",
     .wrong = share<&S::beta2>},
    {.flag = "weight-decay",
     .name = "weight_decay",
     .label = "Weight decay",
     .value = &S::weight_decay,
     .effect = Effect::result,
     .help = "Weight decay of convolutions and linear layers, as in PyTorch's AdamW and SGD; 0 means none",
     .wrong = check_weight_decay,
     .nothing = "none"},
    {.flag = "epochs",
     .name = "epochs",
     .label = "Epochs",
     .value = &S::epochs,
     .effect = Effect::course,
     .help = "Passes over the training set; 0 saves the initial weights",
     .wrong = at_least_0<&S::epochs>},
    {.flag = "max-steps",
     .name = "max_steps",
     .label = "Step limit",
     .value = &S::max_steps,
     .effect = Effect::course,
     .help = "Stop after this many optimizer steps, and save; 0 means no limit",
     .wrong = at_least_1_or_0<&S::max_steps>,
     .nothing = "none"},
    {.flag = "seed",
     .name = "seed",
     .label = "Seed",
     .value = &S::seed,
     .effect = Effect::result,
     .help = "Seed of the split, the initial weights, the batches, dropout and augmentation",
     .wrong = check_seed},
    {.flag = "split-seed",
     .name = "split_seed",
     .label = "Seed of the split",
     .value = &S::split_seed,
     .effect = Effect::result,
     .help = "Seed of the split alone, so that trainings with several seeds have the same test pictures; -1 "
             "means the value of --seed",
     .wrong = check_split_seed},
    {.flag = "test-size",
     .name = "test_size",
     .label = "Test share",
     .value = &S::test_size,
     .effect = Effect::result,
     .help =
         "Share of the pictures that are kept for testing; 0 trains on all of them. Only for data that does "
         "not say itself which they are",
     .wrong = share<&S::test_size>,
     .nothing = "none"},
    {.flag = "test-folder",
     .name = "test_folder",
     .label = "Test folder",
     .value = &S::test_folder,
     .effect = Effect::course,  // the pictures must stay the same, but may be moved
     .help = "Test on the pictures of this folder (one sub-folder per class) instead of a share of the data",
     .nothing = "none"},
    {.flag = "split",
     .name = "split",
     .label = "Split",
     .value = &S::split,
     .effect = Effect::result,
     .help = "How the test pictures are chosen: original (at random), stratified (the same share of every "
             "class), grouped (near duplicates stay on one side)",
     .choices = splits},
    {.flag = "image-size",
     .name = "image_size",
     .label = "Image size",
     .value = &S::image_size,
     .effect = Effect::result,
     .help = "Pictures are resized to this many pixels on each side, a multiple of 16",
     .wrong = check_image_size,
     .synonyms = "--imgsz"},
    {.flag = "validation-size",
     .name = "validation_size",
     .label = "Validation share",
     .value = &S::validation_size,
     .effect = Effect::result,
     .help = "Share of the remaining pictures that are kept for validation; the test pictures are then "
             "used only once, at the end. 0 means validation on the test pictures, as the original does",
     .wrong = share<&S::validation_size>,
     .nothing = "none"},
    {.flag = "validation-folder",
     .name = "validation_folder",
     .label = "Validation folder",
     .value = &S::validation_folder,
     .effect = Effect::course,  // as for the test folder
     .help = "Validate on the pictures of this folder (one sub-folder per class)",
     .nothing = "none"},
    {.flag = "best",
     .name = "best",
     .label = "Best model by",
     .value = &S::best,
     .effect = Effect::result,
     .help = "Also write BART-10M.best.pth, the model of the epoch with the best validation accuracy or "
             "macro F1",
     .choices = best_figures,
     .nothing = "not kept"},
    {.flag = "patience",
     .name = "patience",
     .label = "Patience",
     .value = &S::patience,
     .effect = Effect::course,
     .help = "Stop after this many epochs in a row without a better figure (the one that --best names, or "
             "else the validation accuracy); 0 means never",
     .wrong = at_least_1_or_0<&S::patience>,
     .nothing = "none"},
    {.flag = "class-weights",
     .name = "class_weights",
     .label = "Class weights",
     .value = &S::class_weights,
     .effect = Effect::result,
     .help = "none, or balanced: pictures of rare classes have larger weights in the loss",
     .choices = class_weightings},
    {.flag = "logit-adjustment",
     .name = "logit_adjustment",
     .label = "Logit adjustment",
     .value = &S::logit_adjustment,
     .effect = Effect::result,
     .help = "Raise each class's logit in the loss by this times the logarithm of its share, which favours "
             "rare classes in the predictions; 0 means none",
     .wrong = check_logit_adjustment,
     .nothing = "none"},
    {.flag = "label-smoothing",
     .name = "label_smoothing",
     .label = "Label smoothing",
     .value = &S::label_smoothing,
     .effect = Effect::result,
     .help = "Share of each label that is spread over all classes, as in PyTorch; 0 means none",
     .wrong = share<&S::label_smoothing>,
     .nothing = "none"},
    {.flag = "clip-norm",
     .name = "clip_norm",
     .label = "Gradient clipping",
     .value = &S::clip_norm,
     .effect = Effect::result,
     .help = "Scale the gradients down to this norm when their norm is larger; 0 means never",
     .wrong = check_clip_norm,
     .nothing = "none"},
    {.flag = "dropout",
     .name = "dropout",
     .label = "Dropout",
     .value = &S::dropout,
     .effect = Effect::result,
     .help = "Dropout rates of the four blocks and the two hidden layers",
     .wrong = check_dropout},
    {.flag = "augment",
     .name = "augment",
     .label = "Augmentation",
     .value = &S::augment,
     .effect = Effect::result,
     .help = "How training pictures are changed at random: none, or figures as bart recipe tuned prints them",
     .wrong = check_augment},
    {.flag = "mild-epochs",
     .name = "mild_epochs",
     .label = "Mild epochs",
     .value = &S::mild_epochs,
     .effect = Effect::result,
     .help = "In this many last epochs, pictures are only mirrored, and scaled half as much as before",
     .wrong = check_mild_epochs,
     .nothing = "none"},
    {.flag = "average",
     .name = "average",
     .label = "Averaged weights",
     .value = &S::average,
     .effect = Effect::result,
     .help = "Save a moving average of the weights with this decay per step, such as 0.999, as the model; "
             "the weights of the last step are saved as BART-10M.last.pth. 0 means no average",
     .wrong = share<&S::average>,
     .nothing = "none"},
    {.flag = "calibrate",
     .name = "calibrate",
     .label = "Calibration",
     .value = &S::calibrate,
     .effect = Effect::result,
     .help = "none, or temperature: after the training the last layer is multiplied by the factor that makes "
             "the probabilities fit augmented training pictures best",
     .choices = calibrations},
    {.flag = "init-values",
     .name = "init_values",
     .label = "Initial values",
     .value = &S::init_values,
     .effect = Effect::result,
     .help = "Initial weights: pytorch (PyTorch's defaults), he (He's for ReLUs, with a last layer of zeros)",
     .choices = initial_values},
    {.flag = "init",
     .name = "init",
     .label = "Initial model",
     .value = &S::init,
     .effect = Effect::result,
     .help = "Start with the weights of this model, a file or the folder of a training; its last layer is "
             "used only if it has the same classes",
     .nothing = "none"},
    {.flag = "out",
     .name = "out",
     .label = "Results",
     .value = &S::out,
     .effect = Effect::output,
     .help = "Folder that the results are written to"},
    {.flag = "checkpoint-minutes",
     .name = "checkpoint_minutes",
     .label = "Minutes between checkpoints",
     .value = &S::checkpoint_minutes,
     .effect = Effect::course,
     .help = "Save a checkpoint this often, and after each epoch",
     .wrong = check_checkpoint_minutes},
    {.flag = "cache",
     .name = "cache",
     .label = "Cache",
     .value = &S::cache,
     .effect = Effect::course,
     .help = "Folder in which the resized pictures are kept for the next time; data sets and commands may "
             "share it",
     .nothing = "none"},
    {.flag = "device",
     .name = "device",
     .label = "Device",
     .value = &S::device,
     .effect = Effect::course,  // a state goes from one to another, but the bits are other ones from then on
     .help = "What computes: cpu, cuda (the first NVIDIA GPU), cuda:N (the one with this number, from 0), or "
             "auto: the first GPU if it can be used, else the processor",
     .wrong = check_device},
    {.flag = "threads",
     .name = "threads",
     .label = "Threads",
     .value = &S::threads,
     .effect = Effect::course,
     .help = "Number of threads; 0 means all that this process may use",
     .wrong = at_least_1_or_0<&S::threads>,
     .nothing = "all"},
    {.flag = "deterministic",
     .name = "deterministic",
     .label = "Deterministic",
     .value = &S::deterministic,
     .effect = Effect::result,
     .help = "Add up in one fixed order, so that all machines with this kind of processor compute the same "
             "bits, with any number of threads and processes; under mpirun this is always so"},
    {.flag = "precision",
     .name = "precision",
     .label = "Precision",
     .value = &S::precision,
     .effect = Effect::result,
     .help =
         "Number format of the convolutions while training: f32, bf16, tf32 (on GPUs; on the processor f32), "
         "or auto (on a GPU tf32, else bf16 where the processor multiplies it, else f32); validation, "
         "weights and files are f32",
     .choices = precisions},
    {.flag = "exact",
     .name = "exact",
     .label = "Exact",
     .value = &S::exact,
     .effect = Effect::result,
     .help = "Round as PyTorch's float32 does, step for step: direct convolutions in f32, at half the speed"},
    {.flag = "strict",
     .name = "strict",
     .label = "Strict",
     .value = &S::strict,
     .effect = Effect::course,
     .help = "Stop at the first file that cannot be read as a picture, instead of skipping it"},
    {.flag = "ignore-exif",
     .name = "ignore_exif",
     .label = "EXIF ignored",
     .value = &S::ignore_exif,
     .effect = Effect::result,
     .help =
         "Take pictures as they are stored, as the original did, without the rotation that EXIF asks for"},
    {.flag = "no-report",
     .name = "no_report",
     .label = "No report",
     .value = &S::no_report,
     .effect = Effect::output,
     .help = "Do not write bart-run/report.html"},
};

}  // namespace

std::span<const Setting> run_settings() {
  return table;
}

}  // namespace bart
