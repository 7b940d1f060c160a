// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vigil {

/// The exception code of a dump that Vigil's dumper took when a process was about to end itself.
/// Parameters: [0] the exit code, [1] which call it was (1 RtlExitUserProcess, 2
/// NtTerminateProcess), [2] the code of the last first-chance exception before it, or 0.
inline constexpr std::uint32_t kExitTrapCode = 0x56494701;

/// The same of a dump that was taken when a thread ended of a process that lives on. Parameters:
/// [0] the thread's exit code.
inline constexpr std::uint32_t kThreadEndCode = 0x56494703;
/// And when a thread started in a module that a rule names. Parameters: [0] where.
inline constexpr std::uint32_t kThreadStartCode = 0x56494704;

/// What is known of an exception code; the same codes serve as exit codes.
struct ExceptionCodeInfo {
  std::uint32_t code;
  std::string_view name;     ///< `ACCESS_VIOLATION`
  std::string_view meaning;  ///< A few words for a person.
  bool crash;                ///< A process that exits with this code has crashed.
};

/// All of them, by code.
[[nodiscard]] std::span<const ExceptionCodeInfo> exception_codes() noexcept;

[[nodiscard]] const ExceptionCodeInfo* find_exception_code(std::uint32_t code) noexcept;

/// `ACCESS_VIOLATION`, or `0xe0001234` for a code without a name.
[[nodiscard]] std::string exception_name(std::uint32_t code);

/// `0xc0000005 (ACCESS_VIOLATION)`, or `0x3` for a code without a name: for a sentence.
[[nodiscard]] std::string code_in_words(std::uint32_t code);

/// `3`, `0xc0000005 (ACCESS_VIOLATION)`: an exit code of a process or a thread for a person, small
/// ones in decimal, since only statuses are read in hex.
[[nodiscard]] std::string exit_code_in_words(std::uint32_t code);

/// The code of \p name (as in the table, any case), or nothing.
[[nodiscard]] std::optional<std::uint32_t> exception_code_from_name(std::string_view name);

/// Whether a process that ended with \p exit_code crashed: by the table, and else by the severity
/// bits, 0xC… (error) or 0xE… (error of a program's own). Exit code 3, abort() of older C runtimes,
/// is also a plain exit code of many programs and does not count.
[[nodiscard]] bool is_crash_exit_code(std::uint32_t exit_code) noexcept;

}  // namespace vigil
