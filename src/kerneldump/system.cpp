// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

/// KUSER_SHARED_DATA lies at one address in every kernel.
constexpr std::uint64_t kSharedData64 = 0xfffff78000000000, kSharedData32 = 0xffdf0000;

struct Version {
  std::uint32_t first_build, major, minor;
};
/// The first build of each version of NT.
constexpr Version kVersions[] = {
    {10240, 10, 0}, {9600, 6, 3}, {9200, 6, 2}, {7600, 6, 1},
    {6000, 6, 0},   {3790, 5, 2}, {2600, 5, 1}, {2195, 5, 0},
};

void set_version(Kernel& kernel) {
  constexpr std::uint64_t kMajorAt = 0x26c, kMinorAt = 0x270;
  constexpr std::uint32_t kMaxVersion = 100;
  auto& system = kernel.out.system;
  system.os_build = kernel.header.build;
  system.is_kernel_build = true;
  const auto shared = kernel.pick(kSharedData64, kSharedData32);
  const auto major = kernel.read<std::uint32_t>(shared + kMajorAt);
  const auto minor = kernel.read<std::uint32_t>(shared + kMinorAt);
  if (major && minor && *major != 0 && *major < kMaxVersion && *minor < kMaxVersion) {
    system.os_major = *major;
    system.os_minor = *minor;
    return;
  }
  for (const auto& version : kVersions) {
    if (system.os_build < version.first_build) continue;
    system.os_major = version.major;
    system.os_minor = version.minor;
    return;
  }
}

/// Workstation, server or domain controller, and what of one: as the header says, or else as the
/// kernel tells every process.
void set_edition(Kernel& kernel) {
  constexpr std::uint64_t kProductTypeAt = 0x264, kIsValidAt = 0x268, kSuiteMaskAt = 0x2d0;
  constexpr std::uint32_t kLastProductType = 3;
  auto& system = kernel.out.system;
  const auto shared = kernel.pick(kSharedData64, kSharedData32);
  auto product = kernel.header.product_type;
  auto suites = kernel.header.suite_mask;
  if (!product && kernel.read<std::uint8_t>(shared + kIsValidAt) == 1) {
    product = kernel.read<std::uint32_t>(shared + kProductTypeAt);
    if (product > kLastProductType) product.reset();
    if (!suites) suites = kernel.read<std::uint32_t>(shared + kSuiteMaskAt);
  }
  system.product_type = static_cast<std::uint8_t>(std::min(product.value_or(0), 0xffU));
  system.suite_mask = static_cast<std::uint16_t>(suites.value_or(0) & 0xffff);
}

/// CmNtCSDVersion: the number of the service pack in its second byte.
void set_service_pack(Kernel& kernel) {
  constexpr std::uint64_t kVersionAt = 0x268;
  constexpr std::uint32_t kMaxNumber = 9;
  std::optional<std::uint32_t> version;
  if (kernel.triage != nullptr) {
    version = kernel.triage->service_pack_build;
  } else if (const auto address = kernel.debugger.address(kVersionAt)) {
    version = kernel.read<std::uint32_t>(*address);
  }
  const auto number = version.value_or(0) >> 8 & 0xff;
  if (number != 0 && number <= kMaxNumber && (*version & 0xff) == 0)
    kernel.out.system.service_pack = fmt::format("Service Pack {}", number);
}

void set_processor(Kernel& kernel) {
  auto& system = kernel.out.system;
  system.processor_count = kernel.header.processors;
  for (const auto& processor : kernel.state.processors) {
    if (system.max_mhz == 0 && processor.mhz) system.max_mhz = *processor.mhz;
    if (system.cpu_vendor.empty()) system.cpu_vendor = processor.vendor;
    if (system.cpu_family != 0 || !processor.family) continue;
    system.cpu_family = *processor.family;
    system.cpu_model = processor.model.value_or(0);
    system.cpu_stepping = processor.stepping.value_or(0);
  }
}

void set_time_zone(Kernel& kernel) {
  constexpr std::uint64_t kBiasAt = 0x20;
  constexpr std::int64_t kTicksInMinute = 600'000'000, kMaxMinutes = 24 * 60;
  const auto bias = kernel.read<std::int64_t>(kernel.pick(kSharedData64, kSharedData32) + kBiasAt);
  if (!bias || *bias / kTicksInMinute > kMaxMinutes || *bias / kTicksInMinute < -kMaxMinutes)
    return;
  kernel.out.system.time_zone.emplace().bias_minutes =
      static_cast<std::int32_t>(*bias / kTicksInMinute);
}

}  // namespace

void read_system(Kernel& kernel) {
  constexpr std::uint64_t kBuildLabAt = 0x208, kLabBytes = 128;
  auto& system = kernel.out.system;
  system.cpu = kernel.header.cpu;
  system.os = snapshot::Os::Windows;
  set_edition(kernel);
  set_service_pack(kernel);
  set_version(kernel);
  set_processor(kernel);
  set_time_zone(kernel);
  if (const auto lab = kernel.debugger.address(kBuildLabAt))
    system.build_text = kernel.ascii(*lab, kLabBytes);
}

}  // namespace vigil::kerneldump
