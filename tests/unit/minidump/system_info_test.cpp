// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parsed.h"
#include "support/minidump_streams.h"

namespace vigil::minidump {
namespace {

using snapshot::Cpu;
using snapshot::Os;
using test::ByteBuilder;
using test::MinidumpBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint32_t kSystemInfo = 7;
constexpr std::uint32_t kMiscInfo = 15;

Cpu cpu_of(std::uint16_t architecture) {
  MinidumpBuilder builder(static_cast<MinidumpBuilder::Arch>(architecture));
  return Parsed(builder).snapshot().system.cpu;
}

Os os_of(std::uint32_t platform) {
  MinidumpBuilder builder;
  builder.os(platform, 1, 2, 3);
  return Parsed(builder).snapshot().system.os;
}

TEST(SystemInfo, GivesEachField) {
  MinidumpBuilder builder(MinidumpBuilder::Arch::X86);
  builder.os(2, 6, 1, 7601).service_pack("Service Pack 1").cpu(6, 0x1a05, "GenuineIntel");
  const Parsed parsed(builder);
  const auto& system = parsed.snapshot().system;
  EXPECT_EQ(system.cpu, Cpu::X86);
  EXPECT_EQ(system.os, Os::Windows);
  EXPECT_EQ(system.processor_count, 4u);
  EXPECT_EQ(system.product_type, 3);
  EXPECT_EQ(system.os_major, 6u);
  EXPECT_EQ(system.os_minor, 1u);
  EXPECT_EQ(system.os_build, 7601u);
  EXPECT_EQ(system.service_pack, "Service Pack 1");
  EXPECT_EQ(system.cpu_vendor, "GenuineIntel");
  EXPECT_EQ(system.cpu_family, 6);
  EXPECT_EQ(system.cpu_model, 26);
  EXPECT_EQ(system.cpu_stepping, 5);
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(SystemInfo, KnowsProcessors) {
  EXPECT_EQ(cpu_of(0), Cpu::X86);
  EXPECT_EQ(cpu_of(5), Cpu::Arm);
  EXPECT_EQ(cpu_of(9), Cpu::Amd64);
  EXPECT_EQ(cpu_of(12), Cpu::Arm64);
  EXPECT_EQ(cpu_of(0x8003), Cpu::Arm64);
  EXPECT_EQ(cpu_of(6), Cpu::Unknown);
  EXPECT_EQ(cpu_of(0xffff), Cpu::Unknown);
}

TEST(SystemInfo, KnowsOtherSystemsThanWindows) {
  EXPECT_EQ(os_of(0), Os::Unknown);
  EXPECT_EQ(os_of(2), Os::Windows);
  EXPECT_EQ(os_of(0x8101), Os::MacOs);
  EXPECT_EQ(os_of(0x8102), Os::Ios);
  EXPECT_EQ(os_of(0x8201), Os::Linux);
  EXPECT_EQ(os_of(0x8203), Os::Android);
  EXPECT_EQ(os_of(0x8206), Os::Other);
  EXPECT_EQ(os_of(0xffff'ffff), Os::Other);
}

TEST(SystemInfo, TakesNoFeatureBitsForAVendor) {
  MinidumpBuilder windows;
  windows.cpu(6, 0x5507, "GenuineIntel");
  EXPECT_EQ(Parsed(windows).snapshot().system.cpu_vendor, "");
  MinidumpBuilder bits(MinidumpBuilder::Arch::X86);
  bits.cpu(6, 0x5507, std::string("\1\0\0\0abcdefgh", 12));
  EXPECT_EQ(Parsed(bits).snapshot().system.cpu_vendor, "");
  MinidumpBuilder breakpad;
  breakpad.os(0x8201, 0, 0, 0).cpu(6, 0x5507, "AuthenticAMD");
  EXPECT_EQ(Parsed(breakpad).snapshot().system.cpu_vendor, "AuthenticAMD");
}

TEST(SystemInfo, IsReadWithoutItsProcessorPart) {
  MinidumpBuilder builder;
  builder.without_system_info().add_stream(kSystemInfo, ByteBuilder().seek(32).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().system.cpu, Cpu::X86);
  EXPECT_EQ(parsed.snapshot().system.cpu_vendor, "");
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(SystemInfo, KeepsTheRestWhenTheServicePackIsLost) {
  MinidumpBuilder builder;
  const auto rva = builder.place(ByteBuilder().u32(0xffff).bytes());
  builder.without_system_info().add_stream(
      kSystemInfo, ByteBuilder().u16(9).seek(16).u32(2).seek(24).u32(rva).seek(56).bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().system.cpu, Cpu::Amd64);
  ASSERT_EQ(parsed.notes().size(), 1u);
  EXPECT_EQ(parsed.notes()[0],
            "service pack: name: 65535 bytes of text at offset 0x1a0, and the limit is 65534");
}

TEST(MiscInfo, GivesProcessAndClock) {
  MinidumpBuilder builder;
  builder.misc_info(4711, 1'600'000'000, 3600);
  const Parsed parsed(builder);
  const auto& process = parsed.snapshot().process;
  EXPECT_EQ(process.pid, ProcessId{4711});
  EXPECT_EQ(process.create_time, Timestamp{1'600'000'000'000'000});
  EXPECT_EQ(process.user_time, Microseconds(3'000'000));
  EXPECT_EQ(process.kernel_time, Microseconds(2'000'000));
  EXPECT_EQ(parsed.snapshot().system.max_mhz, 3600u);
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

/// A MiscInfo of \p size bytes that says it has \p claimed, with every flag set.
std::string misc_info(std::uint32_t claimed, std::size_t size) {
  return ByteBuilder()
      .u32(claimed)
      .u32(0x3ff)
      .u32(7)
      .u32(0)
      .u32(0)
      .u32(0)
      .u32(2800)
      .seek(size)
      .bytes();
}

TEST(MiscInfo, ReadsEachVersionOfTheStructure) {
  for (const std::uint32_t size : {44u, 232u, 832u, 1364u, 4096u}) {
    MinidumpBuilder builder;
    builder.add_stream(kMiscInfo, misc_info(size, size));
    const Parsed parsed(builder);
    EXPECT_EQ(parsed.snapshot().process.pid, ProcessId{7}) << size;
    EXPECT_EQ(parsed.snapshot().system.max_mhz, 2800u) << size;
  }
}

TEST(SystemInfo, GivesProcessorFeatures) {
  MinidumpBuilder windows;
  windows.cpu(6, 0x6a06, ByteBuilder().u64(0x400).u64(1).bytes());
  EXPECT_EQ(Parsed(windows).snapshot().system.feature_bits,
            (std::array<std::uint64_t, 2>{0x400, 1}));
  MinidumpBuilder x86(MinidumpBuilder::Arch::X86);
  x86.cpu(6, 0x5507, ByteBuilder().raw("GenuineIntel").u32(1).u32(2).u32(3).bytes());
  EXPECT_EQ(Parsed(x86).snapshot().system.cpuid, (std::array<std::uint32_t, 3>{1, 2, 3}));
}

TEST(MiscInfo, GivesEachFieldOfItsFifthVersion) {
  MinidumpBuilder builder;
  test::add_misc_info_5(builder, "20348.1.amd64fre.fe_release.210507-1500");
  const Parsed parsed(builder);
  const auto& process = parsed.snapshot().process;
  const auto& system = parsed.snapshot().system;
  EXPECT_EQ(system.max_mhz, 2800u);
  EXPECT_EQ(system.current_mhz, 1200u);
  EXPECT_EQ(process.integrity_level, 0x3000u);
  EXPECT_EQ(process.execute_flags, 13u);
  EXPECT_EQ(process.is_protected, true);
  ASSERT_TRUE(system.time_zone.has_value());
  EXPECT_EQ(system.time_zone->bias_minutes, -120);
  EXPECT_EQ(system.time_zone->name, "W. Europe Daylight Time");
  EXPECT_EQ(system.build_text, "20348.1.amd64fre.fe_release.210507-1500");
  EXPECT_EQ(process.xstate_context_bytes, 2695u);
  EXPECT_EQ(process.xstate_features, 0x207u);
  EXPECT_EQ(process.cookie, 0xc00c1eu);
  EXPECT_THAT(parsed.notes(), IsEmpty());
}

TEST(MiscInfo, ReadsNothingPastTheSizeThatItSays) {
  MinidumpBuilder whole;
  test::add_misc_info_5(whole, "build");
  const auto bytes = whole.finish().substr(whole.stream_offset(kMiscInfo), 1364);
  for (const std::uint32_t size : {24u, 44u, 232u, 832u}) {
    MinidumpBuilder builder;
    builder.add_stream(kMiscInfo, ByteBuilder(bytes).patch_u32(0, size).bytes());
    const Parsed parsed(builder);
    EXPECT_EQ(parsed.snapshot().process.integrity_level.has_value(), size >= 232) << size;
    EXPECT_EQ(parsed.snapshot().system.time_zone.has_value(), size >= 232) << size;
    EXPECT_EQ(parsed.snapshot().system.build_text.empty(), size < 832) << size;
    EXPECT_FALSE(parsed.snapshot().process.cookie.has_value()) << size;
  }
}

TEST(MiscInfo, NotesATimeZoneThatCannotBe) {
  MinidumpBuilder whole;
  test::add_misc_info_5(whole, "build");
  const auto bytes = whole.finish().substr(whole.stream_offset(kMiscInfo), 1364);
  MinidumpBuilder builder;
  builder.add_stream(kMiscInfo, ByteBuilder(bytes).patch_u32(0x3c, 5000).bytes());
  const Parsed parsed(builder);
  EXPECT_FALSE(parsed.snapshot().system.time_zone.has_value());
  EXPECT_THAT(parsed.notes(), ElementsAre("time zone: its bias of 5000 and -60 minutes cannot be"));
}

TEST(MiscInfo, TakesNoClockFromTheFirstVersionOfTheStructure) {
  MinidumpBuilder builder;
  builder.add_stream(kMiscInfo, misc_info(24, 44));
  EXPECT_EQ(Parsed(builder).snapshot().system.max_mhz, 0u);
}

TEST(MiscInfo, SaysNothingThatItsFlagsDoNotSay) {
  MinidumpBuilder builder;
  builder.add_stream(kMiscInfo, ByteBuilder().u32(44).u32(0).u32(7).fill(32, 'x').bytes());
  const Parsed parsed(builder);
  EXPECT_EQ(parsed.snapshot().process.pid, std::nullopt);
  EXPECT_EQ(parsed.snapshot().process.create_time, std::nullopt);
  EXPECT_EQ(parsed.snapshot().system.max_mhz, 0u);
}

TEST(MiscInfo, TakesAClockInHertzForWhatItIs) {
  MinidumpBuilder builder;
  builder.misc_info(1, 1, 2'800'000'000);
  EXPECT_EQ(Parsed(builder).snapshot().system.max_mhz, 2800u);
}

TEST(MiscInfo, IsNotedWhenItIsTooShort) {
  MinidumpBuilder builder;
  builder.add_stream(kMiscInfo, misc_info(24, 28).substr(0, 23));
  EXPECT_THAT(Parsed(builder).notes(),
              ElementsAre("MiscInfoStream: needs 24 bytes at offset 0x0 and has 23 in all"));
}

}  // namespace
}  // namespace vigil::minidump
