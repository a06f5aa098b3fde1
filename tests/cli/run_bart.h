#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scratch_folder.h"

namespace bart {

using test::ScratchFolder;

struct BartResult {
  int code;  // exit code; 128 + the signal where one ended it
  std::string out;
  std::string err;
};

struct BartSurroundings {
  std::uint64_t file_size_limit = 0;  // above 0: no file may grow past it, what a full disk does to a write
  std::map<std::string, std::string> environment = {};  // added to that of the test
  std::filesystem::path program = {};                   // empty: that of the build
  std::function<void()> in_child = {};                  // called just before the program replaces the child
};

/// The program as a user runs it, in `folder`, with stdout and stderr as files (so without a terminal). It
/// does not see the GPUs of this computer.
class RunningBart {
 public:
  RunningBart(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
              const BartSurroundings& surroundings = {});
  ~RunningBart();  // kills it where it still runs
  RunningBart(const RunningBart&) = delete;
  RunningBart& operator=(const RunningBart&) = delete;

  pid_t process() const { return child_; }
  void send(int signal) const;
  /// Its output on stderr so far.
  std::string err_so_far() const;
  BartResult wait();

 private:
  ScratchFolder scratch_;
  pid_t child_;
};

/// Waits until it handles this signal itself, so that its first step is done. False if that takes a minute.
bool waits_for(const RunningBart& bart, int signal);

/// Runs it to its end.
BartResult run_bart(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                    const BartSurroundings& surroundings = {});

std::string file_text(const std::filesystem::path& path);

}  // namespace bart
