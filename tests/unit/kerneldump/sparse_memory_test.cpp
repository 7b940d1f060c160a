// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/sparse_memory.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::kerneldump {
namespace {

struct Made {
  std::string bytes = "0123456789abcdefghij";
  MemorySource source{ByteView(std::string_view(bytes))};
  SparseMemory memory{source};
  std::string text(std::uint64_t address, std::uint64_t size) {
    return std::string(memory.at(address, size).text());
  }
};

TEST(SparseMemory, FindsBlocksByTheirAddresses) {
  Made made;
  made.memory.add(0x1000, 5, 4);
  made.memory.add(0x500, 0, 2);
  made.memory.settle();
  EXPECT_EQ(made.text(0x1001, 2), "67");
  EXPECT_EQ(made.text(0x1002, 100), "78");
  EXPECT_EQ(made.text(0x1004, 1), "");
  EXPECT_EQ(made.text(0x4ff, 4), "");
  EXPECT_EQ(made.memory.captured_bytes(), 6U);
}

TEST(SparseMemory, KeepsTheLowerOfBlocksThatOverlap) {
  Made made;
  made.memory.add(0x1002, 0, 8);   // 01234567 at 1002
  made.memory.add(0x1000, 10, 4);  // abcd at 1000
  made.memory.add(0x1003, 15, 2);  // within the others
  made.memory.settle();
  EXPECT_EQ(made.text(0x1000, 10), "abcd234567");
  EXPECT_EQ(made.memory.captured_bytes(), 10U);
}

/// Whatever a hostile file says of its blocks, putting them in order takes no longer than sorting.
TEST(SparseMemory, SettlesBlocksThatAllOverlap) {
  const std::string bytes(1 << 20, 'x');
  MemorySource source{ByteView(std::string_view(bytes))};
  SparseMemory memory(source);
  for (std::uint64_t i = 0; i < SparseMemory::kMaxBlocks; ++i)
    memory.add(0x1000 + i * 2, 0, i % 2 == 0 ? 1 : bytes.size());
  memory.settle();
  EXPECT_EQ(memory.at(0x1000 + 2, 100).size(), 100U);
}

TEST(SparseMemory, TakesNothingBehindTheEndOfTheFile) {
  Made made;
  made.memory.add(0x1000, 18, 100);
  made.memory.add(0x2000, 20, 1);
  made.memory.add(~std::uint64_t{0} - 1, 0, 10);
  made.memory.settle();
  EXPECT_EQ(made.text(0x1000, 100), "ij");
  EXPECT_EQ(made.text(0x2000, 1), "");
  EXPECT_EQ(made.memory.captured_bytes(), 3U);
}

}  // namespace
}  // namespace vigil::kerneldump
