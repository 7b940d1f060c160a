// SPDX-License-Identifier: Apache-2.0
#include "base/minidump_type.h"

#include <algorithm>
#include <array>

namespace vigil::minidump_type {
namespace {

constexpr std::array kFlags = {
    Flag{"WithDataSegs", kWithDataSegs, true},
    Flag{"WithFullMemory", kWithFullMemory, true},
    Flag{"WithHandleData", kWithHandleData, true},
    Flag{"FilterMemory", kFilterMemory, true},
    Flag{"ScanMemory", 0x10, false},
    Flag{"WithUnloadedModules", kWithUnloadedModules, true},
    Flag{"WithIndirectlyReferencedMemory", kWithIndirectlyReferencedMemory, true},
    Flag{"FilterModulePaths", kFilterModulePaths, true},
    Flag{"WithProcessThreadData", kWithProcessThreadData, true},
    Flag{"WithPrivateReadWriteMemory", kWithPrivateReadWriteMemory, true},
    Flag{"WithoutOptionalData", 0x400, false},
    Flag{"WithFullMemoryInfo", kWithFullMemoryInfo, true},
    Flag{"WithThreadInfo", kWithThreadInfo, true},
    Flag{"WithCodeSegs", kWithCodeSegs, true},
    Flag{"WithoutAuxiliaryState", kWithoutAuxiliaryState, true},
    Flag{"WithFullAuxiliaryState", 0x8000, false},
    Flag{"WithPrivateWriteCopyMemory", kWithPrivateWriteCopyMemory, true},
    Flag{"IgnoreInaccessibleMemory", kIgnoreInaccessibleMemory, true},
    Flag{"WithTokenInformation", 0x4'0000, false},
    Flag{"WithModuleHeaders", kWithModuleHeaders, true},
    Flag{"FilterTriage", kFilterTriage, true},
    Flag{"WithAvxXStateContext", 0x20'0000, false},
    Flag{"WithIptTrace", 0x40'0000, false},
    Flag{"ScanInaccessiblePartialPages", 0x80'0000, false},
    Flag{"FilterWriteCombinedMemory", 0x100'0000, false},
    Flag{"NoIgnoreInaccessibleMemory", 0x200'0000, false},
};

}  // namespace

std::span<const Flag> flags() noexcept {
  return kFlags;
}

std::optional<std::uint32_t> bit_from_name(std::string_view name) noexcept {
  constexpr std::string_view kPrefix = "MiniDump";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  const auto* found = std::ranges::find(kFlags, name, &Flag::name);
  return found == kFlags.end() ? std::nullopt : std::optional(found->bit);
}

std::uint32_t unknown_bits(std::uint32_t mask) noexcept {
  for (const auto& flag : kFlags) mask &= ~flag.bit;
  return mask;
}

std::string names_beyond_native(std::uint32_t mask) {
  std::string text;
  for (const auto& flag : kFlags) {
    if (flag.native || (mask & flag.bit) == 0) continue;
    if (!text.empty()) text += " and ";
    text += flag.name;
  }
  return text;
}

}  // namespace vigil::minidump_type
