// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/utf.h"
#include "watch/watch.h"

namespace vigil::watch {
namespace {

using namespace std::string_view_literals;

constexpr std::array kOwn = {
    "vigil.exe"sv,
    "vigil-dumper.exe"sv,
    "vigil-dumper32.exe"sv,
    "vigil-service.exe"sv,
};

// Sorted. The end of some of these is a bugcheck; others hold locks that every program waits for,
// or write the dumps that Vigil waits for.
constexpr std::array kCritical = {
    "conhost.exe"sv,
    "csrss.exe"sv,
    "dwm.exe"sv,
    "fontdrvhost.exe"sv,
    "lsaiso.exe"sv,
    "lsass.exe"sv,
    "memcompression"sv,
    "memory compression"sv,
    "msmpeng.exe"sv,
    "registry"sv,
    "secure system"sv,
    "services.exe"sv,
    "smss.exe"sv,
    "svchost.exe"sv,
    "system"sv,
    "vmmem"sv,
    "vmwp.exe"sv,
    "werfault.exe"sv,
    "werfaultsecure.exe"sv,
    "wermgr.exe"sv,
    "wininit.exe"sv,
    "winlogon.exe"sv,
};
static_assert(std::is_sorted(kCritical.begin(), kCritical.end()));

}  // namespace

std::span<const std::string_view> own_programs() noexcept {
  return kOwn;
}

bool is_own_program(std::string_view process_name) {
  return std::find(kOwn.begin(), kOwn.end(), ascii_lower(process_name)) != kOwn.end();
}

bool is_critical_process(std::string_view process_name) {
  const auto name = ascii_lower(process_name);
  return name.empty() || std::binary_search(kCritical.begin(), kCritical.end(), name);
}

}  // namespace vigil::watch
