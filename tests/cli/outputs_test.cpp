// What a command writes is no file that it, or a training, still needs; what cannot be written is said.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "bart/dataset/listing.h"
#include "bart/formats/pth.h"
#include "bart/platform/files.h"
#include "drawn_faces.h"
#include "wild_model.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class Outputs : public DrawnFaces {
 protected:
  Outputs() : DrawnFaces(2, 5) {}
  void SetUp() override {
    DrawnFaces::SetUp();
    ASSERT_EQ(train_faces({"--bs", "4", "--epochs", "1", "--no-report", "--out", "run"}).code, 0);
  }
  void expect_refused(const std::vector<std::string>& arguments, const std::string& words) const {
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(result.err, HasSubstr(words)) << testing::PrintToString(arguments);
  }
};

TEST_F(Outputs, ThatAreFilesOfATrainingAreRefused) {
  const std::string words = "would replace a file of a training";
  const std::string record = file_text(here() / "run/bart-run/run.json");
  const std::string checkpoint = file_text(here() / "run/bart-run/checkpoint-2.safetensors");
  ASSERT_FALSE(checkpoint.empty());
  fs::create_directory_symlink("run/bart-run", here() / "link");
  for (const char* out : {"run/bart-run/run.json", "run/bart-run/history.json", "link/run.json"}) {
    expect_refused({"predict", "faces", "--recursive", "--model", "run", "--out", out}, words);
  }
  expect_refused({"evaluate", "faces", "--model", "run", "--csv", "run/bart-run/pictures.csv"}, words);
  expect_refused({"inspect", "faces", "--html", "run/bart-run/report.html"},
                 "has the name of a file of a training");
  expect_refused({"export", "--model", "run", "--out", "run/bart-run/checkpoint-2.safetensors"}, words);
  expect_refused({"convert", "run/BART-10M.pth", "run/bart-run/checkpoint-2.safetensors"}, words);
  ASSERT_EQ(run_bart(here(), {"convert", "run/BART-10M.pth", "model.safetensors"}).code, 0);
  expect_refused({"convert", "model.safetensors", "run/BART-10M.pth"}, words);
  EXPECT_TRUE(file_text(here() / "run/bart-run/run.json") == record);
  EXPECT_TRUE(file_text(here() / "run/bart-run/checkpoint-2.safetensors") == checkpoint);
}

