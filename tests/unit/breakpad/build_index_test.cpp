// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "opened_sym.h"

namespace vigil::breakpad {
namespace {

using testing::HasSubstr;

TEST(ModuleRecord, NamesSystemProcessorAndPdb) {
  const auto record = read_module_record(ByteView(kModuleLine));
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->os, "windows");
  EXPECT_EQ(record->cpu, "x86_64");
  EXPECT_EQ(record->debug_id, "5A9832E5287241C1838ED98914E9B7FF1");
  EXPECT_EQ(record->debug_file, "test_app.pdb");
}

TEST(ModuleRecord, MayHaveSpacesInTheNameOfThePdb) {
  const auto record = read_module_record(ByteView(
      std::string_view("MODULE windows x86 00000000000000000000000000000000a my app.pdb\r\n")));
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->debug_file, "my app.pdb");
}

TEST(ModuleRecord, IsRefusedWhenAWordIsMissing) {
  for (const std::string_view text :
       {"", "\n", "FUNC 1 2 3 f\n", "MODULE", "MODULE windows x86\n", "MODULES a b c d\n"}) {
    const auto record = read_module_record(ByteView(text));
    ASSERT_FALSE(record.ok()) << text;
    EXPECT_EQ(record.error().code(), Errc::Malformed);
    EXPECT_THAT(record.error().message(), HasSubstr("MODULE"));
  }
}

TEST(BuildIndex, CountsTheRecordsOfEachKind) {
  OpenedSym sym(
      "INFO CODE_ID 5A9832E5 test_app.exe\n"
      "FILE 0 c:\\a.cpp\n"
      "INLINE_ORIGIN 0 helper\n"
      "FUNC 1000 10 0 main\n"
      "1000 10 7 0\n"
      "FUNC m 1010 10 0 twin\n"
      "PUBLIC 2000 0 exported\n"
      "PUBLIC m 2004 0 exported2\n"
      "STACK CFI INIT 1000 10 .cfa: $rsp 8 + .ra: .cfa 8 - ^\n"
      "STACK CFI 1001 .cfa: $rsp 16 +\n"
      "STACK WIN 4 1000 10 1 1 0 0 0 0 1 $T0 .raSearch =\n");
  ASSERT_TRUE(sym.file);
  const auto counts = sym->counts();
  EXPECT_EQ(counts.functions, 2u);
  EXPECT_EQ(counts.publics, 2u);
  EXPECT_EQ(counts.cfi, 1u);
  EXPECT_EQ(counts.win, 1u);
}

TEST(BuildIndex, LeavesOutLinesThatMakeNoSense) {
  OpenedSym sym(
      "FUNC\nFUNC \nFUNC xyz 1 0 f\nFUNC 1000\nFUNC 123456789 1 0 f\nFUNC 10 10 0 good\n"
      "PUBLIC\nPUBLIC z\nSTACK\nSTACK \nSTACK CFI\nSTACK CFI INIT\nSTACK WIN\nSTACK WIN 4 "
      "1\nFILE\nFILE x y\n"
      "INLINE_ORIGIN\nQ\n\n\r\n");
  ASSERT_TRUE(sym.file);
  EXPECT_EQ(sym->counts().functions, 1u);
  EXPECT_EQ(sym->counts().publics + sym->counts().cfi + sym->counts().win, 0u);
}

TEST(BuildIndex, RefusesWhatIsNoSymbolFile) {
  EXPECT_EQ(build_index(ByteView(std::string_view("MZ\x90")), {3, 0}).error().code(),
            Errc::Malformed);
}

TEST(SymFileOpen, RefusesAnIndexOfAnotherText) {
  OpenedSym sym("FUNC 10 10 0 f\n");
  ASSERT_TRUE(sym.file);
  const ByteView index{std::string_view(sym.index)};
  EXPECT_TRUE(SymFile::open(sym.source, index, {sym.text.size(), 7}).ok());
  EXPECT_EQ(SymFile::open(sym.source, index, {sym.text.size(), 8}).error().code(), Errc::Malformed);
  EXPECT_EQ(SymFile::open(sym.source, index, {sym.text.size() + 1, 7}).error().code(),
            Errc::Malformed);
  MemoryText shorter(std::string_view(sym.text).substr(1));
  EXPECT_EQ(SymFile::open(shorter, index, {sym.text.size(), 7}).error().code(), Errc::Malformed);
}

TEST(SymFileOpen, RefusesAnIndexCutAtAnyLength) {
  OpenedSym sym("FILE 0 a\nFUNC 10 10 0 f\nPUBLIC 5 0 p\nSTACK CFI INIT 10 10 .cfa: $rsp 8 +\n");
  ASSERT_TRUE(sym.file);
  const ByteView index{std::string_view(sym.index)};
  for (std::uint64_t size = 0; size < index.size(); ++size)
    EXPECT_FALSE(SymFile::open(sym.source, index.clamp(0, size), {sym.text.size(), 7}).ok())
        << size;
}

