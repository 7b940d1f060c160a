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

constexpr std::uint32_t kException = 6;
constexpr std::uint32_t kCommentA = 10;
constexpr std::uint32_t kCommentW = 11;

TEST(Exception, GivesEachField) {
  MinidumpBuilder builder;
  builder.exception({.thread = 7,
                     .code = 0xc0000005,
                     .flags = 1,
                     .address = 0x7ff6'0000'1234,
                     .parameters = {1, 0xdead'beef},
                     .context = test::amd64_context({.rip = 0x7ff6'0000'1234})});
  const Parsed parsed(builder);
  ASSERT_TRUE(parsed.snapshot().exception.has_value());
  const auto& exception = *parsed.snapshot().exception;
  EXPECT_EQ(exception.thread, ThreadId{7});
  EXPECT_EQ(exception.code, 0xc0000005u);
  EXPECT_EQ(exception.flags, 1u);
  EXPECT_EQ(exception.address, 0x7ff6'0000'1234u);
  EXPECT_THAT(exception.parameters, ElementsAre(1u, 0xdead'beefu));
  EXPECT_EQ(snapshot::instruction_pointer(exception.context), 0x7ff6'0000'1234u);
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(Exception, IsNotThereInADumpOfALivingProcess) {
  MinidumpBuilder builder;
  EXPECT_FALSE(Parsed(builder).snapshot().exception.has_value());
}

TEST(Exception, HasAtMostFifteenParameters) {
  MinidumpBuilder builder;
  builder.exception({.code = 1});
  ByteBuilder file(builder.finish());
  file.patch_u32(builder.stream_offset(kException) + 0x20, 16);
  const Parsed parsed(file.bytes());
  EXPECT_EQ(parsed.snapshot().exception->parameters.size(), 15u);
  EXPECT_THAT(parsed.notes(), ElementsAre("exception: claims 16 parameters, and 15 are possible"));
}

TEST(Exception, KeepsItsRecordWhenItsContextIsLost) {
  MinidumpBuilder builder;
  builder.exception({.thread = 7, .code = 0xc0000005});
  ByteBuilder file(builder.finish());
  file.patch_u32(builder.stream_offset(kException) + 0xa0, 0x4d0);
  file.patch_u32(builder.stream_offset(kException) + 0xa4, 0xffff'fff0);
  const Parsed parsed(file.bytes());
  EXPECT_EQ(parsed.snapshot().exception->code, 0xc0000005u);
  EXPECT_THAT(parsed.notes(),
              ElementsAre("exception: context: needs 256 bytes at offset 0x0 and has 0 in all"));
}

TEST(Exception, KnowsAddressesOfX86ThatAreSignExtended) {
  MinidumpBuilder builder(MinidumpBuilder::Arch::X86);
  builder.exception({.code = 0xc0000005,
                     .address = 0xffff'ffff'8040'429e,
                     .parameters = {1, 0xffff'ffff'8000'0045}});
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().exception->address, 0x8040'429eu);
  EXPECT_THAT(parsed.snapshot().exception->parameters, ElementsAre(1u, 0x8000'0045u));
}

TEST(Exception, IsNotedWhenItIsTooShort) {
  MinidumpBuilder builder;
  builder.add_stream(kException, std::string(167, '\0'));
  const Parsed parsed(builder);
  EXPECT_FALSE(parsed.snapshot().exception.has_value());
  EXPECT_THAT(parsed.notes(),
              ElementsAre("ExceptionStream: needs 168 bytes at offset 0x0 and has 167 in all"));
}

TEST(Comment, IsReadFromBothOfItsStreams) {
  MinidumpBuilder builder;
  builder.add_stream(kCommentA, std::string_view("narrow\0rest", 11));
  builder.comment("wide – größer\n*** procdump");
  EXPECT_EQ(Parsed(builder).snapshot().comment, "narrow\nwide – größer\n*** procdump");
}

TEST(Comment, IsPrintable) {
  MinidumpBuilder builder;
  builder.comment("a\x1b[2Jb");
  EXPECT_EQ(Parsed(builder).snapshot().comment, "a\uFFFD[2Jb");
}

TEST(Comment, IsCutAtItsLimit) {
  MinidumpBuilder builder;
  builder.add_stream(kCommentA, std::string(70'000, 'x'));
  builder.add_stream(kCommentW, "");
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().comment.size(), 65'536u);
  EXPECT_THAT(parsed.notes(),
              ElementsAre("CommentStreamA: 70000 bytes, and the first 65536 are read"));
}

TEST(Wow64, IsKnownByItsLayerAndItsRegistersByTheTeb) {
  constexpr std::uint64_t kTeb = 0x7f'0000;
  constexpr std::uint64_t kCpuArea = 0x9000;
  MinidumpBuilder builder;
  builder.add_module({.base = 0x1000, .size = 1, .name = "C:\\x86\\app.exe"});
  builder.add_module({.base = 0x2000, .size = 1, .name = "C:\\Windows\\System32\\WOW64.dll"});
  builder.add_thread({.id = 1, .teb = kTeb, .context = test::amd64_context({.rip = 1})});
  builder.add_thread({.id = 2, .teb = 0x8f'0000, .context = test::amd64_context({.rip = 1})});
  builder.add_memory(kTeb + 0x1488, ByteBuilder().u64(kCpuArea).bytes());
  builder.add_memory(kCpuArea,
                     ByteBuilder().u32(0).raw(test::x86_context({.esp = 5, .eip = 6})).bytes());
  const Parsed parsed(builder);
  EXPECT_TRUE(parsed.snapshot().process.wow64);
  ASSERT_TRUE(parsed.snapshot().threads[0].wow64_context.has_value());
  EXPECT_EQ(parsed.snapshot().threads[0].wow64_context->eip, 6u);
  EXPECT_EQ(parsed.snapshot().threads[0].wow64_context->esp, 5u);
  EXPECT_FALSE(parsed.snapshot().threads[1].wow64_context.has_value());
}

TEST(Wow64, GivesTheRegistersOfX86WhileItsOwnCodeRuns) {
  test::Amd64Registers registers{.rip = 0x7fff'0040'1000, .cs = 0x23};
  registers.gpr[4] = 0x7fff'0010'0000;
  registers.gpr[3] = 3;
  MinidumpBuilder builder;
  builder.add_thread({.id = 1, .context = test::amd64_context(registers)});
  const Parsed parsed(builder);
  const auto* x86 = std::get_if<snapshot::X86Context>(&parsed.snapshot().threads.at(0).context);
  ASSERT_NE(x86, nullptr);
  EXPECT_EQ(x86->eip, 0x0040'1000u);
  EXPECT_EQ(x86->esp, 0x0010'0000u);
  EXPECT_EQ(x86->ebx, 3u);
}

TEST(Wow64, IsNotFoundInPlain64BitProcesses) {
  MinidumpBuilder builder;
  builder.add_module({.base = 0x1000, .size = 1, .name = "C:\\app.exe"});
  EXPECT_FALSE(Parsed(builder).snapshot().process.wow64);
}

}  // namespace
}  // namespace vigil::minidump
