#include "bart/run/lr_find.h"

#include <algorithm>
#include <utility>

#include "bart/run/settle.h"
#include "bart/run/split_pictures.h"
#include "initial_weights.h"
#include "run_data.h"
#include "run_warnings.h"

namespace bart {

LrRangeTest find_learning_rate(const std::filesystem::path& folder, const RunSettings& settings,
                               const LrRange& range, const RunObserver& observer, const OnProgress& progress,
                               const std::set<std::string>& given) {
  const auto warn = [&](const std::string& sentence) {
    if (observer.warning && !sentence.empty()) observer.warning(sentence);
  };
  SettledSettings settled = settle(settings);
  check_cache(settled.values.cache, data_folders(folder, settled.values));
  RunData data;
  data.listing = list_run_pictures(folder, settled.values);
  check_split(data.listing, settled.values, given);
  if (observer.listed) observer.listed(data.listing);
  const Architecture architecture = architecture_of(settled.values, data.listing.classes.size());
  check_memory_of_device(settled, architecture);
  tell_settled(settled, observer.warning, observer.gpu);
  LrRangeOptions options{
      .range = range, .training = settled.training, .initial_values = initial_values_of(settled.values)};
  if (!settled.values.init.empty()) {
    options.weights =
        initial_training_state(architecture, settled.training.seed, 1, options.initial_values).model;
    const InitialModel initial = take_initial_weights(settled.values, data.listing.classes, options.weights);
    std::ranges::for_each(initial.warnings, warn);
  }
  const std::filesystem::path no_file;  // pixels that do not fit into the memory: see LoadOptions
  read_run_pictures(data, settled.values, no_file, observer.reading);
  if (observer.read) observer.read(data.pictures, settled.values);
  data.split = split_pictures(data.pictures, settled.values);
  for (const std::string& warning : warnings_before(data.pictures, data.split, settled.values)) warn(warning);
  if (options.training.augmentation.changes()) {
    read_larger_pictures(data, settled.values, no_file, observer.reading);
    options.training.larger_pictures = &data.larger;
  }
  return lr_range_test(data.pictures, data.split.train, architecture, options, progress);
}

}  // namespace bart
