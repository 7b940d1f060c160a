// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/utf.h"
#include "capture/win/collect.h"

namespace vigil::capture {
namespace {

constexpr std::uint64_t kFiletimeUnitsPerSecond = 10'000'000;

std::uint32_t seconds_of(const FILETIME& time) {
  return static_cast<std::uint32_t>(
      ((std::uint64_t{time.dwHighDateTime} << 32) | time.dwLowDateTime) / kFiletimeUnitsPerSecond);
}

/// One bit for each feature that the system says the processor has: what dumps of x64 carry.
std::array<std::uint64_t, 2> processor_features() {
  std::array<std::uint64_t, 2> features{};
  for (DWORD i = 0; i < 128; ++i) {
    if (::IsProcessorFeaturePresent(i) != FALSE) features[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return features;
}

}  // namespace

void collect_system(const Nt& nt, const TargetProcess& process, DumpContent& content) {
  SYSTEM_INFO info{};
  ::GetNativeSystemInfo(&info);
  OSVERSIONINFOEXW version{};
  version.dwOSVersionInfoSize = sizeof(version);
  if (nt.get_version(&version) < 0) version = {};
  auto& system = content.system;
  system.processor_level = info.wProcessorLevel;
  system.processor_revision = info.wProcessorRevision;
  system.processors =
      static_cast<std::uint8_t>(info.dwNumberOfProcessors > 255 ? 255 : info.dwNumberOfProcessors);
  system.product_type = version.wProductType;
  system.suite_mask = version.wSuiteMask;
  system.major = version.dwMajorVersion;
  system.minor = version.dwMinorVersion;
  system.build = version.dwBuildNumber;
  for (const wchar_t* unit = version.szCSDVersion; *unit != L'\0'; ++unit) {
    system.service_pack.push_back(static_cast<char16_t>(*unit));
  }
  system.processor_features = processor_features();
  content.pid = process.pid();
  content.process_start = process.facts().process_start.value_or(Timestamp{});
  FILETIME created{};
  FILETIME ended{};
  FILETIME kernel{};
  FILETIME user{};
  if (::GetProcessTimes(process.handle(), &created, &ended, &kernel, &user) != FALSE) {
    content.kernel_seconds = seconds_of(kernel);
    content.user_seconds = seconds_of(user);
  }
}

std::string processor_name() {
  std::array<wchar_t, 256> name{};
  auto size = static_cast<DWORD>(name.size() * sizeof(wchar_t));
  const auto found =
      ::RegGetValueW(HKEY_LOCAL_MACHINE, L"HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0",
                     L"ProcessorNameString", RRF_RT_REG_SZ, nullptr, name.data(), &size);
  if (found != ERROR_SUCCESS) return {};
  const std::wstring_view view(name.data());
  return utf8_from_utf16(std::u16string(view.begin(), view.end())).text;
}

}  // namespace vigil::capture
