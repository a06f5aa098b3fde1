// bart predict as a user runs it, and its predictions against PyTorch's.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/platform/files.h"
#include "csv.h"
#include "drawn_faces.h"
#include "places.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path goldens = test::tests_folder() / "goldens";
const fs::path subset = test::shared_folder() / "data" / "simpsons_subset";

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

class PredictDrawn : public DrawnFaces {
 protected:
  PredictDrawn() : DrawnFaces(2, 4) {}

  void SetUp() override {
    DrawnFaces::SetUp();
    ASSERT_EQ(train_faces({"--epochs", "0"}).code, 0);
    for (const auto& entry : fs::recursive_directory_iterator(here() / "faces")) {
      if (entry.is_regular_file()) picture_ = entry.path();
    }
  }

  fs::path picture_;
};

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

TEST_F(PredictDrawn, TheFormatFollowsTheNameOfTheOutput) {
  ASSERT_EQ(run_bart(here(), {"predict", "faces", "--recursive", "--out", "r.csv"}).code, 0);
  EXPECT_THAT(file_text(here() / "r.csv"), testing::StartsWith("file,class\n"));
  ASSERT_EQ(run_bart(here(), {"predict", "faces", "--recursive", "--out", "r.jsonl", "--top-k", "2"}).code,
            0);
  std::istringstream lines(file_text(here() / "r.jsonl"));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(nlohmann::json::parse(line)["classes"].size(), 2u);
  }
  EXPECT_EQ(count, 8);
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--format", "json", "--out", "r.csv"}, {"--out", "r.png"}}) {
    std::vector<std::string> arguments = {"predict", "faces", "--recursive"};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(run_bart(here(), arguments).code, 2) << testing::PrintToString(wrong);
  }
  EXPECT_THAT(file_text(here() / "r.csv"), testing::StartsWith("file,class\n"));
}

TEST_F(PredictDrawn, AnOutputThatIsAnInputIsRefused) {
  const auto before = read_file(picture_);
  for (const std::string command : {"predict", "explain"}) {
    const fs::path copy = here() / "faces" / "copy.png";
    write_file(copy, before);
    const BartResult result = run_bart(here(), {command, copy.string(), "--out", "faces/../faces/copy.png"});
    EXPECT_EQ(result.code, 2) << command;
    EXPECT_EQ(read_file(copy), before);
  }
  const BartResult model = run_bart(here(), {"predict", picture_.string(), "--out", "BART-10M.pth"});
  EXPECT_EQ(model.code, 2);
}

TEST_F(PredictDrawn, NamesReachTextAndCsvWithoutControlCharacters) {
  fs::copy(picture_, here() / "a\x1b[31m\u202e.jpg");
  for (const std::string format : {"text", "csv"}) {
    const BartResult result =
        run_bart(here(), {"predict", "a\x1b[31m\u202e.jpg", "--format", format, "--out", "-"});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, testing::Not(HasSubstr("\x1b")));
    EXPECT_THAT(result.out, testing::Not(HasSubstr("\u202e")));
  }
}

TEST_F(PredictDrawn, RowsAreWrittenAsTheyComeAndJsonIsWholeOrAsItWas) {
  const fs::path folder = here() / "many";
  fs::create_directory(folder);
  for (int i = 100; i < 300; ++i) fs::create_hard_link(picture_, folder / (std::to_string(i) + ".jpg"));
  write_file(folder / "999.jpg", std::string_view("broken"));
  write_file(here() / "r.json", std::string_view("as it was"));
  write_file(here() / "r.csv", std::string_view("as it was"));
  EXPECT_EQ(run_bart(here(), {"predict", "many", "--strict", "--out", "r.json"}).code, 1);
  EXPECT_EQ(file_text(here() / "r.json"), "as it was");
  EXPECT_EQ(run_bart(here(), {"predict", "many", "--strict", "--out", "r.csv"}).code, 1);
  EXPECT_EQ(csv_rows(file_text(here() / "r.csv")).size(), 128u);  // of the batches before the broken one
  // A command that fails before the first batch touches nothing.
  EXPECT_EQ(run_bart(here(), {"predict", "many", "--model", "no.pth", "--out", "r.json"}).code, 1);
  EXPECT_EQ(file_text(here() / "r.json"), "as it was");

  ASSERT_EQ(run_bart(here(), {"predict", "many", "--out", "r.json"}).code, 0);
  EXPECT_EQ(nlohmann::json::parse(file_text(here() / "r.json")).size(), 200u);
  EXPECT_EQ(run_bart(here(), {"predict", "many", "--out", "-"}).out, file_text(here() / "r.json") + "\n");
}

