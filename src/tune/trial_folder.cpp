#include "trial_folder.h"

#include <string>
#include <system_error>

#include "bart/record/run_folder.h"

namespace bart {

namespace fs = std::filesystem;

void keep_record_only(const fs::path& results) {
  const RunFolder run(results);
  std::error_code gone;
  for (const fs::path& file : run.result_files()) fs::remove(file, gone);
  fs::remove_all(run.test_pictures(), gone);
  for (const fs::path& file : {run.written_pictures_csv(), run.augmented_pictures()}) fs::remove(file, gone);
  for (const auto& entry : fs::directory_iterator(run.record(), gone)) {
    if (entry.path().filename().string().starts_with(RunFolder::checkpoint_prefix)) {
      fs::remove(entry.path(), gone);
    }
  }
}

}  // namespace bart
