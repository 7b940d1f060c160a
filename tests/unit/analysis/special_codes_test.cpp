// SPDX-License-Identifier: Apache-2.0
#include "analysis/special_codes.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/memory_text.h"
#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kInfo = 0x5000;

std::vector<std::string> decoded(SampleCrash& sample) {
  return sample.analyze().crash->decoded;
}

/// HEAP_FAILURE_INFORMATION of a 64-bit process.
std::string heap_failure(std::uint32_t type) {
  return test::ByteBuilder().u32(1).u32(0x80).u32(type).u32(0).u64(0x1000).u64(0x1230).bytes();
}

TEST(HeapCorruption, SaysWhatTheHeapFound) {
  SampleCrash sample(0xc0000374, {kInfo});
  sample.memory.put(kInfo, heap_failure(8));
  EXPECT_THAT(
      decoded(sample),
      ElementsAre(
          "heap failure 8, BLOCK_NOT_BUSY: a block was freed or used that is free: freed twice, or "
          "not from this heap",
          "it was found at 0x1230, in the heap at 0x1000",
          "the heap was damaged before this: the stack is that of who noticed, not of who did it"));
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 was stopped because its heap is damaged in "
            "orders!Cart::total+0x1a");
}

TEST(HeapCorruption, NamesLaterFailuresOnlyOnSystemsThatNumberThemSo) {
  SampleCrash sample(0xc0000374, {kInfo});
  sample.memory.put(kInfo, heap_failure(11));
  sample.snapshot.system.os_build = 7601;
  EXPECT_EQ(decoded(sample).front(), "heap failure 11");
  sample.snapshot.system.os_build = 20348;
  EXPECT_EQ(decoded(sample).front(),
            "heap failure 11, USAGE_AFTER_FREE: a block was written to after it was freed");
}

TEST(HeapCorruption, SaysLessWhereverTheMemoryEnds) {
  const auto whole = heap_failure(8);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    SampleCrash sample(0xc0000374, {kInfo});
    sample.memory.put(kInfo, whole.substr(0, length));
    EXPECT_LE(decoded(sample).size(), 1u) << length;
  }
}

TEST(InPageError, NamesTheFailureAndTheFile) {
  SampleCrash sample(0xc0000006, {0, 0x7ff8'0000'2000, 0xc000009c});
  sample.snapshot.modules.push_back(
      {0x7ff8'0000'0000, 0x10000, "C:\\Orders\\orders.dll", 0, 0, "", "", ""});
  EXPECT_THAT(decoded(sample), Contains("the page belongs to orders.dll+0x2000"));
  EXPECT_THAT(decoded(sample),
              Contains("reading the page failed with 0xc000009c DEVICE_DATA_ERROR: the disk has a "
                       "bad block"));
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 read address 0x7ff800002000, which could not be read from its "
            "file, in orders!Cart::total+0x1a");
}

/// DelayLoadInfo at kInfo, the names behind it.
void put_delay_load(FakeMemory& memory, std::uint32_t by_name, std::uint64_t function) {
  memory.put(kInfo, test::ByteBuilder()
                        .u32(0x48)
                        .u32(0)
                        .u64(0)
                        .u64(0)
                        .u64(0x6000)
                        .u32(by_name)
                        .u32(0)
                        .u64(function)
                        .u64(0)
                        .u64(0)
                        .u64(0)
                        .bytes());
  memory.put(0x6000, test::ByteBuilder().c_string("helper.dll").bytes());
  memory.put(0x6100, test::ByteBuilder().c_string("Work").bytes());
}

TEST(DelayLoad, NamesTheDllAndTheFunction) {
  SampleCrash sample(0xc06d007f, {kInfo});
  put_delay_load(sample.memory, 1, 0x6100);
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 needed a function that a delay-loaded DLL lacks "
            "(helper.dll!Work) in orders!Cart::total+0x1a");
}

