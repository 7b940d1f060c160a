// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <initializer_list>

#include <gtest/gtest.h>

#include "unit/unwind/fake_process.h"

namespace vigil::unwind {
namespace {

using snapshot::Arm64Context;
using test::ByteBuilder;
using test::CodeModule;
using test::FakeProcess;
using test::PeBuilder;

constexpr std::uint64_t kBase = FakeProcess::kBase, kStack = FakeProcess::kStack;
constexpr std::uint64_t kBody = kBase + 0x1080, kReturn = kBase + 0x1204;
constexpr std::uint32_t kBl = 0x94000000;

/// Packed unwind data of a function of 0x100 bytes: how many integer registers it saves, whether
/// and how it keeps a frame record (0 to 3, as in the format), and its frame in bytes.
constexpr std::uint32_t packed(std::uint32_t integers,
                               std::uint32_t chain,
                               std::uint32_t frame_bytes) {
  return 1 | (0x100 / 4) << 2 | integers << 16 | chain << 21 | frame_bytes / 16 << 23;
}

/// An unwind record for 0x100 bytes of code with one epilogue at the end.
ByteBuilder record(std::initializer_list<unsigned> codes, unsigned epilogue_index = 0) {
  const auto words = (codes.size() + 3) / 4;
  ByteBuilder out;
  out.u32(0x100 / 4 | 1u << 21 | epilogue_index << 22 | static_cast<unsigned>(words) << 27);
  for (const auto code : codes) out.u8(code);
  return out.align(4);
}

/// The function under test at 0x1000 and its caller, the first of the thread, at 0x1200.
CodeModule module_with(std::uint32_t data) {
  CodeModule module(PeBuilder::kArm64);
  module.code(0x1200, ByteBuilder().u32(kBl).bytes());
  return module.arm64_function(0x1000, data).arm64_function(0x1200, packed(0, 3, 16));
}

CodeModule module_with(const ByteBuilder& info) {
  CodeModule module(PeBuilder::kArm64);
  module.code(0x1200, ByteBuilder().u32(kBl).bytes());
  const auto rva = module.add_info(info);
  return module.arm64_function(0x1000, rva).arm64_function(0x1200, packed(0, 3, 16));
}

Arm64Context context(std::uint64_t pc, std::uint64_t fp = 0) {
  Arm64Context result;
  result.pc = pc;
  result.sp = kStack;
  result.x[29] = fp;
  return result;
}

Walk walk(const CodeModule& module, const ByteBuilder& stack, const Arm64Context& from) {
  return FakeProcess().module(kBase, module.build().mapped()).stack(stack).walk(from);
}

const Arm64Context& registers(const Walk& walk, std::size_t frame) {
  return std::get<Arm64Context>(walk.frames.at(frame).context);
}

/// A frame record at offset \p at: the caller's frame pointer and the return address. The caller's
/// own record, behind \p frame_bytes, ends the chain.
ByteBuilder stack_with_record(std::size_t at, std::size_t frame_bytes) {
  ByteBuilder stack;
  stack.seek(at).u64(kStack + frame_bytes).u64(kReturn).seek(frame_bytes).u64(0).u64(0).fill(64);
  return stack;
}

void expect_caller(const Walk& walk, std::uint64_t sp) {
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
  EXPECT_EQ(walk.frames[1].resume, kReturn);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::UnwindInfo);
  EXPECT_EQ(registers(walk, 1).sp, sp);
}

TEST(Arm64, UnwindsAPackedFunctionWithAFrameRecord) {
  expect_caller(
      walk(module_with(packed(0, 3, 64)), stack_with_record(0, 64), context(kBody, kStack)),
      kStack + 64);
}

TEST(Arm64, UnwindsAPackedFunctionWithALargeFrame) {
  expect_caller(
      walk(module_with(packed(0, 3, 4992)), stack_with_record(0, 4992), context(kBody, kStack)),
      kStack + 4992);
}

/// Of the upper half of the addresses the bits of a signature are set where there is none.
TEST(Arm64, UnwindsInTheKernelWithAndWithoutSignatures) {
  constexpr std::uint64_t kKernel = 0xffff'f800'0000'0000;
  constexpr std::uint64_t kSignature = 0x5a55'0000'0000'0000;
  for (const auto turned : {std::uint64_t{0}, kSignature}) {
    ByteBuilder stack;
    stack.u64(kStack + 64).u64((kKernel + 0x1204) ^ turned).seek(64).u64(0).u64(0).fill(64);
    const auto result = FakeProcess()
                            .module(kKernel, module_with(packed(0, 3, 64)).build().mapped())
                            .stack(stack)
                            .walk(context(kKernel + 0x1080, kStack));
    ASSERT_EQ(result.frames.size(), 2u);
    EXPECT_EQ(result.frames[1].resume, kKernel + 0x1204);
    EXPECT_EQ(result.frames[1].trust, FrameTrust::UnwindInfo);
  }
}

TEST(Arm64, RestoresTheRegistersOfAPackedFunction) {
  ByteBuilder stack = stack_with_record(0, 64);
  stack.patch_u64(32, 19).patch_u64(40, 20).patch_u64(48, 21);
  const auto result = walk(module_with(packed(3, 3, 64)), stack, context(kBody, kStack));
  expect_caller(result, kStack + 64);
  EXPECT_EQ(registers(result, 1).x[19], 19u);
  EXPECT_EQ(registers(result, 1).x[20], 20u);
  EXPECT_EQ(registers(result, 1).x[21], 21u);
}

TEST(Arm64, UnwindsAPackedFunctionWithoutFrameRecord) {
  ByteBuilder stack;  // x19, x20, lr, then 16 bytes of locals below them
  stack.fill(16).u64(19).u64(20).u64(kReturn).u64(0).u64(0).u64(0).fill(64);
  const auto from = context(kBody, kStack + 48);
  const auto result = walk(module_with(packed(2, 1, 48)), stack, from);
  expect_caller(result, kStack + 48);
  EXPECT_EQ(registers(result, 1).x[19], 19u);
}

TEST(Arm64, StripsTheSignatureOfAReturnAddress) {
  ByteBuilder stack = stack_with_record(0, 64);
  stack.patch_u64(8, kReturn | 0xab4d'0000'0000'0000);
  expect_caller(walk(module_with(packed(0, 2, 64)), stack, context(kBody, kStack)), kStack + 64);
}

TEST(Arm64, UnwindsFromWithinAPackedPrologue) {
  const auto module = module_with(packed(0, 3, 64));
  auto from = context(kBase + 0x1000, kStack + 0x20);
  from.x[30] = kReturn;
  ByteBuilder stack;
  stack.fill(0x80);
  const auto at_start = walk(module, stack, from);  // nothing has run
  ASSERT_EQ(at_start.frames.size(), 2u);
  EXPECT_EQ(registers(at_start, 1).sp, kStack);
  const auto after_save = walk(module, stack_with_record(0, 64), context(kBase + 0x1004, 0x1234));
  expect_caller(after_save, kStack + 64);
}

TEST(Arm64, UnwindsFromWithinAPackedEpilogue) {
  const auto module = module_with(packed(0, 3, 64));
  expect_caller(walk(module, stack_with_record(0, 64), context(kBase + 0x10f8, 0x1234)),
                kStack + 64);
  auto at_return = context(kBase + 0x10fc, kStack);
  at_return.x[30] = kReturn;
  const auto result = walk(module, ByteBuilder().fill(64), at_return);
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].resume, kReturn);
  EXPECT_EQ(registers(result, 1).sp, kStack);
}

