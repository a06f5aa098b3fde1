#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bart/model/find_model.h"
#include "bart/model/model.h"
#include "bart/platform/error.h"

namespace bart {

/// What a server says about its model, beside its classes. All of it may be empty.
struct ModelCard {
  std::string name = "bart";  // in the Open Inference Protocol's paths
  std::string version = {};   // changes with the model, a hash of its file for example
  std::vector<std::pair<std::string, std::string>> facts = {};  // ("Validation accuracy", "78.59 %")
  std::vector<std::filesystem::path> examples = {};             // a JPEG per class; empty: there is none
  std::filesystem::path report = {};                            // of its training, an HTML page
};

/// The card of a model that find_model() found, from the record of its training if there is one. `version` is
/// the hash_of() `bytes`, those of its file.
ModelCard model_card(const FoundModel& found, std::span<const std::uint8_t> bytes,
                     const std::vector<std::string>& classes);

/// What a server allows, each at least 1. Durations are in seconds, above 0 and at most 86,400.
struct ServerLimits {
  std::size_t body_bytes = 32 << 20;     // of one request
  std::size_t bodies_bytes = 512 << 20;  // of all requests together
  std::uint64_t pixels = 50'000'000;     // of one picture
  std::size_t pictures = 64;             // of one request
  std::size_t connections = 1024;        // at a time
  std::size_t waiting_pictures = 256;    // accepted and not yet answered
  double header_seconds = 10;            // for a request's head to arrive, and until the next one begins
  double body_seconds = 30;              // for a body to arrive
  double answer_seconds = 30;            // for the answer to be computed, and for it to be taken
  double drain_seconds = 10;             // for what was accepted to be answered after stop()
};

struct CardedModel {
  Model model;
  ModelCard card;
};

/// The new model of a server has other classes than the one before.
class OtherClasses : public Error {
 public:
  using Error::Error;
};

/// Whether only this computer reaches the address: 127.0.0.1, ::1. Throws Error for a text that is not an
/// address.
bool is_loopback(const std::string& address);

/// Who may use a server.
struct ServerAccess {
  std::string token = {};                    // the bearer's token that requests need; empty: none
  bool anyone = false;                       // other computers may use the server without a token
  std::vector<std::string> host_names = {};  // names beside localhost by which the server may be called
  std::vector<std::string> proxies = {};     // addresses whose X-Forwarded-For names who really asks
  std::vector<std::string> origins = {};     // of other web pages that may use it: "https://example.org"
};

/// Files in PEM format. Both empty: the server speaks plain HTTP.
struct ServerTls {
  std::filesystem::path certificate = {};  // the server's own first, then those that signed it
  std::filesystem::path key = {};          // without a password
};

/// A request that was answered.
struct ServedRequest {
  std::string peer = {};  // its address
  std::string method = {}, target = {};
  int status = 0;
  std::size_t request_bytes = 0, response_bytes = 0;  // of the bodies
  double seconds = 0;                                 // from its head to the end of its response
};

struct ServerOptions {
  std::string address = "127.0.0.1";       // an address of this computer: 127.0.0.1, ::1, 0.0.0.0, …
  std::uint16_t port = 8000;               // 0: any free one
  std::filesystem::path socket_path = {};  // of a Unix socket to listen on instead; empty: none
  int listening_socket = -1;  // a descriptor that listens already, which the server closes; -1: none
  ModelCard card = {};
  ServerLimits limits = {};
  ServerAccess access = {};
  ServerTls tls = {};
  /// Called for every request that was answered, one at a time.
  std::function<void(const ServedRequest&)> on_request = {};
  /// Called with sentences about what went wrong and does not stop the server, from any thread.
  std::function<void(std::string_view)> on_warning = {};
};

/// Serves a model over HTTP/1.1: POST /v1/predict and what docs/serve.md lists.
class Server {
 public:
  /// Listens from now on, and answers once run() is called. Throws Error when the address, the certificate or
  /// its key cannot be used, for impossible limits, when other computers can reach it and `options.access`
  /// does not say that they may, or when the model fails its self-check.
  explicit Server(const Model& model, ServerOptions options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// "http://127.0.0.1:8000", "https://…" with TLS, or the path of its Unix socket.
  std::string address() const;

  /// Those of the model that is served now. May be called from any thread.
  std::vector<std::string> classes() const;

  /// Answers requests until stop() is called, and then those that were accepted, for up to
  /// ServerLimits::drain_seconds. Returns whether all of them were answered. To be called once.
  bool run();

  /// Makes run() accept nothing more and return. May be called from any thread.
  void stop();

  /// Answers the requests that arrive from now on with the model that `load` returns. Throws, with nothing
  /// changed, what `load` throws, and Error when the model fails its self-check, or when its classes are
  /// others and `allow_other_classes` is false. May be called from any thread.
  void reload(const std::function<CardedModel()>& load, bool allow_other_classes = false);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bart
