// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "unit/unwind/fake_process.h"

namespace vigil::unwind {
namespace {

using test::ByteBuilder;
using test::CodeModule;
using test::FakeProcess;
using test::PeBuilder;

constexpr std::size_t kMaxFrames = 64;
constexpr int kRounds = 400;

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

 private:
  std::mt19937_64 engine_;
};

/// Code, unwind tables and unwind information of random bytes, with many calls in the code.
std::string random_module(Random& random, std::uint32_t machine) {
  CodeModule module(machine);
  for (std::uint32_t rva = 0x1010; rva < 0x1fe0; rva += 16) {
    if (machine == PeBuilder::kArm64) {
      module.code(rva - 4, ByteBuilder().u32(0x94000000).bytes());
    } else {
      module.call_before(rva);
    }
  }
  for (std::uint32_t begin = 0x1000; begin < 0x1f00; begin += 0x40) {
    ByteBuilder info;
    info.u8(1 + random.below(2) + (random.below(8) == 0 ? 4 * 8 : 0)).u8(random.below(64));
    info.u8(random.below(12)).u8(random.below(4) == 0 ? random.below(256) : 0);
    for (int i = 0; i < 12; ++i) info.u8(random.below(64)).u8(random.below(256));
    info.u32(0x1000 + random.below(0xf00))
        .u32(0x2000)
        .u32(CodeModule::kInfo + random.below(64) * 40);
    if (machine == PeBuilder::kArm64) {
      const auto rva = module.add_info(info);
      module.arm64_function(begin, random.below(2) == 0
                                       ? rva
                                       : static_cast<std::uint32_t>(random.below(1u << 31)) | 0x43);
    } else {
      module.function(begin, begin + 0x40, info);
    }
  }
  return module.build().mapped();
}

/// Mostly return addresses and pointers into the stack, as on a real one.
ByteBuilder random_stack(Random& random, std::uint64_t base, std::size_t word) {
  ByteBuilder stack;
  while (stack.size() < 4096) {
    std::uint64_t value = random.below(~std::uint64_t{0});
    if (random.below(2) == 0) value = base + 0x1010 + 16 * random.below(0xf0);
    if (random.below(3) == 0) value = FakeProcess::kStack + 8 * random.below(0x200);
    word == 8 ? stack.u64(value) : stack.u32(value & 0xffff'ffff);
  }
  return stack;
}

snapshot::ThreadContext random_context(Random& random, std::uint32_t machine, std::uint64_t base) {
  const auto pc = base + 0x1000 + random.below(0x1000);
  const auto sp = FakeProcess::kStack + 8 * random.below(64);
  if (machine == PeBuilder::kX86) {
    snapshot::X86Context context;
    context.eip = static_cast<std::uint32_t>(pc);
    context.esp = static_cast<std::uint32_t>(sp);
    context.ebp = static_cast<std::uint32_t>(sp + 4 * random.below(32));
    return context;
  }
  if (machine == PeBuilder::kArm64) {
    snapshot::Arm64Context context;
    context.pc = pc & ~std::uint64_t{3};
    context.sp = sp;
    context.x[29] = sp + 8 * random.below(32);
    context.x[30] = base + 0x1010;
    return context;
  }
  snapshot::Amd64Context context;
  for (auto& value : context.gpr) value = sp + 8 * random.below(64);
  context.rip = pc;
  context.gpr[4] = sp;
  return context;
}

class AnyStack : public testing::TestWithParam<std::uint32_t> {};

TEST_P(AnyStack, IsWalkedUpwardsAndToAnEnd) {
  const auto machine = GetParam();
  const auto base = machine == PeBuilder::kX86 ? FakeProcess::kBase32 : FakeProcess::kBase;
  std::size_t frames = 0;
  for (std::uint32_t seed = 1; seed <= kRounds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    FakeProcess process;
    process.module(base, random_module(random, machine));
    process.stack(random_stack(random, base, machine == PeBuilder::kX86 ? 4 : 8));
    const auto walk = process.walk(random_context(random, machine, base), kMaxFrames);
    ASSERT_FALSE(walk.frames.empty());
    ASSERT_LE(walk.frames.size(), kMaxFrames);
    for (std::size_t i = 1; i < walk.frames.size(); ++i) {
      const auto below = snapshot::stack_pointer(walk.frames[i - 1].context).value();
      const auto above = snapshot::stack_pointer(walk.frames[i].context).value();
      const bool leaf = machine == PeBuilder::kArm64 && i == 1;
      ASSERT_TRUE(leaf ? above >= below : above > below);
      ASSERT_TRUE(walk.frames[i].module.has_value());
    }
    frames += walk.frames.size();
  }
  EXPECT_GT(frames, 2u * kRounds);  // otherwise the stacks are too random to show anything
}

INSTANTIATE_TEST_SUITE_P(OfEachProcessor,
                         AnyStack,
                         testing::Values(PeBuilder::kAmd64, PeBuilder::kX86, PeBuilder::kArm64));

}  // namespace
}  // namespace vigil::unwind
