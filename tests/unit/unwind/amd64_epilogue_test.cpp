// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
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
constexpr unsigned kRbx = 3, kRsp = 4, kRbp = 5, kR12 = 12;
constexpr unsigned kPush = 0, kAllocSmall = 2, kSetFrame = 3, kEpilogue = 6;
constexpr std::uint32_t kReturn = 0x1205, kStopped = 0x10f0;

/// A function of 0x1000 to 0x1100 with 16 bytes of locals, rbx and r12 saved.
InfoBuilder saves_two() {
  return InfoBuilder(8).op(8, kAllocSmall, 1).op(3, kPush, kR12).op(1, kPush, kRbx);
}

Walk walk_from(std::string_view code,
               const ByteBuilder& stack,
               const InfoBuilder& info = saves_two(),
               Amd64Context context = amd64_context(kBase + kStopped, kStack)) {
  CodeModule module;
  module.call_before(kReturn).code(kStopped, code);
  module.function(0x1000, 0x1100, info.build());
  module.function(0x1200, 0x1300, InfoBuilder(0).build());
  return FakeProcess().module(kBase, module.build().mapped()).stack(stack).walk(context);
}

ByteBuilder stack_of(std::initializer_list<std::uint64_t> words) {
  ByteBuilder stack;
  for (const auto word : words) stack.u64(word);
  return stack.u64(kBase + kReturn).fill(64);
}

void expect_caller(const Walk& walk, std::uint64_t rsp) {
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
  EXPECT_EQ(walk.frames[1].resume, kBase + kReturn);
  EXPECT_EQ(std::get<Amd64Context>(walk.frames[1].context).gpr[kRsp], rsp);
}

TEST(Amd64Epilogue, RunsFromTheReleaseOfTheStack) {
  const auto stack = stack_of({1, 2, 12, 3});
  expect_caller(walk_from("\x48\x83\xc4\x10\x41\x5c\x5b\xc3"sv, stack), kStack + 40);
  expect_caller(walk_from("\x48\x81\xc4\x10\0\0\0\x41\x5c\x5b\xc3"sv, stack), kStack + 40);
}

TEST(Amd64Epilogue, RunsFromBetweenItsPops) {
  const auto walk = walk_from("\x5b\xc3"sv, stack_of({3}));
  expect_caller(walk, kStack + 16);
  EXPECT_EQ(std::get<Amd64Context>(walk.frames[1].context).gpr[kRbx], 3u);
}

TEST(Amd64Epilogue, RunsFromTheReturn) {
  expect_caller(walk_from("\xc3"sv, stack_of({})), kStack + 8);
  expect_caller(walk_from("\xf3\xc3"sv, stack_of({})), kStack + 8);
  expect_caller(walk_from("\xc2\x08\x00"sv, stack_of({})), kStack + 8);
}

TEST(Amd64Epilogue, RunsFromTheFrameRegister) {
  const auto info = InfoBuilder(5).frame(kRbp, 1).op(5, kSetFrame, 0).op(1, kPush, kRbp);
  auto context = amd64_context(kBase + kStopped, kStack);
  context.gpr[kRbp] = kStack + 32;
  const auto stack = stack_of({1, 2, 3, 4, 55});
  expect_caller(walk_from("\x48\x8d\x65\x00\x5d\xc3"sv, stack, info, context), kStack + 48);
  expect_caller(walk_from("\x48\x8d\xa5\0\0\0\0\x5d\xc3"sv, stack, info, context), kStack + 48);
}

TEST(Amd64Epilogue, EndsInATailCall) {
  expect_caller(walk_from("\x5b\xe9\x00\x10\x00\x00"sv, stack_of({3})), kStack + 16);  // out
  expect_caller(walk_from("\x5b\xeb\x7f"sv, stack_of({3})), kStack + 16);
  expect_caller(walk_from("\x5b\xff\x25\0\0\0\0"sv, stack_of({3})),
                kStack + 16);                                                  // through an import
  expect_caller(walk_from("\x5b\x48\xff\xe0"sv, stack_of({3})), kStack + 16);  // jmp rax
}

