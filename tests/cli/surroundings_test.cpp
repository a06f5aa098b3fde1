// Unusual surroundings of the process: closed streams, small limits, no working folder, links in place of
// files.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "bart/platform/files.h"
#include "drawn_faces.h"

namespace bart {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Surroundings : public DrawnFaces {
 protected:
  Surroundings() : DrawnFaces(2, 6) {}

  static std::vector<std::string> train(const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"train", "faces", "--image-size", "16",
                                       "--bs",  "4",     "--max-steps",  "2"};
    arguments.insert(arguments.end(), {"--no-report", "--out", out});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<std::string> predict(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"predict", "faces/" + first_picture(), "--model", "run/BART-10M.pth"};
    arguments.insert(arguments.end(), {"--labels", "run/label_encoder.joblib"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::string first_picture() const {
    for (const auto& entry : fs::recursive_directory_iterator(here() / "faces")) {
      if (entry.is_regular_file()) return entry.path().lexically_relative(here() / "faces").string();
    }
    return {};
  }
};

TEST_F(Surroundings, ClosedStandardStreamsChangeNothingOnDisk) {
  std::vector<std::uint8_t> model, pixels;
  for (int closed = 0; closed < 8; ++closed) {
    const std::string out = fmt::format("run{}", closed), cache = fmt::format("cache{}", closed);
    const BartResult result =
        run_bart(here(), train(out, {"--cache", cache, "--threads", "1"}), {.in_child = [&] {
                   for (int fd = 0; fd < 3; ++fd) {
                     if ((closed >> fd & 1) != 0) ::close(fd);
                   }
                 }});
    ASSERT_EQ(result.code, 0) << closed << result.err;
    const auto model_now = read_file(here() / out / "BART-10M.pth");
    const auto pixels_now = read_file(fs::directory_iterator(here() / cache)->path() / "pixels");
    if (closed == 0) {
      model = model_now;
      pixels = pixels_now;
    }
    EXPECT_TRUE(model_now == model) << closed;
    EXPECT_TRUE(pixels_now == pixels) << closed;
  }
}

TEST_F(Surroundings, AClosedStandardInputIsSaidToBeClosed) {
  ASSERT_EQ(run_bart(here(), train("run")).code, 0);
  const std::vector<std::string> arguments{"predict", "-", "--model", "run"};
  const auto with_input = [&](const std::function<void()>& in_child) {
    return run_bart(here(), arguments, {.in_child = in_child});
  };
  const BartResult closed = with_input([] { ::close(STDIN_FILENO); });
  EXPECT_EQ(closed.code, 1);
  EXPECT_THAT(closed.err, HasSubstr("cannot read standard input: it is closed"));
  // A folder that the user passes is one.
  const BartResult folder = with_input([] { ::dup2(::open("/", O_RDONLY | O_DIRECTORY), STDIN_FILENO); });
  EXPECT_EQ(folder.code, 1);
  EXPECT_THAT(folder.err, HasSubstr("cannot read standard input: Is a directory"));
}

TEST_F(Surroundings, ResultsThatNobodyCanGetAreAFailure) {
  ASSERT_EQ(run_bart(here(), train("run")).code, 0);
  const auto close_output = [] { ::close(STDOUT_FILENO); };
  for (const auto& arguments :
       {predict({"--out", "-"}), predict({"--out", "/dev/stdout"}), {"--version"}, {"train", "--help"}}) {
    const BartResult result = run_bart(here(), arguments, {.in_child = close_output});
    EXPECT_EQ(result.code, 1) << arguments.back();
    EXPECT_THAT(result.err, HasSubstr("bart: cannot write ")) << arguments.back();
  }
  // An error whose sentence cannot be written still has its exit code.
  EXPECT_EQ(run_bart(here(), {"predict", "none"}, {.in_child = [] { ::close(STDERR_FILENO); }}).code, 1);
  EXPECT_EQ(run_bart(here(), {"--bogus"}, {.in_child = [] { ::close(STDERR_FILENO); }}).code, 2);
}

TEST_F(Surroundings, OutputsThatAreNotFilesAreWrittenThrough) {
  ASSERT_EQ(run_bart(here(), train("run")).code, 0);
  const BartResult to_file = run_bart(here(), predict({"--out", "results.json"}));
  ASSERT_EQ(to_file.code, 0) << to_file.err;
  const std::string json = file_text(here() / "results.json");
  const BartResult to_stdout = run_bart(here(), predict({"--out", "/dev/stdout"}));
  EXPECT_EQ(to_stdout.code, 0) << to_stdout.err;
  EXPECT_THAT(to_stdout.out, HasSubstr(json));
  EXPECT_EQ(run_bart(here(), predict({"--out", "/dev/null"})).code, 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(Surroundings, AnOutputThatIsALinkReplacesItsTargetAndKeepsThePermissions) {
  ASSERT_EQ(run_bart(here(), train("run")).code, 0);
  scratch_.write("elsewhere/results.json", "old");
  ASSERT_EQ(::chmod((here() / "elsewhere/results.json").c_str(), 0640), 0);
  fs::create_symlink("elsewhere/results.json", here() / "link.json");
  ASSERT_EQ(run_bart(here(), predict({"--out", "link.json"})).code, 0);
  EXPECT_TRUE(fs::is_symlink(here() / "link.json"));
  EXPECT_TRUE(nlohmann::json::accept(file_text(here() / "elsewhere/results.json")));
  EXPECT_EQ(fs::status(here() / "elsewhere/results.json").permissions(), static_cast<fs::perms>(0640));
}

TEST_F(Surroundings, ALockThatIsALinkEmptiesNoOtherFile) {
  scratch_.write("precious", "precious");
  fs::create_directories(here() / "run/bart-run");
  fs::create_symlink("../../precious", here() / "run/bart-run/lock");
  const BartResult result = run_bart(here(), train("run"));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err,
              HasSubstr("bart: cannot write run/bart-run/lock: it is a symbolic link; remove it"));
  EXPECT_EQ(file_text(here() / "precious"), "precious");
}

TEST_F(Surroundings, TheCachesFilesThatAreLinksAreNotWritten) {
  ASSERT_EQ(run_bart(here(), train("run", {"--cache", "cache"})).code, 0);
  fs::path folder;
  for (const auto& entry : fs::directory_iterator(here() / "cache")) folder = entry.path();
  scratch_.write("precious", file_text(folder / "pixels"));
  const std::string precious = file_text(here() / "precious");
  for (const char* name : {"lock", "pixels"}) {
    fs::remove(folder / name);
    fs::create_symlink(here() / "precious", folder / name);
    scratch_.write(fmt::format("faces/character_01/more_{}.jpg", name),
                   file_text(here() / "faces" / first_picture()));
    const BartResult result = run_bart(here(), train("run", {"--cache", "cache"}));
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(file_text(here() / "precious"), precious) << name;
    fs::remove(folder / name);
    scratch_.write("again", precious);
    if (std::string(name) == "pixels") fs::copy_file(here() / "again", folder / name);
  }
}

TEST_F(Surroundings, AFileSystemWithoutLocksIsWarnedOf) {
  const std::string picture = first_picture();
  const BartResult result = run_bart(here(), train("run", {"--cache", "cache", "--prefix-files"}),
                                     {.environment = {{"LD_PRELOAD", BART_FAULTS_LIBRARY},
                                                      {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                                                      {"BART_WITHOUT", "flock chmod renameat2"}}});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("WARNING"), HasSubstr("cannot lock run/bart-run/lock")));
  EXPECT_EQ(fs::status(here() / "run/BART-10M.pth").permissions(),
            fs::status(here() / "run/bart-run/lock").permissions());
  EXPECT_FALSE(
      fs::exists(here() / "faces" / picture));  // renamed, without a rename that refuses existing names
}

TEST_F(Surroundings, AFileSystemWithoutLinksAndPermissionsIsEnough) {
  const BartSurroundings plain{.environment = {{"LD_PRELOAD", BART_FAULTS_LIBRARY},
                                               {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                                               {"BART_WITHOUT", "flock chmod link renameat2"}}};
  const auto run = [&](const std::vector<std::string>& arguments) {
    const BartResult result = run_bart(here(), arguments, plain);
    EXPECT_EQ(result.code, 0) << testing::PrintToString(arguments) << result.err;
  };
  run(train("run"));
  const std::string model = file_text(here() / "run/BART-10M.pth");
  run(train("run", {"--seed", "3"}));
  EXPECT_TRUE(file_text(here() / "run/bart-run/earlier/BART-10M.pth") == model);
  run({"predict", "faces", "--recursive", "--model", "run", "--sort-into", "sorted"});
  const std::string picture = "faces/" + first_picture();
  for (const char* count : {"1", "2"}) run({"explain", picture, "--model", "run", "--top-k", count});
  EXPECT_TRUE(fs::exists(here() / "explained.earlier.png"));
  scratch_.write("decisions.json", R"({"version": 1, "folder": "faces", "decisions": [{"file": ")" +
                                       first_picture() + R"(", "action": "remove"}]})");
  run({"apply", "decisions.json"});
  EXPECT_FALSE(fs::exists(here() / picture));
}

