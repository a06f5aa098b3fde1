#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bart {

/// The paths of everything that a training writes: the original's files in one folder, and everything else in
/// bart-run/ inside it. The file system is not accessed.
class RunFolder {
 public:
  static constexpr const char* model_name = "BART-10M.pth";
  static constexpr const char* best_model_name = "BART-10M.best.pth";
  static constexpr const char* last_model_name = "BART-10M.last.pth";
  static constexpr const char* labels_name = "label_encoder.joblib";
  static constexpr const char* test_pictures_name = "inference_images";
  static constexpr const char* record_name = "bart-run";
  static constexpr const char* run_json_name = "run.json";
  static constexpr const char* model_card_name = "model_card.md";
  // Files with numbers: checkpoint-100.safetensors, and earlier-100.safetensors of the training before.
  static constexpr std::string_view checkpoint_prefix = "checkpoint-";
  static constexpr std::string_view earlier_checkpoint_prefix = "earlier-";
  static constexpr std::string_view checkpoint_ending = ".safetensors";
  static constexpr std::string_view events_prefix = "events.out.tfevents.";  // TensorBoard's

  /// "pic_0.jpg", in inference_images/.
  static std::string test_picture_name(std::size_t i);
  static bool is_test_picture(std::string_view name);
  /// The number in such a name; nothing for another name.
  static std::optional<std::size_t> test_picture_number(std::string_view name);
  /// Whether a file in bart-run/ has the name of a checkpoint, of this training or of the one before.
  static bool is_checkpoint(std::string_view name);

  explicit RunFolder(const std::filesystem::path& results = ".")
      : results_(results), record_(results / record_name) {}
  /// For a bart-run/ with another name or in another place.
  RunFolder(std::filesystem::path results, std::filesystem::path record)
      : results_(std::move(results)), record_(std::move(record)) {}

  const std::filesystem::path& results() const { return results_; }

  // The original's files.
  std::filesystem::path model() const { return results_ / model_name; }
  std::filesystem::path best_model() const { return results_ / best_model_name; }
  /// The weights of the last step, if the model is an average.
  std::filesystem::path last_model() const { return results_ / last_model_name; }
  std::filesystem::path labels() const { return results_ / labels_name; }
  std::filesystem::path test_pictures() const { return results_ / test_pictures_name; }

  /// bart-run/, which also holds the checkpoints, TensorBoard's event files and the lock.
  const std::filesystem::path& record() const { return record_; }
  std::filesystem::path run_json() const { return record_ / run_json_name; }
  std::filesystem::path run_toml() const { return record_ / "run.toml"; }
  std::filesystem::path steps_csv() const { return record_ / "steps.csv"; }
  std::filesystem::path pictures_csv() const { return record_ / "pictures.csv"; }
  std::filesystem::path test_pictures_csv() const { return record_ / "test_pictures.csv"; }
  /// The test pictures that the training wrote, `picture,xxh3`. What differs from it is the user's.
  std::filesystem::path written_pictures_csv() const { return record_ / "inference_images.csv"; }
  std::filesystem::path history_csv() const { return record_ / "history.csv"; }
  std::filesystem::path history_json() const { return record_ / "history.json"; }
  /// Some pictures as the network sees them, if they are changed at random.
  std::filesystem::path augmented_pictures() const { return record_ / "augmented.jpg"; }
  /// The results that were in the folder when the present training began, until it has a model of its own.
  std::filesystem::path before() const { return record_ / "before"; }
  /// The results of the training before, until another training has a model and replaces them here.
  std::filesystem::path earlier() const { return record_ / "earlier"; }
  /// Files that no training wrote and that one replaced, from kept(1) on.
  std::filesystem::path kept(int number) const { return record_ / ("kept-" + std::to_string(number)); }
  std::filesystem::path report() const { return record_ / "report.html"; }
  std::filesystem::path model_card() const { return record_ / model_card_name; }
  /// There while a new training has not set the checkpoints of an earlier one aside. A training that is
  /// killed then leaves it, and those checkpoints are not the newest training's. No user picks such a name:
  /// the file is removed without a look into it.
  std::filesystem::path begun() const { return record_ / ".bart-begun"; }

  /// The models and the labels, of which each training replaces those of the one before.
  std::vector<std::filesystem::path> result_files() const;
  /// The files of the record that stay, without checkpoints and TensorBoard's events.
  std::vector<std::filesystem::path> record_files() const;

 private:
  std::filesystem::path results_;
  std::filesystem::path record_;
};

/// The training that a user names with `path`: its folder of results or the bart-run/ inside it, in any
/// spelling ("run1/", ".", ".."), or bart-run/earlier/, which holds both. Throws Error when there is no
/// run.json.
RunFolder find_run(const std::filesystem::path& path);

}  // namespace bart
