#pragma once

#include <sys/socket.h>

#include <string>

#include "bart/serve/server.h"

namespace bart {

/// A socket that listens for a server: the one that it was given, at its path, or at its address and port.
/// Its file descriptor is the caller's. Throws Error when it cannot, or when others than this computer's
/// users can reach it and neither a token nor ServerAccess::anyone says that they may.
int listening_socket(const ServerOptions& options);

/// The address of a computer without its port, "127.0.0.1" or "::1"; empty for any other kind.
std::string host_text(const sockaddr& address);

/// "http://127.0.0.1:8000", "https://…" with `tls`, or the path of a Unix socket.
std::string address_of_socket(int socket, bool tls);

}  // namespace bart
