// SPDX-License-Identifier: Apache-2.0
#include "unwind/unwind.h"

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "unit/unwind/fake_process.h"

namespace vigil::unwind {
namespace {

using namespace std::string_view_literals;
using snapshot::Amd64Context;
using test::amd64_context;
using test::ByteBuilder;
using test::CodeModule;
using test::FakeProcess;
using test::InfoBuilder;

constexpr std::uint64_t kBase = FakeProcess::kBase, kStack = FakeProcess::kStack;
constexpr std::uint64_t kJit = 0x2'0000'0000;  // code in no module
constexpr unsigned kRbp = 5, kAllocSmall = 2;

/// Three functions with 8 bytes of locals each; 0x1105, 0x1205 and 0x1305 follow calls.
CodeModule three_functions() {
  CodeModule module;
  for (std::uint32_t begin = 0x1100; begin <= 0x1300; begin += 0x100) {
    module.call_before(begin + 5);
    module.function(begin, begin + 0x100, InfoBuilder(0).op(0, kAllocSmall, 0).build());
  }
  return module;
}

FakeProcess& with_module(FakeProcess& process) {
  return process.module(kBase, three_functions().build().mapped());
}

TEST(Walk, GoesFromFrameToFrameToTheEndOfTheStack) {
  FakeProcess process;
  ByteBuilder stack;
  stack.u64(0).u64(kBase + 0x1205).u64(0).u64(kBase + 0x1305).u64(0).u64(0).fill(64);
  const auto walk = with_module(process).stack(stack).walk(amd64_context(kBase + 0x1105, kStack));
  ASSERT_EQ(walk.frames.size(), 3u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
  EXPECT_EQ(walk.frames[0].trust, FrameTrust::Context);
  EXPECT_EQ(walk.frames[0].instruction, kBase + 0x1105);
  EXPECT_EQ(walk.frames[1].instruction, kBase + 0x1204);
  EXPECT_EQ(walk.frames[1].resume, kBase + 0x1205);
  EXPECT_EQ(walk.frames[2].instruction, kBase + 0x1304);
}

TEST(Walk, StopsAtTheFrameLimit) {
  FakeProcess process;
  ByteBuilder stack;
  for (int i = 0; i < 10; ++i) stack.u64(0).u64(kBase + 0x1205);
  const auto walk =
      with_module(process).stack(stack).walk(amd64_context(kBase + 0x1105, kStack), 4);
  EXPECT_EQ(walk.frames.size(), 4u);
  EXPECT_EQ(walk.stop, StopReason::FrameLimit);
}

TEST(Walk, StopsBehindTheFirstFrameWhenTimeIsUp) {
  FakeProcess process;
  ByteBuilder stack;
  for (int i = 0; i < 10; ++i) stack.u64(0).u64(kBase + 0x1205);
  test::PassedDeadline passed;
  with_module(process).stack(stack).ends_by(passed);
  const auto walk = process.walk(amd64_context(kBase + 0x1105, kStack));
  EXPECT_EQ(walk.frames.size(), 1u);
  EXPECT_EQ(walk.stop, StopReason::TimeLimit);
}

/// Small dumps of kernels have no images: only whoever asks for it gets guesses that nobody can
/// check.
TEST(Walk, GuessesInModulesWithoutCodeOnlyWhenAsked) {
  ByteBuilder stack;
  stack.u64(7).u64(kBase + 0x1205).u64(0x1234).u64(kBase + 0x1305).fill(64);
  FakeProcess process;
  process.module_without_image(kBase).stack(stack);
  EXPECT_EQ(process.walk(amd64_context(kBase + 0x1105, kStack)).frames.size(), 1u);
  const auto walk = process.guesses_without_code().walk(amd64_context(kBase + 0x1105, kStack));
  ASSERT_EQ(walk.frames.size(), 3u);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::Scan);
  EXPECT_EQ(walk.frames[1].resume, kBase + 0x1205);
  EXPECT_EQ(walk.frames[2].resume, kBase + 0x1305);
}

/// Of x64 a return address lies 8 bytes below a multiple of 16.
TEST(Walk, GuessesOnlyWhereACallLeavesItsReturnAddress) {
  ByteBuilder stack;
  stack.u64(kBase + 0x1405).u64(kBase + 0x1205).u64(kBase + 0x1505).u64(kBase + 0x1205);
  stack.u64(0).u64(kBase + 0x1305).u64(0).u64(kBase + 0x1205).fill(64);
  FakeProcess process;
  process.module_without_image(kBase).stack(stack).guesses_without_code();
  const auto walk = process.walk(amd64_context(kBase + 0x1105, kStack));
  ASSERT_EQ(walk.frames.size(), 4u);  // the second 0x1205 in a row is left from before
  EXPECT_EQ(walk.frames[1].resume, kBase + 0x1205);
  EXPECT_EQ(walk.frames[2].resume, kBase + 0x1305);
  EXPECT_EQ(walk.frames[3].resume, kBase + 0x1205);
}

TEST(Walk, GuessesNoAddressOfAProgramOnAStackOfTheKernel) {
  constexpr std::uint64_t kKernel = 0xffff'f800'0000'0000, kKernelStack = 0xffff'c08d'0000'0000;
  ByteBuilder stack;
  stack.u64(0).u64(kBase + 0x1205).u64(0).u64(kKernel + 0x1305).fill(64);
  FakeProcess process;
  with_module(process).module_without_image(kKernel).memory(kKernelStack, stack.bytes());
  const auto walk =
      process.guesses_without_code().walk(amd64_context(kKernel + 0x1105, kKernelStack));
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].resume, kKernel + 0x1305);
}