TEST(Arm64, UnwindsByTheCodesOfARecord) {
  // set_fp; save_regp x19 at 16; save_fplr_x 64; end
  const auto info = record({0xe1, 0xc8, 0x02, 0x87, 0xe4});
  ByteBuilder stack = stack_with_record(0, 64);
  stack.patch_u64(16, 19).patch_u64(24, 20);
  const auto result = walk(module_with(info), stack, context(kBody, kStack));
  expect_caller(result, kStack + 64);
  EXPECT_EQ(registers(result, 1).x[20], 20u);
}

TEST(Arm64, KnowsEveryAllocation) {
  const auto lr_on_top = [](std::size_t frame) { return stack_with_record(frame - 16, frame); };
  // After the allocation: save_fplr_x 16.
  expect_caller(walk(module_with(record({0x02, 0x81, 0xe4})), lr_on_top(48), context(kBody)),
                kStack + 48);
  expect_caller(
      walk(module_with(record({0xc0, 0x40, 0x81, 0xe4})), lr_on_top(1040), context(kBody)),
      kStack + 1040);
  expect_caller(
      walk(module_with(record({0xe0, 0, 1, 0, 0x81, 0xe4})), lr_on_top(4112), context(kBody)),
      kStack + 4112);
}

TEST(Arm64, RestoresTheNextPairs) {
  // save_next; save_regp x19 at 16; save_fplr_x 64; end
  const auto info = record({0xe6, 0xc8, 0x02, 0x87, 0xe4});
  ByteBuilder stack = stack_with_record(0, 64);
  stack.patch_u64(16, 19).patch_u64(32, 21).patch_u64(40, 22);
  const auto result = walk(module_with(info), stack, context(kBody, kStack));
  expect_caller(result, kStack + 64);
  EXPECT_EQ(registers(result, 1).x[19], 19u);
  EXPECT_EQ(registers(result, 1).x[21], 21u);
  EXPECT_EQ(registers(result, 1).x[22], 22u);
}

