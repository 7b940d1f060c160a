// SPDX-License-Identifier: Apache-2.0
#include "analysis/instruction.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t kCode = 0x7ff8'0000'001a;

/// SampleCrash, with \p code at its instruction and registers that stand there.
struct SampleFault : SampleCrash {
  SampleFault(std::uint32_t exception, std::vector<std::uint64_t> parameters, std::string code)
      : SampleCrash(exception, std::move(parameters)) {
    memory.put(kCode, std::move(code));
    registers.rip = kCode;
  }
  Findings run() {
    snapshot.exception->context = registers;
    return analyze();
  }
  std::uint64_t& reg(snapshot::Amd64Register r) {
    return registers.gpr[static_cast<std::size_t>(r)];
  }
  snapshot::Amd64Context registers{};
};

using enum snapshot::Amd64Register;

TEST(Instruction, IsWrittenInIntelSyntaxWithWhatItAccessed) {
  SampleFault sample(0xc0000005, {0, 0x18}, std::string("\x48\x8b\x41\x18", 4));
  const auto crash = sample.run().crash.value();
  EXPECT_EQ(crash.instruction, "mov rax, [rcx+0x18]");
  EXPECT_EQ(crash.instruction_bytes, "48 8b 41 18");
  EXPECT_THAT(crash.memory_accesses, ElementsAre(report::MemoryAccess{0x18, 8, "read"}));
  EXPECT_EQ(crash.adjusted_address->kind, "null-pointer");
  EXPECT_EQ(crash.adjusted_address->offset, 0x18u);
}

TEST(Instruction, GivesTheTrueAddressWhereTheProcessorReportsNone) {
  SampleFault sample(0xc0000005, {0, ~std::uint64_t{0}},
                     std::string("\x48\xc7\x04\x08\x41\x41\x41\x41", 8));
  sample.reg(Rcx) = 0xfefe'fefe'fefe'fefe;
  const auto findings = sample.run();
  EXPECT_EQ(findings.crash->accessed_address, 0xfefe'fefe'fefe'fefeu);
  EXPECT_EQ(findings.crash->access, "write");
  EXPECT_EQ(findings.crash->adjusted_address->kind, "non-canonical");
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 wrote to address 0xfefefefefefefefe through a pointer that is no "
            "address in orders!Cart::total+0x1a");
}

/// An invalid handle, or a failed search, that was taken for a pointer.
TEST(Instruction, BelievesAnAddressOfMinusOneThatTheInstructionAccesses) {
  SampleFault sample(0xc0000005, {0, ~std::uint64_t{0}}, std::string("\x48\x8b\x01", 3));
  sample.reg(Rcx) = ~std::uint64_t{0};
  const auto findings = sample.run();
  EXPECT_EQ(findings.crash->accessed_address, ~std::uint64_t{0});
  EXPECT_THAT(findings.synopsis, HasSubstr("read address 0xffffffffffffffff (-1)"));
  EXPECT_THAT(findings.crash->decoded, ::testing::Not(::testing::Contains(HasSubstr("not known"))));
}

