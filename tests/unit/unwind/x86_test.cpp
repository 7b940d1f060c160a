// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

#include "unit/unwind/fake_process.h"

namespace vigil::unwind {
namespace {

using namespace std::string_view_literals;
using snapshot::X86Context;
using test::ByteBuilder;
using test::CodeModule;
using test::FakeProcess;
using test::PeBuilder;

constexpr std::uint32_t kBase = FakeProcess::kBase32, kStack = FakeProcess::kStack;

CodeModule code() {
  CodeModule module(PeBuilder::kX86);
  return module.call_before(0x1105).call_before(0x1205);
}

X86Context context(std::uint32_t eip, std::uint32_t esp, std::uint32_t ebp) {
  X86Context result;
  result.eip = eip;
  result.esp = esp;
  result.ebp = ebp;
  return result;
}

/// Two frames: the first with its frame pointer at 8, the second at 24.
ByteBuilder two_frames() {
  ByteBuilder stack;
  stack.u32(1).u32(2).u32(kStack + 24).u32(kBase + 0x1105);
  stack.u32(3).u32(4).u32(0).u32(0).fill(32);
  return stack;
}

Walk walk(const ByteBuilder& stack, const X86Context& from, const CodeModule& module = code()) {
  return FakeProcess().module(kBase, module.build().mapped()).stack(stack).walk(from);
}

TEST(X86, FollowsFramePointersToTheEndOfTheChain) {
  const auto result = walk(two_frames(), context(kBase + 0x1010, kStack, kStack + 8));
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].trust, FrameTrust::FramePointer);
  EXPECT_EQ(result.frames[1].instruction, kBase + 0x1104u);
  EXPECT_EQ(std::get<X86Context>(result.frames[1].context).esp, kStack + 16u);
  EXPECT_EQ(std::get<X86Context>(result.frames[1].context).ebp, kStack + 24u);
  EXPECT_EQ(result.stop, StopReason::EndOfStack);
}

TEST(X86, FollowsFramePointersWithoutAnyImage) {
  const auto result = FakeProcess()
                          .module_without_image(kBase)
                          .stack(two_frames())
                          .walk(context(kBase + 0x1010, kStack, kStack + 8));
  EXPECT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.stop, StopReason::EndOfStack);
}

TEST(X86, DoesNotFollowAFramePointerToWhatIsNoReturnAddress) {
  ByteBuilder stack = two_frames();
  stack.patch_u32(12, kBase + 0x1180);
  const auto result = walk(stack, context(kBase + 0x1010, kStack, kStack + 8));
  EXPECT_EQ(result.frames.size(), 1u);
}

TEST(X86, DoesNotFollowAFramePointerDownTheStack) {
  ByteBuilder stack = two_frames();
  stack.patch_u32(8, kStack);
  const auto result = walk(stack, context(kBase + 0x1010, kStack, kStack + 8));
  for (const auto& frame : result.frames) EXPECT_NE(frame.trust, FrameTrust::FramePointer);
}

TEST(X86, FindsTheCallerBeforeTheFramePointerIsSet) {
  ByteBuilder stack;
  stack.u32(kBase + 0x1205).u32(2).u32(0).u32(kBase + 0x1105).fill(32);
  const auto from = context(kBase + 0x1300, kStack, kStack + 8);
  for (const auto prologue :
       {"\x55\x8b\xec"sv, "\x8b\xff\x55\x8b\xec"sv, "\xc3"sv, "\xc2\x08\0"sv}) {
    const auto result = walk(stack, from, code().code(0x1300, prologue));
    ASSERT_EQ(result.frames.size(), 3u);
    EXPECT_EQ(result.frames[1].trust, FrameTrust::Leaf);
    EXPECT_EQ(result.frames[1].resume, kBase + 0x1205u);
    EXPECT_EQ(result.frames[2].resume, kBase + 0x1105u);
  }
}

TEST(X86, FindsTheCallerBetweenSavingAndSettingTheFramePointer) {
  ByteBuilder stack;
  stack.u32(kStack + 16).u32(kBase + 0x1205).u32(0).u32(0).u32(0).u32(kBase + 0x1105).fill(32);
  const auto result =
      walk(stack, context(kBase + 0x1301, kStack, 0x1234), code().code(0x1300, "\x55\x89\xe5"sv));
  ASSERT_EQ(result.frames.size(), 3u);
  EXPECT_EQ(result.frames[1].resume, kBase + 0x1205u);
  EXPECT_EQ(std::get<X86Context>(result.frames[1].context).ebp, kStack + 16u);
  EXPECT_EQ(result.frames[2].resume, kBase + 0x1105u);
}

TEST(X86, FindsTheCallerOfACallThroughABadPointer) {
  ByteBuilder stack;
  stack.u32(kBase + 0x1205).fill(64);
  const auto result = walk(stack, context(0, kStack, 0));
  ASSERT_GE(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].trust, FrameTrust::Leaf);
  EXPECT_EQ(result.frames[1].resume, kBase + 0x1205u);
}

TEST(X86, ScansWhereThereIsNoFramePointer) {
  ByteBuilder stack;
  stack.u32(1).u32(kBase + 0x1180).u32(kBase + 0x1105).fill(64);
  const auto result = walk(stack, context(kBase + 0x1010, kStack, 0x1234));
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].trust, FrameTrust::Scan);
  EXPECT_EQ(result.frames[1].resume, kBase + 0x1105u);
}

}  // namespace
}  // namespace vigil::unwind
