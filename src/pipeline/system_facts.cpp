// SPDX-License-Identifier: Apache-2.0
#include "pipeline/system_facts.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace vigil::pipeline {
namespace {

/// `6.1.7601 Service Pack 1`; on other systems than Windows only their own words.
std::string os_version(const snapshot::SystemInfo& info, TextBudget& budget) {
  auto words = budget.take(info.service_pack);
  const bool numbered = info.os_major != 0 || info.os_minor != 0 || info.os_build != 0;
  if (!numbered) return words;
  const auto number = fmt::format("{}.{}.{}", info.os_major, info.os_minor, info.os_build);
  return words.empty() ? number : number + " " + words;
}

/// `UTC+02:00 W. Europe Daylight Time`
std::string time_zone(const snapshot::TimeZone& zone, TextBudget& budget) {
  constexpr int kMinutesInHour = 60;
  const auto ahead = -zone.bias_minutes;
  const auto minutes = std::abs(ahead);
  const auto name = budget.take(zone.name);
  return fmt::format("UTC{}{:02}:{:02}{}{}", ahead < 0 ? '-' : '+', minutes / kMinutesInHour,
                     minutes % kMinutesInHour, name.empty() ? "" : " ", name);
}

/// VER_NT_*
std::string_view role_name(std::uint8_t product_type) {
  switch (product_type) {
    case 1: return "workstation";
    case 2: return "domain_controller";
    case 3: return "server";
    default: return {};
  }
}

struct Suite {
  std::uint16_t bit;
  std::string_view name;
};

/// VER_SUITE_*
constexpr std::array kSuites = {
    Suite{0x0001, "small_business"},
    Suite{0x0002, "enterprise"},
    Suite{0x0010, "terminal_server"},
    Suite{0x0080, "datacenter"},
    Suite{0x0100, "single_user_terminal_server"},
    Suite{0x0200, "home"},
    Suite{0x0400, "web_server"},
    Suite{0x2000, "storage_server"},
    Suite{0x4000, "compute_server"},
    Suite{0x8000, "home_server"},
};

void add_edition(const snapshot::SystemInfo& info, report::System& system) {
  if (info.os != snapshot::Os::Windows) return;
  system.os_role = role_name(info.product_type);
  for (const auto& [bit, name] : kSuites) {
    if ((info.suite_mask & bit) != 0) system.os_suites.emplace_back(name);
  }
}

void add_system_details(const snapshot::SystemInfo& info,
                        TextBudget& budget,
                        report::System& system) {
  system.cpu_current_mhz = info.current_mhz;
  system.os_product = budget.take(info.distribution.empty() ? snapshot::windows_product(info)
                                                            : std::string_view(info.distribution));
  add_edition(info, system);
  system.os_build = budget.take(info.build_text);
  system.cpu_model_name = budget.take(info.cpu_model_name);
  system.cpu_microcode = budget.take(info.microcode);
  for (const auto feature : snapshot::cpu_features(info)) system.cpu_features.emplace_back(feature);
  if (info.time_zone) system.time_zone = time_zone(*info.time_zone, budget);
}

}  // namespace

report::System system_of(const snapshot::SystemInfo& info, TextBudget& budget) {
  report::System system;
  system.os = snapshot::os_name(info);
  system.os_version = os_version(info, budget);
  system.cpu = snapshot::cpu_name(info);
  system.cpu_count = info.processor_count;
  system.cpu_mhz = info.max_mhz;
  add_system_details(info, budget, system);
  const bool known = info.cpu_family != 0 || !info.cpu_vendor.empty();
  if (!known) return system;
  system.cpu_info = fmt::format("{}{}family {} model {} stepping {}", budget.take(info.cpu_vendor),
                                info.cpu_vendor.empty() ? "" : " ", info.cpu_family, info.cpu_model,
                                info.cpu_stepping);
  return system;
}

}  // namespace vigil::pipeline
