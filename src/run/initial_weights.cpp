#include "initial_weights.h"

#include <fmt/format.h>

#include "bart/model/find_model.h"
#include "bart/model/model_file.h"
#include "bart/record/run_settings.h"

namespace bart {

InitialModel take_initial_weights(const std::filesystem::path& path, const std::vector<std::string>& classes,
                                  StateDict& state) {
  const FoundModel found = find_model(path);
  ModelFile init = read_model_without_labels(found);
  if (init.classes.empty() && std::filesystem::exists(found.run.labels())) init = read_model(found);
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
  return {found.file, same_classes};
}

}  // namespace bart
