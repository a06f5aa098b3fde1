#include "initial_weights.h"

#include <fmt/format.h>

#include "bart/formats/joblib.h"
#include "bart/model/model_file.h"
#include "bart/platform/files.h"
#include "bart/record/run_folder.h"
#include "bart/record/run_settings.h"

namespace bart {

bool take_initial_weights(const std::filesystem::path& model, const std::vector<std::string>& classes,
                          StateDict& state) {
  ModelFile init = read_model_file(model);
  const std::filesystem::path labels = model.parent_path() / RunFolder::labels_name;
  if (init.classes.empty() && std::filesystem::exists(labels)) {
    init.classes = decode_label_encoder(read_file(labels));
  }
  const std::string last = state.back().name.substr(0, state.back().name.rfind('.'));
  const bool same_classes = init.classes == classes;
  for (Tensor& tensor : state) {
    if (!same_classes && tensor.name.starts_with(last + ".")) continue;
    const Tensor* found = find_tensor(init.state, tensor.name);
    if (found == nullptr || found->shape != tensor.shape) {
      throw SettingError(fmt::format("{} has no {} of the shape that this network needs: train with the "
                                     "{{image-size}} that it was trained with",
                                     model.string(), tensor.name),
                         false);
    }
    tensor.values = found->values;
  }
  return same_classes;
}

}  // namespace bart
