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
  const auto& header = kernel.header;
  system.cpu = header.cpu;
  system.os = snapshot::Os::Windows;
  system.product_type = static_cast<std::uint8_t>(std::min(header.product_type.value_or(0), 0xffU));
  system.suite_mask = static_cast<std::uint16_t>(header.suite_mask.value_or(0) & 0xffff);
  set_version(kernel);
  set_processor(kernel);
  set_time_zone(kernel);
  if (const auto lab = kernel.debugger.address(kBuildLabAt))
    system.build_text = kernel.ascii(*lab, kLabBytes);
}

}  // namespace vigil::kerneldump
