// SPDX-License-Identifier: Apache-2.0
#include "snapshot/snapshot.h"

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::snapshot {
namespace {

Module module_at(std::uint64_t base, std::uint64_t size) {
  Module module;
  module.base = base;
  module.size = size;
  return module;
}

TEST(ModuleMap, FindsTheModuleAtItsFirstAndLastByteOnly) {
  const std::vector modules = {module_at(0x2000, 0x100), module_at(0x1000, 0x100)};
  const ModuleMap map(modules);
  EXPECT_EQ(map.find(0xfff), std::nullopt);
  EXPECT_EQ(map.find(0x1000), 1u);
  EXPECT_EQ(map.find(0x10ff), 1u);
  EXPECT_EQ(map.find(0x1100), std::nullopt);
  EXPECT_EQ(map.find(0x2000), 0u);
}

TEST(ModuleMap, PrefersTheSmallerOfTwoThatOverlap) {
  const std::vector modules = {module_at(0x1000, 0x1000), module_at(0x1400, 0x100)};
  const ModuleMap map(modules);
  EXPECT_EQ(map.find(0x13ff), 0u);
  EXPECT_EQ(map.find(0x1400), 1u);
  EXPECT_EQ(map.find(0x14ff), 1u);
  EXPECT_EQ(map.find(0x1500), 0u);
}

TEST(ModuleMap, PrefersTheFirstOfTwoThatAreTheSame) {
  const std::vector modules = {module_at(0x1000, 0x100), module_at(0x1000, 0x100)};
  EXPECT_EQ(ModuleMap(modules).find(0x1010), 0u);
}

TEST(ModuleMap, FindsBothOfTwoThatTouch) {
  const std::vector modules = {module_at(0x1000, 0x100), module_at(0x1100, 0x100)};
  const ModuleMap map(modules);
  EXPECT_EQ(map.find(0x10ff), 0u);
  EXPECT_EQ(map.find(0x1100), 1u);
}

TEST(ModuleMap, IgnoresModulesWithoutSizeAndCutsThoseThatWrap) {
  constexpr auto kLast = std::numeric_limits<std::uint64_t>::max();
  const std::vector modules = {module_at(0x1000, 0), module_at(kLast - 0xff, 0x1000)};
  const ModuleMap map(modules);
  EXPECT_EQ(map.find(0x1000), std::nullopt);
  EXPECT_EQ(map.find(kLast - 1), 1u);
  EXPECT_EQ(map.find(0), std::nullopt);
}

TEST(ModuleMap, AgreesWithALinearSearchWhereManyOverlap) {
  std::vector<Module> modules;
  std::uint64_t state = 1;
  for (int i = 0; i < 200; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    modules.push_back(module_at((state >> 40) % 1000, (state >> 20) % 50));
  }
  const ModuleMap map(modules);
  for (std::uint64_t address = 0; address < 1100; ++address) {
    std::optional<std::size_t> expected;
    for (std::size_t i = 0; i < modules.size(); ++i) {
      const bool better = !expected || modules[i].size < modules[*expected].size;
      if (better && modules[i].range().contains(address)) expected = i;
    }
    ASSERT_EQ(map.find(address), expected) << address;
  }
}

TEST(Module, GivesItsFileNameAndCodeId) {
  Module module = module_at(0, 0x1a000);
  module.path = "C:\\Windows\\System32\\ntdll.dll";
  module.timestamp = 0x4ca3b56e;
  EXPECT_EQ(module.name(), "ntdll.dll");
  EXPECT_EQ(module.code_id(), "4CA3B56E1a000");
}

TEST(ThreadContext, GivesTheInstructionAndStackPointerOfEachArchitecture) {
  EXPECT_EQ(instruction_pointer({}), std::nullopt);
  EXPECT_EQ(stack_pointer({}), std::nullopt);
  X86Context x86;
  x86.eip = 1;
  x86.esp = 2;
  EXPECT_EQ(instruction_pointer(x86), 1u);
  EXPECT_EQ(stack_pointer(x86), 2u);
  Amd64Context amd64;
  amd64.rip = 3;
  amd64.gpr[4] = 4;
  EXPECT_EQ(instruction_pointer(amd64), 3u);
  EXPECT_EQ(stack_pointer(amd64), 4u);
  Arm64Context arm64;
  arm64.pc = 5;
  arm64.sp = 6;
  EXPECT_EQ(instruction_pointer(arm64), 5u);
  EXPECT_EQ(stack_pointer(arm64), 6u);
}

TEST(ThreadContext, NamesEveryRegisterOnce) {
  EXPECT_TRUE(named_registers({}).empty());
  EXPECT_EQ(named_registers(X86Context()).size(), 10u);
  EXPECT_EQ(named_registers(Arm64Context()).size(), 34u);
  Amd64Context context;
  for (std::size_t i = 0; i < context.gpr.size(); ++i) context.gpr[i] = i;
  const auto registers = named_registers(context);
  EXPECT_EQ(registers.size(), 18u);
  EXPECT_EQ(registers[1].name, "rbx");
  EXPECT_EQ(registers[1].value, 3u);
  EXPECT_EQ(registers[16].name, "r15");
  EXPECT_EQ(registers[16].value, 15u);
}

TEST(Snapshot, FindsAThreadByItsId) {
  Snapshot snapshot;
  snapshot.threads.resize(2);
  snapshot.threads[1].id = ThreadId{7};
  EXPECT_EQ(find_thread(snapshot, ThreadId{7}), &snapshot.threads[1]);
  EXPECT_EQ(find_thread(snapshot, ThreadId{8}), nullptr);
}

TEST(Names, AreThoseOfTheReport) {
  EXPECT_EQ(to_string(Cpu::Amd64), "amd64");
  EXPECT_EQ(to_string(Cpu::Unknown), "unknown");
  EXPECT_EQ(to_string(Os::Windows), "windows");
  EXPECT_EQ(to_string(Os::MacOs), "macos");
}

std::string_view product(std::uint32_t major, std::uint32_t build, std::uint8_t type) {
  SystemInfo system;
  system.os = Os::Windows;
  system.os_major = major;
  system.os_build = build;
  system.product_type = type;
  return windows_product(system);
}

TEST(WindowsProduct, IsCertainByBuildAndProductType) {
  EXPECT_EQ(product(6, 9600, 3), "Windows Server 2012 R2");
  EXPECT_EQ(product(6, 9600, 1), "Windows 8.1");
  EXPECT_EQ(product(10, 14393, 2), "Windows Server 2016");
  EXPECT_EQ(product(10, 17763, 3), "Windows Server 2019");
  EXPECT_EQ(product(10, 20348, 3), "Windows Server 2022");
  EXPECT_EQ(product(10, 26100, 3), "Windows Server 2025");
  EXPECT_EQ(product(10, 26100, 1), "Windows 11 24H2");
  EXPECT_EQ(product(10, 19045, 1), "Windows 10 22H2");
}

TEST(WindowsProduct, SaysNoMoreThanItKnows) {
  EXPECT_EQ(product(10, 19999, 1), "Windows 10");
  EXPECT_EQ(product(10, 30000, 1), "Windows 11");
  EXPECT_EQ(product(10, 30000, 3), "Windows Server");
  EXPECT_EQ(product(10, 20348, 0), "");
  EXPECT_EQ(product(7, 1, 1), "");
  SystemInfo linux_system;
  linux_system.os = Os::Linux;
  linux_system.product_type = 1;
  linux_system.os_build = 26100;
  EXPECT_EQ(windows_product(linux_system), "");
}

TEST(OsName, KnowsSystemsThatOnlyBreakpadNumbers) {
  SystemInfo system;
  system.os = Os::Other;
  system.raw_platform = 0x8206;
  EXPECT_EQ(os_name(system), "Fuchsia");
  system.raw_platform = 0x8204;
  EXPECT_EQ(os_name(system), "PlayStation 3");
  system.raw_platform = 0x9999;
  EXPECT_EQ(os_name(system), "");
  EXPECT_EQ(os_name(SystemInfo{}), "");
}

TEST(CpuName, NamesProcessorsThatAreNotRead) {
  SystemInfo system;
  system.raw_cpu = 0x8006;
  EXPECT_EQ(cpu_name(system), "riscv64");
  system.raw_cpu = 77;
  EXPECT_EQ(cpu_name(system), "unknown");
  system.cpu = Cpu::Amd64;
  EXPECT_EQ(cpu_name(system), "amd64");
}

TEST(NamedRegisters, LeaveOutWhatTheDumpDoesNotHave) {
  Amd64Context context;
  EXPECT_EQ(named_registers(context).size(), 18u);
  context.known = 1U << static_cast<unsigned>(Amd64Register::Rsp);
  std::vector<std::string_view> names;
  for (const auto& reg : named_registers(context)) names.push_back(reg.name);
  EXPECT_EQ(names, (std::vector<std::string_view>{"rip", "rsp", "eflags"}));
}

TEST(CpuFeatures, ComeFromCpuidOrFromWindows) {
  SystemInfo x86;
  x86.cpu = Cpu::X86;
  x86.cpuid = {0, std::uint32_t{1} << 25 | std::uint32_t{1} << 26, std::uint32_t{1} << 20};
  EXPECT_EQ(cpu_features(x86), (std::vector<std::string_view>{"sse", "sse2", "nx"}));
  SystemInfo amd64;
  amd64.cpu = Cpu::Amd64;
  amd64.feature_bits = {std::uint64_t{1} << 40 | std::uint64_t{1} << 31, 0};
  EXPECT_EQ(cpu_features(amd64), (std::vector<std::string_view>{"avx2"}));
  amd64.cpu = Cpu::Arm64;
  EXPECT_EQ(cpu_features(amd64), (std::vector<std::string_view>{"crc32"}));
}

}  // namespace
}  // namespace vigil::snapshot
