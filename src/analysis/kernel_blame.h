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
  bool of_windows = false;              ///< A driver of Windows, as far as the dump tells.
  bool probable = false;                ///< By what lies on the stack, perhaps for long.

  /// Otherwise it is nobody, and the reason says why.
  [[nodiscard]] bool is_known() const noexcept { return module || !process.empty(); }
};

/// The most certain that can be said: the driver that holds the request which the bugcheck names,
/// the process that must not end, the failed instruction in a driver that is not Windows' own, such
/// a driver on the walked stack, one that a parameter points into, the one that the system
/// suspected itself, such a driver among what lies on the stack, and last a driver of Windows that
/// failed itself. Nobody where the hardware failed; nobody, and without a reason, where a person or
/// a debugger asked for the dump.
[[nodiscard]] KernelCulprit find_kernel_culprit(const Input& input);

}  // namespace vigil::analysis
