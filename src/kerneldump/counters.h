// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {

/// In what a figure is counted where the kernel keeps it; reports have bytes in place of pages.
enum class CounterUnit : std::uint8_t { Pages, Bytes, Count };
/// More pages than 52 bits of physical address have: a figure above is none.
inline constexpr std::uint64_t kMaxPages = std::uint64_t{1} << 40;

[[nodiscard]] snapshot::KernelCounter& counter_of(Kernel& kernel, std::string_view name);

/// The figures that nothing else has, by the symbols of the kernel. \p member: the global that
/// older systems have for \p name.
void set_by_symbols(Kernel& kernel,
                    std::string_view name,
                    std::string_view member,
                    CounterUnit unit);
void set_page_files_by_symbols(Kernel& kernel);
/// Takes back what came by symbols and cannot be beside the others.
void check_symbol_counters(Kernel& kernel);

}  // namespace vigil::kerneldump
