// What bart predict writes, and what it leaves as it was.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "bart/platform/files.h"
#include "csv.h"
#include "predict_drawn.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using PredictOutputs = PredictDrawn;

TEST_F(PredictOutputs, TheFormatFollowsTheNameOfTheOutput) {
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

TEST_F(PredictOutputs, AnOutputThatIsAnInputIsRefused) {
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

TEST_F(PredictOutputs, NamesReachTextAndCsvWithoutControlCharacters) {
  fs::copy(picture_, here() / "a\x1b[31m\u202e.jpg");
  for (const std::string format : {"text", "csv"}) {
    const BartResult result =
        run_bart(here(), {"predict", "a\x1b[31m\u202e.jpg", "--format", format, "--out", "-"});
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.out, testing::Not(HasSubstr("\x1b")));
    EXPECT_THAT(result.out, testing::Not(HasSubstr("\u202e")));
  }
}

TEST_F(PredictOutputs, APictureFromStandardInputIsCalledSo) {
  const auto predict = [&](const std::string& more) {
    std::vector<std::string> arguments = {"predict",  "-",   "--sort-into", "sorted",
                                          "--format", "csv", "--out",       "-"};
    if (!more.empty()) arguments.push_back(more);
    return run_bart(here(), arguments,
                    {.in_child = [&] { ::dup2(::open(picture_.c_str(), O_RDONLY), STDIN_FILENO); }});
  };
  const std::string start = "file,class\nstdin.jpg,";
  for (int i = 0; i < 2; ++i) {
    const BartResult result = predict("");
    ASSERT_EQ(result.code, 0) << result.err;
    ASSERT_THAT(result.out, testing::StartsWith(start));
    const std::string name =
        result.out.substr(start.size(), result.out.find('\n', start.size()) - start.size());
    EXPECT_EQ(read_file(here() / "sorted" / name / "stdin.jpg"), read_file(picture_));
    EXPECT_FALSE(fs::exists(here() / "sorted" / name / "stdin-2.jpg"));
  }
  const BartResult linked = predict("--link");
  EXPECT_EQ(linked.code, 1);
  EXPECT_THAT(linked.err, HasSubstr("cannot be linked"));
}

TEST_F(PredictOutputs, RowsAreWrittenAsTheyComeAndJsonIsWholeOrAsItWas) {
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

TEST_F(PredictOutputs, AnEarlierFileOfANameThatTheUserDidNotChooseIsKept) {
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

TEST_F(PredictOutputs, AnOutputThatCannotBeWrittenIsSaidBeforeAnythingIsRead) {
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
    for (const char* out : {"none/out", "file/out", "folder.json", "/proc/none"}) {
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

TEST_F(PredictOutputs, PicturesThatAreNamedAreAnsweredOnStdout) {
  const BartResult result = run_bart(here(), {"predict", picture_.string(), "--top-k", "2"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              testing::MatchesRegex(picture_.filename().string() + ": [^ ]+ [0-9.]+%, [^ ]+ [0-9.]+%\n"));
  EXPECT_FALSE(fs::exists(here() / "results.json"));
}

TEST_F(PredictOutputs, SortsCopiesOrLinksByClassWithoutReplacingAFile) {
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

TEST_F(PredictOutputs, SortsNoCopiesAmongThePicturesThatItReads) {
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

TEST_F(PredictOutputs, AFileOfOthersIsStillThereAfterManyPredictions) {
  write_file(here() / "results.json", std::string_view("mine"));
  if (::setxattr((here() / "results.json").c_str(), "user.bart.test", "", 0, 0) != 0)
    GTEST_SKIP() << "no extended attributes, by which BART knows its own results";
  write_file(here() / "results.csv", std::string_view("my rows"));
  write_file(here() / "results.earlier.csv", std::string_view("my earlier rows"));
  std::map<std::string, std::string> answers;
  for (const std::string count : {"1", "2", "1", "2"}) {
    for (const std::string format : {"json", "csv"}) {
      const BartResult result =
          run_bart(here(), {"predict", picture_.string(), "--format", format, "--top-k", count});
      ASSERT_EQ(result.code, 0) << result.err;
      answers[format + count] = file_text(here() / ("results." + format));
    }
  }
  // What is the user's stays, and of BART's own there is one generation.
  std::map<std::string, std::string> results;
  for (const auto& entry : fs::directory_iterator(here())) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("results.")) results[name] = file_text(entry.path());
  }
  EXPECT_EQ(results, (std::map<std::string, std::string>{{"results.json", answers["json2"]},
                                                         {"results.earlier.json", "mine"},
                                                         {"results.earlier-2.json", answers["json1"]},
                                                         {"results.csv", answers["csv2"]},
                                                         {"results.earlier.csv", "my earlier rows"},
                                                         {"results.earlier-2.csv", "my rows"},
                                                         {"results.earlier-3.csv", answers["csv1"]}}));
}

TEST_F(PredictOutputs, AClassCalledUnsureIsNotMixedWithPicturesThatAre) {
  fs::copy(here() / "faces", here() / "named", fs::copy_options::recursive);
  fs::rename(fs::directory_iterator(here() / "named")->path(), here() / "named/unsure");
  ASSERT_EQ(
      run_bart(here(), {"train", "named", "--image-size", "16", "--epochs", "0", "--out", "named_run"}).code,
      0);
  const std::vector<std::string> arguments = {
      "predict", picture_.string(), "--model", "named_run", "--format", "text", "--out", "-"};
  EXPECT_EQ(run_bart(here(), arguments).code, 0);
  std::vector<std::string> unsure = arguments;
  unsure.insert(unsure.end(), {"--min-probability", "0.9"});
  const BartResult result = run_bart(here(), unsure);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("the model has a class called unsure"));
}

}  // namespace
}  // namespace bart
