#include "run_bart.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace bart {

namespace fs = std::filesystem;

std::string file_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

RunningBart::RunningBart(const fs::path& folder, const std::vector<std::string>& arguments,
                         const BartSurroundings& surroundings) {
  const fs::path out = scratch_.path() / "out";
  const fs::path err = scratch_.path() / "err";
  const fs::path path = surroundings.program.empty() ? fs::path(BART_PROGRAM) : surroundings.program;
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  child_ = ::fork();
  if (child_ == 0) {
    const int out_fd = ::open(out.c_str(), O_WRONLY | O_CREAT, 0600);
    const int err_fd = ::open(err.c_str(), O_WRONLY | O_CREAT, 0600);
    if (out_fd < 0 || err_fd < 0 || ::dup2(out_fd, 1) < 0 || ::dup2(err_fd, 2) < 0) ::_exit(126);
    if (surroundings.file_size_limit > 0) {
      const struct rlimit limit { surroundings.file_size_limit, surroundings.file_size_limit };
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ::setenv("CUDA_VISIBLE_DEVICES", "-1", 1);  // no GPU for NVIDIA's driver, which reads this
    for (const auto& [name, value] : surroundings.environment) ::setenv(name.c_str(), value.c_str(), 1);
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    // Opened before in_child() may become a user who cannot enter the folder where the program lies, /root
    // for one.
    const int program = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (surroundings.in_child) surroundings.in_child();
    ::execveat(program, "", argv.data(), environ, AT_EMPTY_PATH);
    ::_exit(127);
  }
}

RunningBart::~RunningBart() {
  if (child_ > 0) {
    send(SIGKILL);
    wait();
  }
}

void RunningBart::send(int signal) const {
  ::kill(child_, signal);
}

std::string RunningBart::err_so_far() const {
  const fs::path err = scratch_.path() / "err";
  return fs::exists(err) ? file_text(err) : std::string();
}

bool waits_for(const RunningBart& bart, int signal) {
  const fs::path status = fs::path("/proc") / std::to_string(bart.process()) / "status";
  for (int i = 0; i < 12000; ++i) {
    const std::string text = file_text(status);
    const std::size_t caught = text.find("SigCgt:");
    if (caught != std::string::npos &&
        (std::stoull(text.substr(caught + 7), nullptr, 16) >> (signal - 1) & 1u) != 0)
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

BartResult RunningBart::wait() {
  int status = 0;
  ::waitpid(std::exchange(child_, 0), &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, file_text(scratch_.path() / "out"), file_text(scratch_.path() / "err")};
}

BartResult run_bart(const fs::path& folder, const std::vector<std::string>& arguments,
                    const BartSurroundings& surroundings) {
  return RunningBart(folder, arguments, surroundings).wait();
}

}  // namespace bart
