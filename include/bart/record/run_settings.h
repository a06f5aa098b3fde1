#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "bart/platform/error.h"

namespace bart {

/// What a training is asked for. What "auto" and 0 threads become on this computer is decided by settle().
struct RunSettings {
  int batch_size = 32;
  double learning_rate = 0.001;
  std::string schedule = "constant";  // or "cosine", "one-cycle" or "step"
  double warm_up = 0;                 // epochs in which the learning rate rises
  std::string optimizer = "adam";     // or "adamw" or "sgd"
  double beta2 = 0.999;               // of Adam and AdamW
  double weight_decay = 0;            // of AdamW and SGD
  int epochs = 20;
  std::int64_t max_steps = 0;  // 0: no limit
  std::int64_t seed = 10;
  double test_size = 0.2;
  std::string test_folder = {};    // of pictures to test on, instead of a share; empty: none
  std::string split = "original";  // or "stratified" or "grouped"
  int image_size = 128;
  double validation_size = 0;          // 0: the test pictures are validated on, as the original does
  std::string validation_folder = {};  // of pictures to validate on, instead of a share; empty: none
  std::string best = {};               // "accuracy", "macro-f1", or empty: no model of the best epoch
  int patience = 0;                    // epochs that may be no better; 0: any number
  std::string class_weights = "none";  // or "balanced"
  double logit_adjustment = 0;         // 0: none
  double label_smoothing = 0;          // 0: none
  double clip_norm = 0;                // 0: gradients are not scaled
  std::string dropout = "0.25,0.25,0.4,0.4,0.5,0.5";  // of each block, then of each hidden layer
  std::string augment = "none";                       // or an augmentation_text()
  int mild_epochs = 0;                                // the last ones, with mild_augmentation()
  double average = 0;                                 // what a moving average of the weights keeps; 0: none
  std::string init_values = "pytorch";                // or "he"
  std::string init = {};                              // a model to begin with; empty: random weights
  std::string out = ".";                              // the folder of results
  double checkpoint_minutes = 10;
  std::string cache = {};  // a folder for resized pictures; empty: none
  int threads = 0;         // 0: as many as this process may use
  bool deterministic = false;
  std::string precision = "auto";  // or "f32" or "bf16"
  bool exact = false;
  bool strict = false;
  bool ignore_exif = false;
  bool no_report = false;

  bool operator==(const RunSettings&) const = default;
};

/// What it means when a training that is resumed has another value of a setting.
enum class Effect {
  result,  // another model: refused
  course,  // the same steps, for longer, elsewhere or in less of a hurry: allowed
  output,  // the setting belongs to one start of the program and is not kept
};

/// "original", which is what a RunSettings is without, or "tuned": the best that is known for this network,
/// in so many epochs. Throws std::out_of_range for another name.
RunSettings recipe_settings(std::string_view recipe, std::optional<int> epochs = std::nullopt);

/// A row of the table of settings. Flags, help, run.toml, checkpoints, run.json and the tables that people
/// read are made of it, so a new setting is a member of RunSettings, a row, and its use.
struct Setting {
  const char* flag;   // "lr": --lr, the key in run.toml; "--lr" in checkpoints
  const char* name;   // "learning_rate": the member of RunSettings, the key in run.json
  const char* label;  // "Learning rate"
  std::variant<int RunSettings::*, std::int64_t RunSettings::*, double RunSettings::*, bool RunSettings::*,
               std::string RunSettings::*>
      value;
  Effect effect;
  const char* help;
  std::span<const std::string_view> choices = {};  // of a text; empty: any
  /// What is wrong with the value, "must be at least 1", or an empty text. nullptr: any value is possible.
  std::string (*wrong)(const RunSettings&) = nullptr;
  const char* nothing = nullptr;  // what 0 or an empty text means, in a word
  const char* synonyms = "";      // what other tools call the flag, "--batch-size,--batch"
};

/// All settings, in the order in which help lists them.
std::span<const Setting> run_settings();

/// The row of a flag, without dashes. Throws std::out_of_range where there is none.
const Setting& run_setting(std::string_view flag);

/// The value as text that set_from_text() takes back: the shortest digits of a number, "true" or "false".
std::string text_of(const Setting& setting, const RunSettings& settings);

/// The same for people: what 0 or an empty text means, in a word.
std::string shown_text(const Setting& setting, const RunSettings& settings);

/// False, and nothing changed, where `text` is no value of this type.
bool set_from_text(const Setting& setting, RunSettings& settings, std::string_view text);

/// A setting has a value that is not possible. what() names settings by their members of RunSettings.
class SettingError : public Error {
 public:
  /// In `sentence` a setting stands as {lr}, by its flag. `usage` is false where the value alone is possible
  /// and something else is wrong: a file that it names, say.
  explicit SettingError(std::string sentence, bool usage = true);
  /// The sentence for somebody who gave flags: --lr.
  std::string with_flags() const;
  bool usage() const { return usage_; }

 private:
  std::string sentence_;
  bool usage_;
};

/// Throws SettingError for the first value that is not possible.
void check(const RunSettings& settings);

}  // namespace bart
