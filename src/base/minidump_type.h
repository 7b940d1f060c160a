// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// MINIDUMP_TYPE, the mask by which people and programs say what a dump is to hold, as Microsoft
/// documents it (minidumpapiset.h).
namespace vigil::minidump_type {

inline constexpr std::uint32_t kWithDataSegs = 0x1;
inline constexpr std::uint32_t kWithFullMemory = 0x2;
inline constexpr std::uint32_t kWithHandleData = 0x4;
inline constexpr std::uint32_t kFilterMemory = 0x8;
inline constexpr std::uint32_t kWithUnloadedModules = 0x20;
inline constexpr std::uint32_t kWithIndirectlyReferencedMemory = 0x40;
inline constexpr std::uint32_t kFilterModulePaths = 0x80;
inline constexpr std::uint32_t kWithProcessThreadData = 0x100;
inline constexpr std::uint32_t kWithPrivateReadWriteMemory = 0x200;
inline constexpr std::uint32_t kWithFullMemoryInfo = 0x800;
inline constexpr std::uint32_t kWithThreadInfo = 0x1000;
inline constexpr std::uint32_t kWithCodeSegs = 0x2000;
inline constexpr std::uint32_t kWithoutAuxiliaryState = 0x4000;
inline constexpr std::uint32_t kWithPrivateWriteCopyMemory = 0x1'0000;
inline constexpr std::uint32_t kIgnoreInaccessibleMemory = 0x2'0000;
inline constexpr std::uint32_t kWithModuleHeaders = 0x8'0000;
inline constexpr std::uint32_t kFilterTriage = 0x10'0000;

struct Flag {
  std::string_view name;  ///< As documented, without `MiniDump`: `WithFullMemory`.
  std::uint32_t bit;
  bool native;  ///< Vigil's own writer can take it, or does so in any case.
};
/// All that are documented, by bit.
[[nodiscard]] std::span<const Flag> flags() noexcept;

/// The bit of `WithFullMemory` or `MiniDumpWithFullMemory`.
[[nodiscard]] std::optional<std::uint32_t> bit_from_name(std::string_view name) noexcept;

/// The bits of \p mask that mean nothing.
[[nodiscard]] std::uint32_t unknown_bits(std::uint32_t mask) noexcept;

/// The names of those in \p mask that Vigil's own writer cannot take: `WithTokenInformation and
/// WithIptTrace`; empty: there are none.
[[nodiscard]] std::string names_beyond_native(std::uint32_t mask);

}  // namespace vigil::minidump_type
