// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "unit/service/workbench.h"

namespace asio = boost::asio;
using asio::ip::tcp;

namespace vigil::service {
namespace {

using namespace std::chrono_literals;

/// Takes one connection on this machine, reads a request's head, and says \p answer; nothing when
/// that is null.
class Server {
 public:
  explicit Server(const char* answer)
      : acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this, answer] { serve(answer); }) {}
  ~Server() {
    // Whoever waits for a connection is given one.
    boost::system::error_code ignored;  // it may have had its connection
    tcp::socket last(io_);
    last.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::string at() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  [[nodiscard]] const std::string& request() const { return request_; }

 private:
  void serve(const char* answer) {
    boost::system::error_code error;  // a connection that is closed is what some tests want
    tcp::socket socket(io_);
    acceptor_.accept(socket, error);
    asio::read_until(socket, asio::dynamic_buffer(request_), "\r\n\r\n", error);
    if (answer != nullptr) {
      asio::write(socket, asio::buffer(std::string(answer)), error);
    } else {
      char byte = 0;
      socket.read_some(asio::buffer(&byte, 1), error);  // until the other side gives up
    }
  }

  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::string request_;
  std::thread thread_;
};

ProbeAnswer answer_to(rules::Probe::Type type, std::string target, Microseconds timeout = 10s) {
  const rules::Probe probe{type, std::move(target), 5s, timeout, 3, 60s};
  asio::io_context io;
  ProbeAnswer answer;
  const bool http = type == rules::Probe::Type::Http;
  asio::co_spawn(io, http ? ask_http(probe) : ask_tcp(probe),
                 [&](std::exception_ptr failed, ProbeAnswer got) {
                   if (failed) std::rethrow_exception(failed);
                   answer = std::move(got);
                 });
  io.run();
  return answer;
}

ProbeAnswer http(const Server& server, Microseconds timeout = 10s) {
  return answer_to(rules::Probe::Type::Http, "http://" + server.at() + "/healthz?deep=1#top",
                   timeout);
}

TEST(HttpProbe, IsContentWithAGoodStatus) {
  const Server server("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(http(server), good_answer());
  EXPECT_TRUE(server.request().starts_with("GET /healthz?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:"))
      << server.request();
}

TEST(HttpProbe, SaysWhichStatusIsBad) {
  EXPECT_EQ(http(Server("HTTP/1.1 503 Service Unavailable\r\n\r\n")),
            bad_answer("HTTP status 503"));
  EXPECT_EQ(http(Server("HTTP/1.0 404\r\n")), bad_answer("HTTP status 404"));
  for (const auto* head : {"HTTP/1.1 100 Continue\r\n", "HTTP/1.1 -5\r\n", "HTTP/1.1 000\r\n"})
    EXPECT_EQ(http(Server(head)).verdict, ProbeAnswer::Verdict::Bad) << head;
}

TEST(HttpProbe, SaysWhenThereIsNoAnswer) {
  EXPECT_EQ(http(Server(nullptr), 200ms), bad_answer("no answer within 200ms"));
}

TEST(HttpProbe, SaysWhenTheAnswerIsNoHttp) {
  EXPECT_EQ(http(Server("SSH-2.0-OpenSSH_9.2\r\n")), bad_answer("it speaks no HTTP"));
  EXPECT_EQ(http(Server("HTTP/1.1 fine\r\n")), bad_answer("it speaks no HTTP"));
  EXPECT_EQ(http(Server("")), bad_answer("it closed the connection"));
  EXPECT_EQ(http(Server(std::string(10'000, 'x').c_str())), bad_answer("it speaks no HTTP"));
}

TEST(TcpProbe, IsContentWithAConnection) {
  EXPECT_EQ(answer_to(rules::Probe::Type::Tcp, Server(nullptr).at()), good_answer());
}

TEST(TcpProbe, SaysWhyThereIsNone) {
  std::string nobody;
  {
    asio::io_context io;
    const tcp::acceptor gone(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    nobody = "127.0.0.1:" + std::to_string(gone.local_endpoint().port());
  }
  EXPECT_EQ(answer_to(rules::Probe::Type::Tcp, nobody).verdict, ProbeAnswer::Verdict::Bad);
  EXPECT_EQ(answer_to(rules::Probe::Type::Tcp, "[::1]:0x"), no_answer("0x is no port"));
  EXPECT_EQ(answer_to(rules::Probe::Type::Http, "http://127.0.0.1:99999/"),
            no_answer("99999 is no port"));
  EXPECT_EQ(answer_to(rules::Probe::Type::Tcp, "no..host:80").verdict,
            ProbeAnswer::Verdict::Unknown)
      << "that nobody knows its name says nothing of the process";
}

TEST(HeartbeatProbe, LooksHowOldTheFileIs) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "alive";
  rules::Probe probe{rules::Probe::Type::Heartbeat, file.string(), 5s, 60s, 1, 0s};
  EXPECT_EQ(look_at_heartbeat(probe), bad_answer("there is no such file"));
  std::ofstream(file) << "alive";
  EXPECT_EQ(look_at_heartbeat(probe), good_answer());
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - 90s);
  EXPECT_EQ(look_at_heartbeat(probe).verdict, ProbeAnswer::Verdict::Bad);
  EXPECT_TRUE(look_at_heartbeat(probe).why.starts_with("it was written 1m"));
}

}  // namespace
}  // namespace vigil::service