TEST(Instruction, FindsWhereACallThroughABadPointerWent) {
  // call qword ptr [rax]
  SampleFault sample(0xc0000005, {0, ~std::uint64_t{0}}, std::string("\xff\x10", 2));
  sample.reg(Rax) = 0x5000;
  sample.memory.put(0x5000, test::ByteBuilder().u64(0xdddd'dddd'dddd'dddd).bytes());
  const auto findings = sample.run();
  EXPECT_EQ(findings.crash->access, "execute");
  EXPECT_EQ(findings.crash->accessed_address, 0xdddd'dddd'dddd'ddddu);
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 jumped to 0xdddddddddddddddd, a pointer out of freed memory, in "
            "orders!Cart::total+0x1a");
}

TEST(Instruction, KnowsTheSegmentOfTheThreadOnlyWithItsTeb) {
  // mov rax, gs:[0x30]
  const std::string code("\x65\x48\x8b\x04\x25\x30\x00\x00\x00", 9);
  SampleFault sample(0xc0000005, {0, 0x30}, code);
  EXPECT_TRUE(sample.run().crash->memory_accesses.empty());
  sample.snapshot.threads.resize(1);
  sample.snapshot.threads[0].id = ThreadId{104};
  sample.snapshot.threads[0].teb = 0x7000;
  EXPECT_THAT(sample.run().crash->memory_accesses,
              ElementsAre(report::MemoryAccess{0x7030, 8, "read"}));
}

TEST(Instruction, OfAPushWritesBelowTheStackPointer) {
  SampleFault sample(0xc00000fd, {1, 0x8ff8}, std::string("\x50", 1));
  sample.reg(Rsp) = 0x9000;
  EXPECT_THAT(sample.run().crash->memory_accesses,
              ElementsAre(report::MemoryAccess{0x8ff8, 8, "write"}));
}

TEST(Instruction, NamesTheDivisor) {
  // div ecx
  SampleFault sample(0xc0000094, {}, std::string("\xf7\xf1", 2));
  EXPECT_EQ(sample.run().synopsis,
            "OrdersApi.exe 4.2.1 divided an integer by zero (ecx) in orders!Cart::total+0x1a");
}

TEST(Instruction, ShowsTheBytesOfOneThatTheProcessorDoesNotKnow) {
  SampleFault sample(0xc000001d, {}, std::string("\x0f\x0b\x90\x90", 4));
  EXPECT_THAT(sample.run().crash->decoded,
              ElementsAre("the bytes at 0x7ff80000001a are 0f 0b 90 90"));
}

TEST(Instruction, IsHeldAgainstTheRecord) {
  SampleFault other(0xc0000005, {0, 0x5000'0000}, std::string("\x48\x8b\x41\x18", 4));
  other.reg(Rcx) = 0x1'0000;
  EXPECT_THAT(other.run().crash->decoded.front(),
              HasSubstr("the instruction as decoded does not access 0x50000000"));
  SampleFault writes(0xc0000005, {1, 0x5000'0018}, std::string("\x48\x8b\x41\x18", 4));
  writes.reg(Rcx) = 0x5000'0000;
  EXPECT_EQ(writes.run().crash->decoded.front(),
            "the record calls it a write, and the instruction can only read there");
}

TEST(Instruction, HasNoOperandsWhenTheRegistersStandElsewhere) {
  SampleFault sample(0xc0000005, {0, 0x18}, std::string("\x48\x8b\x41\x18", 4));
  sample.registers.rip = kCode + 4;
  const auto crash = sample.run().crash.value();
  EXPECT_EQ(crash.instruction, "mov rax, [rcx+0x18]");
  EXPECT_TRUE(crash.memory_accesses.empty());
}

TEST(Instruction, OfARaisedExceptionIsNotLookedAt) {
  SampleFault sample(0xe06d7363, {}, std::string("\x48\x8b\x41\x18", 4));
  EXPECT_EQ(sample.run().crash->instruction, "");
}

TEST(Instruction, IsMissingWhereverItIsCutOff) {
  const std::string code("\x48\xc7\x04\x08\x41\x41\x41\x41", 8);
  for (std::size_t length = 0; length < code.size(); ++length) {
    SampleFault sample(0xc0000005, {0, 0x18}, code.substr(0, length));
    EXPECT_EQ(sample.run().crash->instruction, "") << length;
  }
}

TEST(Instruction, OfA32BitProgramWrapsItsAddresses) {
  FakeMemory memory;
  memory.put(0x40'1000, std::string("\x8b\x44\x88\x10", 4));  // mov eax, [eax+ecx*4+0x10]
  snapshot::X86Context context;
  context.eip = 0x40'1000;
  context.eax = 0xffff'fff0;
  context.ecx = 4;
  const auto decoded = decode_instruction(memory, 0x40'1000, context, 0);
  ASSERT_TRUE(decoded.has_value());
  ASSERT_EQ(decoded->operands.size(), 1u);
  EXPECT_EQ(decoded->operands[0].access, (report::MemoryAccess{0x10, 4, "read"}));
  EXPECT_EQ(decoded->operands[0].base_name, "eax");
}

TEST(Instruction, OfAnArmProcessorIsNotDecoded) {
  FakeMemory memory;
  memory.put(0x1000, std::string(16, '\x90'));
  EXPECT_FALSE(decode_instruction(memory, 0x1000, snapshot::Arm64Context{}, 0).has_value());
}

TEST(Instruction, IsDecodedWhateverTheBytesAre) {
  std::uint32_t seed = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::string code;
    for (int k = 0; k < 15; ++k) {
      seed = seed * 1664525 + 1013904223;
      code += static_cast<char>(seed >> 24);
    }
    SampleFault sample(0xc0000005, {0, ~std::uint64_t{0}}, std::move(code));
    for (auto& value : sample.registers.gpr) value = std::uint64_t{seed} << 32 | seed;
    EXPECT_TRUE(sample.run().crash.has_value());
  }
}

}  // namespace
}  // namespace vigil::analysis