TEST_F(Outputs, ThatAreInputsAreRefusedByEveryCommand) {
  const std::string folder = fs::directory_iterator(here() / "faces")->path().filename();
  const std::string picture = "faces/" + folder + "/plain";  // a picture without an ending
  fs::copy(fs::directory_iterator(here() / "faces" / folder)->path(), here() / picture);
  fs::create_directory(here() / "audited");
  std::string csv = "file,label\n";
  for (const auto& entry : fs::recursive_directory_iterator(here() / "faces")) {
    const fs::path& file = entry.path();
    if (entry.is_regular_file()) csv += file.string() + "," + file.parent_path().filename().string() + "\n";
  }
  for (const char* list : {"list.csv", "audited/audit.csv"}) scratch_.write(list, csv);
  fs::create_symlink("list.csv", here() / "list.svg");
  fs::create_symlink("list.csv", here() / "list.html");
  fs::copy(here() / "run/BART-10M.pth", here() / "model");
  fs::copy(here() / "run/label_encoder.joblib", here() / "labels");
  scratch_.write("new/bart-run/run.toml", "epochs = 1\n");
  using Arguments = std::vector<std::string>;
  const auto expect_kept = [&](const std::string& file, const Arguments& arguments) {
    const std::string before = file_text(here() / file);
    expect_refused(arguments, "which this command reads: name another file");
    EXPECT_TRUE(file_text(here() / file) == before) << testing::PrintToString(arguments);
  };
  for (const char* flag : {"--csv", "--confusion", "--predictions"}) {
    expect_kept("list.csv", {"evaluate", "list.csv", "--model", "run", flag, "list.csv"});
    expect_kept(picture, {"evaluate", "faces", "--model", "run", flag, picture});
    expect_kept(picture, {"evaluate", "list.csv", "--model", "run", flag, picture});
    expect_kept("labels", {"evaluate", "faces", "--model", "model", "--labels", "labels", flag, "labels"});
  }
  for (const char* flag : {"--html", "--augmented"}) {
    expect_kept("list.csv", {"inspect", "list.csv", flag, "list.html"});
    expect_kept(picture, {"inspect", "faces", flag, picture});
  }
  expect_kept(picture, {"lr-find", "faces", "--image-size", "16", "--out", picture});
  expect_kept("list.csv", {"lr-find", "list.csv", "--image-size", "16", "--out", "list.svg"});
  expect_kept("list.csv", {"lr-find", "faces", "--test-folder", "list.csv", "--out", "list.svg"});
  expect_kept("model", {"lr-find", "faces", "--image-size", "16", "--init", "model", "--out", "model"});
  expect_kept(picture, {"predict", "faces", "--recursive", "--model", "run", "--out", picture});
  expect_kept("model",
              {"predict", picture, "--model", "run", "--also", "model", "--format", "csv", "--out", "model"});
  expect_kept(picture, {"predict", "--watch", "faces/" + folder, "--model", "run", "--format", "csv", "--out",
                        picture});
  expect_kept(picture, {"explain", "faces", "--recursive", "--model", "run", "--out", picture});
  expect_kept("audited/audit.csv",
              {"audit", "audited/audit.csv", "--image-size", "16", "--epochs", "1", "--out", "audited"});
  expect_kept("new/bart-run/run.toml",
              {"train", "faces", "--config", "new/bart-run/run.toml", "--out", "new"});
  fs::create_directories(here() / "linked");
  fs::create_symlink(here() / "new/bart-run/run.toml", here() / "linked/label_encoder.joblib");
  expect_kept("new/bart-run/run.toml",
              {"train", "faces", "--config", "new/bart-run/run.toml", "--out", "linked"});
  for (const std::string input : {"list.txt", "copy"}) {  // the path of a picture, and a picture
    if (input == "copy")
      fs::copy(here() / picture, here() / input);
    else
      scratch_.write(input, picture + "\n");
    const std::string before = file_text(here() / input);
    const BartResult result =
        run_bart(here(), {"predict", "-", "--model", "run", "--format", "text", "--out", input},
                 {.in_child = [&] { ::dup2(::open((here() / input).c_str(), O_RDONLY), STDIN_FILENO); }});
    EXPECT_EQ(result.code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr("--out " + input + " would replace standard input"));
    EXPECT_TRUE(file_text(here() / input) == before);
  }
}

TEST_F(Outputs, PicturesGoToStdoutWithoutWords) {
  const std::string picture =
      fs::directory_iterator(fs::directory_iterator(here() / "faces")->path())->path().string();
  const BartResult png = run_bart(here(), {"explain", picture, "--model", "run", "--out", "-"});
  EXPECT_EQ(png.code, 0) << png.err;
  EXPECT_THAT(png.out, AllOf(testing::StartsWith("\x89PNG"), testing::EndsWith("IEND\xae\x42\x60\x82")));
  EXPECT_THAT(png.err, HasSubstr(" %)\n"));
  const BartResult svg = run_bart(here(), {"lr-find", "faces", "--image-size", "16", "--bs", "4", "--steps",
                                           "20", "--to", "1e-3", "--out", "-"});
  EXPECT_EQ(svg.code, 0) << svg.err;
  EXPECT_THAT(svg.out, AllOf(testing::StartsWith("<svg "), testing::EndsWith("</svg>\n")));
  EXPECT_THAT(svg.err, HasSubstr("the curve is in stdout"));
  EXPECT_FALSE(fs::exists(here() / "-"));
}

