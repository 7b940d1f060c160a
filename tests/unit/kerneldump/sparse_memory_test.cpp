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

TEST(SparseMemory, KeepsTheFirstOfBlocksThatOverlap) {
  Made made;
  made.memory.add(0x1002, 0, 4);   // 0123 at 1002
  made.memory.add(0x1000, 10, 8);  // abcdefgh at 1000
  made.memory.settle();
  EXPECT_EQ(made.text(0x1000, 8), "ab0123gh");
  EXPECT_EQ(made.memory.captured_bytes(), 8U);
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