TEST(Arm64, RestoresAnyRegister) {
  // save_any_reg: x10 at 8; save_fplr_x 64; end
  const auto info = record({0xe7, 0x0a, 0x01, 0x87, 0xe4});
  ByteBuilder stack = stack_with_record(0, 64);
  stack.patch_u64(8, kReturn);
  const auto result = walk(module_with(info), stack, context(kBody, kStack));
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(registers(result, 1).x[10], kReturn);
}

TEST(Arm64, UnwindsFromTheEpilogueOfARecord) {
  // Prologue: save_fplr_x 64, sub sp 32. Epilogue, from the second code on: ldp, ret.
  const auto info = record({0x02, 0x87, 0xe4}, 1);
  expect_caller(walk(module_with(info), stack_with_record(0, 64), context(kBase + 0x10f8)),
                kStack + 64);
}

TEST(Arm64, TakesAnAddressOutsideAllFunctionsForALeaf) {
  auto from = context(kBase + 0x1180);
  from.x[30] = kReturn;
  const auto result = walk(module_with(packed(0, 3, 64)), ByteBuilder().fill(64), from);
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].trust, FrameTrust::Leaf);
  EXPECT_EQ(registers(result, 1).sp, kStack);
}

TEST(Arm64, FollowsFrameRecordsWithoutAnImage) {
  const auto result = FakeProcess()
                          .module_without_image(kBase)
                          .stack(stack_with_record(0, 64))
                          .walk(context(kBody, kStack));
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].trust, FrameTrust::FramePointer);
  EXPECT_EQ(result.frames[1].resume, kReturn);
  EXPECT_EQ(result.stop, StopReason::EndOfStack);
}

TEST(Arm64, StripsTheSignatureFromAFrameRecord) {
  ByteBuilder stack;
  stack.u64(0).u64(0x002b'0000'0000'0000 | kReturn).fill(64);
  const auto result =
      FakeProcess().module_without_image(kBase).stack(stack).walk(context(kBody, kStack));
  ASSERT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.frames[1].resume, kReturn);
}

/// A function that makes a system call and no frame record, in one module, called from another; the
/// frame record that is there leads to kReturn.
struct ArmSystemCall : testing::Test {
  static constexpr std::uint64_t kCalls = kBase + 0x100'0000;

  unwind::Walk walk_from(std::uint64_t pc, std::uint64_t link) {
    auto from = context(pc, kStack);
    from.x[30] = link;
    return FakeProcess()
        .module_without_image(kBase)
        .module_without_image(kCalls)
        .stack(stack_with_record(0, 64))
        .walk(from);
  }
};

