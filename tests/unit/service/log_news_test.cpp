// SPDX-License-Identifier: Apache-2.0
#include "log_news.h"

#include <gtest/gtest.h>

#include "support/event_xml.h"
#include "unit/service/workbench.h"

namespace vigil::service {
namespace {

using store::State;
using test::Workbench;
using vigil::test::EventXml;

struct LogBench : Workbench {
  std::optional<LogNews::ServiceProcess> service;
  std::optional<wer::Report> report;
  std::string asked_folder;
  LogNews news{{desk, clock, log, [this](const std::string&, bool, Timestamp) { return service; },
                [this](const std::string& asked) {
                  asked_folder = asked;
                  return report;
                }}};

  LogBench() {
    // The events of the support file are of this minute.
    clock.time = Timestamp{1'795'308'460'000'000};  // 2026-11-22T00:47:40Z
    use_rule();
  }
};

TEST(LogNews, ACrashIsARowThatWaitsForItsDump) {
  LogBench bench;
  ASSERT_TRUE(bench.news.take({vigil::test::crash_event().text()}, "b").ok());
  const auto rows = bench.rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].state, State::Observed);
  EXPECT_EQ(rows[0].rule, "orders-crash");
  EXPECT_EQ(*bench.store.bookmark(), "b");
}

TEST(LogNews, AReportTellsOfACrashWhoseOwnEventIsMissing) {
  LogBench bench;
  wer::Report report;
  report.event_type = "APPCRASH";
  report.pid = ProcessId{1234};
  report.process_start = bench.clock.time - std::chrono::minutes(1);
  report.report_id = "f380f3b9-326d-4192-bd08-453b67cf1de0";
  report.parameters[6] = "c0000005";
  report.application_path = "C:\\Orders.exe";
  bench.report = report;
  ASSERT_TRUE(bench.news.take({vigil::test::report_event().text()}, "b").ok());
  EXPECT_EQ(bench.asked_folder, "C:\\WER\\AppCrash_1");
  const auto rows = bench.rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].process, "Orders.exe");
  EXPECT_EQ(rows[0].path, "C:\\Orders.exe");
  EXPECT_EQ(rows[0].pid, report.pid);
  EXPECT_EQ(rows[0].process_start, report.process_start);
  EXPECT_EQ(rows[0].exception_code, 0xc000'0005);
  EXPECT_EQ(rows[0].wer_bucket, "APPCRASH 1570137938940312820");
}

TEST(LogNews, AReportThatIsAnothersByNowSaysNothing) {
  LogBench bench;
  wer::Report report;
  report.event_type = "APPCRASH";
  report.pid = ProcessId{1234};
  report.report_id = "00000000-326d-4192-bd08-453b67cf1de0";
  bench.report = report;
  ASSERT_TRUE(bench.news.take({vigil::test::report_event().text()}, "b").ok());
  EXPECT_TRUE(bench.rows().empty());
}

EventXml disk_event(std::uint64_t number, std::string time, int level = 3) {
  return {.provider = "disk",
          .id = 51,
          .channel = "System",
          .record_id = number,
          .time = std::move(time),
          .values = {"\\Device\\Harddisk0"},
          .level = level};
}

TEST(LogNews, KeepsTheTroublesOfTheLastMinutesInOrder) {
  LogBench bench;
  ASSERT_TRUE(bench.news
                  .take({disk_event(3, "2026-11-22T00:47:30.0Z").text(),
                         disk_event(1, "2026-11-22T00:42:30.0Z").text(),
                         disk_event(2, "2026-11-22T00:45:00.0Z").text(),
                         disk_event(4, "2026-11-22T00:47:31.0Z", 4).text()},
                        "b")
                  .ok());
  auto troubles = bench.news.troubles();
  ASSERT_EQ(troubles.size(), 2u) << "one is too old, one is none";
  EXPECT_LT(troubles[0].at, troubles[1].at);
  EXPECT_EQ(troubles[0].provider, "disk");
  EXPECT_EQ(troubles[0].text, "\\Device\\Harddisk0");
  bench.clock.pass(std::chrono::minutes(4));
  EXPECT_EQ(bench.news.troubles().size(), 1u);
  bench.clock.pass(std::chrono::minutes(4));
  EXPECT_TRUE(bench.news.troubles().empty());
}

