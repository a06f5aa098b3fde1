// bart audit and bart apply as a user runs them, and the page as Chromium runs it, if Chromium is installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "bart/formats/pth.h"
#include "bart/platform/files.h"
#include "chromium.h"
#include "csv.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

class AuditDrawn : public DrawnFaces {
 protected:
  AuditDrawn() : DrawnFaces(3, 6) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    for (const auto& entry : fs::directory_iterator(here() / "faces"))
      classes_.push_back(entry.path().filename());
    std::ranges::sort(classes_);
    // The second picture of each class looks like the class after it.
    std::string csv = "file,label," + classes_[0] + "," + classes_[1] + "," + classes_[2] + "\n";
    for (std::size_t c = 0; c < 3; ++c) {
      std::vector<std::string> files;
      for (const auto& entry : fs::directory_iterator(here() / "faces" / classes_[c]))
        files.push_back(entry.path().filename());
      std::ranges::sort(files);
      for (std::size_t k = 0; k < files.size(); ++k) {
        const std::size_t looks = k == 1 ? (c + 1) % 3 : c;
        csv += classes_[c] + "/" + files[k] + "," + classes_[c];
        for (std::size_t p = 0; p < 3; ++p) csv += p == looks ? ",0.9" : ",0.05";
        csv += "\n";
        if (k == 1) planted_.push_back(classes_[c] + "/" + files[k]);
      }
    }
    write_file(here() / "p.csv", csv);
  }
  BartResult audit(std::vector<std::string> flags = {}) const {
    flags.insert(flags.begin(), {"audit", "faces", "--probabilities", "p.csv"});
    return run_bart(here(), flags);
  }

  std::vector<std::string> classes_, planted_;
};

TEST_F(AuditDrawn, ListsPlantedErrorsAndNeedsNoSettingForIt) {
  const BartResult result = audit();
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("3  probably mislabelled (of 18 judged)"));
  std::vector<std::string> found;
  for (const auto& row : csv_rows(file_text(here() / "bart-audit/audit.csv"))) {
    if (row[0] == "label") found.push_back(row[1]);
  }
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(planted_));
  // The probabilities that it writes are those that it was given.
  const BartResult again =
      run_bart(here(), {"audit", "faces", "--probabilities", "bart-audit/probabilities.csv", "--rank",
                        "margin", "--out", "again"});
  EXPECT_THAT(again.out, HasSubstr("3  probably mislabelled"));
  EXPECT_EQ(file_text(here() / "again/probabilities.csv"),
            file_text(here() / "bart-audit/probabilities.csv"));
}

TEST_F(AuditDrawn, TrainsByItself) {
  const BartResult result = run_bart(
      here(), {"audit", "faces", "--folds", "2", "--epochs", "1", "--image-size", "16", "--bs", "4"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("2-fold cross-validation, 1 epoch with pictures of 16x16"));
  EXPECT_EQ(csv_rows(file_text(here() / "bart-audit/probabilities.csv")).size(), 18u);
}

TEST_F(AuditDrawn, RefusesWhatCannotBe) {
  EXPECT_EQ(run_bart(here(), {"audit", "faces", "--folds", "1"}).code, 2);
  EXPECT_EQ(run_bart(here(), {"audit", "faces", "--model", "m", "--probabilities", "p.csv"}).code, 2);
  const BartResult inside = audit({"--out", "faces/audit"});
  EXPECT_EQ(inside.code, 2);
  EXPECT_THAT(inside.err, HasSubstr("is in the data folder"));
  EXPECT_EQ(run_bart(here(), {"apply", "gone.json"}).code, 1);
}

TEST_F(AuditDrawn, TakesTheLabelsOfAModelThatHoldsNone) {
  ASSERT_EQ(run_bart(here(), {"train", "faces", "--image-size", "16", "--epochs", "1", "--out", "r"}).code,
            0);
  write_file(here() / "r/BART-10M.pth", encode_pth(decode_pth(read_file(here() / "r/BART-10M.pth"))));
  fs::rename(here() / "r/label_encoder.joblib", here() / "names.joblib");
  const auto with_model = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"audit", "faces", "--model", "r", "--image-size", "16"});
    return run_bart(here(), flags);
  };
  const BartResult unnamed = with_model({});
  EXPECT_EQ(unnamed.code, 1);
  EXPECT_THAT(unnamed.err, HasSubstr("(--labels)"));
  const BartResult named = with_model({"--labels", "names.joblib"});
  EXPECT_EQ(named.code, 0) << named.err;
  EXPECT_THAT(named.out, HasSubstr("that it was not trained on"));
  EXPECT_EQ(audit({"--labels", "names.joblib"}).code, 2);
  fs::copy(here() / "names.joblib", here() / "r/audit.csv");
  const BartResult over = with_model({"--labels", "r/audit.csv", "--out", "r"});
  EXPECT_EQ(over.code, 2) << over.err;
}