TEST_F(Outputs, ThroughALinkIntoAFolderThatIsGoneAreRefusedBeforeAnythingIsRead) {
  fs::create_symlink("away/file.csv", here() / "link.csv");
  fs::create_symlink("away/model.onnx", here() / "link.onnx");
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"predict", "no-picture.jpg", "--model", "run", "--out", "link.csv"},
           {"evaluate", "no-folder", "--model", "run", "--csv", "link.csv"},
           {"export", "--model", "no-model", "--out", "link.onnx"}}) {
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 1) << arguments.front();
    EXPECT_THAT(result.err, AllOf(HasSubstr("cannot write " + arguments.back() + ": it is a link to "),
                                  HasSubstr("make that folder, or remove the link")))
        << arguments.front();
  }
  // A link into a folder that is there is written through.
  fs::create_directory(here() / "away");
  ASSERT_EQ(run_bart(here(), {"evaluate", "faces", "--model", "run", "--csv", "link.csv"}).code, 0);
  EXPECT_TRUE(fs::is_symlink(here() / "link.csv"));
  EXPECT_FALSE(file_text(here() / "away/file.csv").empty());
}

TEST_F(Outputs, OfASampleAreItsPicturesAloneWithQuiet) {
  const BartResult result = run_bart(here(), {"sample", "quiet", "--classes", "2", "--per-class", "1", "-q"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out + result.err, "");
  EXPECT_EQ(std::distance(fs::directory_iterator(here() / "quiet"), fs::directory_iterator()), 2);
}

TEST_F(Outputs, AFolderBesideOneThatIsNotThereLeavesNoEmptyOne) {
  ASSERT_EQ(train_faces({"--epochs", "0", "--no-report", "--out", "./t/../t2/."}).code, 0);
  EXPECT_TRUE(fs::exists(here() / "t2" / "BART-10M.pth"));
  EXPECT_FALSE(fs::exists(here() / "t"));
  // A link is followed before the way back.
  fs::create_directories(here() / "far" / "away");
  fs::create_directory_symlink("far/away", here() / "link");
  ASSERT_EQ(train_faces({"--epochs", "0", "--no-report", "--out", "link/../t3"}).code, 0);
  EXPECT_TRUE(fs::exists(here() / "far" / "t3" / "BART-10M.pth"));
}

TEST_F(Outputs, OfACheckpointThatIsExportedLieBesideTheTraining) {
  const std::string checkpoint = "run/bart-run/checkpoint-2.safetensors";
  const std::string labels = file_text(here() / "run/label_encoder.joblib");
  for (const char* format : {"onnx", "pth", "safetensors"}) {
    const BartResult result = run_bart(here(), {"export", "--model", checkpoint, "--format", format});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_TRUE(fs::exists(here() / "run" / (std::string("checkpoint-2.") + format)));
  }
  EXPECT_TRUE(file_text(here() / "run/label_encoder.joblib") == labels);
  expect_refused({"export", "--model", checkpoint, "--out", "run/bart-run/checkpoint-2.onnx"},
                 "run/bart-run/checkpoint-2.onnx has the name of a file of a training");
}

TEST_F(Outputs, TwoInOneFileAreRefused) {
  expect_refused({"inspect", "faces", "--html", "q.html", "--augmented", "./q.html"},
                 "--html and --augmented cannot both write ./q.html");
  expect_refused({"evaluate", "faces", "--model", "run", "--csv", "q.csv", "--confusion", "q.csv"},
                 "--csv and --confusion cannot both write q.csv");
  EXPECT_EQ(run_bart(here(), {"evaluate", "faces", "--model", "run", "--csv", "/dev/null", "--confusion",
                              "/dev/null"})
                .code,
            0);
}

TEST_F(Outputs, WhoseNameTellsNoKnownFormatAreRefused) {
  for (const char* out : {"r.xml", "r.tsv", "r.json.gz", "r.1"}) {
    expect_refused({"predict", "faces", "--recursive", "--model", "run", "--out", out},
                   "name a file that ends in .json, .csv, .jsonl or .txt");
    EXPECT_FALSE(fs::exists(here() / out));
  }
  expect_refused({"export", "--model", "run", "--out", "model.bin"}, ".onnx, .safetensors or .pth");
  expect_refused({"evaluate", "faces", "--model", "run", "--predictions", "p.xml"},
                 "must end in .csv or .json");
  expect_refused({"evaluate", "faces", "--model", "run", "--csv", "p.tsv"}, "p.tsv would be a file of CSV");
  for (const char* out : {"x.jfif", "x.mp4"}) {
    expect_refused({"explain", "faces", "--recursive", "--model", "run", "--out", out},
                   "would be a file of PNG");
  }
  EXPECT_EQ(run_bart(here(), {"predict", "faces", "--recursive", "--model", "run", "--out", "plain"}).code,
            0);
  EXPECT_THAT(file_text(here() / "plain"), testing::StartsWith("{"));
  EXPECT_EQ(run_bart(here(),
                     {"predict", "faces", "--recursive", "--model", "run", "--out", "r.1", "--format", "csv"})
                .code,
            0);
}

TEST_F(Outputs, AModelIsWrittenThroughADeviceOrAPipe) {
  ASSERT_EQ(run_bart(here(), {"convert", "run/BART-10M.pth", "model.onnx"}).code, 0);
  const std::string onnx = file_text(here() / "model.onnx");
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"export", "--model", "run", "--out", "-"},
                                             {"export", "--model", "run", "--out", "/dev/stdout"},
                                             {"convert", "run/BART-10M.pth", "-"}}) {
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_TRUE(result.out == onnx) << arguments.back();
  }
  for (const char* format : {"onnx", "pth"}) {
    const BartResult result =
        run_bart(here(), {"export", "--model", "run", "--out", "/dev/null", "--format", format});
    EXPECT_EQ(result.code, 0) << result.err;
  }
  EXPECT_FALSE(fs::exists("/dev/label_encoder.joblib"));
  ASSERT_EQ(::mkfifo((here() / "pipe").c_str(), 0600), 0);
  std::string piped;
  std::thread reader([&] {
    const int fd = ::open((here() / "pipe").c_str(), O_RDONLY | O_CLOEXEC);
    char piece[1 << 16];
    for (ssize_t got = 0; (got = ::read(fd, piece, sizeof piece)) > 0;) piped.append(piece, std::size_t(got));
    ::close(fd);
  });
  const BartResult result = run_bart(here(), {"export", "--model", "run", "--out", "pipe"});
  reader.join();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(piped == onnx);
}

