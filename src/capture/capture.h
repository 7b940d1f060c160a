// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "rules/rules.h"
#include "store/store.h"

/// Taking a dump: the words in which the dumper and the service talk (portable), and the writer
/// itself (capture/win/, Windows only).
///
/// Every dump reaches the service through the inbox, a drop box whose content is hostile. The
/// dumper writes `<stem>.dmp.zst` (or `.dmp`) under a temporary name, renames it, and last of all
/// puts `<stem>.event.json` beside it: that file is the commit. A dump without one (what WER
/// LocalDumps writes, `<program>.exe.<pid>.dmp`) is taken in once its size has stood still and it
/// can be opened alone.
namespace vigil::capture {

inline constexpr std::string_view kEventSuffix = ".event.json";
inline constexpr std::string_view kPartialSuffix = ".partial";
/// The service refuses a longer event file, and a longer line from a dumper.
inline constexpr std::size_t kMaxEventBytes = 64 * 1024;

/// What lies in the inbox beside a dump, or alone where none was taken.
struct InboxEvent {
  store::Signal signal{};
  std::string dump_file{};  ///< File name only, in the same folder; empty: no dump.
  rules::DumpKind dump = rules::DumpKind::None;
  std::string rule{};  ///< The rule the dumper acted for; the service decides again by its limits.
  bool decided = false;  ///< The service itself asked for this dump: its limits were counted.
};
/// Never longer than kMaxEventBytes: what is too long is cut, and text is made printable first.
[[nodiscard]] std::string to_json(const InboxEvent& event);
/// Refuses wrong types, unknown or repeated names, and a dump_file that is more than the plain name
/// of a `.dmp` or `.dmp.zst` file.
[[nodiscard]] Result<InboxEvent> inbox_event_from_json(std::string_view json);

/// `OrdersApi.exe` and 1234 from `OrdersApi.exe.1234.dmp`; nothing for another shape.
struct WerDumpName {
  std::string process{};
  ProcessId pid{};
};
[[nodiscard]] std::optional<WerDumpName> parse_wer_dump_name(std::string_view file_name);

/// A file name's stem that cannot collide, of ASCII letters, digits, `.`, `_` and `-`: process,
/// pid, start time, and the time of the signal (one process can be dumped by hand twice).
[[nodiscard]] std::string inbox_stem(const store::Signal& signal);

/// Of what an exception says, and of the path of a module, as much as rules see.
inline constexpr std::size_t kMaxEventText = 800;

/// Lines on the attached dumper's standard output and input, one JSON object each. The dumper asks
/// before it dumps and takes the default it was started with when no answer comes within
/// kDecisionTimeout; the end of its standard input means: detach and leave the process alone.
inline constexpr Microseconds kDecisionTimeout{5'000'000};
struct DumperMessage {
  enum class Type : std::uint8_t { Attached, Asking, Handed, Exited, Failed };
  Type type = Type::Attached;
  store::Signal signal{};                    ///< Asking: what is happening.
  std::optional<std::uint32_t> exit_code{};  ///< Exited.
  std::string text{};                        ///< Handed: the event file's name. Failed: why.
};
[[nodiscard]] std::string to_json_line(const DumperMessage& message);
/// The line may end in a line break. As strict as inbox_event_from_json().
[[nodiscard]] Result<DumperMessage> dumper_message_from_json(std::string_view line);
[[nodiscard]] std::string to_json_line(const rules::Decision& decision);
[[nodiscard]] Result<rules::Decision> decision_from_json(std::string_view line);
/// To the attached dumper: take the breakpoints out, detach, end. So does the end of its input.
inline constexpr std::string_view kDetachLine = "detach\n";

/// Exceptions that are wanted when one of these codes is raised (none: any that says something) and
/// the text fits.
struct ExceptionWatch {
  std::vector<std::uint32_t> codes{};
  std::string text{};  ///< A pattern.
  bool operator==(const ExceptionWatch&) const = default;
};

/// Command lines of vigil-dumper, made and read in one place.
struct DumperOptions {
  /// Pack: no process; a dump that is there already is packed as those of Vigil are.
  enum class Mode : std::uint8_t { Once, Attach, Jit, Pack };
  Mode mode = Mode::Once;
  ProcessId pid{};
  rules::DumpKind dump = rules::DumpKind::Mini;  ///< Attach: what to take when no answer comes.
  rules::Manner manner{};                        ///< And how.
  std::filesystem::path inbox{};         ///< Hand over here; empty: write `output` and no event.
  std::filesystem::path output{};        ///< Once, Pack: the dump's final path.
  std::filesystem::path source{};        ///< Pack: the dump, which stays where it is.
  std::optional<Timestamp> written{};    ///< Pack: when; one that was written since is another.
  std::filesystem::path rules_folder{};  ///< Jit: which dump, by these rules.
  bool compress = true;
  bool exit_trap = true;  ///< Attach: also stop at the process's own termination calls.
  /// When it was created; a process that was created at another time has only got the id.
  std::optional<Timestamp> process_start{};
  std::vector<std::uint32_t> exit_codes{};  ///< Attach: ends wanted besides crash codes and 3.
  bool any_exit_code = false;               ///< Attach: any end but with code 0.
  std::vector<std::uint32_t> exceptions{};  ///< Attach: codes that are wanted when raised.
  std::vector<ExceptionWatch> exception_texts{};  ///< Attach: and those by what they say.
  std::vector<std::string> modules{};             ///< Attach: patterns, as rules::module_fits().
  std::vector<std::uint32_t> thread_ends{};       ///< Attach: codes that threads end with.
  std::vector<std::string> thread_starts{};       ///< Attach: patterns of modules they start in.
  std::string rule{};    ///< The rule that wanted it; Once: empty when a person did.
  std::string reason{};  ///< Once: why, in a sentence; goes into the dump's comment.
  store::Kind occasion = store::Kind::Manual;  ///< Once: what happened.
  bool supervised = false;      ///< Once, Pack: the end of standard input means: give up.
  std::uint64_t jit_event = 0;  ///< Jit: handle of the event to signal.
  std::uint64_t jit_info = 0;   ///< Jit: address of JIT_DEBUG_INFO in the target; 0: none.
  std::uint64_t min_free_disk_bytes = 0;
  bool operator==(const DumperOptions&) const = default;
};
/// The arguments behind the program's name.
[[nodiscard]] std::vector<std::string> to_command_line(const DumperOptions& options);
/// The way back. Errors name the option and what would be right. Jit: an empty inbox and rules
/// folder mean those of the default data folder, since the system's registry gives nothing but
/// numbers.
[[nodiscard]] Result<DumperOptions> parse_command_line(const std::vector<std::string>& args);
/// The usage text of vigil-dumper.
[[nodiscard]] std::string_view dumper_usage() noexcept;

/// What vigil-dumper needs of the program around it. Each function may be left out.
struct DumperConsole {
  std::function<void(std::string_view)> say{};  ///< A sentence for a person.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
  /// Once: the dump lies here; or, handed over, the event does.
  std::function<void(const std::filesystem::path&)> written{};
  std::stop_token cancel{};  ///< Give up the dump under way; Attach: detach.
};
/// Does what \p options say. Attach also talks with the service on standard output and input.
/// Windows only. Errc::NotFound: no such process; AccessDenied; LimitExceeded: a process that Vigil
/// refuses.
[[nodiscard]] Status run_dumper(const DumperOptions& options, const DumperConsole& console);

/// How the sentence about a dump begins that a suspend budget has cut short: `the suspend budget of
/// 2s was used up: 312.0 MiB of 900.2 MiB were read`.
inline constexpr std::string_view kBudgetUsedUp = "the suspend budget of ";

/// The exception code of a dump that was taken when a process was about to end itself. Parameters:
/// [0] the exit code, [1] the call it stopped at, [2] the code of the last first-chance exception,
/// or 0.
inline constexpr std::uint32_t kExitTrapCode = 0x56494701;
/// The same of one that was taken when a module was loaded. Parameters: [0] its base.
inline constexpr std::uint32_t kModuleLoadCode = 0x56494702;
enum class ExitTrapCall : std::uint32_t { RtlExitUserProcess = 1, NtTerminateProcess = 2 };

}  // namespace vigil::capture
