// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <utility>

#include <gtest/gtest.h>

#include "unit/unwind/fake_process.h"

namespace vigil::unwind {
namespace {

using snapshot::Amd64Context;
using test::amd64_context;
using test::ByteBuilder;
using test::CodeModule;
using test::FakeProcess;
using test::InfoBuilder;

constexpr std::uint64_t kBase = FakeProcess::kBase, kStack = FakeProcess::kStack;
constexpr unsigned kRbx = 3, kRsp = 4, kRbp = 5, kRsi = 6, kR12 = 12;
// Operations of unwind codes.
constexpr unsigned kPush = 0, kAllocLarge = 1, kAllocSmall = 2, kSetFrame = 3, kSave = 4,
                   kSaveFar = 5, kEpilogue = 6, kSpare = 7, kSaveXmm = 8, kSaveXmmFar = 9,
                   kMachineFrame = 10;

/// The function under test covers 0x1000 to 0x1100. Its caller, at 0x1105, is the thread's first.
constexpr std::uint32_t kReturn = 0x1105;
constexpr std::uint64_t kBody = kBase + 0x1080;

CodeModule callee(const InfoBuilder& info) {
  CodeModule module;
  module.call_before(kReturn);
  module.function(0x1000, 0x1100, info.build());
  module.function(0x1100, 0x1200, InfoBuilder(0).build());
  return module;
}

Walk walk(const CodeModule& module, const ByteBuilder& stack, const Amd64Context& context) {
  return FakeProcess().module(kBase, module.build().mapped()).stack(stack).walk(context);
}

Walk walk(const InfoBuilder& info, const ByteBuilder& stack, std::uint64_t rip = kBody) {
  return walk(callee(info), stack, amd64_context(rip, kStack));
}

const Amd64Context& registers(const Walk& walk, std::size_t frame) {
  return std::get<Amd64Context>(walk.frames.at(frame).context);
}

/// \p words of what a function keeps on the stack, its return address, and the end of the stack.
ByteBuilder stack_of(std::initializer_list<std::uint64_t> words) {
  ByteBuilder stack;
  for (const auto word : words) stack.u64(word);
  return stack.u64(kBase + kReturn).u64(0).fill(64);
}

void expect_caller(const Walk& walk, std::uint64_t rsp) {
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::UnwindInfo);
  EXPECT_EQ(walk.frames[1].resume, kBase + kReturn);
  EXPECT_EQ(walk.frames[1].instruction, kBase + kReturn - 1);
  EXPECT_EQ(walk.frames[1].module, 0u);
  EXPECT_EQ(registers(walk, 1).gpr[kRsp], rsp);
}

TEST(Amd64, RestoresPushedRegisters) {
  const auto result = walk(InfoBuilder(3).op(3, kPush, kR12).op(1, kPush, kRbx), stack_of({12, 3}));
  expect_caller(result, kStack + 24);
  EXPECT_EQ(registers(result, 1).gpr[kR12], 12u);
  EXPECT_EQ(registers(result, 1).gpr[kRbx], 3u);
}

TEST(Amd64, ReleasesASmallAllocation) {
  expect_caller(walk(InfoBuilder(4).op(4, kAllocSmall, 2), stack_of({1, 2, 3})), kStack + 32);
}

TEST(Amd64, ReleasesALargeAllocationInWords) {
  expect_caller(walk(InfoBuilder(7).op16(7, kAllocLarge, 0, 3), stack_of({1, 2, 3})), kStack + 32);
}

TEST(Amd64, ReleasesALargeAllocationInBytes) {
  expect_caller(walk(InfoBuilder(7).op32(7, kAllocLarge, 1, 24), stack_of({1, 2, 3})), kStack + 32);
}

TEST(Amd64, FindsTheFrameByItsFrameRegister) {
  const auto info =
      InfoBuilder(9).frame(kRbp, 1).op(9, kSetFrame, 0).op(5, kAllocSmall, 1).op(1, kPush, kRbp);
  auto context = amd64_context(kBody, kStack);
  context.gpr[kRbp] = kStack + 32 + 16;  // the stack pointer has moved 32 bytes further down since
  const auto result = walk(callee(info), stack_of({0, 0, 0, 0, 1, 2, 55}), context);
  expect_caller(result, kStack + 64);
  EXPECT_EQ(registers(result, 1).gpr[kRbp], 55u);
}

TEST(Amd64, RestoresSavedRegisters) {
  const auto info =
      InfoBuilder(20).op16(20, kSave, kRsi, 1).op32(12, kSaveFar, kRbx, 16).op(4, kAllocSmall, 3);
  const auto result = walk(info, stack_of({1, 66, 33, 4}));
  expect_caller(result, kStack + 40);
  EXPECT_EQ(registers(result, 1).gpr[kRsi], 66u);
  EXPECT_EQ(registers(result, 1).gpr[kRbx], 33u);
}

TEST(Amd64, RestoresSavedRegistersRelativeToTheFrameRegister) {
  const auto info = InfoBuilder(9)
                        .frame(kRbp, 0)
                        .op16(9, kSave, kRsi, 0)
                        .op(5, kSetFrame, 0)
                        .op(4, kAllocSmall, 0);
  auto context = amd64_context(kBody, kStack);
  context.gpr[kRbp] = kStack + 8;
  const auto result = walk(callee(info), stack_of({0, 66}), context);
  expect_caller(result, kStack + 24);
  EXPECT_EQ(registers(result, 1).gpr[kRsi], 66u);
}

TEST(Amd64, SkipsVectorRegistersAndTheirOperands) {
  const auto info = InfoBuilder(20)
                        .op16(20, kSaveXmm, 6, 1)
                        .op32(15, kSaveXmmFar, 7, 32)
                        .op32(12, kSpare, 0, 5)
                        .op(4, kAllocSmall, 1);
  expect_caller(walk(info, stack_of({1, 2})), kStack + 24);
}

TEST(Amd64, TakesTheInterruptedRegistersFromAMachineFrame) {
  ByteBuilder stack;
  stack.u64(kBase + 0x1140).u64(0x33).u64(0x246).u64(kStack + 48).u64(0x2b).u64(0).u64(0).fill(64);
  const auto result = walk(InfoBuilder(0).op(0, kMachineFrame, 0), stack);
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].instruction, kBase + 0x1140);
  EXPECT_EQ(registers(result, 1).gpr[kRsp], kStack + 48);
}

