// SPDX-License-Identifier: Apache-2.0
#include "report/json_text.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace vigil::report {
namespace {

using namespace std::string_view_literals;

std::string written(std::string_view value) {
  JsonText json(false);
  json.string(value);
  return std::move(json).take();
}

TEST(JsonText, EscapesWhatCannotStandAsItIs) {
  EXPECT_EQ(written("plain text"), R"("plain text")");
  EXPECT_EQ(written("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(written("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(written("\0\x1b[31m\x7f"sv), R"("\u0000\u001b[31m\u007f")");
  EXPECT_EQ(written("B\xc3\xb6se"), R"("B\u00f6se")");
  EXPECT_EQ(written("\xf0\x9f\x98\x80"), R"("\ud83d\ude00")");
}

TEST(JsonText, ReplacesInvalidUtf8) {
  EXPECT_EQ(written("a\xff"), R"("a\ufffd")");
  EXPECT_EQ(written("\xed\xa0\x80").find("\\ud800"), std::string::npos);
}

TEST(JsonText, IsWhatAParserReadsBack) {
  for (const bool pretty : {false, true}) {
    JsonText json(pretty);
    json.open('{');
    json.key("empty");
    json.open('[');
    json.close(']');
    json.key("list");
    json.open('[');
    json.number(~std::uint64_t{0});
    json.number(std::int64_t{-7});
    json.boolean(true);
    json.hex(0xab, 4);
    json.open('{');
    json.close('}');
    json.close(']');
    json.key("text");
    json.string("\"x");
    json.close('}');
    const auto text = std::move(json).take();
    const auto read = nlohmann::ordered_json::parse(text);
    EXPECT_EQ(read.dump(pretty ? 2 : -1), text);
    EXPECT_EQ(read["list"][3], "0x00ab");
  }
}

}  // namespace
}  // namespace vigil::report