TEST(Amd64Epilogue, TakesAJumpToTheFunctionsStartForACallOfItself) {
  // The jump is 5 bytes at 0x10f1 and leads back to 0x1000.
  expect_caller(walk_from("\x5b\xe9\x0a\xff\xff\xff"sv, stack_of({3})), kStack + 16);
}

TEST(Amd64Epilogue, IsNotAJumpWithinTheFunction) {
  expect_caller(walk_from("\x5b\xeb\x80"sv, stack_of({1, 2, 12, 3})), kStack + 40);
}

TEST(Amd64Epilogue, IsNotAJumpToAnotherPartOfTheFunction) {
  CodeModule module;
  module.call_before(kReturn).code(kStopped, "\xe9\x0b\x01\x00\x00"sv);  // to 0x1200
  const auto primary = module.add_info(saves_two().build());
  module.function(0x1000, 0x1100, saves_two().build());
  module.function(0x1200, 0x1300, InfoBuilder(0).chained(0x1000, 0x1100, primary).build());
  ByteBuilder stack;
  stack.u64(1).u64(2).u64(12).u64(3).u64(0).fill(64);
  const auto walk = FakeProcess()
                        .module(kBase, module.build().mapped())
                        .stack(stack)
                        .walk(amd64_context(kBase + kStopped, kStack));
  EXPECT_EQ(walk.frames.size(), 1u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
}

TEST(Amd64Epilogue, IsNotWhatLeadsToNoReturnAddress) {
  // Bytes that look like a return, in the body: what lies on top of the stack follows no call.
  expect_caller(walk_from("\xc3"sv, stack_of({kBase + 0x1080, 2, 12, 3})), kStack + 40);
}

TEST(Amd64Epilogue, IsOnlyLookedForWhereAThreadWasStopped) {
  CodeModule module;
  module.call_before(kReturn).call_before(kStopped).code(kStopped, "\xc3"sv);
  module.function(0x1000, 0x1100, saves_two().build());
  module.function(0x1200, 0x1300, InfoBuilder(0).build());
  ByteBuilder stack;
  stack.u64(kBase + kStopped).u64(1).u64(2).u64(12).u64(3).u64(kBase + kReturn).fill(64);
  const auto walk = FakeProcess()
                        .module(kBase, module.build().mapped())
                        .stack(stack)
                        .walk(amd64_context(kBase + 0x1280, kStack));
  ASSERT_EQ(walk.frames.size(), 3u);
  EXPECT_EQ(walk.frames[2].resume, kBase + kReturn);
}

/// Version 2: the same function with an epilogue of 4 bytes (pop r12, pop rbx, ret) at its end and
/// one 0x40 bytes before its end.
InfoBuilder coded() {
  return InfoBuilder(8)
      .version(2)
      .op(4, kEpilogue, 1)
      .op(0x40, kEpilogue, 0)
      .op(8, kAllocSmall, 1)
      .op(3, kPush, kR12)
      .op(1, kPush, kRbx);
}

Walk walk_at(std::uint32_t rva, const ByteBuilder& stack) {
  return walk_from("", stack, coded(), amd64_context(kBase + rva, kStack));
}

TEST(Amd64Epilogue, OfVersion2IsFoundByItsCodes) {
  expect_caller(walk_at(0x10fc, stack_of({12, 3})), kStack + 24);
  expect_caller(walk_at(0x10fe, stack_of({3})), kStack + 16);
  expect_caller(walk_at(0x10ff, stack_of({})), kStack + 8);
  expect_caller(walk_at(0x10c0, stack_of({12, 3})), kStack + 24);
  expect_caller(walk_at(0x10c3, stack_of({})), kStack + 8);
}

TEST(Amd64Epilogue, OfVersion2EndsWhereItsCodesSay) {
  const auto body = stack_of({1, 2, 12, 3});
  expect_caller(walk_at(0x10bf, body), kStack + 40);
  expect_caller(walk_at(0x10c4, body), kStack + 40);
  expect_caller(walk_at(0x10fb, body), kStack + 40);
}

}  // namespace
}  // namespace vigil::unwind
