#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bart {

struct RawResponse {
  int status = 0;  // 0: the connection was closed instead
  std::string head, body;
};

/// A connection to a server, on which any bytes can be sent.
class Client {
 public:
  /// `address` is "http://127.0.0.1:8000" or the path of a socket.
  explicit Client(const std::string& address) {
    const bool internet = address.starts_with("http://");
    socket_ = ::socket(internet ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // No test waits that long; one that fails does not hang.
    const timeval patience{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int failed = 0;
    if (internet) {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port =
          htons(static_cast<std::uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      failed = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to);
    } else {
      sockaddr_un to{};
      to.sun_family = AF_UNIX;
      std::strncpy(to.sun_path, address.c_str(), sizeof to.sun_path - 1);
      failed = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
    if (failed != 0) throw std::runtime_error("cannot connect to " + address);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Returns false when the server has closed the connection.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  /// The next response; of a HEAD it has no body.
  RawResponse receive(bool with_body = true) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    RawResponse response{.head = buffer_.substr(0, end + 4), .body = {}};
    response.status = std::atoi(response.head.substr(9, 3).c_str());
    buffer_.erase(0, end + 4);
    const std::size_t field = response.head.find("Content-Length: ");
    if (!with_body || field == std::string::npos) return response;
    const auto length = static_cast<std::size_t>(std::atoll(response.head.c_str() + field + 16));
    while (buffer_.size() < length) {
      if (!fill()) return {};
    }
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return response;
  }
  /// Whether the server closes the connection without another byte. Waits for it.
  bool is_closed() { return buffer_.empty() && !fill(); }

  RawResponse ask(const std::string& bytes) {
    send(bytes);
    return receive();
  }

 private:
  bool fill() {
    char bytes[65536];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  std::string buffer_;
};

inline std::string get_request(const std::string& target, const std::string& fields = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

inline std::string post_request(const std::string& target, const std::string& body,
                                const std::string& fields = {}) {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + fields + "\r\n" + body;
}

}  // namespace bart
