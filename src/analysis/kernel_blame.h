// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "analysis/analysis.h"

namespace vigil::analysis {

/// Who is blamed for a bugcheck, and why.
struct KernelCulprit {
  std::optional<std::size_t> module{};  ///< Index in the snapshot's modules.
  std::uint64_t address = 0;            ///< In that module; 0: none is known.
  std::optional<std::size_t> frame{};   ///< Index in the walked stack of the first thread.
  std::string process{};                ///< Image; empty: no process.
  std::string reason{};                 ///< `the instruction that failed is in it`
  bool of_windows = false;              ///< A driver that comes with Windows.
  bool probable = false;                ///< By what lies on the stack, perhaps for long.
};

/// The most certain that can be said: the driver that holds the request which the bugcheck names,
/// the failed instruction in a driver that is not Windows' own, such a driver on the walked stack,
/// one that a parameter points into, the one that the system suspected itself, the process that
/// must not end, such a driver among what lies on the stack, and last a driver of Windows that
/// failed itself. Empty: nobody, and nobody where a person or a debugger asked for the dump.
[[nodiscard]] std::optional<KernelCulprit> find_kernel_culprit(const Input& input);

}  // namespace vigil::analysis
