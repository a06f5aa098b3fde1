#include "connection.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>

#include "beast_request.h"
#include "listen.h"
#include "stream.h"

namespace bart {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;
using Socket = Stream::Socket;

/// For a client to read a response that came before it had sent its whole request: a socket that is closed
/// with bytes unread resets the connection, and the response may be lost (RFC 9112, 9.6).
constexpr double linger_seconds = 2;

/// The longest body that is read and dropped after its request was refused, so that the connection stays: a
/// client that finds the server busy asks again, and a new connection costs both more than these bytes do.
constexpr std::uint64_t most_skipped_bytes = 1 << 20;

/// How much of a body is read at once. Beast reads as much as its buffer has room for, and begins with 512
/// bytes.
constexpr std::size_t most_bytes_per_read = 64 << 10;

std::string address_of(const Socket& socket) {
  beast::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  const std::string host = host_text(*endpoint.data());
  return host.empty() ? "unix" : host;
}

/// Who asks: behind a proxy that may say so the last address of X-Forwarded-For that is not a proxy's, for
/// whatever is before that one anybody may have written.
std::string peer_of(const HttpRequest& request, std::string peer, const std::vector<std::string>& proxies) {
  const auto is_proxy = [&](std::string_view address) {
    return std::ranges::find(proxies, address) != proxies.end();
  };
  if (request.count("X-Forwarded-For") != 1) return peer;
  std::string_view rest = *request.field("X-Forwarded-For");
  while (is_proxy(peer) && !rest.empty()) {
    const std::size_t comma = rest.rfind(',');
    const std::string_view last = trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    if (!last.empty()) peer = last;
  }
  return peer;
}

/// Whether the next request begins where the length in the head of a refused one says. After one whose length
/// is in doubt, what follows may be its body, not a request. Nor is it known whether a client that asked if
/// it should send the body sends it now.
bool knows_its_end(const HttpRequest& head, int status) {
  return status != 400 && status != 411 && head.count("Transfer-Encoding") == 0 &&
         head.count("Content-Length") <= 1 && head.count("Expect") == 0;
}

/// RFC 9110, 5.6.7.
std::string http_date() {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time(nullptr)));
}

/// The response without its body, but with the length of it.
http::response<http::string_body> head_of(const HttpResponse& response, bool keep_alive) {
  http::response<http::string_body> message;
  message.result(static_cast<unsigned>(response.status));
  if (response.status == 499) message.reason("Client Closed Request");
  message.set(http::field::server, "bart");
  message.set(http::field::date, http_date());
  message.set("X-Content-Type-Options", "nosniff");
  message.set(http::field::cache_control, "no-store");
  if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
  for (const HttpField& field : response.fields) message.set(field.name, field.value);
  message.keep_alive(keep_alive);
  if (response.status != 204) message.content_length(response.body.size());
  return message;
}

}  // namespace

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Socket socket, Connections& connections)
      : stream_(std::move(socket), connections.tls),
        deadline_(stream_.get_executor()),
        connections_(connections),
        peer_(address_of(stream_.socket())),
        buffer_(most_head_bytes + most_bytes_per_read) {
    ++connections_.open;
    connections_.service.metrics().add_connection(1);
  }
  ~Connection() {
    stop_waiting();
    count_body(0);
    --connections_.open;
    connections_.service.metrics().add_connection(-1);
    connections_.on_closed();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void begin();
  void close();
  /// Whether nothing of a request has come, or only a part of its head, or it is answered already.
  bool is_idle() {
    beast::error_code error;
    return stage_ == Stage::skip ||
           ((stage_ == Stage::handshake || stage_ == Stage::head) && stream_.socket().available(error) == 0);
  }

 private:
  enum class Stage { handshake, head, body, answer, response, skip, linger };

  const ServerLimits& limits() const { return connections_.options.limits; }
  void set_deadline(Stage stage, double seconds);
  void on_deadline();
  void start_waiting();
  void stop_waiting();
  void count_body(std::size_t bytes);
  void read_head();
  void on_head(beast::error_code error);
  void on_unreadable(beast::error_code error);
  void ask_for_body();
  void read_body();
  void answer();
  void notice_its_end(const std::shared_ptr<std::atomic<bool>>& client_left);
  void write(HttpResponse response, bool keep_alive);
  void on_written(beast::error_code error);
  void skip_body();
  void end();
  void linger();

  Stream stream_;
  net::steady_timer deadline_;
  Connections& connections_;
  std::string peer_;
  beast::flat_buffer buffer_;
  std::optional<RequestParser> parser_;
  Stage stage_ = Stage::handshake;
  bool timed_out_ = false;
  bool keep_alive_ = false;
  std::optional<std::list<Connection*>::iterator> waiting_;
  std::size_t body_bytes_ = 0;    // counted in connections_
  std::uint64_t unread_ = 0;      // bytes of the body of a refused request
  std::uint64_t requests_ = 0;    // begun; the answer to an earlier one is late
  std::size_t deadlines_ = 0;     // set; the handler of an earlier one has nothing to do
  Clock::time_point began_ = {};  // when the head of the request came
  ServedRequest served_;
};