TEST(Walk, HasNoFramesWithoutRegisters) {
  FakeProcess process;
  const auto walk = process.walk({});
  EXPECT_TRUE(walk.frames.empty());
  EXPECT_EQ(walk.stop, StopReason::NoContext);
}

TEST(Walk, FindsTheCallerOfACallThroughABadPointer) {
  FakeProcess process;
  ByteBuilder stack;
  stack.u64(kBase + 0x1105).u64(0).u64(kBase + 0x1205).u64(0).u64(0).fill(64);
  const auto walk = with_module(process).stack(stack).walk(amd64_context(0, kStack));
  ASSERT_EQ(walk.frames.size(), 3u);
  EXPECT_EQ(walk.frames[0].module, std::nullopt);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::Leaf);
  EXPECT_EQ(walk.frames[1].resume, kBase + 0x1105);
  EXPECT_EQ(walk.frames[2].trust, FrameTrust::UnwindInfo);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(Walk, InventsNoCallerOfABadPointer) {
  FakeProcess process;
  ByteBuilder stack;
  stack.u64(kBase + 0x1180)
      .u64(kBase + 0x4000)
      .u64(kBase + 0x1305 - 1)
      .fill(512);  // none follows a call
  const auto walk = with_module(process).stack(stack).walk(amd64_context(0x1234, kStack));
  EXPECT_EQ(walk.frames.size(), 1u);
  EXPECT_EQ(walk.stop, StopReason::NotInModule);
}

TEST(Walk, ScansPastAnOverwrittenReturnAddress) {
  FakeProcess process;
  ByteBuilder stack;
  stack.u64(0x4141'4141'4141'4141).u64(0x4141'4141'4141'4141).u64(1).u64(kBase + 0x1205);
  stack.u64(0).u64(0).fill(64);
  const auto walk = with_module(process).stack(stack).walk(amd64_context(kBase + 0x1180, kStack));
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::Scan);
  EXPECT_EQ(walk.frames[1].resume, kBase + 0x1205);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(Walk, ScansNoFurtherThanTheLimit) {
  FakeProcess process;
  ByteBuilder stack;
  stack.u64(0).u64(0x4141).fill(257 * 8, '\x41').u64(kBase + 0x1205).fill(64);
  const auto walk = with_module(process).stack(stack).walk(amd64_context(kBase + 0x1180, kStack));
  EXPECT_EQ(walk.frames.size(), 1u);
  EXPECT_EQ(walk.stop, StopReason::NotInModule);
}

TEST(Walk, GuessesOnlyAFewFrames) {
  FakeProcess process;
  CodeModule module;
  module.call_before(0x1105).function(0x1100, 0x1200, InfoBuilder(0).version(7).build());
  ByteBuilder stack;
  for (int i = 0; i < 100; ++i) stack.u64(kBase + 0x1105);
  process.module(kBase, module.build().mapped()).stack(stack);
  const auto walk = process.walk(amd64_context(kBase + 0x1180, kStack));
  EXPECT_EQ(walk.frames.size(), 17u);
  EXPECT_EQ(walk.stop, StopReason::BadUnwindInfo);
}