TEST_F(Surroundings, AnEarlierTrainingThatCannotBeKeptStaysAsItIs) {
  ASSERT_EQ(run_bart(here(), train("run")).code, 0);
  const auto contents = [&] {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(here() / "run")) {
      if (entry.is_regular_file() && entry.path().filename() != "lock")  // which names the process
        files[entry.path().string()] = file_text(entry.path());
    }
    return files;
  };
  const auto before = contents();
  // Without links it has to be copied, and the copy of the model does not fit on the disk.
  const BartResult result = run_bart(here(), train("run", {"--seed", "3"}),
                                     {.file_size_limit = 100'000,
                                      .environment = {{"LD_PRELOAD", BART_FAULTS_LIBRARY},
                                                      {"ASAN_OPTIONS", "verify_asan_link_order=0"},
                                                      {"BART_WITHOUT", "link"}}});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot write run/bart-run/before/"));
  const auto after = contents();
  for (const auto& [name, content] : before) {
    // Not EXPECT_EQ, which would print a model.
    EXPECT_TRUE(after.contains(name) && after.at(name) == content) << name;
  }
  EXPECT_EQ(after.size(), before.size());
}

TEST_F(Surroundings, TooManyThreadsAreRefusedAndASmallStackIsEnough) {
  for (const auto& arguments :
       {train("run", {"--threads", "100000"}), {"inspect", "faces", "--threads", "-1"}}) {
    const BartResult result = run_bart(here(), arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err,
                HasSubstr("--threads must be from 1 to 1024, or 0 for as many as this process may use"));
  }
  const BartResult small = run_bart(here(), train("run", {"--threads", "3"}), {.in_child = [] {
                                      const struct rlimit limit { 64 << 10, 64 << 10 };
                                      ::setrlimit(RLIMIT_STACK, &limit);
                                    }});
  EXPECT_EQ(small.code, 0) << small.err;
}

