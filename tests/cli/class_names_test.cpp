// Class names are the same text whether a Mac wrote them or another computer: composed (Unicode's NFC) or
// decomposed (NFD), which sort differently.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "bart/dataset/class_names.h"
#include "csv.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const std::string nfc = "K\xC3\xB6ln",
                  nfd = "Ko\xCC\x88ln";  // before and after Kz, in bytes after and before

class ClassNames : public DrawnFaces {
 protected:
  ClassNames() : DrawnFaces(3, 5) {}
  void SetUp() override {
    DrawnFaces::SetUp();
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(here() / "faces"))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    fs::rename(here() / "faces" / names[0], here() / "faces" / "Bonn");
    fs::rename(here() / "faces" / names[1], here() / "faces" / "Kz");
    fs::rename(here() / "faces" / names[2], here() / "faces" / nfc);
    fs::copy(here() / "faces", here() / "mac", fs::copy_options::recursive);
    fs::rename(here() / "mac" / nfc, here() / "mac" / nfd);
    run({"train", "faces", "--image-size", "16", "--bs", "4", "--epochs", "1", "--no-report", "--out", "r"});
  }
  BartResult run(const std::vector<std::string>& arguments) const {
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 0) << testing::PrintToString(arguments) << result.err;
    return result;
  }
  /// A model of the decomposed names that begins as that of the composed ones, and is trained no further.
  void train_on_mac() const {
    const BartResult result = run(
        {"train", "mac", "--image-size", "16", "--epochs", "0", "--init", "r", "--no-report", "--out", "m"});
    EXPECT_THAT(result.err, Not(HasSubstr("last layer")));
  }
  /// The probabilities of a picture, by the class's composed name, as text.
  std::map<std::string, std::string> probabilities(std::vector<std::string> flags) const {
    const std::string picture = fs::directory_iterator(here() / "faces" / nfc)->path().string();
    flags.insert(flags.begin(), {"predict", picture, "--top-k", "3", "--format", "csv", "--out", "-"});
    std::map<std::string, std::string> found;  // from the columns file, rank, class, probability
    for (const auto& row : csv_rows(run(flags).out)) found[composed(row.at(2))] = row.at(3).substr(0, 6);
    EXPECT_EQ(found.size(), 3u);
    return found;
  }
};

TEST_F(ClassNames, AModelBeginsWithTheLastLayerOfAnotherForm) {
  train_on_mac();
  EXPECT_EQ(probabilities({"--model", "m"}), probabilities({"--model", "r"}));
}

TEST_F(ClassNames, AFurtherModelAndALabelFileOfAnotherFormFit) {
  train_on_mac();
  EXPECT_EQ(probabilities({"--model", "m", "--labels", "r/label_encoder.joblib"}),
            probabilities({"--model", "r"}));
  EXPECT_EQ(probabilities({"--model", "m", "--also", "r"}), probabilities({"--model", "r"}));
  const BartResult also =
      run({"predict", "faces", "--recursive", "--model", "r", "--also", "m", "--out", "o.csv"});
  EXPECT_THAT(also.err, HasSubstr("The 2 models agree on 15 of 15"));
  EXPECT_THAT(file_text(here() / "o.csv"), Not(HasSubstr(nfd)));
  run({"export", "--model", "m", "--labels", "r/label_encoder.joblib", "--out", "m.onnx"});
  EXPECT_EQ(probabilities({"--model", "m.onnx"}), probabilities({"--model", "r"}));
}

TEST_F(ClassNames, AnAuditTakesModelsAndProbabilitiesOfAnotherForm) {
  const std::vector<std::string> asked = {"audit", "faces", "--model", "r", "--out", "a"};
  run(asked);
  run({"audit", "mac", "--model", "r", "--out", "b"});
  const auto by_class = [&](const char* file, const std::string& form) {
    std::map<std::string, std::string> found;
    const auto rows = csv_rows("\n" + file_text(here() / file));  // with the names of the columns
    for (std::size_t c = 3; c < rows[0].size(); ++c) {
      EXPECT_TRUE(rows[0][c] == "Bonn" || rows[0][c] == "Kz" || rows[0][c] == form) << rows[0][c];
      for (std::size_t row = 1; row < rows.size(); ++row)
        found[composed(rows[row][0] + ", " + rows[0][c])] = rows[row][c].substr(0, 6);
    }
    return found;
  };
  const auto found = by_class("a/probabilities.csv", nfc);
  EXPECT_FALSE(found.empty());
  EXPECT_EQ(by_class("b/probabilities.csv", nfd), found);
  const BartResult again = run({"audit", "mac", "--probabilities", "a/probabilities.csv", "--out", "c"});
  EXPECT_THAT(again.err, Not(HasSubstr("passed over")));
  EXPECT_THAT(again.err, Not(HasSubstr("another label")));
  EXPECT_EQ(by_class("c/probabilities.csv", nfd), found);
}

TEST_F(ClassNames, AResumedTrainingSaysThatOnlyTheFormDiffers) {
  for (const std::string& folder : {std::string("mac"), std::string("faces")}) {
    fs::remove_all(here() / "faces");
    if (folder == "faces") fs::copy(here() / "mac", here() / "faces", fs::copy_options::recursive);
    const BartResult result = run_bart(here(), {"train", folder, "--resume", "--out", "r", "--epochs", "2"});
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("its class names are the same text, once composed and once decomposed "
                                      "(Unicode's NFC and NFD)"));
  }
}

TEST_F(ClassNames, TrainingsOnTheSamePicturesAreCompared) {
  for (const std::string& folder : {std::string("faces"), std::string("mac")}) {
    run({"train", folder, "--test-folder", "faces", "--image-size", "16", "--epochs", "1", "--no-report",
         "--out", "of_" + folder});
  }
  const BartResult compared = run({"compare", "of_faces", "of_mac"});
  EXPECT_THAT(compared.out + compared.err, Not(HasSubstr("measured on different pictures")));
}

TEST_F(ClassNames, AServerTakesANewModelOfAnotherFormAndKeepsItsNames) {
  train_on_mac();
  RunningBart server(here(), {"serve", "r", "--port", "0"});
  const auto wait_for = [&](const std::string& text) {
    for (int i = 0; i < 6000 && server.err_so_far().find(text) == std::string::npos; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ASSERT_THAT(server.err_so_far(), HasSubstr(text));
  };
  wait_for(" at http");
  fs::remove_all(here() / "r");
  fs::rename(here() / "m", here() / "r");
  server.send(SIGHUP);
  wait_for("Loaded the model again");
  server.send(SIGTERM);
  EXPECT_EQ(server.wait().code, 0);
}

}  // namespace
}  // namespace bart
