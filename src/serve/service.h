#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bart/serve/server.h"
#include "classify.h"
#include "http.h"
#include "metrics.h"
#include "served_model.h"

namespace bart {

/// A request on its way through the server.
struct Call {
  HttpRequest request;
  HttpTarget target;
  std::vector<std::string> captured;  // the parts of the path that the route leaves open
  SharedModel model;                  // that answers it
  ClientLeft client_left;
  std::function<void(HttpResponse)> respond;

  /// Does `work`, and responds with its exception if it throws one.
  template <typename Work>
  void attempt(const Work& work) const {
    try {
      work();
    } catch (...) {
      respond_with_error();
    }
  }

 private:
  void respond_with_error() const;
};

/// The server without its sockets: requests in, responses out. All functions may be called from several
/// threads at once.
class Service {
 public:
  /// `threads` decode and resize pictures.
  Service(SharedModel model, const ServerOptions& options, int threads);

  /// Answers what was accepted, and ends its threads. Nothing may be asked afterwards.
  void end() { classifier_.end(); }

  /// What can be refused before the body is sent, by the head of a request alone. Nothing: send the body.
  std::optional<HttpResponse> refusal(const HttpRequest& head) const;

  /// Answers a request. `respond` is called once, by any thread, perhaps before this returns; it must not
  /// throw.
  void answer(HttpRequest request, std::function<void(HttpResponse)> respond, ClientLeft client_left = {});

  SharedModel model() const;
  void set_model(SharedModel model);
  bool draining() const { return draining_; }
  /// From now on the server says that it is not ready.
  void set_draining() { draining_ = true; }

  const ServerLimits& limits() const { return limits_; }
  const ServerAccess& access() const { return access_; }
  Metrics& metrics() { return metrics_; }
  Classifier& classifier() { return classifier_; }
  const Classifier& classifier() const { return classifier_; }

 private:
  const ServerLimits limits_;
  const ServerAccess access_;
  std::atomic<bool> draining_ = false;
  mutable std::mutex mutex_;  // of model_
  SharedModel model_;
  Metrics metrics_;
  Classifier classifier_;  // last: its threads use the others
};

}  // namespace bart
