// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "opened_sym.h"

namespace vigil::breakpad {
namespace {

TEST(Locate, FindsFunctionFileAndLine) {
  OpenedSym sym(
      "FILE 3 c:\\src\\cart.cpp\nFUNC 1000 20 8 Cart::total(int, char const *)\n1000 8 41 3\n1008 "
      "18 42 3\n");
  const auto location = sym->locate(0x1009);
  ASSERT_TRUE(location);
  EXPECT_EQ(location->rva, 0x1000u);
  EXPECT_EQ(location->size, 0x20u);
  EXPECT_FALSE(location->is_public);
  ASSERT_EQ(location->places.size(), 1u);
  EXPECT_EQ(location->places[0].function, "Cart::total(int, char const *)");
  EXPECT_EQ(location->places[0].file, "c:\\src\\cart.cpp");
  EXPECT_EQ(location->places[0].line, 42u);
}

TEST(Locate, KnowsNothingBehindAFunctionsEnd) {
  OpenedSym sym("FUNC 1000 20 0 f\nFUNC 2000 20 0 g\n");
  EXPECT_TRUE(sym->locate(0x101f));
  EXPECT_FALSE(sym->locate(0x1020));
  EXPECT_FALSE(sym->locate(0xfff));
}

TEST(Locate, TakesTheFirstOfTwoFunctionsThatShareTheirCode) {
  OpenedSym sym("FUNC 1000 20 0 first\nFUNC 1000 20 0 second\n");
  EXPECT_EQ(sym->locate(0x1004)->places[0].function, "first");
}

TEST(Locate, TakesTheInnerOfTwoFunctionsThatOverlap) {
  OpenedSym sym("FUNC 1000 100 0 outer\nFUNC 1040 10 0 inner\n");
  EXPECT_EQ(sym->locate(0x1044)->places[0].function, "inner");
  EXPECT_EQ(sym->locate(0x1050)->places[0].function, "outer");
}

TEST(Locate, SortsWhatTheTextDoesNot) {
  OpenedSym sym(
      "FUNC 2000 20 0 g\nFUNC 1000 20 0 f\nPUBLIC 500 0 b\nPUBLIC 100 0 a\nFILE 1 y\nFILE 0 x\n");
  EXPECT_EQ(sym->locate(0x1000)->places[0].function, "f");
  EXPECT_EQ(sym->locate(0x2000)->places[0].function, "g");
  EXPECT_EQ(sym->locate(0x101)->places[0].function, "a");
}

TEST(Locate, AnswersWithAPublicSymbolWhereThereIsNoFunction) {
  OpenedSym sym("FUNC 1000 20 0 f\nPUBLIC 1100 4 exported\nPUBLIC m 1100 4 same\n");
  const auto location = sym->locate(0x1180);
  ASSERT_TRUE(location);
  EXPECT_TRUE(location->is_public);
  EXPECT_EQ(location->rva, 0x1100u);
  EXPECT_EQ(location->size, 0u);
  EXPECT_EQ(location->places[0].function, "exported");
}

TEST(Locate, GivesNoPublicSymbolBehindALaterFunction) {
  OpenedSym sym("PUBLIC 900 0 far\nFUNC 1000 20 0 f\n");
  EXPECT_FALSE(sym->locate(0x1020));
}

TEST(Locate, UnfoldsInlinedCalls) {
  OpenedSym sym(
      "FILE 0 main.cpp\nFILE 1 vec.h\nFILE 2 mem.h\n"
      "INLINE_ORIGIN 5 vec::at\nINLINE_ORIGIN 6 mem::load\n"
      "FUNC 1000 40 0 main\n"
      "INLINE 0 12 0 5 1000 20 1030 8\nINLINE 1 99 1 6 1008 8\n"
      "1000 8 98 1\n1008 8 7 2\n1010 30 13 0\n");
  const auto location = sym->locate(0x1009);
  ASSERT_TRUE(location);
  ASSERT_EQ(location->places.size(), 3u);
  EXPECT_EQ(location->places[0].function, "mem::load");
  EXPECT_EQ(location->places[0].file, "mem.h");
  EXPECT_EQ(location->places[0].line, 7u);
  EXPECT_EQ(location->places[1].function, "vec::at");
  EXPECT_EQ(location->places[1].file, "vec.h");
  EXPECT_EQ(location->places[1].line, 99u);
  EXPECT_EQ(location->places[2].function, "main");
  EXPECT_EQ(location->places[2].file, "main.cpp");
  EXPECT_EQ(location->places[2].line, 12u);
  EXPECT_EQ(sym->locate(0x1001)->places.size(), 2u);
  EXPECT_EQ(sym->locate(0x1032)->places.size(), 2u);
  EXPECT_EQ(sym->locate(0x1038)->places.size(), 1u);
}

TEST(Locate, DoesWithoutAFileThatIsNotListed) {
  OpenedSym sym("FUNC 1000 20 0 f\n1000 20 5 77\n");
  const auto location = sym->locate(0x1000);
  EXPECT_EQ(location->places[0].file, "");
  EXPECT_EQ(location->places[0].line, 5u);
}

TEST(Locate, ReadsLinesThatEndAsOnWindows) {
  OpenedSym sym("FILE 0 a.cpp\r\nFUNC 1000 20 0 f\r\n1000 20 5 0\r\n");
  const auto location = sym->locate(0x1000);
  EXPECT_EQ(location->places[0].function, "f");
  EXPECT_EQ(location->places[0].file, "a.cpp");
}

TEST(CfiOf, AppliesWhatIsInForceAtTheAddress) {
  OpenedSym sym(
      "STACK CFI INIT 1000 20 .cfa: $rsp 8 + .ra: .cfa 8 - ^\n"
      "STACK CFI 1002 .cfa: $rsp 16 + $rbx: .cfa 16 - ^\nSTACK CFI 1006 .cfa: $rsp 48 +\n"
      "STACK CFI INIT 2000 20 .cfa: $rsp 8 + .ra: .cfa 8 - ^\n");
  EXPECT_EQ(sym->cfi_rules(0x1000)->find(".cfa")->expression, "$rsp 8 +");
  EXPECT_EQ(sym->cfi_rules(0x1002)->find(".cfa")->expression, "$rsp 16 +");
  EXPECT_EQ(sym->cfi_rules(0x101f)->find(".cfa")->expression, "$rsp 48 +");
  EXPECT_TRUE(sym->cfi_rules(0x101f)->find("$rbx"));
  EXPECT_FALSE(sym->cfi_rules(0x1020));
  EXPECT_FALSE(sym->cfi_rules(0x2000)->find("$rbx"));
}

TEST(CfiOf, IsNoneWhenARuleIsDamaged) {
  OpenedSym sym("STACK CFI INIT 1000 20 .cfa: $rsp 8 +\nSTACK CFI 1002 garbage\n");
  EXPECT_TRUE(sym->cfi_rules(0x1001));
  EXPECT_FALSE(sym->cfi_rules(0x1002));
}

TEST(WinFrameOf, ReadsSizesAndProgram) {
  OpenedSym sym("STACK WIN 4 1000 40 5 1 8 c 20 30 1 $T0 $ebp = $eip $T0 4 + ^ =\n");
  const auto frame = sym->win_frame(0x1010);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->rva, 0x1000u);
  EXPECT_EQ(frame->size, 0x40u);
  EXPECT_EQ(frame->prologue_size, 5u);
  EXPECT_EQ(frame->epilogue_size, 1u);
  EXPECT_EQ(frame->params_size, 8u);
  EXPECT_EQ(frame->saved_registers_size, 12u);
  EXPECT_EQ(frame->locals_size, 0x20u);
  EXPECT_EQ(frame->max_stack_size, 0x30u);
  EXPECT_EQ(frame->program, "$T0 $ebp = $eip $T0 4 + ^ =");
}

TEST(WinFrameOf, PrefersAProgramOverSizes) {
  OpenedSym sym(
      "STACK WIN 0 1010 10 0 0 4 0 8 0 0 1\nSTACK WIN 4 1000 40 5 1 8 c 20 30 1 $T0 $ebp =\n");
  EXPECT_FALSE(sym->win_frame(0x1012)->program.empty());
}

TEST(WinFrameOf, TakesTheInnermostRange) {
  OpenedSym sym(
      "STACK WIN 4 1000 40 0 0 8 0 20 0 1 outer =\nSTACK WIN 4 1010 10 0 0 8 0 20 0 1 inner =\n");
  EXPECT_EQ(sym->win_frame(0x1018)->program, "inner =");
  EXPECT_EQ(sym->win_frame(0x1020)->program, "outer =");
}

TEST(WinFrameOf, KnowsOldFpoRecords) {
  OpenedSym sym("STACK WIN 0 1000 40 0 0 4 c 20 0 0 1\nSTACK WIN 2 3000 40 0 0 4 c 20 0 0 1\n");
  const auto frame = sym->win_frame(0x1000);
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->program.empty());
  EXPECT_TRUE(frame->uses_base_pointer);
  EXPECT_FALSE(sym->win_frame(0x3000));
}

