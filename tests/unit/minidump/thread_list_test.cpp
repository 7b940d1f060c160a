// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed.h"

namespace vigil::minidump {
namespace {

using snapshot::Amd64Context;
using snapshot::Arm64Context;
using snapshot::X86Context;
using test::ByteBuilder;
using test::MinidumpBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint32_t kThreadList = 3;
constexpr std::uint32_t kThreadInfoList = 17;
constexpr std::uint32_t kThreadNames = 24;

test::Amd64Registers amd64_registers() {
  test::Amd64Registers registers;
  for (std::size_t i = 0; i < registers.gpr.size(); ++i) registers.gpr[i] = 0x1000 + i;
  registers.rip = 0x7ff6'0000'1234;
  registers.eflags = 0x246;
  return registers;
}

MinidumpBuilder::ThreadSpec thread() {
  return {.id = 0x1b4,
          .teb = 0x7f'0000,
          .stack_base = 0x8000,
          .stack = "bytes of the stack",
          .context = test::amd64_context(amd64_registers()),
          .name = "worker №1",
          .suspend_count = 1,
          .priority = 15,
          .start_address = 0x7ff6'0000'1000,
          .create_time = 132'444'736'000'000'000,
          .kernel_time = 20'000'000,
          .user_time = 30'000'000};
}

TEST(ThreadList, GivesEachFieldOfEachStreamThatTellsOfThreads) {
  MinidumpBuilder builder;
  builder.add_thread(thread());
  Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().threads.size(), 1u);
  const auto& read = parsed.snapshot().threads[0];
  EXPECT_EQ(read.id, ThreadId{0x1b4});
  EXPECT_EQ(read.name, "worker №1");
  EXPECT_EQ(read.teb, 0x7f'0000u);
  EXPECT_EQ(read.stack.base, 0x8000u);
  EXPECT_EQ(read.stack.size, 18u);
  EXPECT_EQ(parsed.memory(0x8000, 100), "bytes of the stack");
  EXPECT_EQ(read.suspend_count, 1u);
  EXPECT_EQ(read.priority, 15u);
  EXPECT_EQ(read.start_address, 0x7ff6'0000'1000u);
  EXPECT_EQ(format_utc(read.create_time.value()), "2020-09-13T12:26:40.000Z");
  EXPECT_EQ(read.user_time, Microseconds(3'000'000));
  EXPECT_EQ(read.kernel_time, Microseconds(2'000'000));
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(ThreadList, AcceptsPaddingBehindTheCount) {
  MinidumpBuilder builder;
  builder.add_stream(kThreadList, ByteBuilder().u32(1).u32(0).u32(7).seek(56).bytes());
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().threads.size(), 1u);
  EXPECT_EQ(parsed.snapshot().threads[0].id, ThreadId{7});
}

TEST(ThreadList, FindsTheStacksOfAFullDumpInItsMemory) {
  MinidumpBuilder builder;
  builder.full().add_thread(thread());
  Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().threads[0].stack.size, 18u);
  EXPECT_EQ(parsed.memory(0x8000, 5), "bytes");
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(ThreadList, FindsAStackThatIsNotDescribedByItsStackPointer) {
  auto registers = amd64_registers();
  registers.gpr[4] = 0x9010;
  MinidumpBuilder builder;
  builder.add_thread({.id = 1, .context = test::amd64_context(registers)});
  builder.add_memory(0x9000, std::string(0x40, 's'));
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().threads[0].stack.base, 0x9010u);
  EXPECT_EQ(parsed.snapshot().threads[0].stack.size, 0x30u);
}

TEST(ThreadList, NotesStacksThatAreNotThere) {
  MinidumpBuilder builder;
  builder.add_stream(kThreadList,
                     ByteBuilder().u32(1).u32(7).seek(28).u64(0x8000).u32(64).seek(52).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().threads[0].stack.size, 0u);
  EXPECT_THAT(parsed.notes(), ElementsAre("thread list: the stacks of 1 threads are not captured"));
}

TEST(ThreadList, CutsAStackToWhatTheFileHolds) {
  MinidumpBuilder builder;
  builder.add_thread(thread());
  const auto bytes = builder.finish();
  ByteBuilder file(bytes);
  constexpr std::size_t kStackSize = 4 + 0x18 + 8;
  file.patch_u32(builder.stream_offset(kThreadList) + kStackSize, 0x4000'0000);
  const Parsed parsed(file.bytes());
  const auto size = parsed.snapshot().threads[0].stack.size;
  EXPECT_GE(size, 18u);
  EXPECT_LT(size, bytes.size());
  ASSERT_EQ(parsed.notes().size(), 1u);
  EXPECT_THAT(parsed.notes()[0], ::testing::HasSubstr("bytes lie behind the end of the file"));
}

TEST(ThreadList, KeepsTheRecordsThatFitWhenItClaimsMore) {
  MinidumpBuilder builder;
  builder.add_stream(kThreadList, ByteBuilder().u32(3).u32(7).seek(4 + 48 + 47).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().threads.size(), 1u);
  EXPECT_THAT(
      parsed.notes(),
      ElementsAre("thread list: claims 3 records of 48 bytes, and 1 fit in the 95 bytes there"));
}

TEST(ThreadNames, AreLeftOutForThreadsThatAreNotThere) {
  MinidumpBuilder builder;
  builder.add_stream(kThreadNames,
                     ByteBuilder().u32(1).u32(9).u64(builder.place_string("x")).bytes());
  EXPECT_THAT(Parsed(builder).notes(), IsEmpty());
}

TEST(ThreadNames, HaveAnOffsetOf64Bits) {
  MinidumpBuilder builder;
  builder.add_thread({.id = 9});
  builder.add_stream(kThreadNames, ByteBuilder().u32(1).u32(9).u64(0x1'0000'0020).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().threads[0].name, "");
  ASSERT_EQ(parsed.notes().size(), 1u);
  EXPECT_THAT(parsed.notes()[0],
              ::testing::StartsWith("thread 0x9: name: needs 4 bytes at offset 0x100000020"));
}

TEST(ThreadInfo, IsLeftOutWhereItsWriterCouldNotGetIt) {
  constexpr std::uint32_t kInvalidInfo = 8;
  MinidumpBuilder builder;
  builder.add_thread({.id = 9});
  builder.add_stream(
      kThreadInfoList,
      ByteBuilder().u32(12).u32(64).u32(1).u32(9).u32(kInvalidInfo).fill(56, 'x').bytes());
  const auto read = Parsed(builder).snapshot().threads[0];
  EXPECT_EQ(read.start_address, 0u);
  EXPECT_EQ(read.create_time, std::nullopt);
  EXPECT_EQ(read.user_time, std::nullopt);
}

TEST(ThreadInfo, CanDeclareRegistersInvalid) {
  constexpr std::uint32_t kInvalidContext = 0x10;
  MinidumpBuilder builder;
  builder.add_thread({.id = 9, .context = test::amd64_context(amd64_registers())});
  builder.add_stream(
      kThreadInfoList,
      ByteBuilder().u32(12).u32(64).u32(1).u32(9).u32(kInvalidContext).seek(76).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(snapshot::instruction_pointer(parsed.snapshot().threads[0].context), std::nullopt);
  EXPECT_THAT(parsed.notes(),
              ElementsAre("thread 0x9: context: its writer marked it as not valid"));
}

TEST(ThreadInfo, IsNotedWhenItsEntriesAreTooSmall) {
  MinidumpBuilder builder;
  builder.add_thread({.id = 9});
  builder.add_stream(kThreadInfoList, ByteBuilder().u32(12).u32(4).u32(1).fill(64).bytes());
  EXPECT_THAT(Parsed(builder).notes(),
              ElementsAre("ThreadInfoListStream: its entries claim 4 bytes, and 64 are needed"));
}

/// The context of the only thread of a dump for \p arch.
snapshot::ThreadContext context_of(MinidumpBuilder::Arch arch, std::string context) {
  MinidumpBuilder builder(arch);
  builder.add_thread({.id = 1, .context = std::move(context)});
  return Parsed(builder).snapshot().threads[0].context;
}

TEST(ThreadContext, GivesTheRegistersOfAmd64) {
  const auto context =
      context_of(MinidumpBuilder::Arch::Amd64, test::amd64_context(amd64_registers()));
  ASSERT_TRUE(std::holds_alternative<Amd64Context>(context));
  const auto& registers = std::get<Amd64Context>(context);
  EXPECT_EQ(registers.gpr, amd64_registers().gpr);
  EXPECT_EQ(registers.rip, 0x7ff6'0000'1234u);
  EXPECT_EQ(registers.eflags, 0x246u);
}

TEST(ThreadContext, GivesTheRegistersOfX86) {
  const auto context = context_of(MinidumpBuilder::Arch::X86, test::x86_context({.eax = 1,
                                                                                 .ebx = 2,
                                                                                 .ecx = 3,
                                                                                 .edx = 4,
                                                                                 .esi = 5,
                                                                                 .edi = 6,
                                                                                 .ebp = 7,
                                                                                 .esp = 8,
                                                                                 .eip = 9,
                                                                                 .eflags = 10}));
  const X86Context expected{.eax = 1,
                            .ebx = 2,
                            .ecx = 3,
                            .edx = 4,
                            .esi = 5,
                            .edi = 6,
                            .ebp = 7,
                            .esp = 8,
                            .eip = 9,
                            .eflags = 10};
  ASSERT_TRUE(std::holds_alternative<X86Context>(context));
  EXPECT_EQ(std::get<X86Context>(context), expected);
}

TEST(ThreadContext, GivesTheRegistersOfArm64) {
  test::Arm64Registers registers;
  for (std::size_t i = 0; i < registers.x.size(); ++i) registers.x[i] = 100 + i;
  registers.sp = 1;
  registers.pc = 2;
  registers.cpsr = 3;
  const auto context = context_of(MinidumpBuilder::Arch::Arm64, test::arm64_context(registers));
  ASSERT_TRUE(std::holds_alternative<Arm64Context>(context));
  const auto& read = std::get<Arm64Context>(context);
  EXPECT_EQ(read.x, registers.x);
  EXPECT_EQ(read.sp, 1u);
  EXPECT_EQ(read.pc, 2u);
  EXPECT_EQ(read.cpsr, 3u);
}

TEST(ThreadContext, IgnoresExtendedStateBehindIt) {
  const auto plain = test::amd64_context(amd64_registers());
  EXPECT_EQ(context_of(MinidumpBuilder::Arch::Amd64, plain + std::string(2000, 'x')),
            context_of(MinidumpBuilder::Arch::Amd64, plain));
}

TEST(ThreadContext, IsReadWhenOnlyItsTailIsLost) {
  const auto plain = test::amd64_context(amd64_registers());
  EXPECT_EQ(context_of(MinidumpBuilder::Arch::Amd64, plain.substr(0, 0x100)),
            context_of(MinidumpBuilder::Arch::Amd64, plain));
}

TEST(ThreadContext, IsNotReadAsThatOfAnotherProcessor) {
  MinidumpBuilder builder(MinidumpBuilder::Arch::Arm64);
  builder.add_thread({.id = 1, .context = test::x86_context({.eip = 1})});
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().threads[0].context.index(), 0u);
  EXPECT_THAT(parsed.notes(),
              ElementsAre("thread 0x1: context: flags 0x1003f are of another processor"));
}

TEST(ThreadContext, IsNothingWithoutControlRegisters) {
  constexpr std::uint32_t kIntegerOnly = 0x100002;
  MinidumpBuilder builder;
  builder.add_thread({.id = 1,
                      .context = ByteBuilder(test::amd64_context(amd64_registers()))
                                     .patch_u32(0x30, kIntegerOnly)
                                     .bytes()});
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().threads[0].context.index(), 0u);
  EXPECT_THAT(
      parsed.notes(),
      ElementsAre(
          "thread 0x1: context: flags 0x100002 say that the control registers are not there"));
}

TEST(ThreadContext, IsReadWhenItsFlagsNameNoGroup) {
  for (const std::uint32_t flags : {0u, 0x100000u}) {
    const auto context =
        ByteBuilder(test::amd64_context(amd64_registers())).patch_u32(0x30, flags).bytes();
    EXPECT_EQ(context_of(MinidumpBuilder::Arch::Amd64, context).index(), 2u);
  }
}

TEST(ThreadContext, IsNotedWhenItIsTooShortOrOfAnUnreadProcessor) {
  MinidumpBuilder builder;
  builder.add_thread({.id = 1, .context = std::string(0xff, '\0')});
  EXPECT_THAT(Parsed(builder).notes(),
              ElementsAre("thread 0x1: context: needs 256 bytes at offset 0x0 and has 255 in all"));
  MinidumpBuilder arm(MinidumpBuilder::Arch::Arm);
  arm.add_thread({.id = 1, .context = std::string(368, '\0')});
  EXPECT_THAT(Parsed(arm).notes(),
              ElementsAre("thread 0x1: context: registers of 32-bit ARM are not read"));
}

TEST(ThreadContext, IsKnownByItsFlagsWhenTheSystemInformationIsLost) {
  MinidumpBuilder builder;
  builder.without_system_info();
  builder.add_thread({.id = 1, .context = test::amd64_context(amd64_registers())});
  builder.add_thread({.id = 2, .context = test::x86_context({.eip = 5})});
  builder.add_thread({.id = 3, .context = test::arm64_context({.pc = 6})});
  builder.add_thread({.id = 4, .context = std::string(0x500, '\0')});
  const Parsed parsed(builder);
  const auto& threads = parsed.snapshot().threads;
  EXPECT_TRUE(std::holds_alternative<Amd64Context>(threads[0].context));
  EXPECT_TRUE(std::holds_alternative<X86Context>(threads[1].context));
  EXPECT_TRUE(std::holds_alternative<Arm64Context>(threads[2].context));
  EXPECT_THAT(parsed.notes(), ElementsAre("thread 0x4: context: the processor is not known"));
}

TEST(ThreadList, SettlesManyStacksOverManyRanges) {
  // Step by step it would be some billion steps.
  constexpr std::uint32_t kThreads = 65'536, kRanges = 1 << 17;
  constexpr std::uint64_t kBase = 0x1000'0000;
  ByteBuilder threads, ranges;
  threads.u32(kThreads);
  for (std::uint32_t i = 0; i < kThreads; ++i) {
    threads.u32(i + 1).u32(0).u32(0).u32(0).u64(0);
    threads.u64(kBase + i).u32(2 * kRanges).u32(0).u32(0).u32(0);
  }
  ranges.u32(kRanges);
  for (std::uint32_t i = 0; i < kRanges; ++i) ranges.u64(kBase + i).u32(1).u32(32);
  MinidumpBuilder builder;
  builder.add_stream(3, threads.bytes()).add_stream(5, ranges.bytes());
  const Parsed parsed(builder);
  ASSERT_EQ(parsed.snapshot().threads.size(), kThreads);
  EXPECT_EQ(parsed.snapshot().threads.front().stack.size, kRanges);
  EXPECT_EQ(parsed.snapshot().threads.back().stack.size, kRanges - kThreads + 1);
}

}  // namespace
}  // namespace vigil::minidump
