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
  const report::Samples* samples = nullptr;  ///< Not null: threads have their movements.
};

/// What the threads of a dump did in the dumps of the same process that were taken after it: adds
/// one at a time, so that no two need be in memory. Threads are told by their id and by when they
/// were created; two frames are the same when they return to, or run, the same instruction.
class Movements {
 public:
  /// \p stacks: of \p dump, for as long as this lives.
  Movements(const snapshot::Snapshot& dump, const std::vector<report::Thread>& stacks);
  /// The next one, of \p stacks, in the order in which they were taken.
  void add(const snapshot::Snapshot& sample, const std::vector<report::Thread>& stacks);
  /// What became of each of the stacks, by index; nothing: no sample was added.
  [[nodiscard]] std::vector<report::Movement> of_threads() const;
  /// All of them in numbers. \p span: from the dump to the last sample.
  [[nodiscard]] report::Samples in_numbers(Microseconds span) const;

 private:
  struct Thread {
    std::uint32_t id = 0;
    std::optional<Timestamp> created{};
    std::optional<Microseconds> cpu_at_first{}, cpu_at_last{};
    std::uint8_t stack = 0;  // how far it has gone, as an index of words
    std::uint32_t samples = 1;
  };
  const std::vector<report::Thread>& stacks_;
  std::vector<Thread> threads_;  // of stacks_, by index
  std::uint32_t samples_ = 1;
  std::uint32_t started_ = 0;
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

/// Whether \p module of a kernel dump is one of Windows' own drivers: by its name, by its folder
/// where the dump has its path, and by who made it where the dump has its image.
[[nodiscard]] bool is_windows_driver(const snapshot::Module& module);

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