TEST_F(AuditDrawn, SaysThatItCannotWriteBeforeItTrains) {
  scratch_.write("file");
  fs::create_symlink("nowhere", here() / "loose");
  for (const char* out : {"/dev/null", "file", "file/deep", "loose"}) {
    const BartResult result =
        run_bart(here(), {"audit", "faces", "--out", out, "--epochs", "1000000", "--image-size", "512"});
    EXPECT_THAT(result.code, testing::AnyOf(1, 2)) << out;
    EXPECT_THAT(result.err, HasSubstr(out));
  }
  fs::create_directory(here() / "pipes");
  for (const char* name : {"probabilities.csv", "audit.csv", "audit.json", "audit.html"}) {
    ASSERT_EQ(::mkfifo((here() / "pipes" / name).c_str(), 0600), 0);
    EXPECT_THAT(run_bart(here(), {"audit", "faces", "--out", "pipes", "--epochs", "1000000"}).err,
                HasSubstr(std::string("cannot write pipes/") + name + ": what is there is a pipe"));
    fs::remove(here() / "pipes" / name);
  }
}

TEST_F(AuditDrawn, LeavesTheProbabilitiesThatItReadsAsTheyAre) {
  ASSERT_EQ(audit().code, 0);
  const std::string all = file_text(here() / "bart-audit/probabilities.csv");
  fs::remove(here() / "faces" / planted_[0]);
  const BartResult result =
      run_bart(here(), {"audit", "faces", "--probabilities", "bart-audit/../bart-audit/probabilities.csv"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("of 17 judged"));
  EXPECT_EQ(file_text(here() / "bart-audit/probabilities.csv"), all);
}

TEST_F(AuditDrawn, AppliesDecisionsAndTakesThemBack) {
  const json decisions{{"version", 1},
                       {"folder", (here() / "faces").string()},
                       {"decisions",
                        {{{"file", planted_[0]}, {"action", "move"}, {"to", classes_[1]}},
                         {{"file", planted_[1]}, {"action", "remove"}}}}};
  write_file(here() / "decisions.json", decisions.dump());
  const BartResult applied = run_bart(here(), {"apply", "decisions.json"});
  ASSERT_EQ(applied.code, 0) << applied.err;
  EXPECT_THAT(applied.out, HasSubstr("1 picture moved to another class, 1 removed, 0 kept"));
  EXPECT_FALSE(fs::exists(here() / "faces" / planted_[0]));
  EXPECT_TRUE(fs::exists(here() / "faces-removed" / planted_[1]));
  EXPECT_THAT(run_bart(here(), {"apply", "decisions.json"}).out, HasSubstr("Nothing to do"));
  ASSERT_EQ(run_bart(here(), {"apply", "decisions.json", "--undo"}).code, 0);
  for (const std::string& file : planted_) EXPECT_TRUE(fs::exists(here() / "faces" / file));
  // What reverses it elsewhere is said with the folder.
  fs::copy(here() / "faces", here() / "more", fs::copy_options::recursive);
  EXPECT_THAT(run_bart(here(), {"apply", "decisions.json", "--folder", "more"}).out,
              HasSubstr("bart apply decisions.json --undo --folder more reverses it"));
}

TEST_F(AuditDrawn, AfterASignalTheSameCommandContinues) {
  const std::vector<std::string> command{"audit",     "faces", "--image-size", "16", "--bs",     "2",
                                         "--epochs",  "8",     "--folds",      "3",  "--recipe", "original",
                                         "--threads", "1"};
  const fs::path first = here() / "bart-audit/folds/fold-1.safetensors";
  RunningBart bart(here(), command);
  for (int i = 0; i < 6000 && !fs::exists(first); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  bart.send(SIGHUP);
  const BartResult stopped = bart.wait();
  ASSERT_EQ(stopped.code, 128 + SIGHUP) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("bart: stopped by SIGHUP (the terminal was closed): "));
  EXPECT_THAT(stopped.err, HasSubstr(" of 3 trainings are finished; the same command continues\n"));
  const std::vector<std::uint8_t> kept = read_file(first);
  const auto time = fs::last_write_time(first);

  RunningBart second(here(), command);
  ASSERT_TRUE(waits_for(second, SIGTERM));
  second.send(SIGTERM);
  EXPECT_EQ(second.wait().code, 128 + SIGTERM);
  EXPECT_EQ(read_file(first), kept);
  EXPECT_EQ(fs::last_write_time(first), time);

  const BartResult whole = run_bart(here(), command);
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_FALSE(fs::exists(here() / "bart-audit/folds"));
  EXPECT_EQ(csv_rows(file_text(here() / "bart-audit/probabilities.csv")).size(), 18u);
}

TEST_F(AuditDrawn, ThePageIsSteeredByKeysAndSavesDecisionsThatApply) {
  ASSERT_EQ(audit().code, 0);
  // Keys and clicks, and then what would be downloaded, as text. The last picture is decided in the box.
  std::string page = file_text(here() / "bart-audit/audit.html");
  page.insert(page.rfind("</body>"), R"js(<script>
const press = key => (document.activeElement || document.body).dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
press("m"); press("r"); press("ArrowLeft"); press("u"); press("r");
document.querySelectorAll(".item")[2].focus();
document.querySelector(".item.now button[data-does=remove]").click();
document.querySelectorAll(".item")[2].focus(); press("c");
document.activeElement.value = "nobody"; press("Enter");
const refused = document.querySelectorAll("input.wrong").length;
document.activeElement.value = document.querySelector("datalist option").value; press("Enter");
let text;
URL.createObjectURL = blob => { blob.text().then(t => { document.body.innerHTML = `<pre id="result">${refused} ${t}</pre>`; }); return "#"; };
press("s");
</script>)js");
  write_file(here() / "driven.html", page);
  const std::string dom =
      chromium(here(), "--virtual-time-budget=2000 --dump-dom file://" + (here() / "driven.html").string());
  if (dom.empty()) GTEST_SKIP() << "there is no working chromium here";
  const std::size_t begin = dom.find("<pre id=\"result\">");
  ASSERT_NE(begin, std::string::npos) << dom.substr(0, 300);
  const std::string result = dom.substr(begin + 17, dom.find("</pre>") - begin - 17);
  EXPECT_EQ(result.substr(0, 2), "1 ") << "a class that does not exist is refused in its box";
  write_file(here() / "decisions.json", result.substr(2));
  const json decisions = json::parse(result.substr(2));
  EXPECT_EQ(decisions["folder"], (here() / "faces").string());
  EXPECT_EQ(decisions["decisions"].size(), 3u);
  EXPECT_EQ(decisions["decisions"][0]["action"], "move");
  const BartResult applied = run_bart(here(), {"apply", "decisions.json"});
  ASSERT_EQ(applied.code, 0) << applied.err;
  EXPECT_THAT(applied.out, HasSubstr("2 pictures moved to another class, 1 removed"));
}

}  // namespace
}  // namespace bart
