// SPDX-License-Identifier: Apache-2.0
#include "capture/fault_key.h"

#include <gtest/gtest.h>

#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

using testing::FakeMemory;
using namespace std::string_view_literals;

constexpr std::uint64_t kOrders = 0x1'4000'0000;
constexpr std::uint64_t kNtdll = 0x7'0000'0000;
constexpr std::uint64_t kStack = 0x10000;

class FaultKeyTest : public ::testing::Test {
 protected:
  FaultKeyTest() {
    modules.push_back({.base = kOrders, .size = 0x10000, .path = u"C:\\orders\\Orders.DLL"});
    modules.push_back(
        {.base = kNtdll, .size = 0x100000, .path = u"C:\\Windows\\System32\\ntdll.dll"});
    memory.write(kStack, std::string(kPageBytes, '\0'));
    memory.write(kOrders + 0x1000, std::string(kPageBytes, '\x90'));
  }
  std::string key(std::uint64_t address) {
    return fault_key(memory, modules, 0xc0000005, address, kStack);
  }

  FakeMemory memory;
  std::vector<ModuleRecord> modules;
};

TEST_F(FaultKeyTest, NamesTheModuleAndTheOffsetInIt) {
  EXPECT_EQ(key(kOrders + 0x1a2b), "c0000005|orders.dll+1a2b");
}

TEST_F(FaultKeyTest, LaysAFaultInsideOfWindowsToItsCaller) {
  memory.write_value<std::uint64_t>(kStack + 0x10, kNtdll + 0x500);
  memory.write_value<std::uint64_t>(kStack + 0x20,
                                    kOrders + 0x1100);  // data: no call in front of it
  memory.write_value<std::uint64_t>(kStack + 0x28, kOrders + 0x1200);
  memory.write(kOrders + 0x1200 - 5, "\xe8\x01\x02\x03\x04"sv);
  EXPECT_EQ(key(kNtdll + 0x10), "c0000005|orders.dll+1200");
}

TEST_F(FaultKeyTest, KnowsIndirectCalls) {
  memory.write_value<std::uint64_t>(kStack, kOrders + 0x1300);
  memory.write(kOrders + 0x1300 - 6, "\xff\x15\x01\x02\x03\x04"sv);
  EXPECT_EQ(key(kNtdll + 0x10), "c0000005|orders.dll+1300");
  memory.write(kOrders + 0x1300 - 6, "\x90\x90\x90\x90\xff\xd0"sv);
  EXPECT_EQ(key(kNtdll + 0x10), "c0000005|orders.dll+1300");
  memory.write(kOrders + 0x1300 - 6, "\x90\x90\x90\x90\xff\xe0"sv);  // a jump, not a call
  EXPECT_EQ(key(kNtdll + 0x10), "c0000005|ntdll.dll+10");
}

TEST_F(FaultKeyTest, FallsBackToTheFaultItself) {
  EXPECT_EQ(key(kNtdll + 0x10), "c0000005|ntdll.dll+10");
  EXPECT_EQ(key(0xdead), "c0000005|?");
  EXPECT_EQ(fault_key(memory, modules, 3, kNtdll, 0xdead0000), "00000003|ntdll.dll+0");
}

TEST_F(FaultKeyTest, LaysAJumpIntoNowhereToWhoCalledIt) {
  memory.write_value<std::uint64_t>(kStack, kOrders + 0x1200);
  memory.write(kOrders + 0x1200 - 2, "\xff\xd0"sv);
  EXPECT_EQ(key(0xfeeefeee), "c0000005|orders.dll+1200");
}

}  // namespace
}  // namespace vigil::capture