/// Where this process is root, the limits hold for a user whom nobody else is.
template <rlim_t threads, rlim_t files, uid_t user>
void few_threads_and_files() {
  // Root is exempt from the limit on threads.
  if (::geteuid() != 0 || ::setgid(user) != 0 || ::setuid(user) != 0) ::_exit(77);
  const struct rlimit few_files { files, files };
  const struct rlimit few_threads { threads, threads };
  ::setrlimit(RLIMIT_NOFILE, &few_files);
  ::setrlimit(RLIMIT_NPROC, &few_threads);
}

TEST_F(Surroundings, FewThreadsAndFilesAreEnough) {
  ASSERT_EQ(::chmod(here().c_str(), 0777), 0);
  const BartResult result =
      run_bart(here(), train("run", {"--threads", "4"}), {.in_child = few_threads_and_files<3, 16, 61235>});
  if (result.code == 77) GTEST_SKIP() << "only root becomes another user";
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("can start only 2 of 4 threads"));
  const std::string picture = "faces/" + first_picture();
  // OpenMP would end the process. A limit counts all processes of a user, so no other test may run as this
  // one.
  for (const auto& arguments : {std::vector<std::string>{"explain", picture, "--model", "run"},
                                {"explain", picture, "--model", "run", "--threads", "4"},
                                {"report", "run"}}) {
    for (const auto limit : {few_threads_and_files<1, 16, 61238>, few_threads_and_files<2, 16, 61238>,
                             few_threads_and_files<3, 16, 61238>}) {
      // The report is the user's above.
      const BartResult few =
          run_bart(here(), arguments,
                   {.in_child = arguments[0] == "report" ? few_threads_and_files<2, 16, 61235> : limit});
      EXPECT_EQ(few.code, 0) << testing::PrintToString(arguments) << few.err;
    }
  }
}