bool Connections::close_one() {
  if (waiting.empty()) return false;
  waiting.front()->close();
  return true;
}

void Connections::close_idle() {
  for (auto next = waiting.begin(); next != waiting.end();) {
    Connection* const one = *next++;  // closing takes it off the list
    if (one->is_idle()) one->close();
  }
}

void serve_connection(Socket socket, Connections& connections) {
  std::make_shared<Connection>(std::move(socket), connections)->begin();
}

void Connection::close() {
  stop_waiting();
  beast::error_code ignored;
  deadline_.cancel();
  ++deadlines_;
  stream_.socket().close(ignored);
}

void Connection::start_waiting() {
  stop_waiting();
  waiting_ = connections_.waiting.insert(connections_.waiting.end(), this);
}

void Connection::stop_waiting() {
  if (waiting_) connections_.waiting.erase(*waiting_);
  waiting_.reset();
}

void Connection::count_body(std::size_t bytes) {
  connections_.body_bytes += bytes - body_bytes_;
  body_bytes_ = bytes;
}

void Connection::set_deadline(Stage stage, double seconds) {
  stage_ = stage;
  timed_out_ = false;
  deadline_.expires_after(
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
  deadline_.async_wait([self = shared_from_this(), number = ++deadlines_](beast::error_code) {
    if (number == self->deadlines_) self->on_deadline();
  });
}

void Connection::on_deadline() {
  timed_out_ = true;
  beast::error_code ignored;
  switch (stage_) {
    case Stage::handshake:
    case Stage::head:
    case Stage::body:
      stream_.socket().cancel(ignored);  // the handler of the read goes on
      break;
    case Stage::answer:
      ++requests_;
      write(
          error_response(503, fmt::format("the answer took longer than {} seconds", limits().answer_seconds),
                         {{"Retry-After", "1"}}),
          false);
      break;
    case Stage::response:
    case Stage::skip:
    case Stage::linger:
      close();
      break;
  }
}

/// The TLS handshake, if the server speaks TLS, and then the first request.
void Connection::begin() {
  start_waiting();
  set_deadline(Stage::handshake, limits().header_seconds);
  stream_.async_handshake([self = shared_from_this()](beast::error_code error) {
    if (!error) return self->read_head();
    self->connections_.service.metrics().add_dropped();
    self->close();
  });
}

void Connection::read_head() {
  if (connections_.closing) return close();
  count_body(0);
  parser_.emplace();
  set_limits(*parser_, limits().body_bytes);
  start_waiting();
  set_deadline(Stage::head, limits().header_seconds);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_head(error); });
}

/// A request that cannot be read is answered, if it began.
void Connection::on_unreadable(beast::error_code error) {
  began_ = Clock::now();
  served_ = {.peer = peer_};
  if (parser_->got_some()) {
    served_.method = std::string(parser_->get().method_string());
    served_.target = std::string(parser_->get().target());
  }
  const bool began = parser_->got_some() || buffer_.size() > 0;
  if (timed_out_ && began) return write(error_response(408, "the request did not come in time"), false);
  if (error == net::error::operation_aborted || error == http::error::end_of_stream ||
      error == http::error::partial_message ||
      error.category() != http::make_error_code(http::error::bad_method).category()) {
    if (began) connections_.service.metrics().add_dropped();
    return close();
  }
  write(response_to(error, limits().body_bytes), false);
}

void Connection::on_head(beast::error_code error) {
  if (error) return on_unreadable(error);
  began_ = Clock::now();
  const HttpRequest head = request_of(*parser_, false);
  served_ = {.peer = peer_of(head, peer_, connections_.options.access.proxies),
             .method = head.method,
             .target = head.target};
  keep_alive_ = parser_->get().keep_alive();
  unread_ = 0;
  if (std::optional<HttpResponse> refusal = connections_.service.refusal(head)) {
    if (!parser_->is_done()) unread_ = parser_->content_length().value_or(0);
    const bool keep = keep_alive_ && knows_its_end(head, refusal->status) && unread_ <= most_skipped_bytes;
    return write(std::move(*refusal), keep);
  }
  if (parser_->is_done()) return answer();
  set_deadline(Stage::body, limits().body_seconds);
  buffer_.reserve(
      std::min<std::uint64_t>(parser_->content_length().value_or(most_bytes_per_read), most_bytes_per_read));
  if (head.field("Expect") && head.version >= 11) return ask_for_body();
  read_body();
}

