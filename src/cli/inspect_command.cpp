#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bart/augment/augmentation.h"
#include "bart/cluster/join.h"
#include "bart/dataset/content.h"
#include "bart/dataset/listing.h"
#include "bart/inspect/inspect.h"
#include "bart/inspect/report.h"
#include "bart/platform/error.h"
#include "bart/record/run_settings.h"
#include "bart/report/augmentation_page.h"
#include "bart/run/split_pictures.h"
#include "commands.h"
#include "listing_text.h"
#include "log.h"
#include "output_checks.h"
#include "outputs.h"
#include "progress.h"
#include "terminal.h"
#include "timeout_flag.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct InspectFlags {
  fs::path folder = "characters_train";
  fs::path html;
  fs::path augmented;
  std::string augment = recipe_settings("tuned").augment;
  bool json = false;
  bool ignore_exif = false;
  double test_size = 0.2;
  bool test_size_given = false;
  std::int64_t seed = 10;
  int threads = 0;
  int timeout = 300;
};

void check_flags(const InspectFlags& flags) {
  check({.seed = flags.seed, .test_size = flags.test_size, .augment = flags.augment},
        {"seed", "test-size", "augment"});
  if (flags.json && flags.html == "-") throw UsageError("--json and --html - cannot both go to stdout");
  if (flags.augmented == "-") throw UsageError("--augmented needs the name of a file");
}

int inspect_command(const InspectFlags& flags, Group* group) {
  const bool writes = is_first(group);
  check_flags(flags);
  const Output html{"--html", flags.html};
  check_ending(html, "HTML", {".html", ".htm"});
  const Output augmented{"--augmented", flags.augmented};
  check_ending(augmented, "HTML", {".html", ".htm"});
  if (writes) check_outputs({html, augmented});
  Progress progress;
  Log log("Batlogger (Inspect)", progress);
  const Listing listing = list_data(path_with_name(flags.folder));
  check_split(listing, {.test_size = flags.test_size},
              flags.test_size_given ? std::set<std::string>{"test-size"} : std::set<std::string>());
  check_replaces_no_input(std::array{html, augmented}, paths_of(listing));
  log_listing(log, listing);
  const Inspection inspection = inspect_pictures(
      listing,
      {.threads = flags.threads,
       .apply_exif_orientation = !flags.ignore_exif,
       .test_size = flags.test_size,
       .seed = static_cast<std::uint32_t>(flags.seed)},
      [&](std::size_t done, std::size_t total) { progress.show("Reading pictures", done, total); }, group);
  if (!writes) return 0;
  progress.clear();
  log_clipped_gray(log, clipped_gray(inspection.pictures, &InspectedPicture::file));
  if (!flags.augmented.empty()) {
    std::vector<std::string> files;
    for (const InspectedPicture& picture : inspection.pictures) files.push_back(picture.file);
    write_output(flags.augmented,
                 augmentation_page(inspection.folder, files, augmentation_of(flags.augment),
                                   static_cast<std::uint32_t>(flags.seed), !flags.ignore_exif));
    log.info(fmt::format("Wrote {}", flags.augmented.string()));
  }
  if (!flags.html.empty()) {
    const std::string page = inspection_page(inspection, [&](std::size_t done, std::size_t total) {
      progress.show("Making thumbnails", done, total);
    });
    progress.clear();
    write_output(flags.html, page);
    if (flags.html == "-") return 0;
    log.info(
        fmt::format("Wrote {} ({:.1f} MB)", flags.html.string(), 1e-6 * static_cast<double>(page.size())));
  }
  const std::string text =
      flags.json ? inspection_json(inspection) : inspection_text(inspection, terminal_columns(STDOUT_FILENO));
  write_output("-", text);
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App* command = program.add_subcommand(
      "inspect", "Examine a data set: classes, sizes, broken files, duplicates, leaks into the test set");
  command
      ->add_option("folder", flags->folder,
                   "The data: a folder with one sub-folder per class, or a CSV of files and labels")
      ->capture_default_str();
  command->add_flag("--json", flags->json, "Print everything as JSON instead of tables");
  command->add_option(
      "--html", flags->html,
      "Also write a page with thumbnails to this file (- writes it to stdout instead of the tables)");
  command->add_option(
      "--augmented", flags->augmented,
      "Also write a page to this file that shows some pictures as a training with --augment would see them");
  command->add_option("--augment", flags->augment, "The augmentation for that page, as for bart train")
      ->default_str("that of --recipe tuned");
  command->add_option("--seed", flags->seed, "Seed of the split, as for bart train")->capture_default_str();
  command->add_option("--test-size", flags->test_size, "Share of the test set, as for bart train (0: none)")
      ->capture_default_str();
  command->add_flag("--ignore-exif", flags->ignore_exif,
                    "Take pictures as they are stored, without the rotation that EXIF asks for");
  command->add_option("--threads", flags->threads,
                      "Number of threads (default: all that this process may use)");
  add_timeout_flag(*command, flags->timeout);
  command->footer(
      "Near duplicates are pictures of one scene: their 64-bit DCT hashes differ in at most 10 bits, and the "
      "colours of\ntheir 16x16 thumbnails have a correlation of at least 0.9. Chains of them form one group. "
      "The folder is only\nread. A data set with a split of its own (folders train, val and test) is "
      "examined with that split.\n\n"
      "Examples:\n"
      "  bart inspect faces                       tables\n"
      "  bart inspect faces --html faces.html     tables, and a page with thumbnails\n"
      "  bart inspect faces --augmented a.html    what the network will see with --recipe tuned\n"
      "  bart inspect faces --json | jq .split    how many test pictures leak");
  command->callback([flags, &run, command] {
    flags->test_size_given = command->count("--test-size") > 0;
    run = [flags] { return run_shared(true, *flags, inspect_command); };
  });
}

}  // namespace bart
