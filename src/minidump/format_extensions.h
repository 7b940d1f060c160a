// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "minidump/format.h"

/// Structures of streams that are not Microsoft's, with their authors' names: Breakpad's and
/// Crashpad's. They have no padding.
namespace vigil::minidump::format {

#pragma pack(push, 4)

struct BreakpadInfo {
  std::uint32_t validity;
  std::uint32_t dump_thread_id;
  std::uint32_t requesting_thread_id;
};
static_assert(sizeof(BreakpadInfo) == 12);

inline constexpr std::uint32_t kBreakpadDumpThread = 1;
inline constexpr std::uint32_t kBreakpadRequestingThread = 2;

struct BreakpadAssertion {
  std::array<char16_t, 128> expression;
  std::array<char16_t, 128> function;
  std::array<char16_t, 128> file;
  std::uint32_t line;
  std::uint32_t type;
};
static_assert(sizeof(BreakpadAssertion) == 776);

struct CrashpadInfo {
  std::uint32_t version;
  Guid report_id;
  Guid client_id;
  LocationDescriptor simple_annotations;
  LocationDescriptor module_list;
};
static_assert(sizeof(CrashpadInfo) == 52);

/// One entry of a dictionary: both are strings in UTF-8, their length in bytes before them.
struct CrashpadDictionaryEntry {
  std::uint32_t key;
  std::uint32_t value;
};

struct CrashpadModuleLink {
  std::uint32_t minidump_module_list_index;
  LocationDescriptor location;
};
static_assert(sizeof(CrashpadModuleLink) == 12);

struct CrashpadModuleInfo {
  std::uint32_t version;
  LocationDescriptor list_annotations;
  LocationDescriptor simple_annotations;
  LocationDescriptor annotation_objects;
};
static_assert(sizeof(CrashpadModuleInfo) == 28);

struct CrashpadAnnotation {
  std::uint32_t name;
  std::uint16_t type;
  std::uint16_t reserved;
  std::uint32_t value;
};
static_assert(sizeof(CrashpadAnnotation) == 12);
inline constexpr std::uint16_t kCrashpadAnnotationString = 1;

#pragma pack(pop)

}  // namespace vigil::minidump::format
