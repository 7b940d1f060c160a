// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

using snapshot::Cpu;
using snapshot::Os;

constexpr Cpu cpu_of(std::uint16_t processor_architecture) {
  switch (processor_architecture) {
    case 0: return Cpu::X86;
    case 5: return Cpu::Arm;
    case 9: return Cpu::Amd64;
    case 12:
    case 0x8003: return Cpu::Arm64;  // Breakpad's own number from before Windows had one
    default: return Cpu::Unknown;
  }
}

constexpr Os os_of(std::uint32_t platform_id) {
  switch (platform_id) {
    case 0: return Os::Unknown;  // Win32s in theory, not filled in in practice
    case 1:
    case 2:
    case 3: return Os::Windows;
    case 0x8101: return Os::MacOs;
    case 0x8102: return Os::Ios;
    case 0x8201: return Os::Linux;
    case 0x8203: return Os::Android;
    default: return Os::Other;
  }
}

/// The CPUID vendor, where the writer put one: Windows does for x86 only, Breakpad for x64 too.
/// Elsewhere feature bits lie in its place.
std::string vendor_of(ByteView stream, const snapshot::SystemInfo& system) {
  const bool has_vendor =
      system.cpu == Cpu::X86 || (system.cpu == Cpu::Amd64 && system.os != Os::Windows);
  const auto cpu = stream.read<format::CpuX86>(sizeof(format::SystemInfo));
  if (!has_vendor || !cpu.ok()) return {};
  const std::string vendor(cpu->vendor_id.begin(), cpu->vendor_id.end());
  const bool is_text = std::ranges::all_of(vendor, [](char c) { return c > ' ' && c < '\x7f'; });
  return is_text ? vendor : std::string();
}

/// Crashpad on macOS writes hertz here: 2800000000 for 2.8 GHz. No processor has a
/// million megahertz.
constexpr std::uint32_t plausible_mhz(std::uint32_t value) {
  constexpr std::uint32_t kHertzPerMhz = 1'000'000;
  return value < kHertzPerMhz ? value : value / kHertzPerMhz;
}

constexpr Microseconds seconds(std::uint32_t count) {
  return std::chrono::seconds(std::int64_t{count});
}

}  // namespace

Status read_system_info(Reader& reader, ByteView stream, snapshot::SystemInfo& system) {
  VIGIL_TRY_ASSIGN(const auto raw, stream.read<format::SystemInfo>(0));
  system.raw_cpu = raw.processor_architecture;
  system.cpu = cpu_of(raw.processor_architecture);
  system.raw_platform = raw.platform_id;
  system.os = os_of(raw.platform_id);
  system.processor_count = raw.number_of_processors;
  system.product_type = raw.product_type;
  system.os_major = raw.major_version;
  system.os_minor = raw.minor_version;
  system.os_build = raw.build_number;
  system.service_pack = reader.name_at(raw.csd_version_rva, [] { return "service pack"; });
  if (system.cpu == Cpu::X86 || system.cpu == Cpu::Amd64) {
    system.cpu_family = raw.processor_level;
    system.cpu_model = raw.processor_revision >> 8;
    system.cpu_stepping = raw.processor_revision & 0xff;
    system.cpu_vendor = vendor_of(stream, system);
  }
  reader.set_cpu(system.cpu);
  return {};
}

Status read_misc_info(ByteView stream, snapshot::Snapshot& snapshot) {
  VIGIL_TRY_ASSIGN(const auto raw, stream.read<format::MiscInfo>(0));
  auto& process = snapshot.process;
  if ((raw.flags1 & format::kMiscProcessId) != 0) process.pid = ProcessId{raw.process_id};
  if ((raw.flags1 & format::kMiscProcessTimes) != 0) {
    process.create_time = Timestamp{} + seconds(raw.process_create_time);
    process.user_time = seconds(raw.process_user_time);
    process.kernel_time = seconds(raw.process_kernel_time);
  }
  // Five versions of the structure exist. The flag, and not the version, tells what is filled in.
  const auto power = stream.clamp(0, raw.size_of_info).read<format::MiscInfoPower>(sizeof(raw));
  if ((raw.flags1 & format::kMiscProcessorPower) != 0 && power.ok()) {
    snapshot.system.max_mhz = plausible_mhz(power->processor_max_mhz);
  }
  return {};
}

}  // namespace vigil::minidump
