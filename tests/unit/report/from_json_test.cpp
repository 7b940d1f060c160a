// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/report.h"
#include "unit/report/sample_report.h"

namespace vigil::report {
namespace {

Error error_of(const std::string& json) {
  const auto report = from_json(json);
  return report.ok() ? Error{Errc::Internal, "was accepted"} : report.error();
}

std::string many(std::size_t count, const std::string& item) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i == 0 ? "" : ",") + item;
  return list;
}

TEST(FromJson, ReadsBackWhatToJsonWrote) {
  const auto report = from_json(to_json(sample_report(), true));
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(*report, sample_report());
}

TEST(FromJson, ReadsBackAnEmptyReport) {
  const auto report = from_json(to_json(Report{}, false));
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(*report, Report{});
}

TEST(FromJson, KeepsDefaultsForKeysThatAreMissingOrNull) {
  const auto report = from_json(R"({"synopsis": null, "crash_info": null, "threads": null})");
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(*report, Report{});
}

TEST(FromJson, IgnoresKeysOfALaterVersion) {
  const auto report = from_json(R"({"later": {"a": [1.5, true, null]}, "pid": 7})");
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->process.pid, 7u);
}

TEST(FromJson, ReplacesControlCharactersOfNames) {
  const auto report = from_json(
      R"({"process_name": "a\u001b[2Jb", "threads": [{"registers": {"r\u0007": "0x1"}}]})");
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->process.name, "a\xef\xbf\xbd[2Jb");
  EXPECT_EQ(report->threads[0].registers[0].first, "r\xef\xbf\xbd");
}

// Every error path follows.

TEST(FromJson, RefusesEveryTruncation) {
  const auto json = to_json(sample_report(), false);
  for (std::size_t length = 0; length < json.size(); ++length) {
    EXPECT_FALSE(from_json(std::string_view(json).substr(0, length)).ok()) << length;
  }
}

TEST(FromJson, RefusesEveryKeyOfAWrongTypeByName) {
  // An array of an array is no value of any key, be it text, number, object or list.
  const auto wrong = nlohmann::json::parse("[[]]");
  const auto good = nlohmann::json::parse(to_json(sample_report(), false));
  const auto derived = {"crashing_thread", "thread_count", "main_module"};
  for (const auto& [key, value] : good.items()) {
    if (std::find(derived.begin(), derived.end(), key) != derived.end()) continue;
    auto bad = good;
    bad[key] = wrong;
    const auto error = error_of(bad.dump());
    EXPECT_EQ(error.code(), Errc::Malformed) << key;
    EXPECT_NE(error.message().find(key), std::string::npos) << error.message();
  }
}

TEST(FromJson, NamesTheWholePathOfAWrongValue) {
  EXPECT_EQ(error_of(R"({"threads": [{}, {"frames": [{"line": -1}]}]})").message(),
            "report: threads[1].frames[0].line is not a whole number up to 4294967295");
  EXPECT_EQ(error_of(R"({"dump": {"time": "yesterday"}})").message(),
            "report: dump.time is not a time like 2026-11-21T03:04:05.678Z");
  EXPECT_EQ(error_of(R"({"process": {"protected": 1}})").message(),
            "report: process.protected is not true or false");
  EXPECT_EQ(error_of(R"({"process": {"working_set_bytes": -1}})").message(),
            "report: process.working_set_bytes is not a whole number up to 18446744073709551615");
  EXPECT_EQ(error_of(R"({"crashpad": {"annotations": [{"name": 5}]}})").message(),
            "report: crashpad.annotations[0].name is not a string");
  EXPECT_EQ(error_of(R"({"modules": [{"base_addr": 4096}]})").message(),
            "report: modules[0].base_addr is not a string of 0x and up to 16 hex digits");
}

