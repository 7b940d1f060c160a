// SPDX-License-Identifier: Apache-2.0
#include "unwind/call_site.h"

#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

#include "support/byte_builder.h"

namespace vigil::unwind {
namespace {

using namespace std::string_view_literals;
using image::Machine;

bool amd64(std::string_view before) {
  return ends_with_call(Machine::Amd64, ByteView(before));
}
bool arm64(std::uint32_t instruction) {
  return ends_with_call(Machine::Arm64, test::ByteBuilder().u32(instruction).view());
}

TEST(CallSite, KnowsTheCallsOfX86) {
  EXPECT_TRUE(amd64("\xe8\x01\x02\x03\x04"sv));          // call rel32
  EXPECT_TRUE(amd64("\xff\xd0"sv));                      // call rax
  EXPECT_TRUE(amd64("\x41\xff\xd4"sv));                  // call r12
  EXPECT_TRUE(amd64("\xff\x10"sv));                      // call [rax]
  EXPECT_TRUE(amd64("\xff\x50\x18"sv));                  // call [rax + 0x18]
  EXPECT_TRUE(amd64("\xff\x14\x24"sv));                  // call [rsp]
  EXPECT_TRUE(amd64("\xff\x54\x24\x08"sv));              // call [rsp + 8]
  EXPECT_TRUE(amd64("\xff\x15\x00\x10\x00\x00"sv));      // call [rip + 0x1000]
  EXPECT_TRUE(amd64("\xff\x90\x00\x01\x00\x00"sv));      // call [rax + 0x100]
  EXPECT_TRUE(amd64("\xff\x94\x24\x00\x01\x00\x00"sv));  // call [rsp + 0x100]
  EXPECT_TRUE(amd64("\xff\x14\x25\x00\x10\x00\x00"sv));  // call [0x1000]
}

TEST(CallSite, KnowsWhatIsNoCallOfX86) {
  EXPECT_FALSE(amd64(""sv));
  EXPECT_FALSE(amd64("\x90\x90\x90\x90\x90\x90\x90"sv));
  EXPECT_FALSE(amd64("\xe9\x01\x02\x03\x04"sv));          // jmp
  EXPECT_FALSE(amd64("\xff\xe0"sv));                      // jmp rax
  EXPECT_FALSE(amd64("\xff\xd0\x90"sv));                  // call, then something else
  EXPECT_FALSE(amd64("\xff\x15\x00\x10\x00\x00\x90"sv));  // the same
  EXPECT_FALSE(amd64("\xff\x15"sv));                      // displacement missing
}

TEST(CallSite, KnowsTheCallsOfArm64) {
  EXPECT_TRUE(arm64(0x94000001));   // bl
  EXPECT_TRUE(arm64(0xd63f0100));   // blr x8
  EXPECT_TRUE(arm64(0xd73f0801));   // blraa x0, x1
  EXPECT_TRUE(arm64(0xd63f081f));   // blraaz x0
  EXPECT_FALSE(arm64(0x14000001));  // b
  EXPECT_FALSE(arm64(0xd61f0100));  // br x8
  EXPECT_FALSE(arm64(0xd65f03c0));  // ret
  EXPECT_FALSE(ends_with_call(Machine::Arm64, ByteView("\x01\0\x94"sv)));
}

TEST(CallSite, KnowsNoCallsOfOtherProcessors) {
  EXPECT_FALSE(ends_with_call(Machine::Unknown, ByteView("\xe8\0\0\0\0"sv)));
}

}  // namespace
}  // namespace vigil::unwind