TEST_F(Outputs, AStandardOutputThatCannotBeWrittenIsSaidWithTheReason) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"compare", "run"},
           {"inspect", "faces"},
           {"evaluate", "faces", "--model", "run"},
           {"predict", "faces", "--recursive", "--model", "run", "--out", "-"},
           {"predict", "faces", "--recursive", "--model", "run", "--format", "csv", "--out", "-"},
           {"export", "--model", "run", "--out", "-"},
           {"summary"}}) {
    const BartResult closed = run_bart(here(), arguments, {.in_child = [] { ::close(STDOUT_FILENO); }});
    EXPECT_EQ(closed.code, 1) << arguments.front();
    EXPECT_THAT(closed.err, HasSubstr("cannot write to standard output: Bad file descriptor"))
        << arguments.front();
    const BartResult full = run_bart(
        here(), arguments, {.in_child = [] { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); }});
    EXPECT_EQ(full.code, 1) << arguments.front();
    EXPECT_THAT(full.err, HasSubstr("cannot write to standard output: No space left on device"))
        << arguments.front();
  }
}

TEST_F(Outputs, EveryCommandThatReadsADataSetTakesACsv) {
  std::set<std::string> rows;  // in the order of the folder, for a mean depends on the order of its numbers
  for (const auto& entry : fs::recursive_directory_iterator(here() / "faces")) {
    if (!entry.is_regular_file()) continue;
    const fs::path file = entry.path().lexically_relative(here());
    rows.insert(file.string() + "," + file.parent_path().filename().string() + "\n");
  }
  std::string csv = "file,label\n";
  for (const std::string& row : rows) csv += row;
  scratch_.write("list.csv", csv);
  const BartResult listed = run_bart(here(), {"evaluate", "list.csv", "--model", "run", "--json"});
  const BartResult folder = run_bart(here(), {"evaluate", "faces", "--model", "run", "--json"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_EQ(listed.out.substr(listed.out.find("\"accuracy\"")),
            folder.out.substr(folder.out.find("\"accuracy\"")));
  for (const char* flag : {"--test-folder", "--validation-folder"}) {
    const BartResult result = train_faces({"--epochs", "0", "--no-report", "--out", "t", flag, "list.csv"});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("10 for ")) << flag;
  }
  const BartResult bench = run_bart(
      here(), {"bench", "--only", "pictures", "--quick", "--image-size", "16", "--pictures", "list.csv"});
  EXPECT_EQ(bench.code, 0) << bench.err;
}

TEST_F(Outputs, EvaluateAndExplainCompareClassNamesInComposedForm) {
  const std::string composed = "K\xC3\xB6ln", decomposed = "Ko\xCC\x88ln";
  fs::rename(*fs::directory_iterator(here() / "faces"), here() / "faces" / decomposed);
  ASSERT_EQ(train_faces({"--epochs", "0", "--no-report", "--out", "k"}).code, 0);
  fs::rename(here() / "faces" / decomposed, here() / "faces" / composed);
  const BartResult result = run_bart(here(), {"evaluate", "faces", "--model", "k"});
  EXPECT_EQ(result.code, 0) << result.err;
  const std::string picture = fs::directory_iterator(here() / "faces" / composed)->path().string();
  EXPECT_EQ(run_bart(here(), {"explain", picture, "--model", "k", "--class", composed}).code, 0);
}

/// What a reader of a model is told.
class Readers : public Outputs {};

TEST_F(Readers, WarnOfNamesThatWereNotSavedWithTheModel) {
  StateDict state = decode_pth(read_file(here() / "run/BART-10M.pth"));
  std::get<std::vector<float>>(state.front().values).front() += 1;
  fs::copy(here() / "run", here() / "other", fs::copy_options::recursive);
  write_file(here() / "other/BART-10M.pth", encode_pth(state));  // of PyTorch, without names
  const std::string words =
      "The class names are those of other/label_encoder.joblib, which were not saved with";
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"predict", "faces", "--recursive"},
                                                                     {"evaluate", "faces"},
                                                                     {"explain", "faces", "--recursive"},
                                                                     {"export"}}) {
    std::vector<std::string> with_model = arguments;
    with_model.insert(with_model.end(), {"--model", "other"});
    const BartResult warned = run_bart(here(), with_model);
    EXPECT_EQ(warned.code, 0) << warned.err;
    EXPECT_THAT(warned.err, HasSubstr(words)) << arguments.front();
    with_model.back() = "run";
    EXPECT_THAT(run_bart(here(), with_model).err, testing::Not(HasSubstr("were not saved with")))
        << arguments.front();
  }
  const auto expect_warned = [&](const std::vector<std::string>& arguments) {
    EXPECT_THAT(run_bart(here(), arguments).err, HasSubstr(words)) << arguments.front();
  };
  expect_warned({"predict", "faces", "--recursive", "--model", "run", "--also", "other"});
  expect_warned({"audit", "faces", "--image-size", "16", "--model", "other"});
  expect_warned(
      {"train", "faces", "--image-size", "16", "--epochs", "0", "--out", "next", "--init", "other"});
  expect_warned({"lr-find", "faces", "--image-size", "16", "--steps", "10", "--init", "other"});
  // The same weights without names are those of the training.
  write_file(here() / "run/saved.pth", encode_pth(decode_pth(read_file(here() / "run/BART-10M.pth"))));
  EXPECT_THAT(run_bart(here(), {"predict", "faces", "--recursive", "--model", "run/saved.pth"}).err,
              testing::Not(HasSubstr("were not saved with")));
  // Whoever names the labels answers for them; without a record nothing is known.
  EXPECT_THAT(
      run_bart(here(), {"evaluate", "faces", "--model", "other", "--labels", "run/label_encoder.joblib"}).err,
      testing::Not(HasSubstr("were not saved with")));
  fs::remove_all(here() / "other/bart-run");
  EXPECT_THAT(run_bart(here(), {"evaluate", "faces", "--model", "other"}).err,
              testing::Not(HasSubstr("were not saved with")));
}

