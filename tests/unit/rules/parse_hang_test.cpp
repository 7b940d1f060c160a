// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/grammar.h"

namespace vigil::rules {
namespace {

using namespace std::chrono_literals;

struct Parsed {
  Condition condition;
  std::string problem;
};

Parsed parse(std::string_view text) {
  yaml::Problems problems("f");
  Parsed parsed;
  const auto root = yaml::parse(text, problems);
  read_condition(*root, parsed.condition, problems);
  const auto found = std::move(problems).take();
  if (!found.empty()) parsed.problem = found.front().format();
  return parsed;
}

TEST(ReadHang, HasDefaultsThatSuitAServer) {
  const auto [condition, problem] = parse("hang: { http: 'http://127.0.0.1:8080/healthz' }");
  EXPECT_EQ(problem, "");
  EXPECT_EQ(condition.kind, Condition::Kind::Hang);
  EXPECT_EQ(condition.probe,
            (Probe{Probe::Type::Http, "http://127.0.0.1:8080/healthz", 5s, 2s, 3, 60s}));
  EXPECT_FALSE(condition.wants_events());
  EXPECT_TRUE(condition.wants_watching());
}

TEST(ReadHang, TakesWhatItIsTold) {
  EXPECT_EQ(
      parse("hang: { tcp: '127.0.0.1:80', every: 1s, timeout: 500ms, failures: 1, grace: 0s }")
          .condition.probe,
      (Probe{Probe::Type::Tcp, "127.0.0.1:80", 1s, 500ms, 1, 0s}));
  EXPECT_EQ(parse(R"(hang: { pipe: '\\.\pipe\orders' })").condition.probe.target,
            R"(\\.\pipe\orders)");
  EXPECT_EQ(parse(R"(hang: { heartbeat: 'C:\orders\alive', older_than: 30s })").condition.probe,
            (Probe{Probe::Type::Heartbeat, R"(C:\orders\alive)", 5s, 30s, 1, 60s}));
}

TEST(ReadHang, RefusesWhatCannotBeAsked) {
  EXPECT_EQ(
      parse("hang: { tcp: '127.0.0.1' }").problem,
      "f:1:14: '127.0.0.1' cannot be asked: it has no host and port; write an address such as "
      "127.0.0.1:8080");
  EXPECT_EQ(parse("hang: { tcp: ':80' }").problem.substr(0, 28), "f:1:14: ':80' cannot be aske");
  EXPECT_EQ(parse("hang: { tcp: 'a:0' }").problem.substr(0, 28), "f:1:14: 'a:0' cannot be aske");
  EXPECT_EQ(parse("hang: { http: 'https://a/' }").problem,
            "f:1:15: 'https://a/' cannot be asked: https is not supported by this version; write a "
            "URL such as http://127.0.0.1:8080/healthz");
  EXPECT_EQ(parse("hang: { http: 'ftp://a/' }").problem.substr(0, 30),
            "f:1:15: 'ftp://a/' cannot be a");
  EXPECT_EQ(parse("hang: { http: 'http://a/b c' }").problem.substr(0, 20), "f:1:15: 'http://a/b ");
  EXPECT_EQ(parse(R"(hang: { pipe: '\\server\pipe\x' })").problem.substr(0, 8), "f:1:15: ");
  for (const auto* path : {R"(\\.\pipe\..\C:\Windows\win.ini)", R"(\\.\pipe\a\..\..\x)",
                           R"(\\.\pipe\..)", R"(\\.\pipe\../x)"}) {
    EXPECT_NE(parse("hang: { pipe: '" + std::string(path) + "' }").problem, "") << path;
  }
  const auto why = [](const std::string& url) {
    const auto problem = parse("hang: { http: '" + url + "' }").problem;
    const auto begin = problem.find("asked: ") + 7;
    return problem.substr(begin, problem.find(';') - begin);
  };
  EXPECT_EQ(why("http:///x"), "it has no host");
  EXPECT_EQ(why("http://:80/"), "it has no host");
  EXPECT_EQ(why("http://a:99999/"), "its port is none");
  EXPECT_EQ(why("http://a:/"), "its port is none");
  EXPECT_EQ(why("http://user:secret@127.0.0.1/"), "a name and password are not taken");
  for (const auto* url : {"http://a", "http://[::1]/x", "http://[::1]:80?q", "http://a:80/@b"})
    EXPECT_EQ(parse("hang: { http: '" + std::string(url) + "' }").problem, "") << url;
  EXPECT_NE(parse(R"(hang: { heartbeat: '9:\x' })").problem, "");
  EXPECT_EQ(
      parse("hang: { heartbeat: alive }").problem,
      "f:1:20: 'alive' cannot be asked: it is no full path of a local disk; write a full path "
      "such as C:\\orders\\alive.txt");
}

TEST(ReadHang, HasOneQuestion) {
  EXPECT_EQ(parse("hang: { every: 5s }").problem,
            "f:1:7: 'hang' takes one of http, tcp, pipe, heartbeat, service, window, progress and "
            "deadlock, and has none");
  EXPECT_EQ(parse("hang: { tcp: 'a:1', pipe: '\\\\.\\pipe\\x' }").problem,
            "f:1:7: 'hang' takes one of http, tcp, pipe, heartbeat, service, window, progress and "
            "deadlock, and has 2");
  EXPECT_EQ(parse("hang: { tcp: 'a:1', older_than: 5s }").problem,
            "f:1:33: 'older_than' goes with heartbeat");
  EXPECT_EQ(parse("hang: { heartbeat: 'C:\\x', timeout: 5s }").problem,
            "f:1:37: 'timeout' goes with http, tcp and pipe; heartbeat has 'older_than'");
  EXPECT_EQ(parse("hang").problem,
            "f:1:1: 'hang' needs to be told more, such as { hang: { tcp: \"127.0.0.1:8080\" } }");
}

TEST(ReadHang, AServiceThatIsPendingIsAThreshold) {
  const auto [condition, problem] = parse("hang: { service: pending, for: 5s }");
  EXPECT_EQ(problem, "");
  EXPECT_EQ(condition.kind, Condition::Kind::Threshold);
  EXPECT_EQ(condition.threshold.gauge, Gauge::ServiceOverdue);
  EXPECT_EQ(condition.threshold.time, 5s);
  EXPECT_EQ(describe(condition), "a service of it is pending past its wait hint for 5s");
  EXPECT_EQ(parse("hang: { service: pending }").condition.threshold.time, 0s);
}

TEST(ReadHang, SoAreAHungWindowAndNoProgress) {
  const auto window = parse("hang: { window: hung, for: 2s }").condition;
  EXPECT_EQ(window.kind, Condition::Kind::Threshold);
  EXPECT_EQ(window.threshold, (Threshold{.gauge = Gauge::WindowHung, .time = 2s}));
  EXPECT_EQ(describe(window), "a window of it is hung for 2s");
  EXPECT_EQ(parse("hang: { window: hung }").condition.threshold.time, 0s);
  const auto progress = parse("hang: { progress: none }").condition;
  EXPECT_EQ(progress.threshold, (Threshold{.gauge = Gauge::Stalled, .time = 5min}));
  EXPECT_EQ(describe(progress), "no CPU time, I/O or context switch for 5m");
  EXPECT_EQ(parse("hang: { window: true }").problem,
            "f:1:17: unknown state 'true'; known here: hung");
  EXPECT_NE(parse("hang: { progress: none, for: 5s }").problem, "");
}

TEST(ReadHang, ADeadlockIsAskedForByWaitChain) {
  const auto [condition, problem] = parse("hang: { deadlock: true }");
  EXPECT_EQ(problem, "");
  EXPECT_EQ(condition.kind, Condition::Kind::Hang);
  EXPECT_EQ(condition.probe, (Probe{Probe::Type::WaitChain, "", 30s, 10s, 2, 60s}));
  EXPECT_EQ(describe(condition), "hang: a deadlock, seen 2 times in a row");
  EXPECT_EQ(parse("hang: { deadlock: true, every: 1m, failures: 1, timeout: 1s, grace: 0s }")
                .condition.probe,
            (Probe{Probe::Type::WaitChain, "", 1min, 1s, 1, 0s}));
  EXPECT_EQ(parse("hang: { deadlock: no }").problem,
            "f:1:19: unknown value of deadlock 'no'; known here: true");
  EXPECT_EQ(parse("hang: { deadlock: true, for: 1m }").problem,
            "f:1:7: of 'deadlock' a hang takes deadlock, every, timeout, failures and grace");
}

TEST(ReadHang, OfAServiceNothingElseIsTaken) {
  EXPECT_EQ(parse("hang: { service: pending, tcp: '127.0.0.1:80' }").problem,
            "f:1:7: of 'service' a hang takes service and for");
  EXPECT_EQ(parse("hang: { service: stopped }").problem,
            "f:1:18: unknown state 'stopped'; known here: pending");
  EXPECT_EQ(parse("hang: { tcp: '127.0.0.1:80', for: 5s }").problem,
            "f:1:35: 'for' goes with service, window and progress");
}

}  // namespace
}  // namespace vigil::rules
