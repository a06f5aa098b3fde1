#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "service.h"

namespace bart {

class Connection;

/// The open connections of a server, which share its limits. Used by the thread of the sockets alone.
struct Connections {
  Service& service;
  const ServerOptions& options;
  boost::asio::ssl::context* tls = nullptr;  // nullptr: connections are not encrypted
  /// Those that wait for their clients, to send a request or to take a response, the one that waits longest
  /// first.
  std::list<Connection*> waiting = {};
  std::size_t open = 0;
  std::size_t body_bytes = 0;  // in memory
  bool draining = false;       // responses say that the connection ends with them
  bool closing = false;        // no further request is read
  std::function<void()> on_closed = {};

  /// Closes the connection that waits longest. Returns false if none waits.
  bool close_one();
  /// Closes those that wait for a request of which nothing has come.
  void close_idle();
};

/// Serves one connection until it ends.
void serve_connection(boost::asio::generic::stream_protocol::socket socket, Connections& connections);

}  // namespace bart
