// The changes that BART makes on disk fail one at a time: a clear sentence, exit code 1, older files intact,
// and the next run makes up for it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>

#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

using Contents = std::map<std::string, std::string>;

/// Files that say when they were written, or by whom.
bool is_record(const std::string& name) {
  return name.ends_with("run.json") || name.ends_with("lock") || name.ends_with("report.html") ||
         name.starts_with("bart-run/history.");
}

Contents contents_of(const fs::path& folder) {
  Contents contents;
  if (!fs::exists(folder)) return contents;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file())
      contents[entry.path().lexically_relative(folder).string()] = file_text(entry.path());
  }
  return contents;
}

class Faults : public DrawnFaces {
 protected:
  Faults() : DrawnFaces(2, 5) {}

  /// Runs `command`, whose results go to `out`, again and again from the state `before`, with another call
  /// failing each time, until none is left. Each file on the disk must then be whole, either the earlier one
  /// or that of a run without faults; and `again`, if given, must give what that run gives.
  void inject_at_every_call(const std::vector<std::string>& command, const std::vector<std::string>& again,
                            const std::string& out, const std::string& action) {
    const fs::path before = here() / "before";
    fs::remove_all(before);
    fs::create_directories(here() / out);
    fs::copy(here() / out, before, fs::copy_options::recursive);
    ASSERT_EQ(run_bart(here(), command).code, 0);
    const Contents old_files = contents_of(before);
    const Contents new_files = contents_of(here() / out);

    // All of them with BART_TEST_ALL_FAULTS, for the figures in docs/trust.md.
    const int stride = std::getenv("BART_TEST_ALL_FAULTS") != nullptr ? 1
                       : command.front() == "train"                   ? 37
                                                                      : 3;
    int injected = 0;
    for (int call = 1;; call += stride) {
      fs::remove_all(here() / out);
      fs::copy(before, here() / out, fs::copy_options::recursive);
      const fs::path report = here() / "report";
      fs::remove(report);
      const BartResult result = run_bart(here(), command,
                                         {.environment = {{"LD_PRELOAD", BART_FAULTS_LIBRARY},
                                                          {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                                                          {"BART_FAULT", fmt::format("{}:{}", call, action)},
                                                          {"BART_FAULT_REPORT", report.string()}}});
      if (!fs::exists(report)) {
        EXPECT_EQ(result.code, 0) << result.err;
        break;
      }
      ++injected;
      const std::string where = file_text(report);
      if (action == "kill") {
        EXPECT_EQ(result.code, 128 + SIGKILL) << where;
      } else if (result.err.find("The report was not written, and the training goes on") !=
                 std::string::npos) {
        EXPECT_EQ(result.code, 0) << where << result.err;
        EXPECT_THAT(result.err, testing::ContainsRegex(fmt::format("goes on: cannot [^\n]*report.html: {}",
                                                                   std::strerror(std::stoi(action)))))
            << where;
      } else {
        EXPECT_EQ(result.code, 1) << where << result.err;
        EXPECT_THAT(result.err, HasSubstr(std::strerror(std::stoi(action)))) << where;
        EXPECT_THAT(result.err, testing::ContainsRegex("bart: .*cannot ")) << where;
      }
      for (const auto& [name, content] : contents_of(here() / out)) {
        if (is_record(name)) continue;
        if (action == "kill" && name.find(".unfinished-") != std::string::npos) continue;
        const auto old_file = old_files.find(name);
        const auto new_file = new_files.find(name);
        EXPECT_TRUE((old_file != old_files.end() && content == old_file->second) ||
                    (new_file != new_files.end() && content == new_file->second) || is_history(name))
            << name << " after " << where;
      }
      for (const auto& [name, content] : old_files) {
        EXPECT_TRUE(fs::exists(here() / out / name) || is_history(name)) << name << " after " << where;
        if (!name.ends_with(".pth")) continue;
        // A model that is replaced is kept.
        const auto is_in = [&](const char* folder) {
          const fs::path model = here() / out / folder / name;
          return fs::exists(model) && file_text(model) == content;
        };
        EXPECT_TRUE(is_in("") || is_in("bart-run/before") || is_in("bart-run/earlier"))
            << name << " after " << where;
      }

      if (again.empty()) continue;
      const BartResult retry = run_bart(here(), has_checkpoint(out) ? again : command);
      EXPECT_EQ(retry.code, 0) << where << retry.err;
      for (const auto& [name, content] : contents_of(here() / out)) {
        if (is_record(name) || is_history(name)) continue;
        const auto new_file = new_files.find(name);
        EXPECT_TRUE(new_file != new_files.end() && content == new_file->second)
            << name << " of the next run, after " << where;
      }
    }
    fmt::print("{}: {} faults, {}\n", fmt::join(command, " "), injected, action);
  }

  /// Files come and go during a training, and a checkpoint holds times, so only the final files are compared.
  static bool is_history(const std::string& name) {
    return name.starts_with("bart-run/checkpoint-") || name.starts_with("bart-run/earlier-") ||
           name.starts_with("bart-run/events.") || name == "bart-run/steps.csv" ||
           name.starts_with("bart-run/earlier/") || name.starts_with("bart-run/before/");
  }
  bool has_checkpoint(const std::string& out) const {
    for (const auto& [name, content] : contents_of(here() / out)) {
      if (name.starts_with("bart-run/checkpoint-")) return true;
    }
    return false;
  }
  static std::vector<std::string> train(const std::string& seed) {
    return {"train",     "faces", "--image-size",         "16", "--bs",   "4",  "--epochs", "1",
            "--threads", "1",     "--checkpoint-minutes", "0",  "--seed", seed, "--out",    "run"};
  }
};

TEST_F(Faults, AFirstTraining) {
  inject_at_every_call(train("10"), {"train", "--resume", "--no-report", "--out", "run"}, "run",
                       std::to_string(ENOSPC));
}

TEST_F(Faults, ATrainingOverAnOlderOne) {
  ASSERT_EQ(run_bart(here(), train("3")).code, 0);
  // If the new training has no checkpoint yet, that of the old one may be there: the training is begun anew.
  inject_at_every_call(train("10"), train("10"), "run", std::to_string(EIO));
}

TEST_F(Faults, ATrainingKilledAtAWrite) {
  inject_at_every_call(train("10"), {"train", "--resume", "--no-report", "--out", "run"}, "run", "kill");
}

TEST_F(Faults, AModelNeverPartsFromItsRecord) {
  ASSERT_EQ(run_bart(here(), {"sample", "others", "--classes", "3", "--per-class", "5", "--seed", "3"}).code,
            0);
  std::vector<std::string> first = train("3");
  first.insert(first.end(), {"--best", "accuracy"});
  ASSERT_EQ(run_bart(here(), first).code, 0);
  const fs::path run = here() / "run", before = here() / "before";
  fs::copy(run, before, fs::copy_options::recursive);
  const std::string old_model = file_text(run / "BART-10M.pth");
  std::vector<std::string> second = train("10");
  second[1] = "others";
  /// Whether the second training has a new model when it is killed at this call.
  const auto writes_model_before = [&](int call) {
    fs::remove_all(run);
    fs::copy(before, run, fs::copy_options::recursive);
    run_bart(here(), second,
             {.environment = {{"LD_PRELOAD", BART_FAULTS_LIBRARY},
                              {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                              {"BART_FAULT", fmt::format("{}:kill", call)}}});
    return file_text(run / "BART-10M.pth") != old_model;
  };
  int without = 1, with = 1024;
  while (with - without > 1) {
    const int call = (with + without) / 2;
    (writes_model_before(call) ? with : without) = call;
  }
  // The calls around the first model: before it, with it, and while what belongs to it follows.
  int unfinished = 0;
  for (int call = with - 2; call < with + 16; ++call) {
    const bool is_new = writes_model_before(call);
    unfinished += is_new && !fs::exists(run / "bart-run/earlier");
    const BartResult evaluated =
        run_bart(here(), {"evaluate", "--model", "run", "--labels",
                          is_new ? "run/label_encoder.joblib" : "before/label_encoder.joblib"});
    const bool labels_follow =
        is_new && file_text(run / "label_encoder.joblib") == file_text(before / "label_encoder.joblib");
    if (labels_follow) {
      EXPECT_THAT(evaluated.err, HasSubstr("names other classes than run/BART-10M")) << call;
    } else {
      EXPECT_EQ(evaluated.code, 0) << call << evaluated.err;
    }
    const BartResult report = run_bart(here(), {"report", "run"});
    if (is_new && !labels_follow) {
      EXPECT_EQ(report.code, 0) << call << report.err;
    } else {
      EXPECT_THAT(report.err, HasSubstr(is_new ? "names other classes than" : "has no model yet")) << call;
    }
    const BartResult next = run_bart(here(), train("12"));
    EXPECT_EQ(next.code, 0) << call << next.err;
    EXPECT_THAT(next.err, Not(HasSubstr("No training of BART wrote"))) << call;
    EXPECT_FALSE(fs::exists(run / "bart-run/kept-1")) << call;
    EXPECT_FALSE(fs::exists(run / "BART-10M.best.pth")) << call;
    // What this one replaced is there with its record and its names.
    const BartResult earlier = run_bart(here(), {"evaluate", "--model", "run/bart-run/earlier"});
    EXPECT_EQ(earlier.code, 0) << call << earlier.err;
    EXPECT_EQ(file_text(run / "bart-run/earlier/BART-10M.pth") == old_model, !is_new) << call;
  }
  EXPECT_GT(unfinished, 0);
}

TEST_F(Faults, OtherCommands) {
  ASSERT_EQ(run_bart(here(), train("10")).code, 0);
  const std::string model = "run/BART-10M.pth", labels = "run/label_encoder.joblib";
  const std::vector<std::vector<std::string>> commands = {
      {"predict", "faces", "--recursive", "--model", model, "--labels", labels, "--out", "new/results.json"},
      {"export", "--model", model, "--labels", labels, "--out", "new/model.onnx"},
      {"convert", model, "new/model.pth", "--labels", labels},
      {"inspect", "faces", "--html", "new/page.html"},
      {"sample", "new/more", "--classes", "2", "--per-class", "2"}};
  for (const auto& command : commands) {
    fs::remove_all(here() / "new");
    // bart sample needs an empty folder.
    const bool repeatable = command.front() != "sample";
    inject_at_every_call(command, repeatable ? command : std::vector<std::string>{}, "new",
                         std::to_string(EROFS));
  }
}

TEST_F(Faults, AFolderThatVanishes) {
  ASSERT_EQ(run_bart(here(), train("10")).code, 0);
  const BartResult result =
      run_bart(here(), {"predict", "faces", "--recursive", "--model", "run/BART-10M.pth", "--labels",
                        "run/label_encoder.joblib", "--out", "nowhere/results.json"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot write nowhere/results.json: No such file or directory"));
}

}  // namespace
}  // namespace bart
