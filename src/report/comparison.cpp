#include "bart/report/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "bart/dataset/class_names.h"
#include "bart/platform/files.h"
#include "bart/platform/json_text.h"
#include "bart/platform/printable.h"
#include "bart/record/epoch_figures.h"
#include "bart/record/picture_hashes.h"

namespace bart {
namespace {

using nlohmann::ordered_json;
using Runs = std::vector<NamedRun>;

std::string duration(double seconds) {
  const auto whole = std::lround(seconds);
  return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                       : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

const char* measured_on(const RunRecord& record) {
  return record.validation_pictures > 0 ? "a validation set" : "the test pictures";
}

template <typename Text>
ComparisonRow setting_row(const char* name, const Runs& runs, const Text& text) {
  ComparisonRow row{name, {}, false, std::vector<bool>(runs.size())};
  for (const NamedRun& named : runs) row.cells.push_back(printable(text(named.run.record)));
  row.differs =
      std::ranges::any_of(row.cells, [&](const std::string& cell) { return cell != row.cells.front(); });
  return row;
}

std::vector<ComparisonRow> setting_rows(const Runs& runs) {
  std::vector<ComparisonRow> rows;
  const auto add = [&](const char* name, const auto& text) { rows.push_back(setting_row(name, runs, text)); };
  add("Data", [](const RunRecord& run) { return run.data_folder.filename().string(); });
  add("Pictures", [](const RunRecord& run) { return std::to_string(run.pictures); });
  add("Classes", [](const RunRecord& run) { return std::to_string(run.classes.size()); });
  add("Train/validation/test", [](const RunRecord& run) {
    return fmt::format("{}/{}/{}", run.train_pictures, run.validation_pictures, run.test_pictures);
  });
  add("Validated on", measured_on);
  for (const Setting& setting : run_settings()) {
    if (setting.effect != Effect::result) continue;
    add(setting.label, [&](const RunRecord& run) {
      return run.unrecorded.contains(setting.name) ? "?" : shown_text(setting, run.settings);
    });
  }
  add("Epochs",
      [](const RunRecord& run) { return fmt::format("{} of {}", run.epochs.size(), run.settings.epochs); });
  add("Steps", [](const RunRecord& run) { return std::to_string(run.steps); });
  add("Patience", [](const RunRecord& run) { return shown_text(run_setting("patience"), run.settings); });
  add("Status", [](const RunRecord& run) { return run.status; });
  add("Version", [](const RunRecord& run) { return run.version; });
  add("Device", [](const RunRecord& run) {
    return run.gpu.empty() ? run.settings.device : fmt::format("{} ({})", run.settings.device, run.gpu);
  });
  add("Processor", [](const RunRecord& run) { return run.machine.cpu; });
  add("Threads", [](const RunRecord& run) { return std::to_string(run.threads); });
  add("Processes",
      [](const RunRecord& run) { return std::to_string(std::max<std::size_t>(run.hosts.size(), 1)); });
  return rows;
}

/// A key that is equal for runs whose figures can be compared.
using Key = std::string;

/// Tells the pictures of one training, and their classes, from those of another.
struct PicturesKey {
  Key held_out;  // those for validating and testing
  Key train;
};

/// The files of the test pictures with their sizes, which a data set keeps where it is moved or copied;
/// without them the folder.
std::string sizes_of_test_pictures(const RecordedRun& run) {
  std::error_code gone;
  if (!std::filesystem::is_regular_file(run.folder.test_pictures_csv(), gone))
    return run.record.data_folder.string();
  const std::vector<std::uint8_t> bytes = read_file(run.folder.test_pictures_csv());
  return {bytes.begin(), bytes.end()};
}

/// By the pixels, or by the names of the files within their folder, wherever that lies, and their sizes.
/// A record of a first version, which names no pictures, is told by their number and the settings of the
/// split.
PicturesKey pictures_key(const RecordedRun& run, bool by_pixels) {
  const RunRecord& record = run.record;
  const RunSettings& settings = record.settings;
  const std::optional<std::vector<RecordedPicture>> pictures = read_recorded_pictures(run.folder);
  if (!pictures) {
    const Key key = fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", record.pictures, record.bytes, settings.split,
                                seed_of_split(settings), settings.test_size, settings.test_folder,
                                settings.validation_size, settings.validation_folder);
    return {key, key};
  }
  std::vector<std::string> train, held_out;
  for (const RecordedPicture& picture : *pictures) {
    auto& side = picture.part == Part::train ? train : held_out;
    side.push_back(fmt::format("{}|{}|{}", name_of(picture.part), composed(picture.class_name),
                               by_pixels ? fmt::format("{:016x}", picture.pixels) : composed(picture.file)));
  }
  std::ranges::sort(train);
  std::ranges::sort(held_out);
  const std::string place =
      by_pixels ? std::string() : fmt::format("{}|{}", record.bytes, sizes_of_test_pictures(run));
  return {fmt::format("{}|{}", place, fmt::join(held_out, "\n")),
          fmt::format("{}|{}", place, fmt::join(train, "\n"))};
}

/// The classes, whose order depends on whether their names are composed.
Key classes_key(const RunRecord& record) {
  std::vector<std::string> names;
  for (const std::string& name : record.classes) names.push_back(composed(name));
  std::ranges::sort(names);
  return fmt::format("{}", fmt::join(names, "/"));
}

/// The keys of runs whose figures can be compared: those on held-out pictures, and the training loss.
struct Keys {
  std::vector<Key> data, loss;
};

Keys keys_of_data(const Runs& runs) {
  // Pixels of another size are other pixels.
  const auto reading = [](const NamedRun& named) {
    return std::pair(named.run.record.settings.image_size, named.run.record.settings.ignore_exif);
  };
  const bool by_pixels = std::ranges::all_of(
      runs, [&](const NamedRun& named) { return reading(named) == reading(runs.front()); });
  Keys keys;
  for (const NamedRun& named : runs) {
    const RunRecord& run = named.run.record;
    const RunSettings& settings = run.settings;
    const PicturesKey pictures = pictures_key(named.run, by_pixels);
    keys.data.push_back(fmt::format("{}|{}|{}", classes_key(run), measured_on(run), pictures.held_out));
    keys.loss.push_back(fmt::format("{}|{}|{}|{}|{}|{}|{}", classes_key(run), pictures.train,
                                    settings.class_weights, settings.logit_adjustment,
                                    settings.label_smoothing, settings.augment, settings.mild_epochs));
  }
  return keys;
}

/// A figure of each run; NaN for a run without it.
struct Figure {
  std::string name;
  Better better = Better::neither;
  std::vector<double> values;
  std::vector<std::string> cells;
};

ComparisonRow with_best_marked(const Figure& figure, const std::vector<Key>& keys) {
  ComparisonRow row{figure.name, figure.cells, false, std::vector<bool>(figure.values.size())};
  if (figure.better == Better::neither ||
      std::ranges::any_of(keys, [&](const Key& key) { return key != keys.front(); })) {
    return row;
  }
  std::optional<double> best, worst;
  const bool higher = figure.better == Better::higher;
  for (const double value : figure.values) {
    if (!std::isfinite(value)) continue;
    best = !best ? value : higher ? std::max(*best, value) : std::min(*best, value);
    worst = !worst ? value : higher ? std::min(*worst, value) : std::max(*worst, value);
  }
  for (std::size_t i = 0; i < figure.values.size(); ++i) {
    row.best[i] = best && best != worst && figure.values[i] == *best;
  }
  return row;
}

template <typename Value, typename Text>
Figure figure_of(std::string name, Better better, const Runs& runs, const Value& value, const Text& text) {
  Figure figure{std::move(name), better, {}, {}};
  for (const NamedRun& named : runs) {
    const double number = named.run.record.steps > 0 ? value(named.run.record) : std::nan("");
    figure.values.push_back(number);
    figure.cells.push_back(std::isfinite(number) ? text(named.run.record, number) : "-");
  }
  return figure;
}

std::vector<Key> keys_of(const Runs& runs, const std::function<Key(const RunRecord&)>& key) {
  std::vector<Key> keys;
  for (const NamedRun& named : runs) keys.push_back(key(named.run.record));
  return keys;
}

std::vector<ComparisonRow> figure_rows(const Runs& runs, const Keys& keys) {
  std::vector<ComparisonRow> rows;
  const auto& [by_data, by_loss] = keys;
  const std::vector<Key> by_machine = keys_of(runs, [](const RunRecord& run) {
    return fmt::format("{}|{}|{}|{}", run.machine.cpu, run.gpu, run.threads, run.settings.image_size);
  });
  const auto add = [&](const std::string& name, const EpochFigure& figure, const auto& value,
                       const std::vector<Key>& keys) {
    rows.push_back(with_best_marked(
        figure_of(name, figure.better, runs, value,
                  [&](const RunRecord&, double number) { return figure_text(figure, number); }),
        keys));
  };
  const auto add_last = [&](const EpochFigure& figure, const std::vector<Key>& keys) {
    add(
        fmt::format("{}, last", figure.label), figure,
        [&](const RunRecord& run) {
          return run.epochs.empty() ? std::nan("") : run.epochs.back().*figure.value;
        },
        keys);
  };
  // A figure of the last epoch, and of the best epoch with its number.
  for (const char* name : {"validation_accuracy_percent", "validation_macro_f1", "validation_loss"}) {
    const EpochFigure& figure = epoch_figure(name);
    add_last(figure, by_data);
    rows.push_back(with_best_marked(figure_of(
                                        fmt::format("{}, best", figure.label), figure.better, runs,
                                        [&](const RunRecord& run) {
                                          const EpochRecord* best = best_epoch_by(figure, run.epochs);
                                          return best != nullptr ? best->*figure.value : std::nan("");
                                        },
                                        [&](const RunRecord& run, double value) {
                                          return fmt::format("{} (epoch {})", figure_text(figure, value),
                                                             best_epoch_by(figure, run.epochs)->epoch);
                                        }),
                                    by_data));
  }
  const auto tested = [](double TestRecord::*value) {
    return
        [value](const RunRecord& run) { return run.tests.empty() ? std::nan("") : run.tests.front().*value; };
  };
  if (std::ranges::any_of(runs, [](const NamedRun& named) { return !named.run.record.tests.empty(); })) {
    add("Test accuracy", epoch_figure("validation_accuracy_percent"), tested(&TestRecord::accuracy_percent),
        by_data);
    add("Test macro F1", epoch_figure("validation_macro_f1"), tested(&TestRecord::macro_f1), by_data);
  }
  add_last(epoch_figure("loss"), by_loss);
  const EpochFigure& speed = epoch_figure("images_per_second");
  add(speed.label, speed, images_per_second, by_machine);
  rows.push_back(with_best_marked(
      figure_of(
          "Time", Better::neither, runs,
          [](const RunRecord& run) { return run.epochs.empty() ? std::nan("") : seconds_of(run.epochs); },
          [](const RunRecord&, double value) { return duration(value); }),
      by_data));
  return rows;
}

}  // namespace

Comparison compare(const std::vector<NamedRun>& runs) {
  const Keys keys = keys_of_data(runs);
  Comparison comparison{setting_rows(runs), figure_rows(runs, keys), {}};
  if (std::ranges::any_of(keys.data, [&](const Key& key) { return key != keys.data.front(); })) {
    comparison.notes.push_back(
        "No accuracy, F1 or loss is marked as the best: the runs were measured on different pictures.");
  }
  if (std::ranges::any_of(runs,
                          [](const NamedRun& named) { return named.run.record.validation_pictures == 0; })) {
    comparison.notes.push_back(
        "For runs that were validated on the test pictures, the best epoch was chosen on these pictures, so "
        "its figures are too good.");
  }
  return comparison;
}

std::string comparison_json(const std::vector<NamedRun>& runs) {
  ordered_json list = ordered_json::array();
  for (const auto& [name, run] : runs) {
    const RunRecord& record = run.record;
    ordered_json object = {{"run", name},
                           {"status", record.status},
                           {"command", record.command},
                           {"version", record.version},
                           {"started", record.started},
                           {"data", record.data_folder.string()},
                           {"pictures", record.pictures},
                           {"train_pictures", record.train_pictures},
                           {"validation_pictures", record.validation_pictures},
                           {"test_pictures", record.test_pictures},
                           {"classes", record.classes.size()}};
    const ordered_json options = ordered_json::parse(encode_run_record(record)).at("options");
    for (const auto& [option, value] : options.items()) {
      if (!record.unrecorded.contains(option)) object[option] = value;
    }
    object["steps"] = record.steps;
    object["cpu"] = record.machine.cpu;
    if (!record.gpu.empty()) object["gpu"] = record.gpu;
    object["threads"] = record.threads;
    object["peak_memory_bytes"] = record.peak_memory_bytes;
    if (!record.epochs.empty()) {
      object["images_per_second"] = images_per_second(record);
      object["seconds"] = seconds_of(record.epochs);
      for (const char* figure : {"validation_accuracy_percent", "validation_macro_f1", "validation_loss"}) {
        const EpochFigure& row = epoch_figure(figure);
        object["best"][figure] = best_epoch_by(row, record.epochs)->*row.value;
      }
    }
    object["history"] = ordered_json::parse(history_json(record.epochs));
    list.push_back(std::move(object));
  }
  return json_text(list, 2);
}

}  // namespace bart