TEST(SymFileOpen, RefusesCountsThatDoNotFitAndBytesBehindTheEnd) {
  OpenedSym sym("FUNC 10 10 0 f\n");
  ASSERT_TRUE(sym.file);
  constexpr std::size_t kCounts = 32;
  for (std::size_t i = 0; i < 6; ++i) {
    for (const char value : {'\x02', '\xff'}) {
      auto index = sym.index;
      index[kCounts + 8 * i + (value == '\xff' ? 7 : 0)] = value;
      EXPECT_FALSE(
          SymFile::open(sym.source, ByteView(std::string_view(index)), {sym.text.size(), 7}).ok());
    }
  }
  auto longer = sym.index + "x";
  EXPECT_FALSE(
      SymFile::open(sym.source, ByteView(std::string_view(longer)), {sym.text.size(), 7}).ok());
}

/// Such an index leads to lines of other functions.
TEST(SymFileOpen, GivesNoAnswerByAnIndexOfAnotherTextOfTheSameSizeAndTime) {
  OpenedSym sym("FUNC 10 10 0 f\nPUBLIC 5 0 p\nSTACK CFI INIT 10 10 .cfa: $rsp 8 +\n");
  OpenedSym other("FUNC 20 10 0 g\nPUBLIC 8 0 q\nSTACK CFI INIT 30 10 .cfa: $rsp 8 +\n");
  ASSERT_TRUE(sym.file && other.file);
  ASSERT_EQ(sym.text.size(), other.text.size());
  auto file =
      SymFile::open(sym.source, ByteView(std::string_view(other.index)), {sym.text.size(), 7});
  ASSERT_TRUE(file.ok());
  for (const std::uint32_t rva : {5u, 8u, 0x10u, 0x20u, 0x30u}) {
    EXPECT_FALSE(file->locate(rva)) << rva;
    EXPECT_FALSE(file->cfi_rules(rva)) << rva;
  }
  EXPECT_TRUE(file->index_is_damaged());
}

/// A record that claims its neighbour's addresses would name them wrongly.
TEST(SymFileOpen, GivesNoAnswerByARecordWhoseSizeIsNotItsLines) {
  OpenedSym sym(
      "FUNC 10 10 0 f\nFUNC 20 10 0 g\nSTACK CFI INIT 10 10 .cfa: $rsp 8 +\n"
      "STACK CFI INIT 20 10 .cfa: $rsp 16 +\n"
      "STACK WIN 4 10 10 1 1 0 0 0 0 1 $T0 .raSearch =\n");
  ASSERT_TRUE(sym.file);
  for (std::size_t i = 0; i + 4 <= sym.index.size(); ++i) {
    if (sym.index.compare(i, 4, std::string_view("\x10\0\0\0", 4)) != 0) continue;
    auto index = sym.index;
    index[i] = 0x40;
    auto file = SymFile::open(sym.source, ByteView(std::string_view(index)), {sym.text.size(), 7});
    if (!file.ok()) continue;
    for (const std::uint32_t rva : {0x18u, 0x28u, 0x38u, 0x48u}) {
      const auto found = file->locate(rva);
      const auto name = found ? found->places.back().function : std::string();
      EXPECT_TRUE(name.empty() || name == (rva < 0x20 ? "f" : "g")) << i << name;
      EXPECT_TRUE(rva < 0x30 || (!found && !file->cfi_rules(rva))) << i;
      EXPECT_TRUE(rva < 0x20 || !file->win_frame(rva)) << i;
    }
  }
}

/// An index is a file that others may write: whatever it says, the answer is some text or none.
TEST(SymFileOpen, SurvivesEveryByteOfAnIndexChanged) {
  OpenedSym sym(
      "FILE 0 a\nINLINE_ORIGIN 0 g\nFUNC 10 10 0 f\nINLINE 0 3 0 0 10 4\n10 10 1 0\nPUBLIC 5 0 p\n"
      "STACK CFI INIT 10 10 .cfa: $rsp 8 +\nSTACK WIN 4 10 10 1 1 0 0 0 0 1 $T0 .raSearch =\n");
  ASSERT_TRUE(sym.file);
  for (std::size_t i = 0; i < sym.index.size(); ++i) {
    for (const char value : {'\x00', '\x01', '\x7f', '\xff'}) {
      auto index = sym.index;
      index[i] = value;
      auto file =
          SymFile::open(sym.source, ByteView(std::string_view(index)), {sym.text.size(), 7});
      if (!file.ok()) continue;
      for (const std::uint32_t rva : {0u, 5u, 0x10u, 0x1fu, 0xffff'ffffu}) {
        (void)file->locate(rva);
        (void)file->cfi_rules(rva);
        (void)file->win_frame(rva);
      }
    }
  }
}

}  // namespace
}  // namespace vigil::breakpad
