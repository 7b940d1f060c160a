// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_view.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "rules/rules.h"

/// Windows Error Reporting: which dumps it is to write where (the LocalDumps keys), and what its
/// reports say (Report.wer). Values and decisions; whoever has the registry brings it as a
/// DumpKeys. Sources: "Collecting User-Mode Dumps" and "WER Settings" of the Win32 documentation.
namespace vigil::wer {

/// The values of a LocalDumps key. What is not there is nothing.
struct DumpValues {
  std::optional<std::string> folder = {};   ///< DumpFolder; environment variables are expanded.
  std::optional<std::uint32_t> count = {};  ///< DumpCount: files of one program that are kept.
  std::optional<std::uint32_t> type = {};   ///< DumpType: 0 custom, 1 mini, 2 full.
  std::optional<std::uint32_t> custom_flags =
      {};  ///< CustomDumpFlags: bits of MINIDUMP_TYPE, for 0.
  friend bool operator==(const DumpValues&, const DumpValues&) = default;
};

/// The LocalDumps keys of one view of the registry, or a map in tests. Programs go by the file name
/// of their image; an empty name is the key of all programs.
class DumpKeys {
 public:
  virtual ~DumpKeys() = default;
  /// Nothing where there is no such key.
  [[nodiscard]] virtual Result<std::optional<DumpValues>> read(const std::string& program) = 0;
  /// Makes the key where it is missing; removes the values that are nothing. The folder, by which a
  /// key is known as ours, is written first.
  [[nodiscard]] virtual Status write(const std::string& program, const DumpValues& values) = 0;
  /// The same with the folder last.
  [[nodiscard]] virtual Status restore(const std::string& program, const DumpValues& values) = 0;
  /// Removes the key if there is nothing in it. Absent is fine.
  [[nodiscard]] virtual Status remove_if_empty(const std::string& program) = 0;
};

/// What was there before, by program; nothing: there was no key.
class SavedKeys {
 public:
  virtual ~SavedKeys() = default;
  [[nodiscard]] virtual Result<std::map<std::string, std::optional<DumpValues>>> read() = 0;
  [[nodiscard]] virtual Status save(const std::string& program,
                                    const std::optional<DumpValues>& values) = 0;
  [[nodiscard]] virtual Status forget(const std::string& program) = 0;
};

/// A dump that WER is to write.
struct WantedDump {
  rules::DumpKind kind = rules::DumpKind::None;
  std::uint32_t custom = 0;  ///< MINIDUMP_TYPE of a custom one.
  friend bool operator==(const WantedDump&, const WantedDump&) = default;
};

/// For which programs WER is to write dumps. Names in lower case; empty: all others.
using WantedDumps = std::map<std::string, WantedDump>;

/// What the crash rules ask for: of programs that are named, the largest dump that any rule which
/// names or fits them may want; of all others, the largest that a rule with patterns may.
[[nodiscard]] WantedDumps wanted_dumps(const rules::RuleSet& rules);

/// The values that make WER write such a dump into \p inbox.
[[nodiscard]] DumpValues values_for(const WantedDump& dump, const std::string& inbox);

/// What keep_in_step() did.
struct Changes {
  std::vector<std::string> set;  ///< Programs; empty name: all.
  std::vector<std::string> restored;
  [[nodiscard]] bool empty() const noexcept { return set.empty() && restored.empty(); }
};

/// Makes \p live say what \p wanted says. What a key had before is saved first, once, and put back
/// as soon as it is wanted no longer, unless somebody else has pointed it elsewhere in the
/// meantime. An empty \p wanted undoes everything. A kill at any point leaves what the next call
/// mends. One program that fails does not keep the others from being done; the error is the first.
[[nodiscard]] Result<Changes> keep_in_step(DumpKeys& live,
                                           SavedKeys& saved,
                                           const WantedDumps& wanted,
                                           const std::string& inbox);

/// What is read of a Report.wer: WER's own account of one crash or hang. Names of values are
/// translated, so they go by their place.
struct Report {
  std::string event_type;  ///< `APPCRASH`, `BEX64`, `CLR20r3`, `AppHangB1`
  Timestamp at;            ///< 0: not said.
  ProcessId pid;           ///< 0: not said.
  std::optional<Timestamp> process_start;
  std::string report_id;                   ///< As in the events 1000 and 1001; lower case.
  std::string bucket;                      ///< Response.BucketId.
  std::array<std::string, 10> parameters;  ///< Sig[0] to Sig[9].
  std::string application_path;
};

inline constexpr std::size_t kMaxReportBytes = 1 << 20;

/// \p file is UTF-16LE with a byte order mark, as Windows writes it. Errc::Malformed: it is not, or
/// it names no type of event; LimitExceeded: it is too long.
[[nodiscard]] Result<Report> parse_report(ByteView file);

enum class Trouble : std::uint8_t { None, Crash, Hang };
/// By the type of event. None: it is about something else than a program.
[[nodiscard]] Trouble trouble_of(const Report& report);
/// Where the parameters of its type of event have one.
[[nodiscard]] std::optional<std::uint32_t> exception_code_of(const Report& report);

/// The Report.wer in \p folder, which somebody says that a report is kept in. Empty: that is no
/// folder of the reports that Windows keeps for the machine, in \p program_data.
[[nodiscard]] std::string report_file(std::string_view folder, std::string_view program_data);

}  // namespace vigil::wer