/// Lines are read in pieces: whatever their lengths, none is lost or cut.
TEST(SymFileText, IsReadInPiecesOfAnyLength) {
  for (const std::size_t length : {1u, 400u, 511u, 512u, 513u, 4096u, 5000u, 70'000u}) {
    const std::string name(length, 'n');
    OpenedSym sym("FILE 0 a\nFUNC 10 10 0 " + name + "\n10 8 1 0\r\n18 8 2 0");
    ASSERT_TRUE(sym.file);
    const auto found = sym->locate(0x18);
    ASSERT_TRUE(found) << length;
    EXPECT_EQ(found->places.back().function, name);
    EXPECT_EQ(found->places.back().file, "a");
    EXPECT_EQ(found->places.back().line, 2u);
  }
}

TEST(SymFileText, HasFunctionsOfThousandsOfLines) {
  std::string records = "FILE 0 a\nFUNC 0 2710 0 f\n";
  for (int i = 0; i < 10'000; ++i) records += fmt::format("{:x} 1 {} 0\n", i, i + 1);
  OpenedSym sym(records);
  ASSERT_TRUE(sym.file);
  for (const std::uint32_t rva : {0u, 1u, 300u, 4095u, 4096u, 9'999u})
    EXPECT_EQ(sym->locate(rva)->places.back().line, rva + 1);
}

/// A text made to be slow costs the lines, not the time.
TEST(SymFileText, IsReadUpToALimitOfLinesInAFunction) {
  std::string records = "FILE 0 a\nFUNC 10 20 0 f\n";
  for (int i = 0; i < 40'000; ++i) records += "10 1 7 0\n";
  OpenedSym sym(records + "18 8 9 0\n");
  ASSERT_TRUE(sym.file);
  EXPECT_EQ(sym->locate(0x10)->places.back().line, 7u);
  EXPECT_EQ(sym->locate(0x18)->places.back().line, 0u);
}

TEST(SymFileText, SaysNothingInALineWithoutEnd) {
  OpenedSym sym("FUNC 10 10 0 " + std::string(kMaxLineBytes, 'n') + "\nFUNC 30 10 0 f\n");
  ASSERT_TRUE(sym.file);
  EXPECT_FALSE(sym->locate(0x10));
  EXPECT_EQ(sym->locate(0x30)->places.back().function, "f");
}

/// A file may shrink, and a disk may fail, while it is open.
TEST(SymFileText, GivesNoAnswerWhereItCannotBeRead) {
  OpenedSym sym("FILE 0 a\nFUNC 10 10 0 f\nPUBLIC 5 0 p\nSTACK CFI INIT 10 10 .cfa: $rsp 8 +\n");
  ASSERT_TRUE(sym.file);
  class Gone final : public TextSource {
   public:
    explicit Gone(std::uint64_t size) : size_(size) {}
    [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
    [[nodiscard]] std::string_view view(std::uint64_t, std::size_t) override { return {}; }

   private:
    std::uint64_t size_;
  } gone(sym.text.size());
  auto file = SymFile::open(gone, ByteView(std::string_view(sym.index)), {sym.text.size(), 7});
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE(file->locate(0x10));
  EXPECT_FALSE(file->locate(5));
  EXPECT_FALSE(file->cfi_rules(0x10));
}

TEST(SymFileText, MayEndAnywhere) {
  const std::string records =
      "FILE 0 a\nINLINE_ORIGIN 0 g\nFUNC 10 10 0 f\nINLINE 0 3 0 0 10 4\n10 10 1 0\nPUBLIC 5 0 p\n"
      "STACK CFI INIT 10 10 .cfa: $rsp 8 +\nSTACK CFI 11 .cfa: $rsp 16 +\n"
      "STACK WIN 4 10 10 1 1 0 0 0 0 1 $T0 .raSearch =\n";
  for (std::size_t size = 0; size <= records.size(); ++size) {
    OpenedSym sym(std::string_view(records).substr(0, size));
    ASSERT_TRUE(sym.file) << size;
    for (const std::uint32_t rva : {0u, 5u, 0x10u, 0x11u, 0x1fu, 0xffff'ffffu}) {
      (void)sym->locate(rva);
      (void)sym->cfi_rules(rva);
      (void)sym->win_frame(rva);
    }
  }
}

}  // namespace
}  // namespace vigil::breakpad
