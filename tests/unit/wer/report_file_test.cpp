// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "wer/wer.h"

namespace vigil::wer {
namespace {

std::vector<std::byte> utf16_file(std::string_view text) {
  std::vector<std::byte> bytes = {std::byte{0xff}, std::byte{0xfe}};
  for (const char16_t unit : utf16_from_utf8(text)) {
    bytes.push_back(static_cast<std::byte>(unit & 0xff));
    bytes.push_back(static_cast<std::byte>(unit >> 8));
  }
  return bytes;
}

constexpr std::string_view kReport =
    "Version=1\r\nEventType=BEX64\r\nEventTime=133496477153022430\r\n"
    "IntegratorReportIdentifier=DB1268EE-55b9-4afb-b9d3-d29525606682\r\n"
    "AppSessionGuid=000029d8-0002-000d-45ec-78a85646da01\r\nResponse.BucketId=abc\r\n"
    "Sig[0].Name=\xe5\xba\x94\xe7\x94\xa8\r\nSig[0].Value=orders.exe\r\n"
    "Sig[7].Value=c0000005\r\nSig[0].Value=again\r\nSig[12].Value=beyond\r\n"
    "AppPath=C:\\orders.exe\r\n";

TEST(ReportFile, SaysWhoDiedWhenAndOfWhat) {
  const auto bytes = utf16_file(kReport);
  const auto report = parse_report(ByteView(bytes));
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->event_type, "BEX64");
  EXPECT_EQ(report->pid, ProcessId{0x29d8});
  ASSERT_TRUE(report->process_start);
  EXPECT_EQ(*report->process_start, timestamp_from_filetime(0x01da'4656'a878'ec45));
  EXPECT_EQ(report->at, timestamp_from_filetime(133'496'477'153'022'430));
  EXPECT_EQ(report->report_id, "db1268ee-55b9-4afb-b9d3-d29525606682");
  EXPECT_EQ(report->bucket, "abc");
  EXPECT_EQ(report->parameters[0], "orders.exe");
  EXPECT_EQ(report->parameters[7], "c0000005");
  EXPECT_EQ(report->application_path, "C:\\orders.exe");
}

TEST(ReportFile, WhatIsNoneIsRefused) {
  EXPECT_EQ(parse_report(ByteView()).error().code(), Errc::Malformed);
  const auto empty = utf16_file("");
  EXPECT_EQ(parse_report(ByteView(empty)).error().code(), Errc::Malformed);
  const auto other = utf16_file("a=b\r\n");
  EXPECT_EQ(parse_report(ByteView(other)).error().code(), Errc::Malformed);
  const std::vector<std::byte> large(kMaxReportBytes + 1);
  EXPECT_EQ(parse_report(ByteView(large)).error().code(), Errc::LimitExceeded);
}

TEST(ReportFile, ASessionThatIsNoneIsNotKnown) {
  for (const std::string_view guid : {"", "000029d8", "000029d8-0002-000d-45ec-78a85646dax1",
                                      "zzzz29d8-0002-000d-45ec-78a85646da01"}) {
    const auto bytes = utf16_file("EventType=X\r\nAppSessionGuid=" + std::string(guid) + "\r\n");
    const auto report = parse_report(ByteView(bytes));
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->pid, ProcessId{}) << guid;
  }
}

TEST(ReportFile, EveryPrefixIsReadOrRefused) {
  const auto bytes = utf16_file(kReport);
  for (std::size_t length = 0; length < bytes.size(); ++length)
    (void)parse_report(ByteView(std::span(bytes).first(length)));
}

TEST(ReportFile, ThoseOfRealSystemsAreRead) {
  if (!std::filesystem::is_directory(VIGIL_RECORDED_REPORTS)) GTEST_SKIP() << "no recorded reports";
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(VIGIL_RECORDED_REPORTS)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("Report.wer") || name.ends_with(".txt")) continue;
    SCOPED_TRACE(name);
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)),
                           std::istreambuf_iterator<char>());
    const auto report = parse_report(ByteView(std::as_bytes(std::span(text))));
    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_FALSE(report->parameters[0].empty());
    ++read;
  }
  EXPECT_GE(read, 4u);
}

}  // namespace
}  // namespace vigil::wer
