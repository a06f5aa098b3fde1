#include "initial_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "bart/dataset/class_names.h"
#include "bart/model/find_model.h"
#include "bart/model/model_file.h"
#include "bart/platform/counted.h"
#include "bart/platform/error.h"
#include "bart/record/picture_hashes.h"
#include "bart/record/run_record.h"

namespace bart {
namespace {

/// The first names of `some` that are not among `others`; empty: there are none.
std::string names_only_in(const std::vector<std::string>& some, const std::vector<std::string>& others) {
  std::set<std::string> known;
  for (const std::string& name : others) known.insert(composed(name));
  std::vector<std::string> names;
  std::ranges::copy_if(some, std::back_inserter(names),
                       [&](const std::string& name) { return !known.contains(composed(name)); });
  return some_of(names, 3);
}

/// What keeps the last layer of a model of the classes `before` from being one for `classes`.
std::string difference_of(const std::vector<std::string>& before, const std::vector<std::string>& classes) {
  if (before.empty()) return "it does not name its classes";
  const std::string gone = names_only_in(before, classes);
  const std::string added = names_only_in(classes, before);
  std::string text = "it has other classes";
  if (!gone.empty()) text += fmt::format("; the data set lacks {}", gone);
  if (!added.empty()) text += fmt::format("; the model does not know {}", added);
  return text;
}

std::string last_layer_sentence(const std::filesystem::path& file, const std::string& why) {
  return fmt::format("The last layer of {} was not used, so it starts from initial values: {}", file.string(),
                     why);
}

/// See InitialModel::trained_on. A record that cannot be read says nothing.
std::vector<std::uint64_t> pictures_trained_on(const FoundModel& found, const RunSettings& settings) {
  try {
    if (is_of_another_training(found)) return {};
    const RunSettings before = read_run_record(found.run).settings;
    if (before.image_size != settings.image_size || before.ignore_exif != settings.ignore_exif) return {};
    const std::optional<PictureHashes> hashes = read_picture_hashes(found.run);
    return hashes ? hashes->train : std::vector<std::uint64_t>();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

InitialModel take_initial_weights(const RunSettings& settings, const std::vector<std::string>& classes,
                                  StateDict& state) {
  const FoundModel found = find_model(settings.init);
  ModelFile init = read_model_without_labels(found);
  InitialModel initial{
      .file = found.file, .warnings = {}, .trained_on = pictures_trained_on(found, settings)};
  if (init.classes.empty() && std::filesystem::exists(found.run.labels())) {
    init = read_model(found, {}, [&](const std::string& sentence) { initial.warnings.push_back(sentence); });
  }
  init = named_as(std::move(init), classes);
  const std::string last = state.back().name.substr(0, state.back().name.rfind('.'));
  const bool same_classes = init.classes == classes;
  for (Tensor& tensor : state) {
    if (!same_classes && tensor.name.starts_with(last + ".")) continue;
    const Tensor* taken = find_tensor(init.state, tensor.name);
    if (taken == nullptr || taken->shape != tensor.shape) {
      throw SettingError(fmt::format("{} has no {} of the shape that this network needs: train with the "
                                     "{{image-size}} that it was trained with",
                                     found.file.string(), tensor.name),
                         false);
    }
    tensor.values = taken->values;
  }
  if (!same_classes)
    initial.warnings.push_back(last_layer_sentence(found.file, difference_of(init.classes, classes)));
  return initial;
}

}  // namespace bart
