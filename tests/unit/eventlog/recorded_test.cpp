// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "eventlog/eventlog.h"

/// Events of real systems, which are not part of the project: skipped where they are not there.
namespace vigil::eventlog {
namespace {

/// What a file's name begins with, and the kind of signal in it; nothing: it has none.
const std::map<std::string, std::optional<store::Kind>> kExpected = {
    {"apperror1000_", store::Kind::Crash},
    {"apphang1002_", store::Kind::Hang},
    {"kernelpower41_", store::Kind::Bugcheck},
    {"processexitmonitor3001_", store::Kind::Exit},
    {"scm7009", store::Kind::Hang},
    {"scm7031", store::Kind::Exit},
    {"scm7034", store::Kind::Exit},
    {"system1001_bugcheck_", store::Kind::Bugcheck},
    {"wer1001_", std::nullopt},
};

/// A file has one event or several behind each other; some were published without their number.
std::string first_event(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const auto begin = text.find("<Event ");
  const auto end = text.find("</Event>");
  if (text.find("<EventRecordID>") == std::string::npos && end != std::string::npos)
    text.insert(text.find("</System>"), "<EventRecordID>1</EventRecordID>");
  return begin == std::string::npos || end == std::string::npos
             ? std::string()
             : text.substr(begin, text.find("</Event>") - begin + std::string("</Event>").size());
}

TEST(Recorded, EventsOfThreeSystemsAreRead) {
  if (!std::filesystem::is_directory(VIGIL_RECORDED_EVENTS)) GTEST_SKIP() << "no recorded events";
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(VIGIL_RECORDED_EVENTS)) {
    const auto name = entry.path().filename().string();
    const auto expected = std::ranges::find_if(
        kExpected, [&](const auto& known) { return name.starts_with(known.first); });
    if (expected == kExpected.end()) continue;
    SCOPED_TRACE(name);
    const auto record = parse_record(first_event(entry.path()));
    ASSERT_TRUE(record.ok()) << record.error().message();
    const auto news = news_of(*record);
    ASSERT_TRUE(news);
    EXPECT_FALSE(news->event.text.empty());
    ASSERT_EQ(news->signal.has_value(), expected->second.has_value());
    if (news->signal) {
      EXPECT_EQ(news->signal->kind, *expected->second);
    }
    ++read;
  }
  EXPECT_GE(read, 20u);
}

}  // namespace
}  // namespace vigil::eventlog
