// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/byte_builder.h"
#include "support/kernel_machine.h"

/// Parts of kernel dump files that several writers need.
namespace vigil::test {

inline constexpr std::uint64_t kHeader64Bytes = 0x2000, kHeader32Bytes = 0x1000;

/// What of a kind of dump stands in its header.
struct DumpTraits {
  std::uint32_t type = 0;
  std::uint32_t attributes = 0;
  bool user_pages = false;
  bool all_pages = false;   ///< Those that are zero as well.
  bool old_bitmap = false;  ///< The header of before Windows 8.
};
[[nodiscard]] DumpTraits dump_traits(KernelDumpKind kind);

/// DUMP_HEADER64 of a machine. Its RequiredDumpSpace is for the caller to patch.
[[nodiscard]] ByteBuilder kernel_header(const KernelMachine& machine, const DumpTraits& traits);
/// Bytes that nobody fills.
[[nodiscard]] std::string page_pattern(std::size_t size);

/// The numbers of the pages that a dump holds, ascending.
[[nodiscard]] std::vector<std::uint64_t> pages_held(const KernelMachine& machine,
                                                    const DumpTraits& traits);

/// The header of the bitmap, without the bitmap.
struct BitmapHeader {
  bool full = false;
  bool user = false;
  std::uint64_t first_page = 0;  ///< An offset in the file.
  std::uint64_t present = 0;
  std::uint64_t bits = 0;
};
inline constexpr std::uint64_t kBitmapHeaderBytes = 0x38;
[[nodiscard]] std::string bitmap_header(const BitmapHeader& header);
/// Header and bitmap of the pages \p held of \p bits, up to where the first page begins; what is
/// before it has \p start bytes.
[[nodiscard]] std::string bitmap_part(const DumpTraits& traits,
                                      std::uint64_t start,
                                      std::uint64_t bits,
                                      const std::vector<std::uint64_t>& held);

/// The triage kinds.
[[nodiscard]] std::string triage_dump(const KernelMachine& machine, bool kernel_generated);

}  // namespace vigil::test