TEST(Walk, FollowsFramePointersThroughDynamicCode) {
  FakeProcess process;
  process.memory(kJit - 8, std::string(8, '\x90') + std::string("\xff\xd0"sv));
  with_module(process);
  ByteBuilder stack;
  stack.fill(32).u64(kStack + 64).u64(kJit + 2).fill(16).u64(kStack + 0x100).u64(kBase + 0x1205);
  stack.u64(0).u64(0).fill(64);
  process.memory(kJit + 0x100, std::string(64, '\x90')).stack(stack);
  auto context = amd64_context(kJit + 0x110, kStack);
  context.gpr[kRbp] = kStack + 32;
  const auto walk = process.walk(context);
  ASSERT_EQ(walk.frames.size(), 3u);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::FramePointer);
  EXPECT_EQ(walk.frames[1].resume, kJit + 2);
  EXPECT_EQ(walk.frames[2].trust, FrameTrust::FramePointer);
  EXPECT_EQ(walk.frames[2].resume, kBase + 0x1205);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(Walk, SaysThatAnImageIsMissing) {
  FakeProcess process;
  ByteBuilder stack;
  stack.u64(kBase + 0x1105).fill(256);
  const auto walk =
      process.module_without_image(kBase).stack(stack).walk(amd64_context(kBase + 0x1180, kStack));
  ASSERT_EQ(walk.frames.size(), 1u);
  EXPECT_EQ(walk.frames[0].module, 0u);
  EXPECT_EQ(walk.stop, StopReason::NoImage);
}

TEST(Walk, ScansOutOfAModuleWithoutImage) {
  FakeProcess process;
  ByteBuilder stack;
  stack.u64(kBase + 0x2'0000 + 0x1105).u64(kBase + 0x1205).u64(0).u64(0).fill(64);
  with_module(process).module_without_image(kBase + 0x2'0000).stack(stack);
  const auto walk = process.walk(amd64_context(kBase + 0x2'0000 + 0x1180, kStack));
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::Scan);
  EXPECT_EQ(walk.frames[1].resume, kBase + 0x1205);
}

TEST(Walk, EndsWhereThreadsStartWhateverLiesBelow) {
  FakeProcess process;
  process.module(kBase, three_functions().exports("RtlUserThreadStart", 0x1200).build().mapped());
  ByteBuilder stack;
  stack.u64(0).u64(kBase + 0x1205).u64(0).u64(0x4141).u64(kBase + 0x1305).fill(64);
  const auto walk = process.stack(stack).walk(amd64_context(kBase + 0x1180, kStack));
  EXPECT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(Walk, DoesNotLeaveTheStack) {
  FakeProcess process;
  with_module(process).stack(ByteBuilder().u64(0).u64(kBase + 0x1205));
  process.memory(kStack + 16, std::string(64, '\0'));  // captured, but not of this stack
  const auto walk = process.walk(amd64_context(kBase + 0x1180, kStack));
  EXPECT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(Walk, GoesOnWithoutLimitsWhenTheStackPointerIsElsewhere) {
  FakeProcess process;
  ByteBuilder fiber;
  fiber.u64(0).u64(kBase + 0x1205).u64(0).u64(0);
  with_module(process).stack(ByteBuilder().fill(64)).memory(0x9000, fiber.bytes());
  const auto walk = process.walk(amd64_context(kBase + 0x1180, 0x9000));
  EXPECT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(Walk, RefusesAStackPointerThatIsNotAligned) {
  FakeProcess process;
  ByteBuilder stack;
  stack.u8(0).u64(0).u64(kBase + 0x1205).fill(64);
  const auto walk =
      with_module(process).stack(stack).walk(amd64_context(kBase + 0x1180, kStack + 1));
  EXPECT_EQ(walk.frames.size(), 1u);
  EXPECT_EQ(walk.stop, StopReason::OutsideStack);
}

TEST(Walk, NamesTrustAndReasonAsTheReportDoes) {
  EXPECT_EQ(to_string(FrameTrust::UnwindInfo), "unwind_info");
  EXPECT_EQ(to_string(FrameTrust::Scan), "scan");
  EXPECT_EQ(to_string(StopReason::EndOfStack), "end_of_stack");
  EXPECT_EQ(to_string(StopReason::FrameLimit), "frame_limit");
}

TEST(Walk, FollowsFramePointersOfX64WhereTheSystemKeepsThem) {
  ByteBuilder stack;
  stack.u64(1).u64(kStack + 32).u64(kBase + 0x1105).u64(2);
  stack.u64(0).u64(kBase + 0x1205).fill(32);
  auto context = test::amd64_context(kBase + 0x1010, kStack);
  context.gpr[5] = kStack + 8;
  FakeProcess process;
  process.module_without_image(kBase).stack(stack);
  EXPECT_EQ(process.walk(context).frames.size(), 1u);
  const auto walk = process.keeps_frame_pointers().walk(context);
  ASSERT_EQ(walk.frames.size(), 3u);
  EXPECT_EQ(walk.frames[2].trust, FrameTrust::FramePointer);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

}  // namespace
}  // namespace vigil::unwind
