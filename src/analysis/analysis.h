// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
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
inline constexpr int kSignatureVersion = 2;
inline constexpr std::size_t kMaxSignatureBytes = 255;

/// It owns nothing. \p threads are the walks, innermost frame first, in the order of the report.
struct Input {
  const snapshot::Snapshot& snapshot;
  snapshot::Memory& memory;
  const std::vector<report::Thread>& threads;
  bool is_incomplete =
      false;  ///< Parts of the dump could not be read, so what is missing may have been there.
};

struct Findings {
  std::optional<report::Crash> crash{};        ///< Empty: nothing had crashed.
  std::optional<std::size_t> blamed_thread{};  ///< Index in the threads.
  std::string blame_reason{};  ///< Why that thread; empty: it has the exception, or nothing better.
  /// Index in that thread's frames: the innermost that is neither the system's nor a library's that
  /// was only called. Empty: all are the system's.
  std::optional<std::size_t> blamed_frame{};
  std::vector<report::Lock> locks{};
  std::vector<report::Deadlock> deadlocks{};
  report::Signature signature{};
  std::string synopsis{};
  report::KernelBlame kernel_blame{};  ///< Of a dump of a whole machine.
};

[[nodiscard]] Findings analyze(const Input& input);

/// How a key of a signature came about: what was made of each frame that was looked at.
struct ExplainedFrame {
  std::string place{};  ///< `orders!Cart::total+0x1a`
  std::string
      decision{};      ///< sentinel, irrelevant, guess, inline, unnamed, prefix, kept, same, stop
  std::string why{};   ///< The pattern that decided, or a few words.
  std::string part{};  ///< What the frame adds to the key.
};
struct ExplainedKey {
  std::string name{};  ///< normalised, strict, wer
  std::string text{};
  std::string how{};
  std::vector<ExplainedFrame> frames{};
};

/// The keys that \p report's signature has by this version, from its stack and crash alone; the one
/// of Windows Error Reporting as the report has it.
[[nodiscard]] std::vector<ExplainedKey> explain_signature(const report::Report& report);

/// Whether \p file_name is a module of the system or of a compiler's runtime, which is never
/// blamed. Letter case does not matter.
[[nodiscard]] bool is_system_module(std::string_view file_name);

/// A bugcheck and its parameters in words; empty where nothing is known.
struct BugcheckText {
  std::string name{};     ///< `DRIVER_IRQL_NOT_LESS_OR_EQUAL`, or the code.
  std::string meaning{};  ///< What happened, in half a sentence.
  std::array<std::string, 4> parameters{};
};
[[nodiscard]] BugcheckText bugcheck_text(const snapshot::Bugcheck& bugcheck);

/// The name of a __fastfail code: `FATAL_APP_EXIT`; empty when it has none.
[[nodiscard]] std::string_view fast_fail_name(std::uint64_t code) noexcept;

}  // namespace vigil::analysis
