// A process that helps process 0 of a shared training: it computes its part of each batch and writes nothing.
#include <utility>

#include "bart/platform/make_folders.h"
#include "bart/run/run.h"
#include "bart/run/settle.h"
#include "bart/run/split_pictures.h"
#include "patience.h"
#include "run_data.h"
#include "shared_training.h"

namespace bart {

void assist(Group& group, int threads, const std::function<bool()>& go_on) {
  SharedStart start = share_start(group, {});
  start.settings.threads = threads;
  SettledSettings settled = settle(start.settings);
  settled.training.group = &group;
  RunData data;
  data.listing = list_run_pictures(start.folder, settled.values);
  const std::filesystem::path scratch = existing_part(std::filesystem::absolute(settled.values.out));
  read_run_pictures(data, settled.values, scratch, {}, &group);
  check_same_pictures(group, fingerprint_of(data.pictures, settled.values.threads), data.pictures.files);
  data.split = split_pictures(data.pictures, settled.values);
  if (settled.training.augmentation.changes()) {
    read_larger_pictures(data, settled.values, scratch, {}, &group);
    settled.training.larger_pictures = &data.larger;
  }
  const Architecture architecture = architecture_of(settled.values, data.listing.classes.size());
  share_computers(group);
  Training training(data.pictures, data.split, architecture, settled.training,
                    share_state(group, std::nullopt));

  const TrainingProgress& progress = training.progress();
  bool stopped = false;
  const auto agreed = [&] {
    stopped = !all_true(group, !go_on || go_on());
    return !stopped;
  };
  const TrainEvents events{
      .step = [&](const StepRecord&, std::size_t, std::size_t) { return agreed(); },
      .validation = [&](std::size_t, std::size_t) { return agreed(); },
      .last_epoch = [&](const EpochRecord& epoch) { return ends_with(epoch, progress, settled); },
      .epoch = [&](const EpochRecord&) { return agreed() && !out_of_patience(progress, settled); }};
  if (!out_of_patience(progress, settled)) training.run(events);
  if (!stopped) training.settle();
}

}  // namespace bart
