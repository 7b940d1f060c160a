// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/unwind/fake_process.h"

namespace vigil::unwind {
namespace {

using test::amd64_context;
using test::ByteBuilder;
using test::CodeModule;
using test::FakeProcess;
using test::InfoBuilder;

constexpr std::uint64_t kHeap = 0x1ff'0000'0000, kStack = FakeProcess::kStack;
constexpr std::uint32_t kCode = 0x100, kInfo = 0x800;
constexpr unsigned kAllocSmall = 2;

/// Two functions in a code heap: one that allocates 32 bytes at kCode, and its caller, the first of
/// the thread, at kCode + 0x100.
struct CodeHeap {
  CodeHeap() {
    ByteBuilder heap;
    heap.fill(0x1000, '\x90');
    heap.patch_raw(kCode + 0x100, std::string("\xe8\0\0\0\0", 5));
    heap.patch_raw(kInfo, InfoBuilder(4).op(4, kAllocSmall, 3).build().bytes());
    heap.patch_raw(kInfo + 0x40, InfoBuilder(0).build().bytes());
    bytes = heap.bytes();
    add(kCode, kCode + 0x100, kInfo);
    add(kCode + 0x100, kCode + 0x200, kInfo + 0x40);
  }

  void add(std::uint32_t begin, std::uint32_t end, std::uint32_t info) {
    entries.u32(begin).u32(end).u32(info);
  }

  [[nodiscard]] snapshot::FunctionTable table() const {
    return {.minimum = kHeap + kCode,
            .maximum = kHeap + kCode + 0x200,
            .base = kHeap,
            .entry_size = 12,
            .entries = ByteView(std::string_view(entries.bytes()))};
  }

  [[nodiscard]] Walk walk(const std::vector<snapshot::FunctionTable>& tables) const {
    ByteBuilder stack;
    stack.fill(32).u64(kHeap + kCode + 0x105).u64(0).fill(64);
    return FakeProcess()
        .memory(kHeap, bytes)
        .stack(stack)
        .generated(tables)
        .walk(amd64_context(kHeap + kCode + 0x80, kStack));
  }

  std::string bytes;
  ByteBuilder entries;
};

void expect_both_frames(const Walk& walk) {
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.stop, StopReason::EndOfStack);
  EXPECT_EQ(walk.frames[1].trust, FrameTrust::UnwindInfo);
  EXPECT_EQ(walk.frames[1].resume, kHeap + kCode + 0x105);
  EXPECT_FALSE(walk.frames[1].module);
}

TEST(GeneratedCode, IsUnwoundByTheTablesOfTheDump) {
  const CodeHeap heap;
  expect_both_frames(heap.walk({heap.table()}));
}

TEST(GeneratedCode, MayBeRegisteredInAnyOrder) {
  CodeHeap heap;
  heap.entries = ByteBuilder();
  heap.add(kCode + 0x100, kCode + 0x200, kInfo + 0x40);
  heap.add(kCode, kCode + 0x100, kInfo);
  expect_both_frames(heap.walk({heap.table()}));
}

/// Without a table the caller can only be guessed, by the call before the return address.
bool is_guessed(const Walk& walk) {
  return walk.frames.size() == 2 && walk.frames[1].trust == FrameTrust::Scan;
}

TEST(GeneratedCode, IsGuessedAtWithoutATable) {
  EXPECT_TRUE(is_guessed(CodeHeap().walk({})));
}

TEST(GeneratedCode, MayBeginWhereItsTableDoes) {
  CodeHeap heap;
  constexpr std::uint32_t kFirst = 0x8, kReturn = 0x15;
  ByteBuilder code;
  code.raw(heap.bytes);
  code.patch_raw(kReturn - 5, std::string("\xe8\0\0\0\0", 5));
  heap.bytes = code.bytes();
  heap.entries = ByteBuilder();
  heap.add(kFirst, kFirst + 0x40, kInfo + 0x40);
  auto table = heap.table();
  table.minimum = kHeap + kFirst;
  ByteBuilder stack;
  stack.u64(kHeap + kReturn).u64(0).fill(64);
  const auto walk = FakeProcess()
                        .memory(kHeap, heap.bytes)
                        .stack(stack)
                        .generated({table})
                        .walk(amd64_context(kHeap + 0x10'0000, kStack));
  ASSERT_EQ(walk.frames.size(), 2u);
  EXPECT_EQ(walk.frames[1].resume, kHeap + kReturn);
}

TEST(GeneratedCode, HasNoUseForTablesThatCannotBe) {
  const CodeHeap heap;
  auto table = heap.table();
  table.entry_size = 8;
  EXPECT_TRUE(is_guessed(heap.walk({table}))) << "entries of another processor";
  table = heap.table();
  table.base = table.minimum + 1;
  EXPECT_TRUE(is_guessed(heap.walk({table}))) << "code below the base";
  table = heap.table();
  table.base = kHeap - (std::uint64_t{1} << 32);
  EXPECT_TRUE(is_guessed(heap.walk({table}))) << "code too far above the base";
  table = heap.table();
  table.maximum = table.minimum;
  EXPECT_TRUE(is_guessed(heap.walk({table}))) << "no code";
  table = heap.table();
  table.entries = {};
  EXPECT_TRUE(is_guessed(heap.walk({table}))) << "no entries";
}

}  // namespace
}  // namespace vigil::unwind