TEST_F(ArmSystemCall, ReturnsToTheLinkRegisterThatLeadsToAnotherModule) {
  const auto result = walk_from(kCalls + 0x1010, kBase + 0x2004);
  ASSERT_EQ(result.frames.size(), 3u);
  EXPECT_EQ(result.frames[1].resume, kBase + 0x2004);
  EXPECT_EQ(result.frames[1].trust, FrameTrust::Leaf);
  EXPECT_EQ(result.frames[2].resume, kReturn);
  EXPECT_EQ(result.frames[2].trust, FrameTrust::FramePointer);
}

TEST_F(ArmSystemCall, ReturnsToTheLinkRegisterThatLeadsFarAwayInItsOwn) {
  const auto result = walk_from(kBase + 0x1010, kBase + 0x1010 + 0x4000);
  ASSERT_EQ(result.frames.size(), 3u);
  EXPECT_EQ(result.frames[1].resume, kBase + 0x5010);
}

TEST_F(ArmSystemCall, IsNotTakenForOneWhenTheLinkRegisterIsOfACallThatItMade) {
  EXPECT_EQ(walk_from(kBase + 0x1010, kBase + 0x1ff4).frames.size(), 2u);
}

TEST_F(ArmSystemCall, HasItsCallerOnceWhenItsFrameRecordSaysTheSame) {
  EXPECT_EQ(walk_from(kCalls + 0x1010, kReturn).frames.size(), 2u);
}

TEST_F(ArmSystemCall, FollowsItsFrameRecordWhenTheLinkRegisterLeadsNowhere) {
  const std::uint64_t odd = kBase + 0x2005, header = kBase + 0x10;
  for (const std::uint64_t link :
       {std::uint64_t{0}, std::uint64_t{0x1234}, kStack + 8, odd, header})
    EXPECT_EQ(walk_from(kCalls + 0x1010, link).frames.size(), 2u) << link;
}

// Every error path follows.

TEST(Arm64, RefusesReservedUnwindData) {
  EXPECT_EQ(walk(module_with(3), ByteBuilder().fill(64), context(kBody)).stop,
            StopReason::BadUnwindInfo);
}

TEST(Arm64, RefusesAnUnknownVersionOfARecord) {
  ByteBuilder info = record({0xe4});
  info.patch_u32(0, 0x40 | 1u << 18 | 1u << 27);
  EXPECT_EQ(walk(module_with(info), ByteBuilder().fill(64), context(kBody)).stop,
            StopReason::BadUnwindInfo);
}

TEST(Arm64, RefusesCodesThatAreReservedOrHaveNoEnd) {
  for (const unsigned code : {0xe8u, 0xf0u, 0xffu, 0xdfu}) {
    EXPECT_EQ(
        walk(module_with(record({code, 0, 0, 0, 0xe4})), ByteBuilder().fill(64), context(kBody))
            .stop,
        StopReason::BadUnwindInfo);
  }
  EXPECT_EQ(
      walk(module_with(record({0xe3, 0xe3, 0xe3, 0xe3})), ByteBuilder().fill(64), context(kBody))
          .stop,
      StopReason::BadUnwindInfo);
}

TEST(Arm64, RefusesACallerThatDoesNotKeepItsReturnAddress) {
  CodeModule module(PeBuilder::kArm64);
  module.code(0x1200, ByteBuilder().u32(kBl).bytes());
  module.arm64_function(0x1000, packed(0, 3, 16)).arm64_function(0x1200, packed(0, 0, 16));
  ByteBuilder stack = stack_with_record(0, 16);
  stack.patch_u64(0, 0x1234);
  const auto result = walk(module, stack, context(kBody, kStack));
  EXPECT_EQ(result.frames.size(), 2u);
  EXPECT_EQ(result.stop, StopReason::NoUnwindInfo);
}

}  // namespace
}  // namespace vigil::unwind
