#include "training_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bart/platform/counted.h"
#include "bart/platform/printable.h"
#include "terminal.h"
#include "wrapped.h"

namespace bart {
namespace {

struct Column {
  const char* heading;
  std::size_t width;
  std::size_t from;  // shown on terminals with at least this many columns
  std::string (*text)(const EpochRecord&, int epochs);
};

std::string number(double value, int decimals) {
  return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, decimals);
}

std::string time_text(double seconds) {
  return seconds < 59.95 ? fmt::format("{:.1f}s", seconds) : clock_text(seconds);
}

/// The accuracies are in percent.
const Column columns_shown[] = {
    {"epoch", 7, 0, [](const EpochRecord& e, int epochs) { return fmt::format("{}/{}", e.epoch, epochs); }},
    {"loss", 6, 0, [](const EpochRecord& e, int) { return number(e.loss, 3); }},
    {"train", 5, 0, [](const EpochRecord& e, int) { return number(e.train_accuracy, 1); }},
    {"val", 5, 0, [](const EpochRecord& e, int) { return number(e.validation_accuracy, 1); }},
    {"F1", 5, 0, [](const EpochRecord& e, int) { return number(e.validation_macro_f1, 3); }},
    {"val loss", 8, 90, [](const EpochRecord& e, int) { return number(e.validation_loss, 3); }},
    {"rate", 7, 0, [](const EpochRecord& e, int) { return fmt::format("{:.2g}", e.learning_rate); }},
    {"img/s", 5, 64, [](const EpochRecord& e, int) { return number(e.images_per_second, 0); }},
    {"time", 7, 0,
     [](const EpochRecord& e, int) { return time_text(e.train_seconds + e.validation_seconds); }},
};

template <class Text>
std::string line_of(std::size_t columns, const Text& text) {
  std::string line;
  for (const Column& column : columns_shown) {
    if (columns > 0 && columns < column.from) continue;
    line += fmt::format("{}{:>{}}",
                        line.empty()                  ? ""
                        : columns > 0 && columns < 64 ? " "
                                                      : "  ",
                        text(column), column.width);
  }
  return line;
}

std::string split_text(const RunRecord& record) {
  std::string text = with_commas(record.train_pictures) + " to train on, ";
  if (record.validation_pictures > 0) {
    text += fmt::format("{} to validate on, ", with_commas(record.validation_pictures));
  }
  if (record.test_pictures == 0) return text + "none to test on";
  return text + with_commas(record.test_pictures) +
         (record.validation_pictures > 0 ? " to test on"
                                         : " to test on, and to validate on after each epoch");
}

/// The settings that differ from the defaults; "none".
std::string changed_settings(const RunSettings& settings) {
  const RunSettings defaults;
  std::string text;
  for (const Setting& setting : run_settings()) {
    const std::string_view flag = setting.flag;
    if (setting.effect == Effect::output || flag == "threads" || flag == "precision" || flag == "cache" ||
        text_of(setting, settings) == text_of(setting, defaults)) {
      continue;
    }
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", flag, shown_text(setting, settings));
  }
  return text.empty() ? "none" : printable(text);
}

}  // namespace

std::string training_header(const RunRecord& record, std::size_t columns) {
  const RunSettings& settings = record.settings;
  const std::string lines[] = {
      fmt::format("{}: {} in {}", printable(record.data_folder.filename().string()),
                  counted(record.pictures, "picture", "pictures"),
                  counted(record.classes.size(), "class", "classes")),
      split_text(record),
      fmt::format("{}, batches of {}, {}{}, {}",
                  counted(static_cast<std::uint64_t>(settings.epochs), "epoch", "epochs"),
                  settings.batch_size, settings.precision, settings.exact ? ", exact" : "",
                  workers_text(record)),
      "Settings other than the defaults: " + changed_settings(settings),
  };
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + wrapped(line, columns);
  return text;
}

std::string table_head(std::size_t columns) {
  return line_of(columns, [](const Column& column) { return std::string(column.heading); });
}

std::string table_row(const EpochRecord& epoch, int epochs, bool best, std::size_t columns) {
  return line_of(columns, [&](const Column& column) { return column.text(epoch, epochs); }) +
         (best ? " *" : "");
}

}  // namespace bart
