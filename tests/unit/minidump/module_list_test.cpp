// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed.h"

namespace vigil::minidump {
namespace {

using test::ByteBuilder;
using test::MinidumpBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint32_t kModuleList = 4;
constexpr std::uint32_t kUnloadedModuleList = 14;
constexpr std::size_t kFirstModule = 4;  // behind the count
constexpr std::size_t kNameRva = kFirstModule + 0x14;
constexpr std::size_t kCodeViewSize = kFirstModule + 0x4c;
using namespace std::string_view_literals;
constexpr auto kGuid = "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"sv;

MinidumpBuilder::ModuleSpec app() {
  return {.base = 0x7ffe'0000'0000,
          .size = 0x1a000,
          .name = "C:\\app\\größe.exe",
          .timestamp = 0x4ca3b56e,
          .checksum = 0x1234,
          .version = {{10, 0, 20348, 1}},
          .codeview = test::rsds_record(kGuid, 0x1c, "c:\\build\\app.pdb")};
}

TEST(ModuleList, GivesEachField) {
  MinidumpBuilder builder;
  builder.add_module(app());
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().modules.size(), 1u);
  const auto& module = parsed.snapshot().modules[0];
  EXPECT_EQ(module.base, 0x7ffe'0000'0000u);
  EXPECT_EQ(module.size, 0x1a000u);
  EXPECT_EQ(module.path, "C:\\app\\größe.exe");
  EXPECT_EQ(module.name(), "größe.exe");
  EXPECT_EQ(module.timestamp, 0x4ca3b56eu);
  EXPECT_EQ(module.checksum, 0x1234u);
  EXPECT_EQ(module.version, "10.0.20348.1");
  EXPECT_EQ(module.debug_file, "c:\\build\\app.pdb");
  EXPECT_EQ(module.debug_id, "00112233445566778899AABBCCDDEEFF1c");
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(ModuleList, KeepsTheOrderOfTheDump) {
  MinidumpBuilder builder;
  builder.add_module({.base = 0x2000, .size = 1, .name = "b"});
  builder.add_module({.base = 0x1000, .size = 1, .name = "a"});
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().modules.size(), 2u);
  EXPECT_EQ(parsed.snapshot().modules[0].path, "b");
  EXPECT_EQ(parsed.snapshot().modules[1].path, "a");
}

TEST(ModuleList, AcceptsPaddingBehindTheCount) {
  const auto record = ByteBuilder().u64(0x1000).u32(0x10).seek(108).bytes();
  MinidumpBuilder builder;
  builder.add_stream(kModuleList, ByteBuilder().u32(1).u32(0).raw(record).bytes());
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().modules.size(), 1u);
  EXPECT_EQ(parsed.snapshot().modules[0].base, 0x1000u);
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(ModuleList, KeepsAModuleWhoseNameIsOutsideTheFile) {
  MinidumpBuilder builder;
  builder.add_module(app());
  ByteBuilder file(builder.finish());
  file.patch_u32(builder.stream_offset(kModuleList) + kNameRva, 0xffff'fff0);
  const Parsed parsed(file.bytes());
  ASSERT_EQ(parsed.snapshot().modules.size(), 1u);
  EXPECT_EQ(parsed.snapshot().modules[0].path, "");
  EXPECT_EQ(parsed.snapshot().modules[0].version, "10.0.20348.1");
  ASSERT_EQ(parsed.notes().size(), 1u);
  EXPECT_THAT(
      parsed.notes()[0],
      ::testing::StartsWith("module at 0x7ffe00000000: name: needs 4 bytes at offset 0xfffffff0"));
}

TEST(ModuleList, MakesNamesPrintableOnOneLine) {
  MinidumpBuilder builder;
  builder.add_module({.base = 0x1000, .size = 1, .name = "a\x1b[31m\nb\tc"});
  EXPECT_EQ(Parsed(builder).snapshot().modules[0].path, "a\uFFFD[31m b c");
}

TEST(ModuleList, ReplacesHalvesOfSurrogatePairs) {
  MinidumpBuilder builder;
  const auto rva = builder.place(ByteBuilder().u32(4).u16(0xd800).u16('x').u16(0).bytes());
  builder.add_stream(
      kModuleList,
      ByteBuilder().u32(1).u64(0x1000).u32(1).u32(0).u32(0).u32(rva).seek(112).bytes());
  EXPECT_EQ(Parsed(builder).snapshot().modules[0].path, "\uFFFDx");
}

TEST(ModuleList, KeepsTheRecordsThatFitWhenItClaimsMore) {
  MinidumpBuilder builder;
  builder.add_module(app());
  ByteBuilder file(builder.finish());
  file.patch_u32(builder.stream_offset(kModuleList), 4'000'000);
  const Parsed parsed(file.bytes());
  EXPECT_EQ(parsed.snapshot().modules.size(), 1u);
  EXPECT_THAT(
      parsed.notes(),
      ElementsAre(
          "module list: claims 4000000 records of 108 bytes, and 1 fit in the 108 bytes there"));
}

TEST(ModuleList, StopsAtItsLimitOfModules) {
  constexpr std::uint32_t kMany = 16'385;
  MinidumpBuilder builder;
  builder.add_stream(kModuleList, ByteBuilder().u32(kMany).fill(kMany * 108).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().modules.size(), 16'384u);
  EXPECT_THAT(parsed.notes(),
              ElementsAre("module list: 16385 records, and the first 16384 are read"));
}

TEST(ModuleList, IsNotedWhenItHasNoCount) {
  MinidumpBuilder builder;
  builder.add_stream(kModuleList, "abc");
  EXPECT_THAT(Parsed(builder).notes(),
              ElementsAre("ModuleListStream: needs 4 bytes at offset 0x0 and has 3 in all"));
}

TEST(ModuleList, CutsASizeThatWrapsAroundTheEndOfMemory) {
  MinidumpBuilder builder;
  builder.add_module({.base = ~std::uint64_t{0} - 15, .size = 0x1000, .name = "x"});
  EXPECT_EQ(Parsed(builder).snapshot().modules[0].size, 15u);
}

TEST(ModuleList, SpendsABoundedAmountOnTextHoweverManyRecordsNameIt) {
  constexpr std::uint32_t kMany = 300;
  MinidumpBuilder builder;
  const auto rva = builder.place(ByteBuilder().u32(65'000).fill(65'002, 'a').bytes());
  ByteBuilder list;
  list.u32(kMany);
  for (std::uint32_t i = 0; i < kMany; ++i) {
    list.u64(i).u32(1).u32(0).u32(0).u32(rva).seek(4 + (i + 1) * std::size_t{108});
  }
  builder.add_stream(kModuleList, list.bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().modules.size(), kMany);
  EXPECT_EQ(parsed.snapshot().modules.back().path, "");
  EXPECT_EQ(parsed.notes().size(), Diagnostics::kMaxNotes);
  EXPECT_GT(parsed.dump->diagnostics().dropped(), 0u);
  EXPECT_EQ(parsed.notes()[0],
            "module at 0x40: name: text of this dump passes 4194304 bytes in all");
}

TEST(CodeView, ReadsTheRecordOfOldLinkers) {
  auto module = app();
  module.codeview =
      ByteBuilder().raw("NB10").u32(0).u32(0x3f0a1b2c).u32(10).c_string("old.pdb").bytes();
  MinidumpBuilder builder;
  builder.add_module(module);
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().modules[0].debug_id, "3F0A1B2Ca");
  EXPECT_EQ(parsed.snapshot().modules[0].debug_file, "old.pdb");
}

TEST(CodeView, ReadsBuildIdsOfAnyLength) {
  auto module = app();
  module.codeview = ByteBuilder().raw("LEpB").raw(kGuid).raw("more").bytes();
  MinidumpBuilder builder;
  builder.add_module(module);
  module.codeview = ByteBuilder().raw("LEpB").raw(kGuid.substr(0, 4)).bytes();
  builder.add_module(module);
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().modules[0].debug_id, "00112233445566778899AABBCCDDEEFF0");
  EXPECT_EQ(parsed.snapshot().modules[0].debug_file, module.name);
  EXPECT_EQ(parsed.snapshot().modules[1].debug_id, "001122330000000000000000000000000");
}

TEST(CodeView, KeepsAPathWithoutTerminator) {
  auto module = app();
  module.codeview.pop_back();
  MinidumpBuilder builder;
  builder.add_module(module);
  EXPECT_EQ(Parsed(builder).snapshot().modules[0].debug_file, "c:\\build\\app.pdb");
}

TEST(CodeView, NotesWhatItCannotRead) {
  MinidumpBuilder builder;
  auto module = app();
  module.base = 1;
  module.codeview = "RSDS";
  builder.add_module(module);
  module.base = 2;
  module.codeview = "NB09xxxxxxxxxxxxxxxx";
  builder.add_module(module);
  module.base = 3;
  module.codeview = "LEpB";
  builder.add_module(module);
  module.base = 4;
  module.codeview = test::rsds_record(kGuid, 1, std::string(5000, 'x'));
  builder.add_module(module);
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().modules.size(), 4u);
  EXPECT_THAT(
      parsed.notes(),
      ElementsAre("module at 0x1: debug record: needs 24 bytes at offset 0x0 and has 4 in all",
                  "module at 0x2: debug record: signature 0x3930424e is not known",
                  "module at 0x3: debug record: build id without bytes",
                  "module at 0x4: debug record: 5025 bytes, and the limit is 4096"));
}