TEST_F(Surroundings, AServerThatMayNotStartItsThreadsSaysSo) {
  ASSERT_EQ(run_bart(here(), train("run")).code, 0);
  ASSERT_EQ(::chmod(here().c_str(), 0777), 0);
  for (const auto limit : {few_threads_and_files<1, 64, 61237>, few_threads_and_files<2, 64, 61237>,
                           few_threads_and_files<3, 64, 61237>}) {
    const BartResult result = run_bart(here(), {"serve", "run", "--port", "0"}, {.in_child = limit});
    if (result.code == 77) GTEST_SKIP() << "only root becomes another user";
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("bart: cannot start as many threads as needed"));
  }
}

TEST_F(Surroundings, FoldersThatMayNotBeReadAreSkippedAndNamedByEveryCommand) {
  ASSERT_EQ(::chmod(here().c_str(), 0777), 0);
  const fs::path locked = (here() / "faces" / first_picture()).parent_path() / "locked";
  fs::create_directory(locked);
  fs::copy_file(here() / "faces" / first_picture(), locked / "inside.jpg");
  fs::permissions(locked, fs::perms::none);
  const auto as_another_user = [] {
    // Root reads every folder.
    if (::geteuid() == 0 && (::setgid(61236) != 0 || ::setuid(61236) != 0)) ::_exit(77);
  };
  const std::string folder = locked.lexically_relative(here() / "faces").string();
  for (const std::vector<std::string>& command :
       {train("run"),
        std::vector<std::string>{"predict", "faces", "--recursive", "--model", "run", "--out", "p.csv"},
        std::vector<std::string>{"inspect", "faces"},
        std::vector<std::string>{"evaluate", "faces", "--model", "run"},
        std::vector<std::string>{"explain", "faces", "--recursive", "--model", "run"}}) {
    const BartResult result = run_bart(here(), command, {.in_child = as_another_user});
    EXPECT_EQ(result.code, 0) << command[0] << result.err;
    EXPECT_THAT(result.out + result.err, AllOf(HasSubstr(folder), HasSubstr("Permission denied")))
        << command[0];
  }
  EXPECT_THAT(file_text(here() / "p.csv"), Not(HasSubstr("inside.jpg")));
  fs::permissions(locked, fs::perms::owner_all);
}

