// SPDX-License-Identifier: Apache-2.0
#include "base/utf.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace vigil {
namespace {

using namespace std::string_view_literals;

const std::string kReplacement = "\xef\xbf\xbd";

/// One code point as UTF-16.
std::u16string units_of(char32_t c) {
  if (c < 0x10000) return {static_cast<char16_t>(c)};
  return {static_cast<char16_t>(0xd800 + ((c - 0x10000) >> 10)),
          static_cast<char16_t>(0xdc00 + ((c - 0x10000) & 0x3ff))};
}

TEST(Utf, EveryCodePointGoesThereAndBack) {
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    const auto units = units_of(c);
    const auto utf8 = utf8_from_utf16(units);
    const bool same = utf8.lossless && utf16_from_utf8(utf8.text) == units &&
                      well_formed_utf8_length(utf8.text) == utf8.text.size();
    if (!same) FAIL() << "U+" << std::hex << static_cast<std::uint32_t>(c);
  }
}

TEST(Utf, HasItsKnownSequences) {
  EXPECT_EQ(utf8_from_utf16(u"aä€😀").text, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(utf16_from_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), u"aä€😀");
}

TEST(Utf8FromUtf16, MarksUnpairedSurrogates) {
  for (const auto& text :
       {std::u16string{u'a', 0xd800}, std::u16string{u'a', 0xdc00}, std::u16string{u'a', 0xdbff}}) {
    const auto utf8 = utf8_from_utf16(text);
    EXPECT_EQ(utf8.text, "a" + kReplacement);
    EXPECT_FALSE(utf8.lossless);
  }
  EXPECT_EQ(utf8_from_utf16(std::u16string{0xd800, u'b'}).text, kReplacement + "b");
  EXPECT_EQ(utf8_from_utf16(std::u16string{0xdc00, 0xd800}).text, kReplacement + kReplacement);
  EXPECT_EQ(utf8_from_utf16(std::u16string{0xd83d, 0xd83d, 0xde00}).text,
            kReplacement + "\xf0\x9f\x98\x80");
}

TEST(Utf8FromUtf16Bytes, ReadsLittleEndianAndNotesAnOddByte) {
  EXPECT_EQ(utf8_from_utf16_bytes(ByteView("a\0\xe4\0"sv)).text, "aä");
  const auto odd = utf8_from_utf16_bytes(ByteView("a\0b"sv));
  EXPECT_EQ(odd.text, "a");
  EXPECT_FALSE(odd.lossless);
  EXPECT_EQ(utf8_from_utf16_bytes({}).text, "");
  EXPECT_TRUE(utf8_from_utf16_bytes({}).lossless);
}

/// Malformed sequences, and how many U+FFFD stand for each.
struct Malformed {
  std::string_view bytes;
  std::size_t replacements;
};
constexpr Malformed kMalformed[] = {
    {"\x80", 1},  // a continuation byte alone
    {"\xbf\xbf", 2},
    {"\xc3", 1},              // cut off after one of two
    {"\xe2\x82", 2},          // cut off after two of three
    {"\xf0\x9f\x98", 3},      // cut off after three of four
    {"\xc0\x80", 2},          // NUL in two bytes
    {"\xc1\xbf", 2},          // overlong in two bytes
    {"\xe0\x9f\xbf", 3},      // overlong in three
    {"\xf0\x8f\xbf\xbf", 4},  // overlong in four
    {"\xed\xa0\x80", 3},      // a surrogate
    {"\xed\xbf\xbf", 3},
    {"\xf4\x90\x80\x80", 4},  // above U+10FFFF
    {"\xf5\x80\x80\x80", 4},
    {"\xff\xfe", 2},
};

TEST(Utf16FromUtf8, ReplacesEachMalformedByteAndSwallowsNothing) {
  for (const auto& [bytes, replacements] : kMalformed) {
    const auto text = "a" + std::string(bytes) + "b";
    EXPECT_EQ(utf16_from_utf8(text), u"a" + std::u16string(replacements, 0xfffd) + u"b")
        << testing::PrintToString(text);
    EXPECT_EQ(well_formed_utf8_length(text), 1u) << testing::PrintToString(text);
  }
}

TEST(Utf16FromUtf8, TakesTheEdgesOfTheRanges) {
  for (const auto* text :
       {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(well_formed_utf8_length(text), std::string_view(text).size())
        << testing::PrintToString(text);
  }
}

TEST(WellFormedLength, TakesAReplacementThatStandsInTheText) {
  EXPECT_EQ(well_formed_utf8_length("a" + kReplacement), 4u);
  EXPECT_EQ(well_formed_utf8_length(""), 0u);
}

TEST(PrintableUtf8, KeepsTextTabsAndLines) {
  EXPECT_EQ(printable_utf8("a\tb\nä"), "a\tb\nä");
}

TEST(PrintableUtf8, ReplacesControlCharacters) {
  EXPECT_EQ(printable_utf8("a\x1b[31m"), "a" + kReplacement + "[31m");
  EXPECT_EQ(printable_utf8("\r\x7f"), kReplacement + kReplacement);
  EXPECT_EQ(printable_utf8("a\0b"sv), "a" + kReplacement + "b");
  EXPECT_EQ(printable_utf8("\xc2\x9b"), kReplacement);  // the one-byte form of ESC [
  EXPECT_EQ(printable_utf8("\xc2\xa0"), "\xc2\xa0");
}

TEST(PrintableUtf8, GivesWellFormedTextForAnyBytes) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  const auto text = printable_utf8(all);
  EXPECT_EQ(well_formed_utf8_length(text), text.size());
}

TEST(PathText, GoesThereAndBack) {
  for (const auto* text : {"", "a.dmp", "folder/größe €.dmp", "😀"}) {
    EXPECT_EQ(utf8_from_path(path_from_utf8(text)), text);
  }
}

TEST(AsciiLower, LeavesOtherLettersAlone) {
  EXPECT_EQ(ascii_lower("AZaz09[Ä"), "azaz09[Ä");
}

TEST(WindowsFileName, IsBehindTheLastSlashOfEitherKind) {
  EXPECT_EQ(windows_file_name(R"(C:\Orders\bin\a.exe)"), "a.exe");
  EXPECT_EQ(windows_file_name("C:/Orders/a.exe"), "a.exe");
  EXPECT_EQ(windows_file_name(R"(C:\Orders/a.exe)"), "a.exe");
  EXPECT_EQ(windows_file_name("a.exe"), "a.exe");
  EXPECT_EQ(windows_file_name(R"(C:\Orders\)"), "");
  EXPECT_EQ(windows_file_name(""), "");
}

}  // namespace
}  // namespace vigil