void Connection::ask_for_body() {
  static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
  net::async_write(stream_, net::buffer(line),
                   [self = shared_from_this()](beast::error_code error, std::size_t) {
                     if (error) return self->close();
                     self->read_body();
                   });
}

void Connection::read_body() {
  http::async_read_some(
      stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
        if (error) return self->on_unreadable(error);
        self->count_body(self->parser_->get().body().size());
        if (self->connections_.body_bytes > self->limits().bodies_bytes) {
          return self->write(error_response(503, "too many requests are being sent: try again later",
                                            {{"Retry-After", "1"}}),
                             false);
        }
        if (self->parser_->is_done()) return self->answer();
        self->read_body();
      });
}

void Connection::answer() {
  stop_waiting();
  buffer_.shrink_to_fit();  // many connections may be open and idle
  set_deadline(Stage::answer, limits().answer_seconds);
  HttpRequest request = request_of(*parser_, true);
  served_.request_bytes = request.body.size();
  const std::uint64_t number = ++requests_;
  const auto client_left = std::make_shared<std::atomic<bool>>(false);
  notice_its_end(client_left);
  // Other threads hold no connection, which only that of the sockets may destroy; the deadline keeps it.
  const auto respond = [weak = weak_from_this(), number,
                        sockets = stream_.get_executor()](HttpResponse response) {
    net::post(sockets, [weak, number, response = std::move(response)]() mutable {
      const std::shared_ptr<Connection> self = weak.lock();
      if (self && number == self->requests_ && self->stage_ == Stage::answer)
        self->write(std::move(response), self->keep_alive_);
    });
  };
  connections_.service.answer(std::move(request), respond, client_left);
}

/// Sets `client_left` when the client closes the connection before it sends anything further. In TLS its
/// farewell is something further.
void Connection::notice_its_end(const std::shared_ptr<std::atomic<bool>>& client_left) {
  stream_.socket().async_wait(
      Socket::wait_read, [weak = weak_from_this(), number = requests_, client_left](beast::error_code error) {
        const std::shared_ptr<Connection> self = weak.lock();
        if (error || !self || number != self->requests_ || self->stage_ != Stage::answer) return;
        char byte = 0;
        const ssize_t got =
            ::recv(self->stream_.socket().native_handle(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno == ECONNRESET)) *client_left = true;
      });
}

void Connection::write(HttpResponse response, bool keep_alive) {
  keep_alive_ = keep_alive && !connections_.draining;
  served_.status = response.status;
  start_waiting();
  set_deadline(Stage::response, limits().answer_seconds);
  const auto message = std::make_shared<http::response<http::string_body>>(head_of(response, keep_alive_));
  // A HEAD gets the head of what a GET gets.
  if (served_.method != "HEAD") message->body() = std::move(response.body);
  served_.response_bytes = message->body().size();
  http::async_write(stream_, *message,
                    [self = shared_from_this(), message](beast::error_code error, std::size_t) {
                      self->on_written(error);
                    });
}

void Connection::on_written(beast::error_code error) {
  served_.seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  connections_.service.metrics().add_response(served_.status, served_.seconds);
  if (connections_.options.on_request) connections_.options.on_request(served_);
  if (error) return close();
  if (keep_alive_ && unread_ > 0) {
    set_deadline(Stage::skip, limits().header_seconds);
    return skip_body();
  }
  if (keep_alive_) return read_head();
  set_deadline(Stage::linger, linger_seconds);
  stream_.async_end([self = shared_from_this()](beast::error_code) { self->end(); });
}

/// Reads what is left of the body of a refused request, and then the next request.
void Connection::skip_body() {
  const std::size_t here = std::min<std::uint64_t>(unread_, buffer_.size());
  buffer_.consume(here);
  unread_ -= here;
  if (unread_ == 0) {
    buffer_.shrink_to_fit();
    return read_head();
  }
  stream_.async_read_some(buffer_.prepare(std::min<std::uint64_t>(unread_, most_bytes_per_read)),
                          [self = shared_from_this()](beast::error_code error, std::size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            self->skip_body();
                          });
}

/// Says that nothing more will be sent.
void Connection::end() {
  beast::error_code error;
  stream_.socket().shutdown(Socket::shutdown_send, error);
  if (error) return close();
  linger();
}

void Connection::linger() {
  buffer_.clear();
  stream_.socket().async_read_some(buffer_.prepare(most_bytes_per_read),
                                   [self = shared_from_this()](beast::error_code error, std::size_t) {
                                     if (error) return self->close();
                                     self->linger();
                                   });
}

}  // namespace bart
