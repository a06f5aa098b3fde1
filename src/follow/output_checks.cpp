#include "output_checks.h"

#include <fmt/format.h>

#include <string>
#include <system_error>

#include "bart/platform/error.h"
#include "bart/record/file_of_run.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

/// The path without links and dots. The file need not exist.
fs::path real_path(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(fs::absolute(path, error), error);
  return error ? path : real;
}

/// Whether both paths name one file, which is replaced or will be created. Both may name one device.
bool are_one_file(const fs::path& one, const fs::path& other) {
  if (one.empty() || other.empty()) return false;
  if (one == "-" || other == "-") return one == other;
  std::error_code error;
  const fs::file_status status = fs::status(one, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return false;
  return real_path(one) == real_path(other) || fs::equivalent(one, other, error);
}

}  // namespace

void check_outputs(std::initializer_list<Output> outputs) {
  for (const Output* output = outputs.begin(); output != outputs.end(); ++output) {
    check_can_write(*output);
    for (const Output* other = outputs.begin(); other != output; ++other) {
      if (!are_one_file(output->path, other->path)) continue;
      throw UsageError(fmt::format("{} and {} cannot both write {}", other->flag, output->flag,
                                   output->path == "-" ? "to stdout" : output->path.string()));
    }
    if (output->path.empty() || output->path == "-" || !is_file_of_run(real_path(output->path))) continue;
    std::error_code error;
    throw UsageError(fmt::format("{} {} {} a file of a training: name another file", output->flag,
                                 output->path.string(),
                                 fs::exists(output->path, error) ? "would replace" : "has the name of"));
  }
}

}  // namespace bart
