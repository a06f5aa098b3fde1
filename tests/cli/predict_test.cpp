// bart predict as a user runs it, and its predictions against PyTorch's.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/platform/files.h"
#include "csv.h"
#include "predict_drawn.h"
#include "subset.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using test::goldens;
using test::subset;
using testing::HasSubstr;

/// The network of make_subset_predictions.py: initial weights with other statistics and a last layer with
/// larger weights.
void change_as_in_golden(const fs::path& model) {
  StateDict state = decode_pth(read_file(model));
  std::map<std::string, std::string> statistics;
  for (const auto& row : csv_rows(file_text(goldens / "subset_statistics.csv"))) statistics[row[0]] = row[1];
  for (Tensor& tensor : state) {
    if (tensor.name == "classification_head.7.weight") {
      for (float& value : tensor.floats()) value *= 30;
    }
    const auto found = statistics.find(tensor.name);
    if (found == statistics.end()) continue;
    std::istringstream values(found->second);
    std::string hexadecimal;
    for (float& value : tensor.floats()) {
      values >> hexadecimal;
      value = std::strtof(hexadecimal.c_str(), nullptr);
    }
  }
  write_file(model, encode_pth(state));
}

TEST(Predict, GivesPyTorchsClassesAndProbabilities) {
  if (!fs::exists(subset)) GTEST_SKIP() << "the real pictures are not here: " << subset;
  const ScratchFolder scratch;
  ASSERT_EQ(run_bart(scratch.path(), {"train", subset.string(), "--epochs", "0", "--ignore-exif"}).code, 0);
  change_as_in_golden(scratch.path() / "BART-10M.pth");

  BartResult result = run_bart(scratch.path(), {"predict"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("Batlogger (Inference) - INFO - Saved predictions for 415 images to results.json\n"));
  const auto json = nlohmann::ordered_json::parse(file_text(scratch.path() / "results.json"));
  ASSERT_EQ(json.size(), 415u);
  EXPECT_EQ(std::next(json.begin(), 2).key(), "pic_10.jpg");  // sorted as names, like the original's

  result = run_bart(scratch.path(), {"predict", "--top-k", "42", "--format", "csv", "--out", "-"});
  ASSERT_EQ(result.code, 0) << result.err;
  std::map<std::string, std::map<std::string, double>> probabilities;
  for (const auto& row : csv_rows(result.out)) probabilities[row[0]][row[2]] = std::stod(row[3]);

  const std::vector<std::string> classes =
      decode_label_encoder(read_file(scratch.path() / "label_encoder.joblib"));
  double farthest = 0;
  for (const auto& row : csv_rows(file_text(goldens / "subset_predictions.csv"))) {
    const std::string& predicted = classes.at(std::stoul(row[1]));
    EXPECT_EQ(json[row[0]], predicted) << row[0];
    const auto& ours = probabilities.at(row[0]);
    farthest = std::max(farthest, std::abs(ours.at(predicted) - std::stod(row[2])));
    for (std::size_t k = 0; k < 5; ++k) {
      farthest = std::max(farthest, std::abs(ours.at(classes.at(10 * k)) - std::stod(row[3 + k])));
    }
  }
  EXPECT_LT(farthest, 1e-5);
  RecordProperty("farthest_probability", std::to_string(farthest));
}

TEST_F(PredictDrawn, APictureIsNamedByItsFile) {
  const BartResult result = run_bart(here(), {"predict", picture_.string(), "--out", "results.json"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto json = nlohmann::json::parse(file_text(here() / "results.json"));
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json.begin().key(), picture_.filename().string());
  EXPECT_THAT(result.err, HasSubstr(picture_.filename().string() + ": " + json.begin()->get<std::string>()));
}

TEST_F(PredictDrawn, AFolderIsReadByExtensionAndSubfoldersOnlyWhenAsked) {
  EXPECT_THAT(run_bart(here(), {"predict", "faces"}).err, HasSubstr("--recursive"));
  const BartResult result = run_bart(here(), {"predict", "faces", "--recursive", "--format", "text"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 8);
  EXPECT_THAT(result.out, HasSubstr(picture_.lexically_relative(here() / "faces").string() + ": "));
  EXPECT_FALSE(fs::exists(here() / "results.json"));
}

TEST_F(PredictDrawn, ProbabilitiesOfAllClassesSumToOne) {
  const BartResult result = run_bart(here(), {"predict", picture_.string(), "--top-k", "9", "--out", "-"});
  ASSERT_EQ(result.code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  ASSERT_EQ(json.begin()->size(), 2u);
  double sum = 0;
  for (const auto& ranked : *json.begin()) sum += ranked["probability"].get<double>();
  EXPECT_NEAR(sum, 1, 1e-6);
  EXPECT_GE((*json.begin())[0]["probability"], (*json.begin())[1]["probability"]);
}

TEST_F(PredictDrawn, ABatchGivesWhatOneByOneGives) {
  const BartResult all =
      run_bart(here(), {"predict", "faces", "--recursive", "--format", "csv", "--out", "-"});
  std::string one_by_one = "file,class\n";
  for (const auto& row : csv_rows(all.out)) {
    const BartResult one = run_bart(here(), {"predict", "faces/" + row[0], "--format", "csv", "--out", "-"});
    one_by_one += row[0] + "," + csv_rows(one.out)[0][1] + "\n";
  }
  EXPECT_EQ(one_by_one, all.out);
}

TEST_F(PredictDrawn, AFolderIsReadAsTrainingReadsIt) {
  const fs::path folder = here() / "mixed";
  fs::create_directories(folder / "sub" / ".hidden");
  fs::copy(picture_, folder / "without_ending");
  fs::copy(picture_, folder / "sub" / "deep.jpg");
  fs::copy(picture_, folder / "._apple.jpg");
  fs::copy(picture_, folder / "sub" / ".hidden" / "x.jpg");
  write_file(folder / "notes.txt", std::string_view("no picture"));
  write_file(folder / "Thumbs.db", std::string_view("no picture"));
  // Of a telephone, as some call it: both are named.
  const std::string heic(
      "\0\0\0\x18"
      "ftypheic\0\0\0\0mif1heic",
      24);
  for (const char* name : {"IMG_1.HEIC", "IMG_2.jpg"}) write_file(folder / name, std::string_view(heic));
  fs::create_directory_symlink("..", folder / "sub" / "loop");
  fs::create_symlink("nowhere.jpg", folder / "dangling.jpg");
  const BartResult result =
      run_bart(here(), {"predict", "mixed/", "--recursive", "--format", "csv", "--out", "-"});
  ASSERT_EQ(result.code, 0) << result.err;
  std::vector<std::string> files;
  for (const auto& row : csv_rows(result.out)) files.push_back(row[0]);
  EXPECT_EQ(files, (std::vector<std::string>{"sub/deep.jpg", "without_ending"}));
  EXPECT_THAT(result.err, HasSubstr("Skipped mixed/dangling.jpg: "));
  EXPECT_THAT(result.err, HasSubstr("sub/loop"));
  for (const char* name : {"IMG_1.HEIC", "IMG_2.jpg"}) {
    EXPECT_THAT(result.err,
                HasSubstr(std::string("Skipped mixed/") + name + ": HEIC pictures are not supported"));
  }
  EXPECT_THAT(result.err, HasSubstr("Passed over "));
  EXPECT_EQ(run_bart(here() / "mixed", {"predict", ".", "--model", "..", "--out", "r.json"}).code, 0);
}

TEST_F(PredictDrawn, ThePicturesOfWhichClippingLeavesNothingAreSaid) {
  std::string deep = "P5 8 8 65535\n";
  for (int i = 0; i < 64; ++i) deep += "\x40\x01";
  fs::create_directories(here() / "deep/one");
  write_file(here() / "deep/one/a.pgm", std::string_view(deep));
  fs::copy_file(picture_, here() / "deep/one/b.jpg");
  const std::string warning = "1 gray picture with 16 bits or more per pixel is black and white";
  EXPECT_THAT(run_bart(here(), {"predict", "deep/one"}).err, HasSubstr(warning));
  EXPECT_THAT(run_bart(here(), {"predict", "deep/one/b.jpg"}).err, testing::Not(HasSubstr(warning)));
  fs::rename(here() / "deep/one", here() / "deep" / picture_.parent_path().filename());
  EXPECT_THAT(run_bart(here(), {"evaluate", "deep"}).err, HasSubstr(warning));
}

TEST_F(PredictDrawn, LabelsAreThoseOfTheModelWhereverThePictureIs) {
  ASSERT_EQ(run_bart(here(), {"sample", "others", "--classes", "4", "--per-class", "3"}).code, 0);
  for (const auto& entry : fs::directory_iterator(here() / "faces"))
    fs::remove_all(here() / "others" / entry.path().filename());
  ASSERT_EQ(run_bart(here(),
                     {"train", "others", "--epochs", "1", "--image-size", "16", "--out", "r2", "--no-report"})
                .code,
            0);
  const std::vector<std::string> expected = decode_label_encoder(read_file(here() / "label_encoder.joblib"));
  // The folder of a training, its bart-run/ and its model, named from the folder of another training.
  for (const std::string model : {"..", "../bart-run", "../BART-10M.pth"}) {
    const BartResult result = run_bart(here() / "r2", {"predict", picture_.string(), "--model", model,
                                                       "--top-k", "9", "--format", "csv", "--out", "-"});
    if (model == "../bart-run") {
      EXPECT_EQ(result.code, 0) << result.err;
    }
    ASSERT_EQ(result.code, 0) << result.err;
    for (const auto& row : csv_rows(result.out)) EXPECT_THAT(expected, testing::Contains(row[2])) << model;
  }
  // A checkpoint is a model, with the labels of its training.
  std::string checkpoint;
  for (const auto& entry : fs::directory_iterator(here() / "r2" / "bart-run")) {
    if (entry.path().filename().string().starts_with("checkpoint-")) checkpoint = entry.path();
  }
  const auto predicted = [&](const std::string& model) {
    return run_bart(here(), {"predict", picture_.string(), "--model", model, "--top-k", "9", "--format",
                             "csv", "--out", "-"});
  };
  ASSERT_EQ(predicted(checkpoint).code, 0) << predicted(checkpoint).err;
  EXPECT_EQ(predicted(checkpoint).out, predicted("r2").out);
  // A later training with other classes that was killed has replaced the labels: the model is refused instead
  // of predicting wrong names, and so is a checkpoint unless the record of its training names its classes.
  const std::string before = predicted(checkpoint).out;
  fs::copy_file(here() / "label_encoder.joblib", here() / "r2" / "label_encoder.joblib",
                fs::copy_options::overwrite_existing);
  EXPECT_EQ(predicted(checkpoint).out, before);
  const auto expect_refused = [&](const std::string& model) {
    const BartResult refused = predicted(model);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("names other classes than"));
  };
  expect_refused("r2");
  fs::remove(here() / "r2/bart-run/run.json");
  EXPECT_EQ(predicted(checkpoint).code, 1);
}

TEST_F(PredictDrawn, AZeroIsNotTakenForNotGiven) {
  for (const std::string command : {"predict", "explain"}) {
    const BartResult result = run_bart(here(), {command, picture_.string(), "--top-k", "0"});
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, HasSubstr("--top-k must be at least 1, not 0"));
  }
  EXPECT_THAT(run_bart(here(), {"predict", picture_.string(), "--format", "json"}).err,
              HasSubstr("Saved predictions for 1 image to"));
}

TEST_F(PredictDrawn, ReadsStandardInputAndPatterns) {
  const std::string answer = run_bart(here(), {"predict", picture_.string()}).out;
  const std::string name = answer.substr(answer.find(": "));
  const auto with_input = [&](const fs::path& input, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "predict");
    return run_bart(here(), arguments, {.in_child = [&] {
                      const int fd = ::open(input.c_str(), O_RDONLY);
                      ::dup2(fd, STDIN_FILENO);
                    }});
  };
  const BartResult picture = with_input(picture_, {"-"});
  EXPECT_THAT(picture.out, testing::EndsWith(name)) << picture.err;
  write_file(here() / "list.txt", picture_.string() + "\n" + picture_.string() + "\n");
  EXPECT_EQ(with_input(here() / "list.txt", {"-"}).code, 0);
  write_file(here() / "empty.txt", std::string_view("\n"));
  EXPECT_EQ(with_input(here() / "empty.txt", {"-"}).code, 1);
  const BartResult pattern = run_bart(here(), {"predict", "faces/*/*.jpg"});
  EXPECT_EQ(std::count(pattern.out.begin(), pattern.out.end(), '\n'), 8) << pattern.err;
  EXPECT_EQ(run_bart(here(), {"predict", "faces/*.png"}).code, 1);
}

TEST_F(PredictDrawn, SeveralModelsAnswerTogetherAndSayHowOftenTheyAgree) {
  const std::string model = "BART-10M.pth";
  const BartResult same =
      run_bart(here(), {"predict", "faces", "--recursive", "--also", model, "--top-k", "2"});
  EXPECT_THAT(same.err, HasSubstr("The 2 models agree on 8 of 8 images (100.0 %)"));
  EXPECT_EQ(same.out, run_bart(here(), {"predict", "faces", "--recursive", "--top-k", "2"}).out);
  // A model whose last layer says the opposite differs on every picture.
  const fs::path opposite = here() / "opposite.pth";
  fs::copy_file(here() / model, opposite);
  StateDict state = decode_pth(read_file(opposite));
  for (Tensor& tensor : state) {
    if (tensor.name.starts_with("classification_head.7.")) {
      for (float& value : tensor.floats()) value = -value;
    }
  }
  write_file(opposite, encode_pth(state));
  const auto three = [&](const std::string& format) {
    return run_bart(here(), {"predict", "faces", "--recursive", "--also", model, "--also", "opposite.pth",
                             "--labels", "label_encoder.joblib", "--format", format, "--out", "-"});
  };
  const BartResult text = three("text");
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.err, HasSubstr("The 3 models agree on 0 of 8 images (0.0 %)"));
  EXPECT_THAT(text.err, HasSubstr("BART-10M.pth and BART-10M.pth agree on 8 (100.0 %)"));
  EXPECT_THAT(text.err, HasSubstr("BART-10M.pth and opposite.pth agree on 0 (0.0 %)"));
  EXPECT_THAT(text.out, HasSubstr(" (the models differ: "));
  const std::string csv = three("csv").out;
  EXPECT_THAT(csv, testing::StartsWith("file,class,agree,model_1,model_2,model_3\n"));
  for (const auto& row : csv_rows(csv)) {
    EXPECT_EQ(row[2], "no");
    EXPECT_EQ(row[3], row[4]);
    EXPECT_NE(row[3], row[5]);
  }
  const auto json = nlohmann::json::parse(three("json").out);
  EXPECT_EQ(json["models"], (std::vector<std::string>{model, model, "opposite.pth"}));
  EXPECT_EQ(json["pictures"].size(), 8u);
  EXPECT_EQ(json["pictures"].front()["agree"], false);
  EXPECT_EQ(json["agreement"]["all_agree"], 0);
  EXPECT_EQ(json["agreement"]["pairs"][0]["share"], 1);
  EXPECT_EQ(json["agreement"]["pairs"][2]["agree"], 0);
  std::istringstream lines(three("jsonl").out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(nlohmann::json::parse(line)["by_model"].size(), 3u);

  ASSERT_EQ(run_bart(here(), {"sample", "others", "--classes", "3", "--per-class", "4"}).code, 0);
  ASSERT_EQ(
      run_bart(here(), {"train", "others", "--image-size", "16", "--epochs", "0", "--out", "other"}).code, 0);
  const BartResult other = run_bart(here(), {"predict", picture_.string(), "--also", "other"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("has other classes than"));
}

}  // namespace
}  // namespace bart