TEST_F(Surroundings, APictureInAFolderThatMayNotBeEnteredIsNotSaidToBeGone) {
  ASSERT_EQ(run_bart(here(), train("run")).code, 0);
  ASSERT_EQ(::chmod(here().c_str(), 0777), 0);
  const std::string picture = "faces/" + first_picture();
  const fs::path locked = (here() / picture).parent_path();
  fs::permissions(locked, fs::perms::none);
  for (const char* command : {"predict", "explain"}) {
    const std::vector<std::string> arguments = {command, picture, "--model", "run"};
    const BartResult result =
        run_bart(here(), arguments, {.in_child = [] {
                   // Root enters every folder.
                   if (::geteuid() == 0 && (::setgid(61236) != 0 || ::setuid(61236) != 0)) ::_exit(77);
                 }});
    EXPECT_EQ(result.code, 1) << command;
    EXPECT_THAT(result.err, HasSubstr(picture + ": Permission denied")) << command;
  }
  fs::permissions(locked, fs::perms::owner_all);
}

TEST_F(Surroundings, AFileThatMayNotBeWrittenIsNamedBeforeThePicturesAreRead) {
  ASSERT_EQ(::chmod(here().c_str(), 0777), 0);
  const auto as_another_user = [] {
    // Root writes every file.
    if (::geteuid() == 0 && (::setgid(61239) != 0 || ::setuid(61239) != 0)) ::_exit(77);
  };
  const BartResult first = run_bart(here(), train("run"), {.in_child = as_another_user});
  if (first.code == 77) GTEST_SKIP() << "only root becomes another user";
  ASSERT_EQ(first.code, 0) << first.err;
  for (const char* name : {"BART-10M.pth", "label_encoder.joblib", "bart-run/history.csv",
                           "bart-run/steps.csv", "bart-run/run.toml", "bart-run/pictures.csv"}) {
    fs::permissions(here() / "run" / name, fs::perms::owner_read);
    const BartResult result = run_bart(here(), train("run"), {.in_child = as_another_user});
    EXPECT_EQ(result.code, 1) << name;
    EXPECT_THAT(result.err, AllOf(HasSubstr(std::string("cannot write run/") + name + ": Permission denied"),
                                  Not(HasSubstr("The number of images"))));
    fs::permissions(here() / "run" / name, fs::perms::owner_read | fs::perms::owner_write);
  }
}

TEST_F(Surroundings, AWorkingFolderThatIsGone) {
  const auto gone = [&] {
    if (::mkdir("gone", 0777) != 0 || ::chdir("gone") != 0 || ::rmdir("../gone") != 0) ::_exit(126);
  };
  std::vector<std::string> with_paths = train((here() / "run").string());
  with_paths[1] = (here() / "faces").string();
  const BartResult absolute = run_bart(here(), with_paths, {.in_child = gone});
  EXPECT_EQ(absolute.code, 0) << absolute.err;
  const BartResult relative = run_bart(here(), train("run"), {.in_child = gone});
  EXPECT_EQ(relative.code, 1);
  EXPECT_THAT(relative.err, AllOf(HasSubstr("no longer exists"), Not(HasSubstr("filesystem error"))));
}

TEST_F(Surroundings, NoHomeAndNoTerminalTypeAreNeeded) {
  const BartResult result = run_bart(here(), train("run"), {.in_child = [] { ::clearenv(); }});
  EXPECT_EQ(result.code, 0) << result.err;
}

TEST_F(Surroundings, PathsThatCannotBeAreSaidInASentence) {
  scratch_.write("file");
  fs::create_symlink("loop", here() / "loop");
  for (const std::string& out :
       {std::string("file/run"), std::string("loop/run"), std::string("/proc/none/run"),
        std::string(300, 'n'), std::string("/dev/null")}) {
    const BartResult result = run_bart(here(), train(out));
    EXPECT_THAT(result.code, testing::AnyOf(1, 2)) << out;
    EXPECT_THAT(result.err, AllOf(HasSubstr("bart: "), HasSubstr(out), Not(HasSubstr("filesystem error"))))
        << out;
  }
}

}  // namespace
}  // namespace bart
