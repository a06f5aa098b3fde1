#include "bart/serve/life.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include "bart/formats/python_json.h"
#include "bart/model/find_model.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/platform/hash.h"
#include "bart/platform/memory.h"
#include "bart/platform/printable.h"
#include "bart/platform/timer_signals.h"
#include "bart/record/run_record.h"

namespace bart {

void raise_descriptor_limit() {
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return;
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
}

int socket_of_systemd() {
  const char* const process = std::getenv("LISTEN_PID");
  const char* const count = std::getenv("LISTEN_FDS");
  if (process == nullptr || count == nullptr || process != std::to_string(::getpid())) return -1;
  if (std::string_view(count) != "1")
    throw Error(fmt::format("systemd gives {} sockets to listen on, and bart serve takes one", count));
  return 3;  // the first one
}

CardedModel ServedFile::load(const std::vector<std::string>& served) {
  looked_ = look();  // before it is read: what changes meanwhile is read again
  loaded_ = stamp();
  const FoundModel found = find_model(model_);
  ModelCard card;
  const ModelFile file = [&] {
    const std::vector<std::uint8_t> bytes =
        read_model_bytes(found.file);  // gone before the network takes memory
    ModelFile decoded = named_as(decode_model(found, bytes, labels_, warn_), served);
    card = model_card(found, bytes, decoded.classes);
    return decoded;
  }();
  return {Model(file, options_), std::move(card)};
}

bool ServedFile::changed() {
  std::vector<Stamp> now = look();
  if (now == looked_) return false;
  looked_ = std::move(now);
  const std::optional<Stamp> found = stamp();
  return found && found != loaded_;
}

std::optional<ServedFile::Stamp> ServedFile::stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Stamp(path, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

std::optional<ServedFile::Stamp> ServedFile::stamp() const {
  try {
    return stamp_of(find_model(model_).file.string());
  } catch (const Error&) {
    return std::nullopt;
  } catch (const std::filesystem::filesystem_error&) {
    return std::nullopt;
  }
}

/// What decides which file find_model() finds, without a look into it. A folder may be that of the results or
/// the bart-run/ inside. A new checkpoint changes the time of its folder.
std::vector<ServedFile::Stamp> ServedFile::look() const {
  std::vector<std::string> paths = {model_.string()};
  const auto add = [&](const RunFolder& run) {
    for (const std::filesystem::path& path :
         {run.model(), run.best_model(), run.record(), run.run_json(), run.before(), run.earlier()}) {
      paths.push_back(path.string());
    }
  };
  add(RunFolder(model_));
  add(RunFolder(model_ / "..", model_));
  add(RunFolder(model_, model_));
  std::vector<Stamp> stamps;
  for (const std::string& path : paths) {
    if (const std::optional<Stamp> one = stamp_of(path)) stamps.push_back(*one);
  }
  return stamps;
}

BlockedSignals::BlockedSignals() {
  sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU}) sigaddset(&signals_, signal);
  // These may be of a profiler, which then handles them.
  for (const int signal : timer_signals) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) sigaddset(&signals_, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

BlockedSignals::~BlockedSignals() {
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int BlockedSignals::next(double seconds) const {
  const timespec wait{static_cast<time_t>(seconds), static_cast<long>(1e9 * (seconds - std::floor(seconds)))};
  return std::max(0, ::sigtimedwait(&signals_, nullptr, &wait));
}

namespace {

void load_again(Server& server, ServedFile& file, const LifeOptions& options) {
  try {
    std::string version;
    const auto load = [&] {
      CardedModel loaded = file.load(server.classes());
      version = loaded.card.version;
      return loaded;
    };
    server.reload(load, options.allow_other_classes);
    return_freed_memory();
    if (options.on_loaded) options.on_loaded(version);
  } catch (const OtherClasses& error) {
    if (options.on_refused) options.on_refused(error.what(), true);
  } catch (const std::exception& error) {
    if (options.on_refused) options.on_refused(error.what(), false);
  }
}

/// Whether this process has a terminal that may send it signals.
bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (terminal >= 0) ::close(terminal);
  return terminal >= 0;
}

}  // namespace

bool live(Server& server, const BlockedSignals& signals, ServedFile& file, const LifeOptions& options) {
  std::atomic<bool> ended = false;
  const bool had_terminal = has_terminal();
  std::thread waiter([&] {
    bool stopping = false, told = false;
    while (!ended) {
      const int signal = signals.next(0.25);
      const bool asked = signal == SIGINT || signal == SIGTERM;
      const bool announced =
          is_timer_signal(signal) || signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGXCPU;
      if (asked || announced || (signal == SIGHUP && had_terminal && !has_terminal())) {
        // What a batch system announces comes before its SIGTERM, and SIGXCPU every second again.
        if (!announced && told) ::_exit(128 + signal);
        told = told || !announced;
        if (!stopping) server.stop();
        stopping = true;
      } else if (!stopping && (signal == SIGHUP || (options.watch && file.changed()))) {
        load_again(server, file, options);
      }
    }
  });
  const bool all_answered = server.run();
  ended = true;
  waiter.join();
  return all_answered;
}

std::string request_json(const ServedRequest& request) {
  return fmt::format(
      "{{\"time\": \"{}\", \"peer\": {}, \"method\": {}, \"target\": {}, \"status\": {}, \"request_bytes\": "
      "{}, "
      "\"response_bytes\": {}, \"seconds\": {:.6f}}}",
      iso_time(), python_json_string(printable(request.peer)), python_json_string(printable(request.method)),
      python_json_string(printable(request.target)), request.status, request.request_bytes,
      request.response_bytes, request.seconds);
}

}  // namespace bart
