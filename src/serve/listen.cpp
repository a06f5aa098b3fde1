#include "listen.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "bart/platform/error.h"

namespace bart {
namespace {

/// An address of any family.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Address internet_address(const std::string& text, std::uint16_t port) {
  if (text.find('\0') != std::string::npos) throw Error("an address has no zero byte");
  Address address;
  auto* const four = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* const six = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    address.size = sizeof *four;
  } else if (::inet_pton(AF_INET6, text.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    address.size = sizeof *six;
  } else {
    throw Error(fmt::format("{} is not an address of this computer, such as 127.0.0.1 or ::1", text));
  }
  return address;
}

Address path_address(const std::string& path) {
  Address address;
  auto* const unix_address = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.size() >= sizeof unix_address->sun_path) {
    throw Error(fmt::format("{}: the path of a socket has at most {} bytes", path,
                            sizeof unix_address->sun_path - 1));
  }
  unix_address->sun_family = AF_UNIX;
  std::memcpy(unix_address->sun_path, path.c_str(), path.size() + 1);
  address.size = sizeof *unix_address;
  return address;
}

/// Removes a socket that a server left which has ended. Throws Error for anything else that is there.
void remove_left_over(const std::string& path, const Address& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode))
    throw Error(fmt::format("cannot listen on {}: it is there and is no socket; name another path", path));
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return;
  const bool refused = ::connect(probe, address.get(), address.size) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  if (refused) ::unlink(path.c_str());
}

int open_socket(const Address& address, const std::string& name) {
  const int socket = ::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (socket >= 0 && ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      ::bind(socket, address.get(), address.size) == 0 && ::listen(socket, SOMAXCONN) == 0)
    return socket;
  const int error = errno;
  if (socket >= 0) ::close(socket);
  throw Error(fmt::format("cannot listen on {}: {}", name, std::strerror(error)));
}

Address bound_address(int socket) {
  Address address;
  address.size = sizeof address.storage;
  if (::getsockname(socket, address.get(), &address.size) != 0)
    throw Error(fmt::format("cannot listen on descriptor {}: {}", socket, std::strerror(errno)));
  return address;
}

bool is_for_this_computer(const Address& address) {
  if (address.get()->sa_family == AF_UNIX) return true;
  if (address.get()->sa_family == AF_INET)
    return (ntohl(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr.s_addr) >> 24) == 127;
  return address.get()->sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr);
}

int socket_of(const ServerOptions& options) {
  if (options.listening_socket >= 0) return options.listening_socket;
  if (options.socket_path.empty()) {
    return open_socket(internet_address(options.address, options.port),
                       fmt::format("{}, port {}", options.address, options.port));
  }
  const std::string path = options.socket_path.string();
  const Address address = path_address(path);
  remove_left_over(path, address);
  return open_socket(address, path);
}

}  // namespace

bool is_loopback(const std::string& address) {
  return is_for_this_computer(internet_address(address, 0));
}

int listening_socket(const ServerOptions& options) {
  const int socket = socket_of(options);
  if (is_for_this_computer(bound_address(socket)) || options.access.anyone || !options.access.token.empty())
    return socket;
  ::close(socket);
  throw Error("other computers could use this server: give it a token, or allow anyone to use it");
}

std::string host_text(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
  } else if (address.sa_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

std::string address_of_socket(int socket, bool tls) {
  const char* const scheme = tls ? "https" : "http";
  const Address address = bound_address(socket);
  const std::string host = host_text(*address.get());
  if (address.get()->sa_family == AF_INET)
    return fmt::format("{}://{}:{}", scheme, host,
                       ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port));
  if (address.get()->sa_family == AF_INET6)
    return fmt::format("{}://[{}]:{}", scheme, host,
                       ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port));
  return reinterpret_cast<const sockaddr_un*>(&address.storage)->sun_path;
}

}  // namespace bart