TEST_F(PredictDrawn, AnEarlierFileOfANameThatTheUserDidNotChooseIsKept) {
  const auto predict = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"predict", picture_.string()});
    const BartResult result = run_bart(here(), flags);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.err;
  };
  write_file(here() / "results.json", std::string_view("mine"));
  EXPECT_THAT(predict({"--format", "json"}),
              HasSubstr("Kept the results.json that was there as results.earlier.json"));
  const std::string answers = file_text(here() / "results.json");
  EXPECT_EQ(nlohmann::json::parse(answers).size(), 1u);
  EXPECT_EQ(file_text(here() / "results.earlier.json"), "mine");
  // The same predictions displace nothing.
  EXPECT_THAT(predict({"--format", "json"}), testing::Not(HasSubstr("Kept")));
  EXPECT_EQ(file_text(here() / "results.earlier.json"), "mine");
  // Nor does a command that fails.
  write_file(here() / "broken.jpg", std::string_view("broken"));
  EXPECT_EQ(run_bart(here(), {"predict", "broken.jpg"}).code, 1);
  EXPECT_EQ(file_text(here() / "results.json"), answers);
  EXPECT_EQ(file_text(here() / "results.earlier.json"), "mine");
  // The same holds for rows that are written as they come. A file that the user names is replaced.
  write_file(here() / "results.csv", std::string_view("mine"));
  predict({"--format", "csv"});
  EXPECT_EQ(file_text(here() / "results.earlier.csv"), "mine");
  write_file(here() / "named.csv", std::string_view("mine"));
  predict({"--out", "named.csv"});
  EXPECT_FALSE(fs::exists(here() / "named.earlier.csv"));
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(here())) names.insert(entry.path().filename().string());
  EXPECT_THAT(names, testing::Not(testing::Contains(HasSubstr(".new"))));
}

TEST_F(PredictDrawn, AnOutputThatCannotBeWrittenIsSaidBeforeAnythingIsRead) {
  write_file(here() / "file", std::string_view("no folder"));
  fs::create_directory(here() / "folder.json");
  // Nothing that these commands would read is there, and that is not what they say.
  const std::vector<std::vector<std::string>> commands = {{"predict", "gone.jpg", "--model", "gone", "--out"},
                                                          {"evaluate", "gone", "--predictions"},
                                                          {"explain", "gone.jpg", "--out"},
                                                          {"lr-find", "gone", "--out"},
                                                          {"inspect", "gone", "--html"},
                                                          {"export", "--labels", "gone.joblib", "--out"}};
  for (std::vector<std::string> command : commands) {
    for (const char* out : {"none/out", "file/out", "folder.json"}) {
      std::vector<std::string> with_output = command;
      with_output.push_back(out);
      const BartResult result = run_bart(here(), with_output);
      EXPECT_NE(result.code, 0);
      EXPECT_THAT(result.err, testing::AllOf(HasSubstr(out), testing::Not(HasSubstr("gone"))))
          << command.front();
    }
  }
  EXPECT_EQ(file_text(here() / "file"), "no folder");
  const BartResult plot = run_bart(here(), {"lr-find", "faces", "--out", "plot.png"});
  EXPECT_EQ(plot.code, 2);
  EXPECT_THAT(plot.err, HasSubstr("plot.png would be a file of SVG"));
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
  // of predicting wrong names.
  fs::copy_file(here() / "label_encoder.joblib", here() / "r2" / "label_encoder.joblib",
                fs::copy_options::overwrite_existing);
  for (const std::string& model : {std::string("r2"), checkpoint}) {
    const BartResult refused = predicted(model);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("names other classes than"));
  }
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

