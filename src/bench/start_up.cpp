#include "bart/bench/start_up.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "bart/formats/joblib.h"
#include "bart/formats/pth.h"
#include "bart/pictures/encode_jpeg.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/timing.h"
#include "bart/random/mt19937.h"
#include "bart/sample/sample.h"
#include "temporary_folder.h"

extern char** environ;

namespace bart {
namespace {

/// Runs a program until it ends. Returns the seconds until its first line on stdout.
double seconds_to_first_line(const std::vector<std::string>& command) {
  int ends[2];
  if (::pipe(ends) != 0) throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addclose(&actions, ends[0]);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addclose(&actions, ends[1]);

  bool answered = false;
  int failed = 0;
  pid_t child = 0;
  const double seconds = seconds_of([&] {
    failed = ::posix_spawn(&child, command.front().c_str(), &actions, nullptr, argv.data(), environ);
    ::close(ends[1]);
    for (char byte = 0; failed == 0 && !answered && ::read(ends[0], &byte, 1) == 1;) answered = byte == '\n';
  });
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[0]);
  int status = 0;
  if (failed == 0) ::waitpid(child, &status, 0);
  const std::string reason =
      failed != 0 ? fmt::format("could not be started: {}", std::strerror(failed))
      : WIFSIGNALED(status)
          ? fmt::format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)))
      : status != 0 ? fmt::format("ended with exit code {}", WEXITSTATUS(status))
      : !answered   ? "printed no answer"
                    : "";
  if (!reason.empty()) {
    throw Error(
        fmt::format("cannot measure how fast BART starts: it {} ({})", reason, fmt::join(command, " ")));
  }
  return seconds;
}

}  // namespace

double start_up_seconds(const std::filesystem::path& program, const std::string& device,
                        const Architecture& architecture, int rounds) {
  const TemporaryFolder folder;
  const std::filesystem::path model = folder.path() / "model.pth";
  const std::filesystem::path labels = folder.path() / "labels.joblib";
  const std::filesystem::path picture = folder.path() / "picture.jpg";
  Mt19937 generator(10);
  write_file(model, encode_pth(initial_state(architecture, generator)));
  std::vector<std::string> classes;
  for (int c = 0; c < architecture.classes; ++c) classes.push_back(fmt::format("class {:06}", c));
  write_file(labels, encode_label_encoder(classes));
  write_file(picture, encode_jpeg(draw_face(0, 10)));

  const std::vector<std::string> command = {
      program.string(), "predict", picture.string(), "--model", model.string(), "--labels", labels.string(),
      "--format",       "text",    "--out",          "-",       "--device",     device,     "--quiet"};
  seconds_to_first_line(command);
  std::vector<double> seconds;
  for (int round = 0; round < rounds; ++round) seconds.push_back(seconds_to_first_line(command));
  return median_of(seconds);
}

}  // namespace bart