TEST(CodeView, NotesARecordOutsideTheFile) {
  MinidumpBuilder builder;
  builder.add_module(app());
  ByteBuilder file(builder.finish());
  file.patch_u32(builder.stream_offset(kModuleList) + kCodeViewSize + 4, 0xffff'0000);
  EXPECT_THAT(
      Parsed(file.bytes()).notes(),
      ElementsAre(
          "module at 0x7ffe00000000: debug record: needs 4 bytes at offset 0x0 and has 0 in all"));
}

TEST(UnloadedModuleList, GivesEachField) {
  MinidumpBuilder builder;
  builder.add_unloaded_module({.base = 0x6000, .size = 0x100, .name = "gone.dll", .timestamp = 7});
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().unloaded_modules.size(), 1u);
  const auto& module = parsed.snapshot().unloaded_modules[0];
  EXPECT_EQ(module.base, 0x6000u);
  EXPECT_EQ(module.size, 0x100u);
  EXPECT_EQ(module.name, "gone.dll");
  EXPECT_EQ(module.timestamp, 7u);
}

TEST(UnloadedModuleList, StridesByTheSizeThatItsHeadGives) {
  ByteBuilder list;
  list.u32(16).u32(32).u32(2).u32(0);
  for (const std::uint64_t base : {0x1000u, 0x2000u}) list.u64(base).fill(24);
  MinidumpBuilder builder;
  builder.add_stream(kUnloadedModuleList, list.bytes());
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().unloaded_modules.size(), 2u);
  EXPECT_EQ(parsed.snapshot().unloaded_modules[1].base, 0x2000u);
}

TEST(UnloadedModuleList, IsNotedWhenItsSizesCannotBeTrue) {
  MinidumpBuilder entries;
  entries.add_stream(kUnloadedModuleList, ByteBuilder().u32(12).u32(0).u32(1).fill(24).bytes());
  EXPECT_THAT(
      Parsed(entries).notes(),
      ElementsAre("UnloadedModuleListStream: its entries claim 0 bytes, and 24 are needed"));
  MinidumpBuilder head;
  head.add_stream(kUnloadedModuleList, ByteBuilder().u32(8).u32(24).u32(1).fill(24).bytes());
  EXPECT_THAT(Parsed(head).notes(),
              ElementsAre("UnloadedModuleListStream: its head claims 8 bytes"));
}

}  // namespace
}  // namespace vigil::minidump
