#pragma once

#include <signal.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bart/serve/server.h"

namespace bart {

/// As many descriptors as this process may give itself: each connection takes one.
void raise_descriptor_limit();

/// The socket that systemd opened for this process, sd_listen_fds(3), for ServerOptions::listening_socket; -1
/// if there is none. Throws Error for more than one.
int socket_of_systemd();

/// The model that a user named, which may change while it is served.
class ServedFile {
 public:
  /// `warn` gets a sentence at each load() of a model whose class names may be wrong.
  ServedFile(std::filesystem::path model, std::filesystem::path labels, ModelOptions options,
             std::function<void(const std::string&)> warn = {})
      : model_(std::move(model)),
        labels_(std::move(labels)),
        options_(std::move(options)),
        warn_(std::move(warn)) {}

  /// Reads it, and names its classes as `served` does where they are the same text (see named_as()). Throws
  /// Error.
  CardedModel load(const std::vector<std::string>& served = {});
  /// Whether it is another file than load() saw last, or has another size or time. Reads no file unless one
  /// of those that decide it has another size or time than at the last call.
  bool changed();

 private:
  using Stamp = std::tuple<std::string, std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;
  static std::optional<Stamp> stamp_of(const std::string& path);
  std::optional<Stamp> stamp() const;
  std::vector<Stamp> look() const;

  std::filesystem::path model_, labels_;
  ModelOptions options_;
  std::function<void(const std::string&)> warn_;
  std::optional<Stamp> loaded_;
  std::vector<Stamp> looked_;
};

/// While this object exists, SIGINT, SIGTERM, SIGHUP, the signals with which batch systems announce the end
/// (SIGUSR1, SIGUSR2, SIGXCPU) and those of timers that nobody handles (SIGALRM, SIGVTALRM, SIGPROF) wait to
/// be taken instead of being handled, in this thread and in those that it starts.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  /// The next one, or 0 after `seconds` without one.
  int next(double seconds) const;

 private:
  sigset_t signals_, before_;
};

struct LifeOptions {
  bool watch = false;  // load the model again when its file changes
  bool allow_other_classes = false;
  std::function<void(std::string_view version)> on_loaded = {};  // the model was loaded again
  /// A changed model was not taken; the one before stays. `other_classes`: only because its classes are
  /// others.
  std::function<void(std::string_view reason, bool other_classes)> on_refused = {};
};

/// Runs the server until one of these signals comes, and loads its model again on SIGHUP and, if it is
/// watched, when it changes. A SIGHUP that says that the terminal is gone ends the server. A second SIGINT or
/// SIGTERM ends the process. Returns what Server::run() returns.
bool live(Server& server, const BlockedSignals& signals, ServedFile& file, const LifeOptions& options);

/// One line for --log-json.
std::string request_json(const ServedRequest& request);

}  // namespace bart