TEST(Amd64, SkipsTheErrorCodeOfAMachineFrame) {
  ByteBuilder stack;
  stack.u64(0xe).u64(kBase + 0x1140).u64(0x33).u64(0x246).u64(kStack + 48).u64(0x2b).fill(64);
  const auto result = walk(InfoBuilder(0).op(0, kMachineFrame, 1), stack);
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].resume, kBase + 0x1140);
}

TEST(Amd64, UndoesOnlyWhatHadRunOfThePrologue) {
  const auto info = InfoBuilder(5).op(5, kAllocSmall, 1).op(1, kPush, kRbx);
  expect_caller(walk(info, stack_of({}), kBase + 0x1000), kStack + 8);
  expect_caller(walk(info, stack_of({3}), kBase + 0x1001), kStack + 16);
  expect_caller(walk(info, stack_of({3}), kBase + 0x1004), kStack + 16);
  expect_caller(walk(info, stack_of({1, 2, 3}), kBase + 0x1005), kStack + 32);
}

TEST(Amd64, DoesNotUseAFrameRegisterBeforeItIsSet) {
  const auto info = InfoBuilder(5).frame(kRbp, 0).op(5, kSetFrame, 0).op(1, kPush, kRbp);
  auto context = amd64_context(kBase + 0x1001, kStack);
  context.gpr[kRbp] = 0xdead;
  const auto result = walk(callee(info), stack_of({55}), context);
  expect_caller(result, kStack + 16);
}

TEST(Amd64, FollowsAChainToTheFunctionItIsAPartOf) {
  CodeModule module;
  module.call_before(kReturn);
  const auto primary =
      module.add_info(InfoBuilder(4).op(4, kAllocSmall, 0).op(1, kPush, kRbx).build());
  const auto part = InfoBuilder(4).op16(4, kSave, kRsi, 0).chained(0x1000, 0x1040, primary);
  module.function(0x1040, 0x1100, part.build());
  module.function(0x1100, 0x1200, InfoBuilder(0).build());
  const auto result = walk(module, stack_of({66, 33}), amd64_context(kBody, kStack));
  expect_caller(result, kStack + 24);
  EXPECT_EQ(registers(result, 1).gpr[kRsi], 66u);
  EXPECT_EQ(registers(result, 1).gpr[kRbx], 33u);
}

