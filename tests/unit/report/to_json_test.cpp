// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/report.h"
#include "unit/report/sample_report.h"

namespace vigil::report {
namespace {

using Json = nlohmann::json;

TEST(ToJson, WritesAddressesAsPaddedHexStrings) {
  const auto json = Json::parse(to_json(sample_report(), false));
  EXPECT_EQ(json["crash_info"]["address"], "0x0000000000000018");
  EXPECT_EQ(json["crash_info"]["instruction_address"], "0x00007ff81000101a");
  EXPECT_EQ(json["crash_info"]["code"], "0xc0000005");
  EXPECT_EQ(json["modules"][0]["end_addr"], "0x00007ff600020000");
}

TEST(ToJson, RepeatsTheCrashedThreadAsRustMinidumpDoes) {
  const auto json = Json::parse(to_json(sample_report(), false));
  EXPECT_EQ(json["crash_info"]["crashing_thread"], 1);
  EXPECT_EQ(json["crashing_thread"]["threads_index"], 1);
  EXPECT_EQ(json["crashing_thread"]["thread_id"], 104);
  EXPECT_EQ(json["crashing_thread"]["frames"][0]["registers"]["rcx"], "0x0000000000000018");
  EXPECT_EQ(json["threads"][1]["frames"][1]["frame"], 1);
  EXPECT_EQ(json["threads"][1]["frame_count"], 3);
  EXPECT_EQ(json["main_module"], 0);
}

TEST(ToJson, LeavesOutWhatIsNotKnown) {
  const auto json = Json::parse(to_json(Report{}, false));
  EXPECT_FALSE(json.contains("crash_info"));
  EXPECT_FALSE(json.contains("signature"));
  EXPECT_FALSE(json.contains("main_module"));
  EXPECT_FALSE(json.contains("pid"));
  EXPECT_FALSE(json["dump"].contains("time"));
  EXPECT_EQ(json["schema_version"], kSchemaVersion);
  EXPECT_EQ(json["thread_count"], 0);
}

TEST(ToJson, ReplacesMalformedUtf8) {
  Report report;
  report.synopsis =
      "a\xff"
      "b";
  EXPECT_EQ(Json::parse(to_json(report, false))["synopsis"],
            "a\xef\xbf\xbd"
            "b");
}

TEST(ToJson, WritesAsciiOnly) {
  Report report;
  report.process.name = "Bestellungen für 日本\xc2\x9b.exe";
  const auto json = to_json(report, false);
  EXPECT_TRUE(std::all_of(json.begin(), json.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
  EXPECT_EQ(Json::parse(json)["process_name"], report.process.name);
}

TEST(ToJson, IsOneLineUnlessPretty) {
  EXPECT_EQ(to_json(sample_report(), false).find('\n'), std::string::npos);
  EXPECT_NE(to_json(sample_report(), true).find("\n  \"analyzer\""), std::string::npos);
}

}  // namespace
}  // namespace vigil::report
