// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "eventlog/eventlog.h"
#include "support/event_xml.h"

namespace vigil::eventlog {
namespace {

using store::Kind;
using test::EventXml;

News news(const EventXml& event) {
  const auto record = parse_record(event.text());
  if (!record.ok()) throw std::runtime_error(record.error().message());
  auto found = news_of(*record);
  if (!found) throw std::runtime_error("no news");
  return std::move(*found);
}

bool is_none(const EventXml& event) {
  const auto record = parse_record(event.text());
  return record.ok() && !news_of(*record);
}

TEST(News, ACrashKnowsItsProcessAndItsCode) {
  const auto said = news(test::crash_event());
  ASSERT_TRUE(said.signal);
  EXPECT_EQ(said.signal->source, store::Source::EventLog);
  EXPECT_EQ(said.signal->kind, Kind::Crash);
  EXPECT_EQ(said.signal->pid, ProcessId{0x4d2});
  ASSERT_TRUE(said.signal->process_start);
  EXPECT_EQ(*said.signal->process_start, timestamp_from_filetime(0x1dd'5b48'd4d3'c000));
  EXPECT_EQ(said.signal->process, "Orders.exe");
  EXPECT_EQ(said.signal->path, "C:\\Orders\\Orders.exe");
  EXPECT_EQ(said.signal->exception_code, 0xc000'0005u);
  EXPECT_EQ(said.event.report_id, "f380f3b9-326d-4192-bd08-453b67cf1de0");
  EXPECT_EQ(said.event.text,
            "Orders.exe 4.2.1.0 died of 0xc0000005 (ACCESS_VIOLATION) in carts.dll 4.2.0.0 at "
            "offset 0x1a2b");
}

TEST(News, PrefixesOfNumbersChangeNothing) {
  auto event = test::crash_event();
  event.values[8] = "0x4d2";
  event.values[9] = "0x1dd5b48d4d3c000";
  EXPECT_EQ(news(event).signal->pid, ProcessId{0x4d2});
  EXPECT_EQ(news(event).signal->process_start, news(test::crash_event()).signal->process_start);
}

TEST(News, OfWindows7HasFewerValues) {
  auto event = test::crash_event();
  event.values.resize(13);
  EXPECT_EQ(news(event).signal->exception_code, 0xc000'0005u);
}

TEST(News, ACrashWithoutItsProcessIsNone) {
  auto event = test::crash_event();
  event.values[8] = "zebra";
  EXPECT_TRUE(is_none(event));
  event.values.resize(3);
  EXPECT_TRUE(is_none(event));
}

TEST(News, AProcessIdOfZeroIsNoneAndHasNoStart) {
  auto event = test::crash_event();
  event.values[8] = "0x0";
  EXPECT_EQ(news(event).signal->pid, ProcessId{});
  EXPECT_EQ(news(event).signal->process_start, std::nullopt);
}

TEST(News, AHangSaysOfWhichKind) {
  const auto said =
      news({.provider = "Application Hang",
            .id = 1002,
            .values = {"proxy.exe", "154.0", "0x6854", "0x1dd56d845b102cf", "4294967295",
                       "C:\\proxy.exe", "e29dc217-5fa6-4f64-a5a2-662b330a2a96", "", "",
                       "Cross-thread"}});
  ASSERT_TRUE(said.signal);
  EXPECT_EQ(said.signal->kind, Kind::Hang);
  EXPECT_EQ(said.signal->pid, ProcessId{0x6854});
  EXPECT_EQ(said.signal->detail,
            "a window did not answer and the program was closed (Cross-thread)");
}

TEST(News, AReportHasABucketAndNoProcess) {
  const auto said = news(test::report_event());
  EXPECT_FALSE(said.signal);
  EXPECT_EQ(said.event.report_id, "f380f3b9-326d-4192-bd08-453b67cf1de0");
  EXPECT_EQ(said.event.bucket, "APPCRASH 1570137938940312820");
  EXPECT_EQ(said.event.process, "Orders.exe");
  EXPECT_NE(said.event.text.find("P4 carts.dll"), std::string::npos);
  EXPECT_NE(said.event.text.find("kept in C:\\WER\\AppCrash_1"), std::string::npos);
}

TEST(News, OfWindows7AReportHas21Values) {
  auto event = test::report_event();
  event.values.resize(21);
  EXPECT_EQ(news(event).event.bucket, "APPCRASH 1570137938940312820");
  event.values.resize(19);
  EXPECT_TRUE(is_none(event));
}

TEST(News, ADotnetTextNamesTheException) {
  const auto said = news(test::dotnet_event());
  EXPECT_FALSE(said.signal);
  EXPECT_EQ(said.event.process, "Orders.exe");
  EXPECT_EQ(said.event.summary, "System.InvalidOperationException: no such order");
  EXPECT_NE(said.event.text.find("Cart.cs:line 21"), std::string::npos);
}

TEST(News, AServiceThatEndedIsNamedByItsKey) {
  const auto said = news({.provider = "Service Control Manager",
                          .id = 7031,
                          .channel = "System",
                          .values = {"Sync Host", "2", "10000", "1", "Restart the service"},
                          .binary = "4F006E006500530079006E0063000000"});
  EXPECT_EQ(said.service, "OneSync");
  ASSERT_TRUE(said.signal);
  EXPECT_EQ(said.signal->kind, Kind::Exit);
  EXPECT_EQ(said.signal->pid, ProcessId{});
  EXPECT_EQ(said.signal->detail, "the service Sync Host ended unexpectedly, 2 times by now");
}

TEST(News, AServiceThatDoesNotAnswerHangs) {
  const auto said = news({.provider = "Service Control Manager",
                          .id = 7011,
                          .channel = "System",
                          .values = {"30000", "OrdersApi"}});
  EXPECT_EQ(said.service, "OrdersApi");
  EXPECT_EQ(said.signal->kind, Kind::Hang);
  EXPECT_EQ(said.signal->detail, "the service OrdersApi did not answer a control within 30000 ms");
}

TEST(News, ABugcheckHasItsCodeAndItsDump) {
  const auto said = news({.provider = "Microsoft-Windows-WER-SystemErrorReporting",
                          .id = 1001,
                          .channel = "System",
                          .values = {"0x00000050 (0x1, 0x2, 0x3, 0x4)", "C:\\WINDOWS\\MEMORY.DMP",
                                     "07e3c759-e445-4da7-8efa-2694d7dea04c"}});
  ASSERT_TRUE(said.signal);
  EXPECT_EQ(said.signal->kind, Kind::Bugcheck);
  EXPECT_EQ(said.signal->exception_code, 0x50u);
  EXPECT_NE(said.signal->detail.find("MEMORY.DMP"), std::string::npos);
  EXPECT_EQ(said.signal->fault_key, "50 1 2 3 4");
}

TEST(News, AnUncleanStartHasTheCodeInDecimal) {
  const auto of = [](std::string code) {
    return news({.provider = "Microsoft-Windows-Kernel-Power",
                 .id = 41,
                 .channel = "System",
                 .values = {std::move(code), "0x1", "0x2", "0x3", "0x4", "false"}});
  };
  EXPECT_EQ(of("80").signal->exception_code, 0x50u);
  EXPECT_EQ(of("80").signal->detail, "bugcheck 0x00000050 (0x1, 0x2, 0x3, 0x4)");
  EXPECT_EQ(of("80").signal->fault_key, "50 1 2 3 4") << "as the dump's event has it";
  EXPECT_EQ(of("0").signal->fault_key, "");
  EXPECT_EQ(of("0").signal->exception_code, std::nullopt);
  EXPECT_EQ(of("0").signal->detail,
            "the machine stopped without shutting down: power, a reset, or a hang");
}

TEST(News, AnExitThatIsWatchedNamesWhoEndedIt) {
  const auto said = news({.provider = "Microsoft-Windows-ProcessExitMonitor",
                          .id = 3001,
                          .values = {"C:\\Orders\\Orders.exe", "C:\\x\\killer.exe", "1",
                                     "1dd5b48d4d3c000", "1234", "99"}});
  ASSERT_TRUE(said.signal);
  EXPECT_EQ(said.signal->kind, Kind::Exit);
  EXPECT_EQ(said.signal->pid, ProcessId{1234});
  EXPECT_EQ(said.signal->exit_code, 1u);
  EXPECT_EQ(said.signal->detail, "ended by C:\\x\\killer.exe");
}

TEST(News, EventsOfOthersAreNone) {
  auto event = test::crash_event();
  event.provider = "Application  Error";
  EXPECT_TRUE(is_none(event));
  event = test::crash_event();
  event.id = 1005;
  EXPECT_TRUE(is_none(event));
  EXPECT_TRUE(is_none({.provider = "Service Control Manager", .id = 7023, .values = {"x", "%%5"}}));
}

TEST(News, TextsAreCutAndFreeOfControlCharacters) {
  auto event = test::crash_event();
  event.values[0] = std::string(100'000, 'x') + ".exe";
  event.values[10] = "C:\\a&#27;[31m.exe";
  const auto said = news(event);
  EXPECT_LE(said.signal->process.size(), 260u);
  EXPECT_EQ(said.signal->path.find('\x1b'), std::string::npos);
}

TEST(News, TheQueryAsksForNothingThatIsNotRead) {
  const auto query = news_query(std::chrono::hours(1));
  EXPECT_NE(query.find("timediff(@SystemTime) &lt;= 3600000]"), std::string::npos);
  EXPECT_EQ(news_query().find("timediff(@SystemTime) &lt;= 3600000]"), std::string::npos);
  EXPECT_NE(news_query().find("(Level=1 or Level=2 or Level=3) and "
                              "TimeCreated[timediff(@SystemTime) &lt;= 300000]"),
            std::string::npos);
  for (const char* provider : {"Application Error", "Application Hang", "Windows Error Reporting",
                               ".NET Runtime", "Service Control Manager"}) {
    EXPECT_NE(query.find(provider), std::string::npos) << provider;
  }
}

}  // namespace
}  // namespace vigil::eventlog