TEST(LogNews, KeepsNoMoreTroublesThanTheLimit) {
  LogBench bench;
  std::vector<std::string> flood;
  for (std::size_t i = 0; i < LogNews::kMaxTroubles + 20; ++i)
    flood.push_back(disk_event(i, "2026-11-22T00:47:30.0Z").text());
  ASSERT_TRUE(bench.news.take(flood, "b").ok());
  EXPECT_EQ(bench.news.troubles().size(), LogNews::kMaxTroubles / 2);
  auto other = disk_event(900, "2026-11-22T00:47:30.0Z");
  other.channel = "Application";
  auto own = other;
  own.provider = "Vigil";
  ASSERT_TRUE(bench.news.take({other.text(), own.text()}, "c").ok());
  EXPECT_EQ(bench.news.troubles().size(), LogNews::kMaxTroubles / 2 + 1);
}

TEST(LogNews, WritesTheBookmarkOfMereTroublesOnceAMinute) {
  LogBench bench;
  const auto noise = disk_event(1, "2026-11-22T00:47:30.0Z").text();
  ASSERT_TRUE(bench.news.take({noise}, "a").ok());
  ASSERT_TRUE(bench.news.take({noise}, "b").ok());
  EXPECT_EQ(*bench.store.bookmark(), "a");
  bench.clock.pass(std::chrono::minutes(1));
  ASSERT_TRUE(bench.news.take({noise}, "c").ok());
  EXPECT_EQ(*bench.store.bookmark(), "c");
  ASSERT_TRUE(bench.news.take({vigil::test::crash_event().text()}, "d").ok());
  EXPECT_EQ(*bench.store.bookmark(), "d") << "what is kept is kept with its bookmark";
}

TEST(LogNews, OneThatNoRuleWantsIsARowToo) {
  LogBench bench;
  auto event = vigil::test::crash_event();
  event.values[0] = "Billing.exe";
  ASSERT_TRUE(bench.news.take({event.text()}, "b").ok());
  ASSERT_EQ(bench.rows().size(), 1u);
  EXPECT_EQ(bench.rows()[0].reason, "no rule matches");
}

TEST(LogNews, WhatCannotBeReadIsLeftOutAndTheRestIsTaken) {
  LogBench bench;
  const auto event = vigil::test::crash_event().text();
  ASSERT_TRUE(bench.news.take({"<Event><broken", event}, "b").ok());
  EXPECT_EQ(bench.rows().size(), 1u);
  EXPECT_EQ(bench.lines->count("an event is no XML"), 1u);
}

TEST(LogNews, AHangThatIsOverAsksNoRule) {
  LogBench bench;
  const EventXml hang{.provider = "Application Hang",
                      .id = 1002,
                      .values = {"orders.exe", "1", "4d2", "1dd5b48d4d3c000", "0", "C:\\o.exe",
                                 "e29dc217-5fa6-4f64-a5a2-662b330a2a96"}};
  ASSERT_TRUE(bench.news.take({hang.text()}, "b").ok());
  const auto rows = bench.rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].kind, store::Kind::Hang);
  EXPECT_EQ(rows[0].state, State::Skipped);
  EXPECT_EQ(rows[0].reason, "it was over when the event log told of it");
}

TEST(LogNews, WhatOnlyTheLogTellsTakesUpNoLimit) {
  LogBench bench;
  bench.use_rule({.per_hour = 1});
  auto event = vigil::test::crash_event();
  for (const char* pid : {"10", "20", "30"}) {
    event.values[8] = pid;
    ++event.record_id;
    ASSERT_TRUE(bench.news.take({event.text()}, "b").ok());
  }
  const auto verdict = bench.desk.take(bench.crash());
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->decision.dump, rules::DumpKind::Mini);
}

