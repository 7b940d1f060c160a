// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "eventlog/eventlog.h"
#include "support/event_xml.h"

namespace vigil::eventlog {
namespace {

using test::EventXml;

TEST(Record, ReadsWhatEveryEventHas) {
  const auto record = parse_record(test::crash_event().text());
  ASSERT_TRUE(record.ok()) << record.error().message();
  EXPECT_EQ(record->provider, "Application Error");
  EXPECT_EQ(record->channel, "Application");
  EXPECT_EQ(record->id, 1000u);
  EXPECT_EQ(record->record_id, 90'259u);
  EXPECT_EQ(format_utc(record->at), "2026-11-22T00:47:21.233Z");
  ASSERT_EQ(record->values.size(), 15u);
  EXPECT_EQ(record->values[0], "Orders.exe");
  EXPECT_EQ(record->values[14], "");
}

TEST(Record, NamesOfValuesChangeNothing) {
  auto event = test::crash_event();
  const auto plain = parse_record(event.text());
  event.names = {"AppName", "AppVersion", "AppTimeStamp"};
  const auto named = parse_record(event.text());
  ASSERT_TRUE(plain.ok() && named.ok());
  EXPECT_EQ(plain->values, named->values);
}

TEST(Record, EmptyValuesKeepTheirPlaces) {
  const auto record = parse_record(
      "<Event><System><Provider Name='P'/><EventID>1</EventID><TimeCreated "
      "SystemTime='2026-11-22T00:00:00Z'/><EventRecordID>7</EventRecordID><Channel>C</Channel>"
      "</System><EventData><Data/><Data></Data><Data> \r\n </Data><Data> x </Data>"
      "<Binary>41004200</Binary></EventData></Event>");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->values, (std::vector<std::string>{"", "", "", "x"}));
  EXPECT_EQ(record->binary, "41004200");
}

TEST(Record, TimesHaveAnyNumberOfDigits) {
  auto event = test::crash_event();
  for (const auto& [text, milliseconds] :
       {std::pair("2026-11-22T00:47:21Z", "21.000Z"),
        std::pair("2026-11-22T00:47:21.5Z", "21.500Z"),
        std::pair("2026-11-22T00:47:21.123456789Z", "21.123Z")}) {
    event.time = text;
    const auto record = parse_record(event.text());
    ASSERT_TRUE(record.ok()) << text;
    EXPECT_TRUE(format_utc(record->at).ends_with(milliseconds)) << format_utc(record->at);
  }
}

TEST(Record, WhatIsNoEventIsRefused) {
  EXPECT_EQ(parse_record("").error().code(), Errc::Malformed);
  EXPECT_EQ(parse_record("nonsense").error().code(), Errc::Malformed);
  EXPECT_EQ(parse_record("<Event/>").error().code(), Errc::Malformed);
  EXPECT_EQ(parse_record("<Event><System/></Event>").error().code(), Errc::Malformed);
  auto event = test::crash_event();
  for (const char* time : {"", "yesterday", "2026-13-22T00:47:21Z", "2026-11-22T24:47:21Z",
                           "2026-11-22T00:47:21.x1Z", "2026-11-22T00:47:21+Z"}) {
    event.time = time;
    EXPECT_EQ(parse_record(event.text()).error().code(), Errc::Malformed) << time;
  }
  event = test::crash_event();
  event.provider.clear();
  EXPECT_EQ(parse_record(event.text()).error().code(), Errc::Malformed);
}

TEST(Record, SizesAreLimited) {
  auto event = test::crash_event();
  event.values.assign(kMaxValues, "x");
  EXPECT_TRUE(parse_record(event.text()).ok());
  event.values.push_back("one too many");
  EXPECT_EQ(parse_record(event.text()).error().code(), Errc::LimitExceeded);
  EXPECT_EQ(parse_record(std::string(kMaxEventBytes + 1, ' ')).error().code(), Errc::LimitExceeded);
}

TEST(Record, EveryPrefixOfAnEventIsRefusedOrRead) {
  const auto whole = test::crash_event().text();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_record(std::string_view(whole).substr(0, length)).ok()) << length;
  }
}

TEST(Record, EveryByteMayBeWrong) {
  const auto whole = test::crash_event().text();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char wrong : {'\0', '<', '&', '\xff', '\x7f'}) {
      auto damaged = whole;
      damaged[at] = wrong;
      const auto record = parse_record(damaged);
      if (record.ok()) (void)news_of(*record);
    }
  }
}

TEST(Record, EntitiesAreNotExpandedFromDefinitions) {
  const auto record = parse_record(
      "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]><Event><System><Provider Name='P'/>"
      "<EventID>1</EventID><TimeCreated SystemTime='2026-11-22T00:00:00Z'/>"
      "<EventRecordID>7</EventRecordID><Channel>C</Channel></System><EventData>"
      "<Data>&a;&lt;</Data></EventData></Event>");
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->values[0], "&a;<");
}

}  // namespace
}  // namespace vigil::eventlog
