#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <optional>
#include <utility>

namespace bart {

/// The bytes of a connection, in TLS or as they are: Asio's AsyncReadStream and AsyncWriteStream.
class Stream {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  using executor_type = Socket::executor_type;

  /// `tls` must outlive the stream; nullptr: the bytes are not encrypted.
  Stream(Socket socket, boost::asio::ssl::context* tls) : socket_(std::move(socket)) {
    if (tls != nullptr) tls_.emplace(socket_, *tls);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Socket& socket() { return socket_; }
  executor_type get_executor() { return socket_.get_executor(); }

  /// The server's part of the TLS handshake. `handler(error)` is called later, never by this function.
  template <typename Handler>
  void async_handshake(Handler handler) {
    if (tls_) return tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
    boost::asio::post(socket_.get_executor(), [handler = std::move(handler)]() mutable { handler({}); });
  }

  /// Tells the client that TLS ends here, so that a cut connection is not mistaken for the end of a response.
  template <typename Handler>
  void async_end(Handler handler) {
    if (tls_) return tls_->async_shutdown(std::move(handler));
    boost::asio::post(socket_.get_executor(), [handler = std::move(handler)]() mutable { handler({}); });
  }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    const auto read = [this](auto handler, const Buffers& into) {
      tls_ ? tls_->async_read_some(into, std::move(handler))
           : socket_.async_read_some(into, std::move(handler));
    };
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(read, token,
                                                                                            buffers);
  }

  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    const auto write = [this](auto handler, const Buffers& from) {
      tls_ ? tls_->async_write_some(from, std::move(handler))
           : socket_.async_write_some(from, std::move(handler));
    };
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(write, token,
                                                                                            buffers);
  }

 private:
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace bart
