#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
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
  /// Those that wait for a request or for the rest of its head, the one that waits longest first.
  std::list<Connection*> waiting = {};
  std::size_t open = 0;
  std::size_t body_bytes = 0;  // in memory
  bool draining = false;
  std::function<void()> on_closed = {};

  /// Closes the connection that waits longest. Returns false if none waits.
  bool close_one();
  /// Closes those that wait and have sent nothing that is not read yet.
  void close_idle();
};

/// Serves one connection until it ends.
void serve_connection(boost::asio::generic::stream_protocol::socket socket, Connections& connections);

}  // namespace bart