TEST(Amd64, GivesUpOnAChainWithoutEnd) {
  CodeModule module;
  module.function(0x1000, 0x1100,
                  InfoBuilder(0).chained(0x1000, 0x1100, CodeModule::kInfo).build());
  const auto result = walk(module, stack_of({}), amd64_context(kBody, kStack));
  EXPECT_EQ(result.frames.size(), 1u);
  EXPECT_EQ(result.stop, StopReason::BadUnwindInfo);
}

TEST(Amd64, SkipsTheEpilogueCodesOfVersion2) {
  const auto info =
      InfoBuilder(1).version(2).op(2, kEpilogue, 1).op(0, kEpilogue, 0).op(1, kPush, kRbx);
  expect_caller(walk(info, stack_of({3})), kStack + 16);
}

TEST(Amd64, TakesAFunctionWithoutUnwindInfoForALeaf) {
  CodeModule module;
  module.call_before(kReturn).function(0x1100, 0x1200, InfoBuilder(0).build());
  const auto result = walk(module, stack_of({}), amd64_context(kBody, kStack));
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].trust, FrameTrust::Leaf);
  EXPECT_EQ(registers(result, 1).gpr[kRsp], kStack + 8);
}

TEST(Amd64, DoesNotTakeACallerForALeaf) {
  CodeModule module;
  module.call_before(kReturn).function(0x1000, 0x1100, InfoBuilder(0).build());
  ByteBuilder stack = stack_of({});
  stack.patch_u64(8, kBase + kReturn);
  const auto result = walk(module, stack, amd64_context(kBody, kStack));
  EXPECT_EQ(result.stop, StopReason::NoUnwindInfo);
  EXPECT_EQ(result.frames.size(), 2u);
}

// Every error path follows.

TEST(Amd64, RefusesAVersionItDoesNotKnow) {
  EXPECT_EQ(walk(InfoBuilder(0).version(3), ByteBuilder().fill(64)).stop,
            StopReason::BadUnwindInfo);
  EXPECT_EQ(walk(InfoBuilder(0).version(0), ByteBuilder().fill(64)).stop,
            StopReason::BadUnwindInfo);
}

TEST(Amd64, RefusesAnUnknownOperation) {
  EXPECT_EQ(walk(InfoBuilder(1).op(1, 11, 0), ByteBuilder().fill(64)).stop,
            StopReason::BadUnwindInfo);
  EXPECT_EQ(walk(InfoBuilder(1).op(1, kAllocLarge, 2), ByteBuilder().fill(64)).stop,
            StopReason::BadUnwindInfo);
}

TEST(Amd64, RefusesAnOperationWhoseSlotsDoNotFit) {
  EXPECT_EQ(walk(InfoBuilder(1).op(1, kAllocLarge, 0), ByteBuilder().fill(64)).stop,
            StopReason::BadUnwindInfo);
}

TEST(Amd64, StopsWhenTheUnwindInfoIsNotInTheImage) {
  ByteBuilder bytes(callee(InfoBuilder(0)).build().mapped());
  bytes.patch_u32(CodeModule::kTable + 8, 0xffff'fff0);
  const auto result = FakeProcess()
                          .module(kBase, bytes.bytes())
                          .stack(ByteBuilder().fill(64))
                          .walk(amd64_context(kBody, kStack));
  EXPECT_EQ(result.stop, StopReason::NoUnwindInfo);
}

TEST(Amd64, StopsWhereTheStackWasNotCaptured) {
  EXPECT_EQ(walk(InfoBuilder(7).op16(7, kAllocLarge, 0, 0x1000), ByteBuilder().fill(64)).stop,
            StopReason::NoMemory);
}

TEST(Amd64, RefusesToGoDownTheStack) {
  const auto info = InfoBuilder(5).frame(kRbp, 0).op(5, kSetFrame, 0);
  FakeProcess process;
  process.module(kBase, callee(info).build().mapped()).stack(stack_of({}));
  process.memory(kStack - 0x1000, ByteBuilder().u64(kBase + kReturn).fill(64).bytes());
  auto context = amd64_context(kBody, kStack + 8);
  context.gpr[kRbp] = kStack - 0x1000;
  EXPECT_EQ(process.walk(context).stop, StopReason::NoProgress);
}

}  // namespace
}  // namespace vigil::unwind
