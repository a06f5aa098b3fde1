#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "bart/platform/error.h"

namespace bart {

/// Steps are computed in float32, in which smaller rates lose digits and then become 0.
inline constexpr double smallest_learning_rate = 1.2e-38;

/// The settings of a training as the user asks for them. settle() decides what "auto" and 0 threads mean on
/// this computer.
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
  std::int64_t split_seed = -1;  // of the split alone; -1: seed
  double test_size = 0.2;
  std::string test_folder = {};    // a folder of pictures to test on, instead of a share; empty: none
  std::string split = "original";  // or "stratified" or "grouped"
  int image_size = 128;
  double validation_size = 0;          // 0: the test pictures are validated on, as the original does
  std::string validation_folder = {};  // a folder of pictures to validate on, instead of a share; empty: none
  std::string best = {};               // "accuracy", "macro-f1", or empty: no model of the best epoch
  int patience = 0;  // number of epochs without a better figure before the training ends; 0: any number
  std::string class_weights = "none";                 // or "balanced"
  double logit_adjustment = 0;                        // 0: none
  double label_smoothing = 0;                         // 0: none
  double clip_norm = 0;                               // 0: gradients are not scaled
  std::string dropout = "0.25,0.25,0.4,0.4,0.5,0.5";  // of each block, then of each hidden layer
  std::string augment = "none";                       // or an augmentation_text()
  int mild_epochs = 0;                                // number of last epochs, which have mild_augmentation()
  double average = 0;              // share that a moving average of the weights keeps per step; 0: no average
  std::string calibrate = "none";  // or "temperature"
  std::string init_values = "pytorch";  // or "he"
  std::string init = {};                // a model to begin with; empty: random weights
  std::string out = ".";                // the folder of results
  double checkpoint_minutes = 10;
  std::string cache = {};       // a folder for resized pictures; empty: none
  std::string device = "auto";  // a DeviceName; settled: "cpu", "cuda" or "cuda:1"
  int threads = 0;              // 0: as many as this process may use
  bool deterministic = false;
  std::string precision = "auto";  // or "f32", "bf16" or "tf32"
  bool exact = false;
  bool strict = false;
  bool ignore_exif = false;
  bool no_report = false;

  bool operator==(const RunSettings&) const = default;
};

/// The seed that the split is drawn with.
std::uint32_t seed_of_split(const RunSettings& settings);

/// What a changed value of a setting means for a training that is resumed.
enum class Effect {
  result,  // it would give another model: refused
  course,  // the steps stay the same, but there are more of them, or they run elsewhere or faster: allowed
  output,  // the setting belongs to one start of the program and is not recorded
};

/// The settings of a recipe, for `epochs` or else for its own number of them: "original" is the default
/// RunSettings, "tuned" are the best known settings for this network. Throws Error for another
/// name.
RunSettings recipe_settings(std::string_view recipe, std::optional<int> epochs = std::nullopt);

/// The settings of a recipe with other values for those with the flags `given`, taken from `values`. If one
/// of them excludes a value of the recipe, such as a schedule with a warm-up of its own, that value becomes
/// 0.
RunSettings recipe_settings(std::string_view recipe, std::optional<int> epochs, const RunSettings& values,
                            const std::set<std::string>& given);

/// A row of the table of settings. Flags, help, run.toml, checkpoints, run.json and the tables for people are
/// made from these rows, so a new setting takes a member of RunSettings, a row, and the code that uses it.
struct Setting {
  const char* flag;   // "lr": the flag --lr and the key in run.toml; "--lr" in checkpoints
  const char* name;   // "learning_rate": the member of RunSettings and the key in run.json
  const char* label;  // "Learning rate"
  std::variant<int RunSettings::*, std::int64_t RunSettings::*, double RunSettings::*, bool RunSettings::*,
               std::string RunSettings::*>
      value;
  Effect effect;
  const char* help;
  std::span<const std::string_view> choices = {};  // the possible texts; empty: any text
  /// What is wrong with the value, "must be at least 1", or an empty text. nullptr: any value is possible.
  std::string (*wrong)(const RunSettings&) = nullptr;
  const char* nothing = nullptr;  // what 0 or an empty text means, in a word
  const char* synonyms = "";      // names of the flag in other programs, "--batch-size,--batch"
};

/// All settings, in the order in which help lists them.
std::span<const Setting> run_settings();

/// The row with this flag, which is given without dashes. Throws Error if there is none.
const Setting& run_setting(std::string_view flag);

/// The value as a text that set_from_text() reads: a number with the fewest digits that give it back, "true"
/// or "false".
std::string text_of(const Setting& setting, const RunSettings& settings);

/// The value for people, with Setting::nothing in place of 0 or an empty text.
std::string shown_text(const Setting& setting, const RunSettings& settings);

/// Sets the value from a text. Returns false, with nothing changed, if `text` is not a value of this type.
bool set_from_text(const Setting& setting, RunSettings& settings, std::string_view text);

/// A setting has an impossible value. what() names settings by their members of RunSettings.
class SettingError : public Error {
 public:
  /// `sentence` names a setting by its flag in braces: {lr}. `usage` is false if the value itself is possible
  /// and something else is wrong, such as a file that it names.
  explicit SettingError(std::string sentence, bool usage = true);
  /// The sentence with the names of flags: --lr.
  std::string with_flags() const;
  /// The sentence with the names that `name` gives to settings.
  std::string named_by(const std::function<std::string(const Setting&)>& name) const;
  bool usage() const { return usage_; }

 private:
  std::string sentence_;
  bool usage_;
};

/// Throws SettingError for the first impossible value.
void check(const RunSettings& settings);
/// Checks only the settings with these flags, for commands that have no others.
void check(const RunSettings& settings, std::initializer_list<std::string_view> flags);

}  // namespace bart
