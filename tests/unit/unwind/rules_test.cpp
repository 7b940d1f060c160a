// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include <gtest/gtest.h>

#include "unit/unwind/fake_process.h"

namespace vigil::unwind {
namespace {

using breakpad::WinFrame;
using snapshot::Amd64Context;
using snapshot::Arm64Context;
using snapshot::X86Context;
using test::ByteBuilder;
using test::CodeModule;
using test::FakeProcess;
using test::FakeRules;
using test::PeBuilder;

constexpr std::uint64_t kBase = FakeProcess::kBase, kStack = FakeProcess::kStack;
constexpr std::uint32_t kBase32 = FakeProcess::kBase32, kStack32 = FakeProcess::kStack;
constexpr std::string_view kPlainAmd64 = ".cfa: $rsp 8 + .ra: .cfa 8 - ^";

/// The first function keeps rbx and 8 bytes of locals; the second is the thread's first.
ByteBuilder amd64_stack() {
  ByteBuilder stack;
  return stack.u64(1).u64(0xbbbb).u64(kBase + 0x1205).u64(0).fill(64);
}

TEST(CfiWalk, FindsCallersOfX64WithoutAnyImage) {
  FakeRules rules;
  rules.cfi(0, 0x1000, 0x100, ".cfa: $rsp 24 + .ra: .cfa 8 - ^ $rbx: .cfa 16 - ^");
  rules.cfi(0, 0x1200, 0x100, kPlainAmd64);
  const auto walk = FakeProcess()
                        .module_without_image(kBase)
                        .stack(amd64_stack())
                        .rules(rules)
                        .walk(test::amd64_context(kBase + 0x1010, kStack));
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::Cfi);
  EXPECT_EQ(walk.frames[1].resume, kBase + 0x1205);
  const auto& context = std::get<Amd64Context>(walk.frames[1].context);
  EXPECT_EQ(context.gpr[3], 0xbbbbu);
  EXPECT_EQ(context.gpr[4], kStack + 24);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(CfiWalk, LooksRulesUpInsideTheCall) {
  FakeRules rules;
  rules.cfi(0, 0x1000, 0x100, ".cfa: $rsp 24 + .ra: .cfa 8 - ^");
  rules.cfi(0, 0x1200, 5, kPlainAmd64);  // the call is its last instruction
  const auto walk = FakeProcess()
                        .module_without_image(kBase)
                        .stack(amd64_stack())
                        .rules(rules)
                        .walk(test::amd64_context(kBase + 0x1010, kStack));
  EXPECT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(CfiWalk, PrefersTheImagesOwnTables) {
  CodeModule module;
  module.function(0x1000, 0x1100, test::InfoBuilder(4).op(4, 2, 1).build());  // 16 bytes
  module.function(0x1200, 0x1300, test::InfoBuilder(0).build()).call_before(0x1205);
  ByteBuilder stack;
  stack.u64(1).u64(2).u64(kBase + 0x1205).u64(0).fill(64);
  FakeRules rules;
  rules.cfi(0, 0x1000, 0x100, ".cfa: $rsp 1000 + .ra: .cfa 8 - ^");
  const auto walk = FakeProcess()
                        .module(kBase, module.build().mapped())
                        .stack(stack)
                        .rules(rules)
                        .walk(test::amd64_context(kBase + 0x1010, kStack));
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::UnwindInfo);
}

TEST(CfiWalk, StopsAtRulesThatMakeNoProgress) {
  FakeRules rules;
  rules.cfi(0, 0x1000, 0x1000, ".cfa: $rsp .ra: $rip");
  const auto walk = FakeProcess()
                        .module_without_image(kBase)
                        .stack(amd64_stack())
                        .rules(rules)
                        .walk(test::amd64_context(kBase + 0x1010, kStack));
  EXPECT_EQ(walk.frames.size(), 1u);
}

TEST(CfiWalk, StopsAtRulesThatLeadOutOfTheStackOrAreDamaged) {
  for (const std::string_view text :
       {".cfa: $rsp 99999999 + .ra: .cfa 8 - ^", ".cfa: $rsp 8 +", ".ra: $rsp ^",
        ".cfa: $rsp 8 + .ra: $nothing", ".cfa: $nothing .ra: $rsp ^",
        ".cfa: $rsp 24 + .ra: .cfa 8 - ^ $rbx: 1 2"}) {
    FakeRules rules;
    rules.cfi(0, 0x1000, 0x1000, text);
    const auto walk = FakeProcess()
                          .module_without_image(kBase)
                          .stack(amd64_stack())
                          .rules(rules)
                          .walk(test::amd64_context(kBase + 0x1010, kStack));
    EXPECT_EQ(walk.frames.size(), 1u) << text;
  }
}

TEST(CfiWalk, ReadsRegistersOfArm64AndStripsSignatures) {
  ByteBuilder stack;
  stack.u64(0x1111).u64(0x002b'0000'0000'0000 | (kBase + 0x1204)).u64(0).u64(0).fill(64);
  FakeRules rules;
  rules.cfi(0, 0x1000, 0x100, ".cfa: sp 16 + .ra: .cfa -8 + ^ x29: .cfa -16 + ^");
  rules.cfi(0, 0x1200, 0x100, ".cfa: sp 16 + .ra: .cfa -8 + ^");
  Arm64Context from;
  from.pc = kBase + 0x1010;
  from.sp = kStack;
  const auto walk = FakeProcess().module_without_image(kBase).stack(stack).rules(rules).walk(from);
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].resume, kBase + 0x1204);
  EXPECT_EQ(std::get<Arm64Context>(walk.frames[1].context).x[29], 0x1111u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(CfiWalk, FindsTheCallerOfAnArm64FunctionThatKeepsNothing) {
  ByteBuilder stack;
  stack.u64(0).u64(0).fill(64);
  FakeRules rules;
  rules.cfi(0, 0x1000, 0x100, ".cfa: sp 0 + .ra: x30");
  rules.cfi(0, 0x1200, 0x100, ".cfa: sp 16 + .ra: .cfa -8 + ^");
  Arm64Context from;
  from.pc = kBase + 0x1010;
  from.sp = kStack;
  from.x[30] = kBase + 0x1204;
  const auto walk = FakeProcess().module_without_image(kBase).stack(stack).rules(rules).walk(from);
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::Cfi);
}

X86Context x86_context() {
  X86Context context;
  context.eip = kBase32 + 0x1010;
  context.esp = kStack32;
  context.ebp = 0x1234;
  return context;
}

Walk walk_x86(const ByteBuilder& stack, FakeRules& rules) {
  return FakeProcess().module_without_image(kBase32).stack(stack).rules(rules).walk(x86_context());
}

TEST(WinFrameWalk, RunsTheProgram) {
  ByteBuilder stack;  // locals, saved ebx, saved ebp, return address
  stack.u32(1).u32(0xb0b).u32(0xebe).u32(kBase32 + 0x1205).u32(0).fill(64);
  FakeRules rules;
  rules.win(0, {.rva = 0x1000,
                .size = 0x100,
                .saved_registers_size = 8,
                .locals_size = 4,
                .program = "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + = $ebp $T0 4 - ^ = "
                           "$20 $T0 8 - ^ ="});
  const auto walk = walk_x86(stack, rules);
  ASSERT_GE(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::Cfi);
  const auto& context = std::get<X86Context>(walk.frames[1].context);
  EXPECT_EQ(context.eip, kBase32 + 0x1205u);
  EXPECT_EQ(context.esp, kStack32 + 16u);
  EXPECT_EQ(context.ebp, 0xebeu);
  EXPECT_EQ(context.ebx, 0xb0bu);
}

TEST(WinFrameWalk, KnowsThatTheCalleesParametersAreStillThere) {
  ByteBuilder stack;
  stack.u32(kBase32 + 0x1205);                            // the callee's return address
  stack.u32(0xaa).u32(0xbb);                              // its parameters
  stack.u32(0xcc).u32(kBase32 + 0x1305).u32(0).fill(64);  // its caller's local, return address
  FakeRules rules;
  constexpr std::string_view kProgram = "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =";
  rules.win(0, {.rva = 0x1000, .size = 0x100, .params_size = 8, .program = kProgram});
  rules.win(0, {.rva = 0x1200, .size = 0x100, .locals_size = 4, .program = kProgram});
  const auto walk = walk_x86(stack, rules);
  ASSERT_GE(walk.frames.size(), 3u);
  EXPECT_EQ(walk.frames[2].resume, kBase32 + 0x1305u);
  EXPECT_EQ(std::get<X86Context>(walk.frames[2].context).esp, kStack32 + 20u);
}

TEST(WinFrameWalk, GoesBySizesWithoutAProgram) {
  ByteBuilder stack;  // saved ebp, locals, return address
  stack.u32(7).u32(0xebe).u32(8).u32(9).u32(kBase32 + 0x1205).u32(0).fill(64);
  FakeRules rules;
  rules.win(0, {.rva = 0x1000,
                .size = 0x100,
                .saved_registers_size = 12,
                .locals_size = 4,
                .uses_base_pointer = true});
  const auto walk = walk_x86(stack, rules);
  ASSERT_GE(walk.frames.size(), 2u);
  const auto& context = std::get<X86Context>(walk.frames[1].context);
  EXPECT_EQ(context.eip, kBase32 + 0x1205u);
  EXPECT_EQ(context.ebp, 0xebeu);
}

TEST(WinFrameWalk, FindsAReturnAddressThatAlignmentMovedUp) {
  CodeModule module(PeBuilder::kX86);
  module.call_before(0x1205);
  ByteBuilder stack;
  stack.u32(1).u32(2).u32(kBase32 + 0x1205).u32(0).fill(64);
  FakeRules rules;
  rules.win(0, {.rva = 0x1000,
                .size = 0x100,
                .locals_size = 4,
                .program = "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + ="});
  const auto walk = FakeProcess()
                        .module(kBase32, module.build().mapped())
                        .stack(stack)
                        .rules(rules)
                        .walk(x86_context());
  ASSERT_GE(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].resume, kBase32 + 0x1205u);
  EXPECT_EQ(std::get<X86Context>(walk.frames[1].context).esp, kStack32 + 12u);
}

TEST(WinFrameWalk, FallsBackWhereTheProgramIsDamaged) {
  ByteBuilder stack;
  stack.u32(1).u32(2).u32(0).u32(kBase32 + 0x1205).fill(64);
  FakeRules rules;
  rules.win(0, {.rva = 0x1000, .size = 0x100, .program = "$eip ^ ^ ^"});
  auto context = x86_context();
  context.ebp = kStack32 + 8;
  const auto walk =
      FakeProcess().module_without_image(kBase32).stack(stack).rules(rules).walk(context);
  ASSERT_GE(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::FramePointer);
}

}  // namespace
}  // namespace vigil::unwind