TEST_F(PredictDrawn, PicturesThatAreNamedAreAnsweredOnStdout) {
  const BartResult result = run_bart(here(), {"predict", picture_.string(), "--top-k", "2"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              testing::MatchesRegex(picture_.filename().string() + ": [^ ]+ [0-9.]+%, [^ ]+ [0-9.]+%\n"));
  EXPECT_FALSE(fs::exists(here() / "results.json"));
}

TEST_F(PredictDrawn, SortsCopiesOrLinksByClassWithoutReplacingAFile) {
  const std::vector<std::string> sort = {"predict", "faces", "--recursive", "--sort-into", "sorted"};
  const BartResult result = run_bart(here(), sort);
  ASSERT_EQ(result.code, 0) << result.err;
  const auto files = [&](const fs::path& folder) {
    std::map<std::string, fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_directory()) found[entry.path().lexically_relative(folder).string()] = entry.path();
    }
    return found;
  };
  const auto sorted = files(here() / "sorted");
  EXPECT_EQ(sorted.size(), 8u);  // of two folders, whose pictures have the same names
  std::istringstream lines(result.out);
  std::map<std::string, std::size_t> told, made;
  for (std::string line; std::getline(lines, line);) ++told[line.substr(line.rfind(' ') + 1)];
  for (const auto& [name, path] : sorted) ++made[name.substr(0, name.find('/'))];
  EXPECT_EQ(made, told);
  ASSERT_EQ(run_bart(here(), sort).code, 0);  // they are there already
  EXPECT_EQ(files(here() / "sorted").size(), 8u);

  ASSERT_EQ(run_bart(here(), {"predict", "faces", "--recursive", "--sort-into", "links", "--link",
                              "--min-probability", "1"})
                .code,
            0);
  for (const auto& [name, path] : files(here() / "links")) {
    EXPECT_THAT(name, testing::StartsWith("unsure/"));
    EXPECT_TRUE(fs::is_symlink(path));
    EXPECT_FALSE(read_file(path).empty());
  }
  EXPECT_EQ(run_bart(here(), {"predict", picture_.string(), "--link"}).code, 2);
  EXPECT_EQ(run_bart(here(), {"predict", picture_.string(), "--min-probability", "2"}).code, 2);
}

TEST_F(PredictDrawn, SortsNoCopiesAmongThePicturesThatItReads) {
  const auto count = [&] {
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(here() / "faces"))
      files += !entry.is_directory();
    return files;
  };
  const std::size_t before = count();
  fs::create_directory_symlink("faces", here() / "link");
  for (const char* into : {"faces", "link", "faces/../faces/"}) {
    const BartResult result = run_bart(here(), {"predict", "faces", "--recursive", "--sort-into", into});
    EXPECT_EQ(result.code, 1) << into;
    EXPECT_THAT(result.err, HasSubstr("the folder that it is read from"));
    EXPECT_EQ(count(), before);
  }
  // Out of one folder into folders inside it nothing mixes.
  fs::create_directory(here() / "flat");
  fs::copy_file(picture_, here() / "flat/a.jpg");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(run_bart(here(), {"predict", "flat", "--sort-into", "flat"}).code, 0);
  scratch_.write("file");
  for (const char* into : {"file", "file/x", "/dev/null", "/proc/none"}) {
    const BartResult result = run_bart(here(), {"predict", "flat", "--sort-into", into, "--out", "r.json"});
    EXPECT_THAT(result.code, testing::AnyOf(1, 2)) << into;
    EXPECT_THAT(result.err, HasSubstr(into));
    EXPECT_FALSE(fs::exists(here() / "r.json"));
  }
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
