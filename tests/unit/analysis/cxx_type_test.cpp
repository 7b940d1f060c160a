// SPDX-License-Identifier: Apache-2.0
#include "analysis/cxx_type.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/byte_builder.h"
#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

constexpr std::uint64_t kBase = 0x7ff8'0000'0000;

/// The chain of structures of a throw in an image at kBase: ThrowInfo at 0x100, its array of types
/// at 0x200, the first type at 0x300, its descriptor at 0x400.
void put_throw(FakeMemory& memory, std::string name) {
  memory.put(kBase + 0x100, test::ByteBuilder().u32(0).u32(0).u32(0).u32(0x200).bytes());
  memory.put(kBase + 0x200, test::ByteBuilder().u32(1).u32(0x300).bytes());
  memory.put(kBase + 0x300, test::ByteBuilder().u32(0).u32(0x400).bytes());
  memory.put(kBase + 0x400, test::ByteBuilder().u64(0).u64(0).c_string(name).bytes());
}

TEST(CxxType, FollowsTheThrowInfoToTheName) {
  SampleCrash sample(0xe06d7363, {0x19930520, 0x1234, kBase + 0x100, kBase});
  put_throw(sample.memory, ".?AVruntime_error@std@@");
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 threw a C++ exception (std::runtime_error) that nobody caught in "
            "orders!Cart::total+0x1a");
}

TEST(CxxType, ReadsThe32BitFormToo) {
  FakeMemory memory;
  memory.put(0x1000, test::ByteBuilder().u32(0).u32(0).u32(0).u32(0x2000).bytes());
  memory.put(0x2000, test::ByteBuilder().u32(1).u32(0x3000).bytes());
  memory.put(0x3000, test::ByteBuilder().u32(0).u32(0x4000).bytes());
  memory.put(0x4000, test::ByteBuilder().u32(0).u32(0).c_string(".H").bytes());
  EXPECT_EQ(read_msvc_type(snapshot::Cpu::X86, memory, {0x19930520, 0, 0x1000}), "int");
}

TEST(CxxType, IsUnknownWhereverTheChainEnds) {
  for (const auto missing : {0x100u, 0x200u, 0x300u, 0x400u}) {
    FakeMemory memory;
    put_throw(memory, ".?AVruntime_error@std@@");
    memory.put(kBase + missing, "");
    EXPECT_EQ(read_msvc_type(snapshot::Cpu::Amd64, memory, {0x19930520, 0, kBase + 0x100, kBase}),
              "")
        << missing;
  }
}

TEST(CxxType, IsUnknownWithoutItsParameters) {
  FakeMemory memory;
  put_throw(memory, ".?AVruntime_error@std@@");
  EXPECT_EQ(read_msvc_type(snapshot::Cpu::Amd64, memory, {0x19930520, 0, kBase + 0x100}), "");
  EXPECT_EQ(read_msvc_type(snapshot::Cpu::Amd64, memory, {0x19930520, 0, ~std::uint64_t{0}, kBase}),
            "");
}

TEST(CxxType, IsUnknownWhenTheNameHasNoEnd) {
  FakeMemory memory;
  put_throw(memory, std::string(1000, 'x'));
  EXPECT_EQ(read_msvc_type(snapshot::Cpu::Amd64, memory, {0x19930520, 0, kBase + 0x100, kBase}),
            "");
}

/// A std::runtime_error that is thrown: the array has it and its base std::exception, whose place
/// in the object is \p mdisp.
void put_exception(FakeMemory& memory, std::uint32_t mdisp, std::uint32_t pdisp, std::string what) {
  put_throw(memory, ".?AVruntime_error@std@@");
  memory.put(kBase + 0x200, test::ByteBuilder().u32(2).u32(0x300).u32(0x500).bytes());
  memory.put(kBase + 0x500, test::ByteBuilder().u32(0).u32(0x600).u32(mdisp).u32(pdisp).bytes());
  memory.put(kBase + 0x600,
             test::ByteBuilder().u64(0).u64(0).c_string(".?AVexception@std@@").bytes());
  memory.put(0x9000, test::ByteBuilder().u64(kBase).u64(0xa000).u64(1).bytes());
  memory.put(0xa000, test::ByteBuilder().c_string(what).bytes());
}

const std::vector<std::uint64_t> kThrown = {0x19930520, 0x9000, kBase + 0x100, kBase};

TEST(CxxWhat, IsReadOutOfTheObject) {
  SampleCrash sample(0xe06d7363, kThrown);
  put_exception(sample.memory, 0, ~0u, "no such order: 4711");
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 threw a C++ exception (std::runtime_error), \"no such order: "
            "4711\", that nobody caught in orders!Cart::total+0x1a");
}

TEST(CxxWhat, IsUnknownWhereTheBaseIsNotPlainlyThere) {
  for (const auto& [mdisp, pdisp] : {std::pair{0u, 8u}, {0x8000'0000u, ~0u}, {0x4000u, ~0u}}) {
    FakeMemory memory;
    put_exception(memory, mdisp, pdisp, "x");
    EXPECT_EQ(read_msvc_what(snapshot::Cpu::Amd64, memory, kThrown), "");
  }
}

TEST(CxxWhat, IsUnknownWhereverTheChainEnds) {
  for (const auto missing : {kBase + 0x200, kBase + 0x500, kBase + 0x600, std::uint64_t{0x9000},
                             std::uint64_t{0xa000}}) {
    FakeMemory memory;
    put_exception(memory, 0, ~0u, "x");
    memory.put(missing, "");
    EXPECT_EQ(read_msvc_what(snapshot::Cpu::Amd64, memory, kThrown), "") << missing;
  }
}

TEST(CxxWhat, EndsWhateverTheCountOfTypes) {
  FakeMemory memory;
  put_exception(memory, 0, ~0u, "x");
  std::string array = test::ByteBuilder().u32(0xffff'ffff).bytes();
  for (int i = 0; i < 100; ++i) array += test::ByteBuilder().u32(0x300).bytes();
  memory.put(kBase + 0x200, array);
  EXPECT_EQ(read_msvc_what(snapshot::Cpu::Amd64, memory, kThrown), "");
}

TEST(CxxWhat, IsNoneOfARethrowWithoutAnObject) {
  SampleCrash sample(0xe06d7363, {0x19930520, 0, 0, 0});
  EXPECT_EQ(sample.analyze().crash->decoded.front(),
            "nothing was thrown: throw without an object, and none was caught");
}

}  // namespace
}  // namespace vigil::analysis