TEST_F(Readers, SayWhatIsMissing) {
  const auto expect_sentence = [&](const std::vector<std::string>& arguments, const std::string& words) {
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 1) << testing::PrintToString(arguments);
    EXPECT_THAT(result.err, HasSubstr(words)) << testing::PrintToString(arguments);
  };
  fs::create_directories(here() / "c1");
  fs::copy(here() / "run/bart-run/checkpoint-2.safetensors", here() / "c1/c.safetensors");
  expect_sentence({"predict", "faces", "--recursive", "--model", "c1/c.safetensors"},
                  "c1/c.safetensors is a checkpoint, which holds no class names");
  EXPECT_EQ(run_bart(here(), {"predict", "faces", "--recursive", "--model", "c1/c.safetensors", "--labels",
                              "run/label_encoder.joblib"})
                .code,
            0);
  write_file(here() / "c1/torch.pth", encode_pth(decode_pth(read_file(here() / "run/BART-10M.pth"))));
  expect_sentence(
      {"predict", "faces", "--recursive", "--model", "c1/torch.pth"},
      "c1/torch.pth holds no class names, and c1/label_encoder.joblib is not there: put the label "
      "file of its training there, or name it (--labels)");
  scratch_.write("own/label_encoder.joblib", "mine");
  expect_sentence({"export", "--model", "run", "--out", "own/m.pth"},
                  "own/label_encoder.joblib is not the label file of a model");
  EXPECT_EQ(file_text(here() / "own/label_encoder.joblib"), "mine");
  expect_sentence({"serve", "run", "--unix-socket", "own/label_encoder.joblib"},
                  "cannot listen on own/label_encoder.joblib: it is there and is no socket");
  test::write_wild_model(here() / "wild.pth", list_folder(here() / "faces").classes, 16);
  EXPECT_NE(train_faces({"--bs", "4", "--init", "wild.pth", "--no-report", "--out", "diverged"}).code, 0);
  expect_sentence({"predict", "faces", "--recursive", "--model", "diverged"},
                  "the training in diverged has no model and no checkpoint (its status is diverged)");
  ASSERT_EQ(train_faces({"--epochs", "0", "--test-size", "0", "--no-report", "--out", "all"}).code, 0);
  expect_sentence({"evaluate", "--model", "all"}, "the training in all kept no test pictures");
  expect_sentence({"report", "all"}, "the training in all kept no test pictures");
}

