#include "bart/serve/server.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "bart/platform/error.h"
#include "connection.h"
#include "listen.h"
#include "served_model.h"
#include "service.h"
#include "tls.h"

namespace bart {

namespace net = boost::asio;
using Protocol = net::generic::stream_protocol;
using Acceptor = net::basic_socket_acceptor<Protocol>;
using boost::system::error_code;

namespace {

/// How long nothing is accepted where the process has no descriptor left and no connection that it could
/// close.
constexpr auto accept_pause = std::chrono::milliseconds(100);

/// For requests that were on their way at stop(): a client that was told that its connection stays open, or
/// that has just connected, gets an answer that says that the connection ends, instead of a connection that
/// is gone.
constexpr double farewell_seconds = 0.25;

constexpr double most_seconds = 86400;  // of each duration in ServerLimits

std::chrono::steady_clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

Acceptor acceptor_of(net::io_context& context, int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return {context, Protocol(address.ss_family, 0), socket};
}

ServerOptions checked(ServerOptions options) {
  const ServerLimits& limits = options.limits;
  for (const double seconds :
       {limits.header_seconds, limits.body_seconds, limits.answer_seconds, limits.drain_seconds}) {
    if (!(seconds > 0 && seconds <= most_seconds)) {
      throw Error(fmt::format("a server cannot wait for {} seconds: its limits are above 0 and at most {}",
                              seconds, most_seconds));
    }
  }
  for (const std::uint64_t count :
       {std::uint64_t{limits.body_bytes}, std::uint64_t{limits.bodies_bytes}, limits.pixels,
        std::uint64_t{limits.pictures}, std::uint64_t{limits.connections},
        std::uint64_t{limits.waiting_pictures}}) {
    if (count < 1 || !std::in_range<std::int64_t>(count))
      throw Error(fmt::format("a server's limit of {} is not possible: it must be at least 1",
                              static_cast<std::int64_t>(count)));
  }
  for (const std::string& proxy : options.access.proxies) is_loopback(proxy);  // throws for no address
  return options;
}

/// At most `wanted` connections, and some descriptors fewer than this process may open: a model must be
/// loaded again even while strangers hold all the connections that they can.
std::size_t affordable_connections(std::size_t wanted) {
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0 || descriptors.rlim_cur == RLIM_INFINITY) return wanted;
  const std::size_t all = descriptors.rlim_cur;
  return std::min(wanted, all > 128 ? all - 64 : std::max<std::size_t>(all / 2, 1));
}

}  // namespace

struct Server::State {
  State(const Model& model, ServerOptions given)
      : options(checked(std::move(given))),
        tls(tls_context(options.tls)),
        service(served_model(model, options.card), options, model.threads()),
        acceptor(acceptor_of(context, listening_socket(options))),
        address(address_of_socket(acceptor.native_handle(), tls != nullptr)),
        pause(context),
        farewell(context),
        drain(context) {
    connections.on_closed = [this] { end_if_drained(); };
  }
  ~State() {
    connections.on_closed = [] {};
    service.end();  // its threads post to the context, which is destroyed next
    if (!options.socket_path.empty()) ::unlink(options.socket_path.c_str());
  }

  void accept();
  void on_accepted(error_code error, Protocol::socket socket);
  void begin_to_drain();
  void end_if_drained();
  void warn(std::string_view sentence) const {
    if (options.on_warning) options.on_warning(sentence);
  }

  const ServerOptions options;
  const std::size_t most_connections = affordable_connections(options.limits.connections);
  const std::unique_ptr<net::ssl::context> tls;
  Service service;
  // After what the connections use that the context destroys at its end.
  Connections connections{service, options, tls.get()};
  net::io_context context{1};
  Acceptor acceptor;
  const std::string address;
  net::steady_timer pause, farewell, drain;
  bool all_answered = true;
};

void Server::State::accept() {
  if (!acceptor.is_open()) return;  // it drains
  acceptor.async_accept(
      [this](error_code error, Protocol::socket socket) { on_accepted(error, std::move(socket)); });
}

void Server::State::on_accepted(error_code error, Protocol::socket socket) {
  if (error == net::error::no_descriptors || error == net::error::no_memory ||
      error == error_code(ENFILE, boost::system::system_category())) {
    warn(fmt::format("cannot accept a connection: {}", error.message()));
    if (!connections.close_one()) {
      pause.expires_after(accept_pause);
      pause.async_wait([this](error_code) { accept(); });
      return;
    }
  } else if (!error) {
    // Whoever waits longest without a request makes room.
    if (connections.open < most_connections || connections.close_one()) {
      error_code ignored;
      socket.set_option(net::ip::tcp::no_delay(true), ignored);
      serve_connection(std::move(socket), connections);
    }
  }
  accept();
}

void Server::State::begin_to_drain() {
  if (!acceptor.is_open()) return;
  service.set_draining();
  // Whoever is connected may have sent a request already.
  error_code error;
  acceptor.non_blocking(true, error);
  while (connections.open < most_connections) {
    Protocol::socket socket(context);
    acceptor.accept(socket, error);
    if (error) break;
    serve_connection(std::move(socket), connections);
  }
  acceptor.close(error);
  pause.cancel();
  connections.draining = true;
  net::post(context, [this] { end_if_drained(); });
  farewell.expires_after(duration_of(std::min(farewell_seconds, options.limits.drain_seconds / 2)));
  farewell.async_wait([this](error_code) {
    connections.closing = true;
    connections.close_idle();
    end_if_drained();
  });
  drain.expires_after(duration_of(options.limits.drain_seconds));
  drain.async_wait([this](error_code stopped) {
    if (stopped) return;
    all_answered = false;
    context.stop();
  });
}

void Server::State::end_if_drained() {
  if (connections.draining && connections.open == 0) context.stop();
}

Server::Server(const Model& model, ServerOptions options)
    : state_(std::make_unique<State>(model, std::move(options))) {}

Server::~Server() = default;

std::string Server::address() const {
  return state_->address;
}

std::vector<std::string> Server::classes() const {
  return state_->service.model()->classes;
}

bool Server::run() {
  const auto working = net::make_work_guard(state_->context);
  state_->accept();
  for (;;) {
    try {
      state_->context.run();
      return state_->all_answered;
    } catch (const std::exception& error) {
      // Out of memory, in one connection's handler: that connection is gone, the others are not.
      state_->warn(fmt::format("a connection was closed: {}", error.what()));
    }
  }
}

void Server::stop() {
  net::post(state_->context, [this] { state_->begin_to_drain(); });
}

void Server::reload(const std::function<CardedModel()>& load, bool allow_other_classes) {
  if (!load) throw Error("a server cannot load a model without a function that returns one");
  try {
    CardedModel loaded = load();
    if (!allow_other_classes && loaded.model.classes() != state_->service.model()->classes)
      throw OtherClasses("its classes are not those of the model that is served");
    state_->service.set_model(served_model(loaded.model, std::move(loaded.card)));
    state_->service.metrics().add_reload(true);
  } catch (...) {
    state_->service.metrics().add_reload(false);
    throw;
  }
}

}  // namespace bart
