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

/// What CPUID says, where the writer put it: see vendor_of. Elsewhere feature bits are there.
void read_features(ByteView stream, snapshot::SystemInfo& system) {
  const auto words = stream.clamp(sizeof(format::SystemInfo), stream.size());
  const bool has_cpuid = system.cpu == Cpu::X86 || !system.cpu_vendor.empty();
  const auto x86 = words.read<format::CpuX86>(0);
  if (has_cpuid && x86.ok()) {
    system.cpuid = {x86->version_information, x86->feature_information, x86->amd_extended_features};
  }
  const auto other = words.read<format::CpuOther>(0);
  if (!has_cpuid && other.ok() && system.os == Os::Windows) {
    system.feature_bits = other->processor_features;
  }
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
  system.suite_mask = raw.suite_mask;
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
  read_features(stream, system);
  reader.set_cpu(system.cpu);
  return {};
}

}  // namespace vigil::minidump
