// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/platform.h"
#include "support/byte_builder.h"
#include "support/cabinet_builder.h"

namespace vigil::platform {
namespace {

using test::cabinet_of;
using testing::HasSubstr;

constexpr std::uint64_t kLimit = 1 << 20;

struct Expanded {
  Result<std::uint64_t> size = std::uint64_t{0};
  std::string content;
};

Expanded expand(std::string_view cabinet, std::uint64_t limit = kLimit) {
  Expanded result;
  result.size = expand_cabinet(ByteView(cabinet), limit, [&](std::string_view bytes) {
    result.content += bytes;
    return Status();
  });
  return result;
}

std::string long_text() {
  std::string text;
  while (text.size() < 100'000) text += "line " + std::to_string(text.size()) + "\n";
  return text;
}

TEST(ExpandCabinet, GivesTheOneFile) {
  const auto result = expand(cabinet_of("orders.pdb", long_text()));
  ASSERT_TRUE(result.size.ok()) << result.size.error().message();
  EXPECT_EQ(*result.size, long_text().size());
  EXPECT_EQ(result.content, long_text());
}

/// By another program: `gcab -c -z`, which compresses (MSZIP).
TEST(ExpandCabinet, GivesACompressedFile) {
  constexpr std::string_view kCabinet(
      "MSCF\0\0\0\0\x64\0\0\0\0\0\0\0\x2c\0\0\0\0\0\0\0\x03\x01\x01\0\x01\0\0\0\0\0\0\0"
      "\x46\0\0\0\x01\0\x01\0"
      "\x58\x02\0\0\0\0\0\0\0\0\x21\x5a\0\0\x20\0orders.pd\0",
      70);
  // Raw deflate of 600 times the letter a.
  constexpr std::string_view kBlock("CKK\x4c\x1c\x05\xa3\x80\xfa\x00\x00", 11);
  std::string cabinet(kCabinet);
  cabinet += test::ByteBuilder().u32(0).u16(kBlock.size()).u16(600).raw(kBlock).bytes();
  const auto result = expand(cabinet);
  ASSERT_TRUE(result.size.ok()) << result.size.error().message();
  EXPECT_EQ(result.content, std::string(600, 'a'));
}

TEST(ExpandCabinet, RefusesAFileAboveTheLimitBeforeUnpackingIt) {
  const auto result = expand(cabinet_of("orders.pdb", long_text()), 99'999);
  ASSERT_FALSE(result.size.ok());
  EXPECT_EQ(result.size.error().code(), Errc::LimitExceeded);
  EXPECT_THAT(result.size.error().message(), HasSubstr("the limit is 99999"));
  EXPECT_EQ(result.content, "");
}

TEST(ExpandCabinet, RefusesTwoFilesAndNone) {
  for (const auto& cabinet : {cabinet_of({{"a.pdb", "a"}, {"b.pdb", "b"}}), cabinet_of({})}) {
    const auto result = expand(cabinet);
    ASSERT_FALSE(result.size.ok());
    EXPECT_EQ(result.size.error().code(), Errc::Malformed);
  }
}

TEST(ExpandCabinet, StopsWithTheSinksError) {
  const auto cabinet = cabinet_of("orders.pdb", long_text());
  const auto result = expand_cabinet(ByteView(cabinet), kLimit, [](std::string_view) -> Status {
    return Error{Errc::DiskFull, "no space"};
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::DiskFull);
}

TEST(ExpandCabinet, RefusesWhatIsNoCabinet) {
  for (const auto* text : {"", "MSCF", "an error page of some server"}) {
    const auto result = expand(text);
    ASSERT_FALSE(result.size.ok()) << text;
    EXPECT_EQ(result.size.error().code(), Errc::Malformed);
  }
}

TEST(ExpandCabinet, NeverTakesACabinetCutOffAtAnyLengthForWhole) {
  const std::string content(300, 'x');
  const auto cabinet = cabinet_of("orders.pdb", content);
  for (std::size_t length = 0; length < cabinet.size(); ++length)
    EXPECT_FALSE(expand(std::string_view(cabinet).substr(0, length)).size.ok()) << length;
}

TEST(ExpandCabinet, SurvivesEveryByteOfTheTablesDamaged) {
  const auto whole = cabinet_of("orders.pdb", std::string(300, 'x'));
  const auto tables = test::kCabinetFileSizeField + 16;
  for (std::size_t at = 0; at < tables; ++at) {
    for (const char value : {'\0', '\x01', '\x7f', '\xff'}) {
      auto damaged = whole;
      damaged[at] = value;
      const auto result = expand(damaged);
      EXPECT_LE(result.content.size(), kLimit) << at;
    }
  }
}

}  // namespace
}  // namespace vigil::platform
