#include "bart/report/model_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "markdown.h"

namespace bart {
namespace {

/// How the pictures were divided, as far as the record says.
std::string split_text(const RunRecord& run) {
  const RunSettings& settings = run.settings;
  const auto given = [](const std::string& folder) {
    return folder.empty() ? std::string("the data set's own")
                          : fmt::format("those of the folder {}", markdown_text(folder));
  };
  const std::string drawn =
      fmt::format("{}, seed {}", markdown_text(settings.split), seed_of_split(settings));
  if (!run.test_given && !run.validation_given) return drawn;
  // Validation pictures without test pictures are the test pictures.
  const std::string& test_folder = settings.test_folder.empty() && run.validation_pictures == 0
                                       ? settings.validation_folder
                                       : settings.test_folder;
  std::string text = "the test pictures are " + (run.test_given ? given(test_folder) : "drawn: " + drawn);
  if (run.validation_pictures == 0) return text;
  return text + "; the validation pictures are " +
         (run.validation_given ? given(settings.validation_folder) : "drawn from the others: " + drawn);
}

std::string class_table(const RunRecord& run, const ClassificationReport& report) {
  std::string table =
      "| class | precision | recall | F1 | test pictures |\n| --- | ---: | ---: | ---: | ---: |\n";
  for (const ClassScores& row : report.classes) {
    table += fmt::format("| {} | {:.3f} | {:.3f} | {:.3f} | {} |\n",
                         markdown_text(run.classes[static_cast<std::size_t>(row.label)]),
                         row.scores.precision, row.scores.recall, row.scores.f1, row.support);
  }
  return table;
}

std::string warnings(const RunRecord& run) {
  if (run.warnings.empty()) return {};
  std::string text = "## Warnings\n\n";
  for (const std::string& warning : run.warnings) text += fmt::format("- {}\n", markdown_text(warning));
  return text + "\n";
}

std::string limits(const RunRecord& run, const Evaluation& test) {
  std::string text;
  const std::vector<Confusion> confused = most_confused(test.confusion);
  for (const Confusion& pair : std::span(confused).first(std::min<std::size_t>(confused.size(), 5))) {
    text += fmt::format("- {} of {} were taken for {}.\n",
                        counted(static_cast<std::uint64_t>(pair.pictures), "picture", "pictures"),
                        markdown_text(run.classes[static_cast<std::size_t>(pair.truth)]),
                        markdown_text(run.classes[static_cast<std::size_t>(pair.predicted)]));
  }
  const auto rare =
      std::ranges::count_if(test.report.classes, [](const ClassScores& row) { return row.support < 10; });
  if (rare > 0) {
    text += fmt::format("- {} fewer than ten test pictures, so {} figures are rough.\n",
                        rare == 1 ? "1 class has" : fmt::format("{} classes have", rare),
                        rare == 1 ? "this class's" : "their");
  }
  text += fmt::format("- The probabilities are off by {:.1f} % on average (expected calibration error).\n",
                      100 * test.calibration.expected_error);
  return text + "- A picture that belongs to none of these classes is still classified as one of them.\n";
}

}  // namespace

std::string model_card(const RunRecord& run, const Evaluation& test) {
  bool fits = test.confusion.classes <= run.classes.size();
  for (const ClassScores& row : test.report.classes)
    fits &= row.label >= 0 && std::cmp_less(row.label, run.classes.size());
  if (!fits) throw Error("the evaluation has other classes than the training");
  std::string card = fmt::format(
      "# {}\n\nAn image classifier for {}, trained from pictures of {}x{} pixels with BART {} on {}.\n\n",
      markdown_text(run.data_folder.filename().string()), counted(run.classes.size(), "class", "classes"),
      run.settings.image_size, run.settings.image_size, markdown_text(run.version),
      markdown_text(run.started.substr(0, 10)));
  card += warnings(run);
  card += fmt::format(
      "## Data\n\n{} in {}: {} to train on, {}{} to test on{}. Split: {}.\n\n",
      counted(run.pictures, "picture", "pictures"), counted(run.classes.size(), "class", "classes"),
      with_commas(run.train_pictures),
      run.validation_pictures > 0 ? with_commas(run.validation_pictures) + " to validate on, " : "",
      with_commas(run.test_pictures),
      run.validation_pictures > 0 ? "" : ", which were also validated on after each epoch", split_text(run));
  card += "## Training\n\n" + settings_table(run.settings, [&](const Setting& setting) {
            return setting.effect == Effect::result && run.tells(setting);
          });
  card += fmt::format(
      "\n## Test\n\nAccuracy {:.2f} % ({} of {}), macro F1 {:.4f}, top-5 accuracy {:.2f} %, loss {:.4f}.\n\n",
      100 * test.report.accuracy, test.report.right, test.report.support, test.report.macro.f1,
      100 * test.top5_accuracy, test.loss);
  card += class_table(run, test.report);
  card += "\n## Limits\n\n" + limits(run, test);
  return card + fmt::format(
                    "\n## Use\n\n```sh\nbart predict picture.jpg --model {0} --top-k 3\n```\n\nIn PyTorch, "
                    "`torch.load(\"{0}\", weights_only=True)` is the state_dict.\n",
                    RunFolder::model_name);
}

}  // namespace bart