TEST_F(Readers, WarnOfClippedGrayByItsContent) {
  // Nineteen of twenty values are above 255, in noise that resizing makes gray.
  std::mt19937 generator(5);
  std::string noise = "P5 128 128 65535\n";
  for (int i = 0; i < 128 * 128; ++i) {
    const unsigned value = generator() % 5000;
    noise += {static_cast<char>(value >> 8), static_cast<char>(value & 255)};
  }
  for (const char* name : {"deep/a/1.pgm", "deep/b/2.pgm", "deep/b/3.pgm"}) scratch_.write(name, noise);
  const std::string words = "3 gray pictures with 16 bits or more per pixel are black and white once";
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"inspect", "deep"},
           {"explain", "deep", "--recursive", "--model", "run"},
           {"audit", "deep", "--image-size", "16", "--epochs", "1", "--folds", "2"},
           {"lr-find", "deep", "--image-size", "16", "--steps", "10", "--to", "1e-4"},
           {"tune", "deep", "--image-size", "16", "--epochs", "1", "--trials", "2", "--test-size", "0",
            "--validation-size", "0.3"},
           {"evaluate", "deep", "--model", "deep-run"},
           {"predict", "deep", "--recursive", "--model", "run"}}) {
    if (arguments.back() == "deep-run") {
      const BartResult trained = run_bart(here(), {"train", "deep", "--image-size", "16", "--epochs", "0",
                                                   "--no-report", "--out", "deep-run"});
      EXPECT_THAT(trained.err, HasSubstr(words));
    }
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr(words)) << arguments.front();
  }
}

TEST_F(Readers, TakeAndSuggestTheNamesOfFlagsThatOtherProgramsTaught) {
  for (const char* flag : {"--batch-size", "--batch"}) {
    EXPECT_EQ(run_bart(here(), {"evaluate", "faces", "--model", "run", flag, "4"}).code, 0) << flag;
  }
  expect_refused({"train", "faces", "--batchsize", "4"}, "did you mean --batch-size?");
  expect_refused({"train", "faces", "--bach", "4"}, "did you mean --batch?");
}

}  // namespace
}  // namespace bart
