// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/report.h"
#include "snapshot/snapshot.h"

/// Says what happened to a captured process: its exception decoded, the thread and frame to blame,
/// a signature that groups dumps of one fault, and all of it in one sentence.
///
/// Input is a snapshot and its walked, named stacks; nothing here opens a file, walks or looks up
/// symbols. The values that come out are the report's. Functions are pure but for reads of Memory,
/// so any thread may run them, one at a time for each Memory. Whatever is missing or odd in the
/// input makes the answer say less; it is never an error.
namespace vigil::analysis {

/// The algorithm of docs/formats/signature.md. It grows when a signature would change.
inline constexpr int kSignatureVersion = 1;
inline constexpr std::size_t kMaxSignatureBytes = 255;

/// It owns nothing. \p threads are the walks, innermost frame first, in the order of the report.
struct Input {
  const snapshot::Snapshot& snapshot;
  snapshot::Memory& memory;
  const std::vector<report::Thread>& threads;
};

struct Findings {
  std::optional<report::Crash> crash{};        ///< Empty: nothing had crashed.
  std::optional<std::size_t> blamed_thread{};  ///< Index in the threads.
  /// Index in that thread's frames: the innermost in a module that is not the system's. Empty: all
  /// are.
  std::optional<std::size_t> blamed_frame{};
  report::Signature signature{};
  std::string synopsis{};
};

[[nodiscard]] Findings analyze(const Input& input);

/// Whether \p file_name is a module of the system or of a compiler's runtime, which is never
/// blamed. Letter case does not matter.
[[nodiscard]] bool is_system_module(std::string_view file_name);

/// The name of a __fastfail code: `FATAL_APP_EXIT`; empty when it has none.
[[nodiscard]] std::string_view fast_fail_name(std::uint64_t code) noexcept;

}  // namespace vigil::analysis
