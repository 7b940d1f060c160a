// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "eventlog/eventlog.h"
#include "support/event_xml.h"

namespace vigil::eventlog {
namespace {

Record record_of(const test::EventXml& event) {
  auto record = parse_record(event.text());
  EXPECT_TRUE(record.ok());
  return std::move(record).take();
}

TEST(Trouble, IsAWarningOrAnErrorOfAnybody) {
  test::EventXml event{.provider = "disk", .id = 51, .channel = "System", .values = {"a", "", "b"}};
  for (const int level : {1, 2, 3}) {
    event.level = level;
    const auto trouble = trouble_of(record_of(event));
    ASSERT_TRUE(trouble) << level;
    EXPECT_EQ(trouble->provider, "disk");
    EXPECT_EQ(trouble->channel, "System");
    EXPECT_EQ(trouble->event_id, 51u);
    EXPECT_EQ(trouble->text, "a; b");
  }
  for (const int level : {0, 4, 5}) {
    event.level = level;
    EXPECT_FALSE(trouble_of(record_of(event))) << level;
  }
  EXPECT_EQ(level_name(1), "critical");
  EXPECT_EQ(level_name(3), "warning");
}

TEST(Trouble, IsOneLineOfLimitedLength) {
  test::EventXml event{.provider = "x", .values = {"one\ntwo\x1b[31m", std::string(5'000, 'y')}};
  auto record = record_of({.provider = "x", .values = {"one"}});
  record.values = event.values;
  record.level = 2;
  const auto trouble = trouble_of(record);
  ASSERT_TRUE(trouble);
  EXPECT_EQ(trouble->text.find('\n'), std::string::npos);
  EXPECT_EQ(trouble->text.find('\x1b'), std::string::npos);
  EXPECT_LE(trouble->text.size(), 300u);
  EXPECT_TRUE(trouble->text.starts_with("one two"));
}

TEST(Trouble, AnEventWithoutALevelIsNone) {
  auto record = record_of({.provider = "x", .values = {"one"}});
  record.level = 0;
  EXPECT_FALSE(trouble_of(record));
}

}  // namespace
}  // namespace vigil::eventlog