TEST(DelayLoad, NamesAFunctionByItsOrdinal) {
  SampleCrash sample(0xc06d007f, {kInfo});
  put_delay_load(sample.memory, 0, 17);
  EXPECT_THAT(decoded(sample), ElementsAre("the DLL is helper.dll", "the function is #17"));
}

TEST(DelayLoad, SaysLessWhenItsStructureIsNotOne) {
  SampleCrash small(0xc06d007e, {kInfo});
  put_delay_load(small.memory, 1, 0x6100);
  small.memory.put(kInfo, test::ByteBuilder().u32(8).bytes());
  EXPECT_THAT(decoded(small), IsEmpty());
  SampleCrash nowhere(0xc06d007e, {~std::uint64_t{0}});
  EXPECT_THAT(decoded(nowhere), IsEmpty());
}

/// STOWED_EXCEPTION_INFORMATION_V2.
std::string stowed(std::uint32_t form, std::uint64_t where) {
  return test::ByteBuilder().u32(0x28).u32(0x53453032).u32(0x80004005).u32(form).u64(where).bytes();
}

TEST(Stowed, ShowsEachStoredError) {
  SampleCrash sample(0xc000027b, {kInfo, 3});
  sample.snapshot.modules.push_back(
      {0x7ff8'0000'0000, 0x10000, "C:\\Orders\\orders.dll", 0, 0, "", "", ""});
  sample.memory.put(kInfo, test::ByteBuilder().u64(0x6000).u64(0x6100).u64(0x6200).bytes());
  sample.memory.put(0x6000, stowed(1, 0x7ff8'0000'1234));
  sample.memory.put(0x6100, stowed(2, 0x7000));
  sample.memory.put(0x6200, std::string(32, 'x'));
  sample.memory.put(0x7000, std::string("n\0o\0\0\0", 6));
  EXPECT_THAT(decoded(sample),
              ElementsAre("stored error 1 of 3: HRESULT 0x80004005, raised at orders.dll+0x1234",
                          "stored error 2 of 3: HRESULT 0x80004005, \"no\""));
}

TEST(Stowed, StopsAtItsLimitWhateverTheCount) {
  SampleCrash sample(0xc000027b, {kInfo, ~std::uint64_t{0}});
  std::string array;
  for (int i = 0; i < 100; ++i) array += test::ByteBuilder().u64(0x9000).bytes();
  sample.memory.put(kInfo, array);
  sample.memory.put(0x9000, stowed(1, 0x1234));
  EXPECT_EQ(decoded(sample).size(), 8u);
}

TEST(MemoryText, IsPrintableOnOneLineAndShort) {
  FakeMemory memory;
  memory.put(0x1000, test::ByteBuilder().c_string("a\nb\x1b[31m").bytes());
  memory.put(0x2000, std::string(1000, 'x'));
  const auto line = read_text(memory, 0x1000);
  EXPECT_EQ(line.substr(0, 3), "a b");
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ(read_text(memory, 0x2000).size(), kMaxMemoryText);
  EXPECT_TRUE(read_text(memory, 0x2000).ends_with("..."));
  EXPECT_EQ(read_text(memory, 0x9999'0000), "");
}

TEST(RuntimeCall, SaysMoreThanAFastFailCode) {
  SampleCrash sample(0xc0000409, {7});
  sample.stack().insert(sample.stack().begin(), {frame("ucrtbase.dll", "abort", 0x4e),
                                                 frame("orders.dll", "_purecall", 0x20)});
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 called a pure virtual function in orders!Cart::total+0x1a");
}

TEST(RuntimeCall, KnowsAPanicOfRust) {
  SampleCrash sample(0xc0000409, {7});
  sample.stack().insert(
      sample.stack().begin(),
      {frame("orders.dll", "std::panicking::rust_panic_with_hook::h0123456789abcdef", 0x20),
       frame("orders.dll", "core::panicking::panic_fmt", 0x20)});
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 panicked (Rust) in orders!Cart::total+0x1a");
}

}  // namespace
}  // namespace vigil::analysis