TEST(LogNews, WhatAnEventDecidedIsDecidedAgainByWhoSawIt) {
  LogBench bench;
  bench.use_rule({.per_hour = 1});
  auto event = vigil::test::crash_event();
  ASSERT_TRUE(bench.desk.take(bench.crash(7)).ok());
  ASSERT_TRUE(bench.news.take({event.text()}, "b").ok());
  const auto told = bench.rows().front();  // the earlier one
  ASSERT_EQ(told.pid, ProcessId{0x4d2});
  EXPECT_EQ(told.state, State::Skipped);
  bench.use_rule();
  auto crash = bench.crash(0x4d2);
  crash.process_start = told.process_start;
  const auto verdict = bench.desk.take(crash);
  ASSERT_TRUE(verdict.ok());
  EXPECT_FALSE(verdict->created);
  EXPECT_EQ(verdict->decision.dump, rules::DumpKind::Mini);
}

TEST(LogNews, AServiceThatEndedIsTheProcessThatRanIt) {
  LogBench bench;
  const ProcessKey key{ProcessId{77}, Timestamp{bench.clock.now().us - 60'000'000}};
  bench.service = LogNews::ServiceProcess{key, {"svc.exe", "C:\\svc.exe", "svc", {"Orders"}}};
  const EventXml ended{.provider = "Service Control Manager",
                       .id = 7034,
                       .channel = "System",
                       .time = "2026-11-22T00:47:39.0000000Z",
                       .values = {"Orders", "1"}};
  ASSERT_TRUE(bench.news.take({ended.text()}, "b").ok());
  const auto rows = bench.rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].pid, ProcessId{77});
  EXPECT_EQ(rows[0].process, "svc.exe");
  EXPECT_EQ(rows[0].detail, "the service Orders ended unexpectedly");
}

TEST(LogNews, ForAnOldEventNobodyIsAsked) {
  LogBench bench;
  bench.service = LogNews::ServiceProcess{{ProcessId{77}, bench.clock.now()}, {"svc.exe", {}, {}}};
  const EventXml ended{.provider = "Service Control Manager",
                       .id = 7034,
                       .channel = "System",
                       .time = "2026-11-21T00:47:39.0000000Z",
                       .values = {"Orders", "1"}};
  ASSERT_TRUE(bench.news.take({ended.text()}, "b").ok());
  EXPECT_EQ(bench.rows()[0].pid, ProcessId{});
  EXPECT_EQ(bench.rows()[0].process, "Orders");
}

TEST(LogNews, ATimeToComeIsNow) {
  LogBench bench;
  auto event = vigil::test::crash_event();
  event.time = "2031-01-01T00:00:00Z";
  ASSERT_TRUE(bench.news.take({event.text()}, "b").ok());
  EXPECT_EQ(bench.rows()[0].observed_at, bench.clock.now());
}

TEST(LogNews, AFloodIsCutAndCounted) {
  LogBench bench;
  auto event = vigil::test::report_event();
  std::vector<std::string> flood;
  for (std::size_t i = 0; i < LogNews::kMaxPerHour + 5; ++i) {
    event.record_id = i;
    flood.push_back(event.text());
  }
  ASSERT_TRUE(bench.news.take(flood, "b").ok());
  EXPECT_EQ(bench.lines->count("too many events within an hour"), 1u);
  bench.clock.pass(std::chrono::hours(2));
  event.record_id = 1'000'000;
  ASSERT_TRUE(bench.news.take({event.text()}, "c").ok());
  EXPECT_EQ(bench.lines->count("5 events of the event log were left out"), 1u);
}

TEST(LogNews, AClockThatIsSetBackDoesNotHoldEventsUp) {
  LogBench bench;
  auto event = vigil::test::report_event();
  std::vector<std::string> flood;
  for (std::size_t i = 0; i < LogNews::kMaxPerHour; ++i) {
    event.record_id = i;
    flood.push_back(event.text());
  }
  ASSERT_TRUE(bench.news.take(flood, "b").ok());
  bench.clock.pass(-std::chrono::hours(48));
  ASSERT_TRUE(bench.news.take({vigil::test::crash_event().text()}, "c").ok());
  EXPECT_EQ(bench.rows().size(), 1u);
}

}  // namespace
}  // namespace vigil::service
