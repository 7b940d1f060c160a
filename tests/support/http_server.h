// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/completion_condition.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

/// A web server on this machine's loopback address, for tests of clients.
namespace vigil::test {

struct HttpReply {
  int status = 200;
  std::string body{};
  std::string location{};                  ///< Of a redirect.
  std::optional<std::size_t> cut_after{};  ///< The connection ends after so many bytes of the body.
  bool silent = false;                     ///< Nothing is ever sent.
};

class HttpServer {
 public:
  /// Makes the answer for a path; called on the server's own thread.
  using Handler = std::function<HttpReply(const std::string& path)>;

  explicit HttpServer(Handler handler)
      : handler_(std::move(handler)), acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {
    accept();
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~HttpServer() { io_.stop(); }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  /// The paths that were asked for so far, in that order.
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  /// Requests that had a body, whole: the line, the headers, the body.
  [[nodiscard]] std::vector<std::string> posted() const {
    const std::scoped_lock lock(mutex_);
    return posted_;
  }

 private:
  struct Connection {
    explicit Connection(boost::asio::ip::tcp::socket from) : socket(std::move(from)) {}
    boost::asio::ip::tcp::socket socket;
    std::string request, response;
    std::array<char, 64> rest{};
  };
  using Shared = std::shared_ptr<Connection>;
  using Code = boost::system::error_code;

  void accept() {
    acceptor_.async_accept([this](Code error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      read(std::make_shared<Connection>(std::move(socket)));
      accept();
    });
  }

  void read(const Shared& connection) {
    boost::asio::async_read_until(connection->socket,
                                  boost::asio::dynamic_buffer(connection->request), "\r\n\r\n",
                                  [this, connection](Code error, std::size_t head) {
                                    if (!error) read_body(connection, head);
                                  });
  }

  /// \p head: how long the line and the headers are.
  void read_body(const Shared& connection, std::size_t head) {
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = connection->request.find(kLength);
    if (at >= head) return answer(connection);
    const auto body = std::stoul(connection->request.substr(at + kLength.size()));
    const auto missing = head + body - std::min(head + body, connection->request.size());
    boost::asio::async_read(connection->socket, boost::asio::dynamic_buffer(connection->request),
                            boost::asio::transfer_exactly(missing),
                            [this, connection](Code error, std::size_t) {
                              if (error) return;
                              {
                                const std::scoped_lock lock(mutex_);
                                posted_.push_back(connection->request);
                              }
                              answer(connection);
                            });
  }

  void answer(const Shared& connection) {
    const auto begin = connection->request.find(' ') + 1;
    const auto path =
        connection->request.substr(begin, connection->request.find(' ', begin) - begin);
    {
      const std::scoped_lock lock(mutex_);
      requests_.push_back(path);
    }
    const auto reply = handler_(path);
    if (reply.silent) {
      held_.push_back(connection);
      return;
    }
    auto& text = connection->response;
    text = "HTTP/1.1 " + std::to_string(reply.status) +
           " Status\r\nContent-Length: " + std::to_string(reply.body.size()) +
           "\r\nConnection: close\r\n";
    if (!reply.location.empty()) text += "Location: " + reply.location + "\r\n";
    text += "\r\n" + reply.body.substr(0, reply.cut_after.value_or(reply.body.size()));
    boost::asio::async_write(connection->socket, boost::asio::buffer(text),
                             [connection, this](Code error, std::size_t) {
                               if (!error) finish(connection);
                             });
  }

  /// Closing with bytes unread would take back what was sent: so first the client closes.
  void finish(const Shared& connection) {
    Code ignored;  // the client may be gone already
    connection->socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    connection->socket.async_read_some(boost::asio::buffer(connection->rest),
                                       [connection](Code, std::size_t) {});
  }

  Handler handler_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<Shared> held_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_, posted_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace vigil::test
