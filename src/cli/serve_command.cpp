#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "bart/model/find_model.h"
#include "bart/platform/error.h"
#include "bart/platform/files.h"
#include "bart/record/run_record.h"
#include "bart/serve/life.h"
#include "commands.h"
#include "line_writer.h"
#include "log.h"
#include "model_flags.h"
#include "progress.h"

namespace bart {
namespace {

namespace fs = std::filesystem;

struct ServeFlags : ModelFlags {
  ServerOptions server;
  int port = 8000;
  double max_body_mb = 32;
  fs::path token_file;
  bool watch = false;
  bool allow_other_classes = false;
  bool log_json = false;
};

/// A line of --log-json in place of those that nobody read in time.
std::string left_out_json(std::uint64_t lines) {
  return fmt::format("{{\"time\": \"{}\", \"left_out_lines\": {}}}\n", iso_time(), lines);
}

/// The token without the line break at the end of its file.
std::string token_in(const fs::path& path, Log& log) {
  const std::vector<std::uint8_t> bytes = read_file(path, 4096);
  std::string token(bytes.begin(), bytes.end());
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (token.empty() || !std::ranges::all_of(token, [](char c) { return c > ' ' && c < 127; })) {
    throw UsageError(fmt::format("--token-file {}: a token is one line of ASCII characters without spaces",
                                 path.string()));
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
    log.warning(fmt::format("Other users can read the token in {} (chmod 600 prevents that)", path.string()));
  return token;
}

void check_flags(const ServeFlags& flags) {
  const ServerLimits& limits = flags.server.limits;
  const auto check = [](bool right, const char* flag, const char* what, auto value) {
    if (!right) throw UsageError(fmt::format("{} must be {}, not {}", flag, what, value));
  };
  check(flags.port >= 0 && flags.port <= 65535, "--port", "from 0 to 65535", flags.port);
  check(flags.max_body_mb > 0 && flags.max_body_mb <= 1024, "--max-body-mb", "above 0 and at most 1024",
        flags.max_body_mb);
  const auto check_count = [&](std::size_t count, const char* flag) {
    check(count >= 1, flag, "at least 1", count);
    check(std::in_range<std::int64_t>(count), flag, "below 2^63", count);
  };
  check_count(limits.pixels, "--max-pixels");
  check_count(limits.pictures, "--max-pictures");
  check_count(limits.connections, "--max-connections");
  check_count(limits.waiting_pictures, "--max-waiting");
  const std::pair<const char*, double> durations[] = {{"--header-seconds", limits.header_seconds},
                                                      {"--body-seconds", limits.body_seconds},
                                                      {"--answer-seconds", limits.answer_seconds},
                                                      {"--drain-seconds", limits.drain_seconds}};
  if (flags.server.tls.certificate.empty() != flags.server.tls.key.empty())
    throw UsageError("--tls-cert and --tls-key are needed together: a certificate and its key");
  for (const auto& [flag, seconds] : durations)
    check(seconds > 0 && seconds <= 86400, flag, "above 0 and at most 86400", seconds);
  if (!flags.server.socket_path.empty() || is_loopback(flags.server.address)) return;
  if (flags.token_file.empty() && !flags.server.access.anyone) {
    throw UsageError(
        fmt::format("--address {}: other computers could use this server: name a file with a token "
                    "that they must send (--token-file), or allow all (--allow-anyone)",
                    flags.server.address));
  }
}

int serve_command(ServeFlags flags) {
  Progress progress;
  Log log("Batlogger (Serve)", progress);
  raise_descriptor_limit();
  flags.server.listening_socket = socket_of_systemd();
  check_flags(flags);
  flags.server.port = static_cast<std::uint16_t>(flags.port);
  flags.server.limits.body_bytes = static_cast<std::size_t>(flags.max_body_mb * (1 << 20));
  if (!flags.token_file.empty()) flags.server.access.token = token_in(flags.token_file, log);
  // Neither the thread of the sockets nor that of the signals waits for whoever reads the lines.
  std::optional<LineWriter> requests, messages;
  flags.server.on_warning = [&](std::string_view sentence) { log.warning(sentence); };
  flags.server.on_request = [&](const ServedRequest& request) {
    if (flags.log_json) {
      requests->add(request_json(request) + "\n");
    } else {
      log.detail(fmt::format("{} {} {}: {}, {:.1f} ms", request.peer, request.method, request.target,
                             request.status, 1000 * request.seconds));
    }
  };
  ServedFile file(flags.model, flags.labels, model_options(flags, log),
                  [&](const std::string& sentence) { log.warning(sentence); });
  const BlockedSignals signals;  // before the threads of the model, which inherit it
  Server server = [&] {  // which alone holds the model afterwards: it is freed when another takes its place
    CardedModel loaded = file.load();
    flags.server.card = std::move(loaded.card);
    return Server(loaded.model, flags.server);
  }();
  log.info(fmt::format("Serving {} at {}", flags.model.string(), server.address()));
  const LifeOptions life{
      .watch = flags.watch,
      .allow_other_classes = flags.allow_other_classes,
      .on_loaded =
          [&](std::string_view version) {
            log.info(fmt::format("Loaded the model again: version {}", version));
          },
      .on_refused =
          [&](std::string_view reason, bool other_classes) {
            log.warning(fmt::format("The new model was refused, and the previous one stays: {}{}", reason,
                                    other_classes ? " (--allow-other-classes accepts it)" : ""));
          }};
  if (flags.log_json) requests.emplace(STDOUT_FILENO, left_out_json);
  messages.emplace(STDERR_FILENO,
                   [](std::uint64_t lines) { return fmt::format("({} lines are left out)\n", lines); });
  log.write_to(&*messages);
  const bool all_answered = live(server, signals, file, life);
  if (!all_answered) log.warning("Some requests were not answered before the end (--drain-seconds)");
  log.info("Ended");
  log.write_to(nullptr);
  return 0;
}

}  // namespace

void add_serve_command(CLI::App& program, Run& run) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command =
      program.add_subcommand("serve", "Serve a trained model over HTTP, with a page for people");
  command
      ->add_option("model", flags->model,
                   "The trained model: .pth, .safetensors, .onnx, a checkpoint, or the folder of a training")
      ->capture_default_str();
  ServerOptions& server = flags->server;
  ServerLimits& limits = server.limits;
  command
      ->add_option(
          "--address", server.address,
          "Address to listen on; one that other computers can reach needs --token-file or --allow-anyone")
      ->capture_default_str();
  command->add_option("--port", flags->port, "Port to listen on; 0: any free one")->capture_default_str();
  command->add_option("--unix-socket", server.socket_path, "Path of a Unix socket to listen on instead");
  command->add_option("--token-file", flags->token_file,
                      "File with a token that requests must send: Authorization: Bearer TOKEN");
  command->add_option(
      "--tls-cert", server.tls.certificate,
      "Serve HTTPS with this certificate, in PEM format; the intermediate certificates may follow it");
  command->add_option("--tls-key", server.tls.key, "The key of the certificate, in PEM format");
  command->add_flag("--allow-anyone", server.access.anyone,
                    "Let other computers use the server without a token");
  command->add_option(
      "--host-name", server.access.host_names,
      "Another name that clients may use for the server, besides its addresses and localhost");
  command->add_option("--cors-origin", server.access.origins,
                      "Another web site whose pages may use the server, such as https://example.org");
  command->add_option("--proxy", server.access.proxies,
                      "Address of a proxy whose X-Forwarded-For is trusted for the log");
  add_labels_flags(*command, *flags);
  add_prediction_flags(*command, *flags);
  command->add_flag("--watch", flags->watch,
                    "Load the model again when its file has changed, as SIGHUP does");
  command->add_flag("--allow-other-classes", flags->allow_other_classes,
                    "Accept a changed model even if its classes differ");
  command->add_option("--max-body-mb", flags->max_body_mb, "Maximum size of a request's body, in MiB")
      ->capture_default_str();
  command->add_option("--max-pixels", limits.pixels, "Maximum number of pixels per picture")
      ->capture_default_str();
  command->add_option("--max-pictures", limits.pictures, "Maximum number of pictures per request")
      ->capture_default_str();
  command->add_option("--max-connections", limits.connections, "Maximum number of open connections")
      ->capture_default_str();
  command
      ->add_option("--max-waiting", limits.waiting_pictures,
                   "Maximum number of pictures waiting for an answer; further requests get status 503")
      ->capture_default_str();
  command->add_option("--header-seconds", limits.header_seconds, "Time for the head of a request to arrive")
      ->capture_default_str();
  command->add_option("--body-seconds", limits.body_seconds, "Time for a body to arrive")
      ->capture_default_str();
  command
      ->add_option("--answer-seconds", limits.answer_seconds,
                   "Time for an answer to be computed, and for the client to receive it")
      ->capture_default_str();
  command
      ->add_option("--drain-seconds", limits.drain_seconds,
                   "Time for accepted requests to be answered after SIGTERM")
      ->capture_default_str();
  command->add_flag("--log-json", flags->log_json, "Write a JSON line per request to stdout");
  command->footer(
      "Examples:\n"
      "  bart serve                       the model BART-10M.pth, at http://127.0.0.1:8000\n"
      "  bart serve run1 --port 9000      the model of a training\n"
      "  curl --data-binary @picture.jpg http://127.0.0.1:8000/v1/predict?top_k=3");
  command->callback([flags, &run] { run = [flags] { return serve_command(*flags); }; });
}

}  // namespace bart
