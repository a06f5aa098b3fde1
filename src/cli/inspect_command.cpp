#include <fmt/format.h>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "bart/dataset/listing.h"
#include "bart/inspect/inspect.h"
#include "bart/inspect/report.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "commands.h"
#include "listing_text.h"
#include "log.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct InspectFlags {
  fs::path folder = "characters_train";
  fs::path html;
  bool json = false;
  bool ignore_exif = false;
  double test_size = 0.2;
  std::int64_t seed = 10;
  int threads = 0;
};

void check_flags(const InspectFlags& flags) {
  if (!(flags.test_size >= 0 && flags.test_size < 1)) {
    throw UsageError(fmt::format("--test-size must be at least 0 and below 1, not {}", flags.test_size));
  }
  if (flags.seed < 0 || flags.seed > 0xFFFFFFFFLL) {
    throw UsageError(fmt::format("--seed must be from 0 to 4294967295, not {}", flags.seed));
  }
  if (flags.threads < 0) throw UsageError(fmt::format("--threads must be at least 1, not {}", flags.threads));
  if (flags.json && flags.html == "-") throw UsageError("--json and --html - cannot both go to stdout");
}

/// Throws an Error, before pictures are read, where the page cannot be written or would replace a file that
/// is no page.
void check_page(const fs::path& page) {
  if (page.empty() || page == "-") return;
  std::error_code none;
  const fs::file_status status = fs::status(page, none);
  if (fs::is_directory(status))
    throw UsageError(fmt::format("--html {} is a folder: name a file", page.string()));
  if (fs::exists(status) && !fs::is_regular_file(status)) return;  // a device or a pipe is written through
  // A link is asked for what it leads to.
  const fs::path target = fs::exists(status) ? fs::canonical(page, none) : page;
  const std::string ending = target.extension().string();
  if (ending != ".html" && ending != ".htm" && ending != ".HTML" && ending != ".HTM") {
    throw UsageError(
        fmt::format("--html writes a page: name a file that ends with .html, not {}", page.string()));
  }
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (::access((fs::exists(status) ? target : folder).c_str(), W_OK) != 0) {
    throw Error(fmt::format("cannot write {}: {}", page.string(), std::strerror(errno)));
  }
}

/// The folder as it is called: without a slash at its end, and "." and ".." by their names.
fs::path named(const fs::path& folder) {
  fs::path path = folder.lexically_normal();
  if (!path.has_filename() && path.has_parent_path() && path != path.root_path()) path = path.parent_path();
  if (path == "." || path.filename() == "..") {
    std::error_code error;
    fs::path real = fs::canonical(path, error);
    if (!error) path = real;
  }
  return path;
}

int inspect_command(const InspectFlags& flags) {
  check_flags(flags);
  check_page(flags.html);
  Progress progress;
  Log log("Batlogger (Inspect)", progress);
  const Listing listing = list_data(named(flags.folder));
  log_listing(log, listing);
  const Inspection inspection = inspect_pictures(
      listing,
      {.threads = flags.threads,
       .apply_exif_orientation = !flags.ignore_exif,
       .test_size = flags.test_size,
       .seed = static_cast<std::uint32_t>(flags.seed)},
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); });
  progress.clear();
  if (!flags.html.empty()) {
    const std::string page = inspection_page(inspection, [&](std::size_t done, std::size_t total) {
      progress.show("Making thumbnails", done, total);
    });
    progress.clear();
    if (flags.html == "-") {
      std::fwrite(page.data(), 1, page.size(), stdout);
      return 0;
    }
    write_file(flags.html, page);
    log.info(
        fmt::format("Wrote {} ({:.1f} MB)", flags.html.string(), 1e-6 * static_cast<double>(page.size())));
  }
  const std::string text = flags.json ? inspection_json(inspection) : inspection_text(inspection);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App* command = program.add_subcommand(
      "inspect",
      "Look into a data set: classes, sizes, broken files, duplicates, the leak into the test set");
  command
      ->add_option("folder", flags->folder,
                   "The data: a folder with one sub-folder per class, or a CSV of files and labels")
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print everything as JSON instead of tables");
  command->add_option("--html", flags->html,
                      "Write a page with thumbnails to this file, too (- for stdout, instead of the tables)");
  command->add_option("--seed", flags->seed, "Seed of the split, as of bart train")->capture_default_str();
  command->add_option("--test-size", flags->test_size, "Share of the test set, as of bart train (0: none)")
      ->capture_default_str();
  command->add_flag("--ignore-exif", flags->ignore_exif, "Take pictures as stored, not as turned by EXIF");
  command->add_option("--threads", flags->threads, "Threads (default: all that this process may use)");
  command->footer(
      "Near duplicates are pictures of one scene: 64-bit DCT hashes at most 10 bits apart, and colors of\n"
      "16x16 thumbnails correlated by 0.9 or more; chains of them are one group. The folder is only read.\n"
      "A data set that comes with its own split, as train, val and test folders, is inspected as it is "
      "split.\n\n"
      "Examples:\n"
      "  bart inspect faces                       tables\n"
      "  bart inspect faces --html faces.html     a page with thumbnails, too\n"
      "  bart inspect faces --json | jq .split    how many test pictures leak");
  command->callback([flags, &run] { run = [flags] { return inspect_command(*flags); }; });
}

}  // namespace bart