TEST(FromJson, RefusesNumbersThatDoNotFit) {
  EXPECT_EQ(error_of(R"({"pid": 4294967296})").code(), Errc::Malformed);
  EXPECT_EQ(error_of(R"({"pid": 1.0})").code(), Errc::Malformed);
  EXPECT_EQ(error_of(R"({"crash_info": {"code": "0x1c0000005"}})").code(), Errc::Malformed);
  EXPECT_EQ(error_of(R"({"crash_info": {"address": "0x", "instruction_address": "0x"}})").code(),
            Errc::Malformed);
  EXPECT_EQ(error_of(R"({"process_uptime": 18446744073709551615})").code(), Errc::Malformed);
}

TEST(FromJson, RefusesTimesThatAreNone) {
  for (const auto* time :
       {"2026-13-01T00:00:00.000Z", "2026-02-30T00:00:00.000Z", "2026-01-01T24:00:00.000Z",
        "2026-01-01T00:00:00.000+", "2026-01-01 00:00:00.000Z", "20x6-01-01T00:00:00.000Z"}) {
    EXPECT_EQ(error_of(std::string(R"({"process_create_time": ")") + time + "\"}").code(),
              Errc::Malformed)
        << time;
  }
}

TEST(FromJson, RefusesIndicesThatPointNowhere) {
  EXPECT_EQ(error_of(R"({"blamed_thread": 0})").message(),
            "report: blamed_thread is not an index of threads");
  EXPECT_EQ(error_of(R"({"threads": [{}], "blamed_thread": 0, "blamed_frame": 0})").code(),
            Errc::Malformed);
  EXPECT_EQ(error_of(R"({"threads": [{"frames": [{}]}], "blamed_frame": 0})").code(),
            Errc::Malformed);
}

TEST(FromJson, RefusesWhatIsNoObject) {
  for (const auto* json :
       {"", "[]", "1", "null", "\"x\"", "{} {}", "{\"a\": \"\xff\"}", "{\"a\": \"\x01\"}"}) {
    EXPECT_EQ(error_of(json).code(), Errc::Malformed) << json;
  }
}

TEST(FromJson, RefusesTooMuch) {
  EXPECT_EQ(error_of(std::string(kMaxJsonBytes + 1, ' ')).code(), Errc::LimitExceeded);
  EXPECT_EQ(error_of(R"({"a": )" + std::string(16, '[') + std::string(16, ']') + "}").code(),
            Errc::LimitExceeded);
  EXPECT_EQ(error_of(R"({"a": [)" + many(700'000, "0") + "]}").code(), Errc::LimitExceeded);
  EXPECT_EQ(error_of("{" + many(129, R"("a": 0)") + "}").code(), Errc::LimitExceeded);
}

TEST(FromJson, RefusesMoreItemsThanAReportMayHold) {
  EXPECT_EQ(error_of(R"({"threads": [)" + many(kMaxThreads + 1, "{}") + "]}").message(),
            "report: threads has 4097 items, and the limit is 4096");
  EXPECT_EQ(error_of(R"({"threads": [{"frames": [)" + many(kMaxFramesPerThread + 1, "{}") + "]}]}")
                .code(),
            Errc::LimitExceeded);
  const auto thread = R"({"frames": [)" + many(kMaxFramesPerThread, "{}") + "]}";
  EXPECT_EQ(error_of(R"({"threads": [)" + many(33, thread) + "]}").code(), Errc::LimitExceeded);
  EXPECT_EQ(error_of(R"({"modules": [)" + many(kMaxModules + 1, "{}") + "]}").code(),
            Errc::LimitExceeded);
  EXPECT_EQ(error_of(R"({"diagnostics": [)" + many(kMaxTexts + 1, "\"\"") + "]}").code(),
            Errc::LimitExceeded);
}

TEST(FromJson, AllowsTheDeepestNesting) {
  EXPECT_TRUE(from_json(R"({"a": )" + std::string(15, '[') + std::string(15, ']') + "}").ok());
}

}  // namespace
}  // namespace vigil::report
