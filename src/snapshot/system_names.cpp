// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "snapshot/snapshot.h"

namespace vigil::snapshot {
namespace {

struct WindowsBuild {
  std::uint32_t build;
  std::string_view client, server;
};

constexpr std::array kWindowsBuilds = {
#define VIGIL_WINDOWS(build, client, server) WindowsBuild{build, client, server},
#include "snapshot/windows_products.inc"
#undef VIGIL_WINDOWS
};

constexpr std::uint8_t kWorkstation = 1, kDomainController = 2, kServer = 3;
constexpr std::uint32_t kFirstWindows11 = 22'000;

/// The numbers that Breakpad gave to systems that have none in Windows' headers.
std::string_view foreign_os_name(std::uint32_t platform) noexcept {
  switch (platform) {
    case 0x8000: return "Unix";
    case 0x8202: return "Solaris";
    case 0x8204: return "PlayStation 3";
    case 0x8205: return "Native Client";
    case 0x8206: return "Fuchsia";
    default: return {};
  }
}

/// Releases that brought no kernel of their own.
struct KernelBuild {
  std::uint32_t build;
  std::string_view client;
};
constexpr KernelBuild kKernelBuilds[] = {
    {18362, "Windows 10 1903 or 1909"},
    {19041, "Windows 10 2004 to 22H2"},
    {22621, "Windows 11 22H2 or 23H2"},
    {26100, "Windows 11 24H2 or later"},
};

}  // namespace

std::string_view os_name(const SystemInfo& system) noexcept {
  switch (system.os) {
    case Os::Windows: return "Windows";
    case Os::Linux: return "Linux";
    case Os::Android: return "Android";
    case Os::MacOs: return "macOS";
    case Os::Ios: return "iOS";
    case Os::Other: return foreign_os_name(system.raw_platform);
    case Os::Unknown: break;
  }
  return {};
}

std::string_view cpu_name(const SystemInfo& system) noexcept {
  if (system.cpu != Cpu::Unknown) return to_string(system.cpu);
  switch (system.raw_cpu) {
    case 1: return "mips";
    case 2: return "alpha";
    case 3: return "ppc";
    case 4: return "shx";
    case 6: return "ia64";
    case 0x8001: return "sparc";
    case 0x8002: return "ppc64";
    case 0x8004: return "mips64";
    case 0x8005: return "riscv";
    case 0x8006: return "riscv64";
    default: return to_string(Cpu::Unknown);
  }
}

std::string_view windows_product(const SystemInfo& system) noexcept {
  const bool client = system.product_type == kWorkstation;
  const bool server = system.product_type == kServer || system.product_type == kDomainController;
  if (system.os != Os::Windows || (!client && !server)) return {};
  if (client && system.is_kernel_build) {
    const auto found = std::ranges::find(kKernelBuilds, system.os_build, &KernelBuild::build);
    if (found != std::end(kKernelBuilds)) return found->client;
  }
  for (const auto& known : kWindowsBuilds) {
    if (known.build == system.os_build) return client ? known.client : known.server;
  }
  if (system.os_major != 10) return {};
  if (server) return "Windows Server";
  return system.os_build < kFirstWindows11 ? "Windows 10" : "Windows 11";
}

}  // namespace vigil::snapshot
