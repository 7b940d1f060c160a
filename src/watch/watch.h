// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "rules/rules.h"
#include "store/store.h"

/// Noticing: which processes started and ended between two looks at the process table, what an exit
/// code means, which processes must be left alone, and what the AeDebug registration has to look
/// like. All of it is values and decisions: whoever looks at the system (service/) brings the
/// table, the exit code and the registry values, and carries out what comes back. Not thread safe.
namespace vigil::watch {

/// One line of the process table.
struct ProcessEntry {
  ProcessKey key;
  std::string name;  ///< File name of the image.
  friend bool operator==(const ProcessEntry&, const ProcessEntry&) = default;
};

/// Compares looks at the process table, and remembers who ended lately: a dump file that names only
/// a pid can then be told whose it is, after the process is gone.
class ProcessTracker {
 public:
  struct Changes {
    std::vector<ProcessEntry> started;  ///< By pid.
    std::vector<ProcessEntry> ended;    ///< By pid. A pid used again shows in both.
  };

  /// How many ended processes are remembered; the oldest are forgotten first.
  static constexpr std::size_t kMaxRemembered = 4096;

  /// What changed since the last look. The first look reports every process as started.
  [[nodiscard]] Changes update(const std::vector<ProcessEntry>& table);

  /// The process that had \p pid and \p name at the moment \p at: alive, or ended lately. A process
  /// that was started later than \p at is not it.
  [[nodiscard]] std::optional<ProcessEntry> find(ProcessId pid,
                                                 std::string_view name,
                                                 Timestamp at) const;
  [[nodiscard]] std::size_t size() const noexcept { return living_.size(); }

 private:
  std::map<ProcessId, ProcessEntry> living_;
  std::deque<ProcessEntry> ended_;  // oldest first
};

/// The end of one watched process.
struct ProcessEnd {
  ProcessKey key;
  rules::ProcessFacts facts;
  std::uint32_t exit_code = 0;
  Timestamp at;
};

/// The news that the exit watch makes of it: a crash for a crash code, an exit where a rule asks
/// for that code, nothing otherwise.
[[nodiscard]] std::optional<store::Signal> exit_signal(const ProcessEnd& end,
                                                       const rules::RuleSet& rules);

/// The rule that a signal falls under, or nullptr. A crash code that no `crash` rule wants may
/// still be one of an `exit` rule. \p facts may know more than the signal does.
[[nodiscard]] const rules::Rule* find_rule(const rules::RuleSet& rules,
                                           const store::Signal& signal,
                                           const rules::ProcessFacts& facts);

/// Vigil's own programs, in lower case: never attached to, never dumped, so that a fault of Vigil
/// cannot feed on itself.
[[nodiscard]] std::span<const std::string_view> own_programs() noexcept;
[[nodiscard]] bool is_own_program(std::string_view process_name);

/// Processes that the system cannot live without, or that write the dumps of others: stopping one
/// for the length of a dump may stop the machine.
[[nodiscard]] bool is_critical_process(std::string_view process_name);

/// The values of one registry key, or a map in tests.
class StringValues {
 public:
  virtual ~StringValues() = default;
  [[nodiscard]] virtual Result<std::optional<std::string>> read(std::string_view name) = 0;
  [[nodiscard]] virtual Status write(std::string_view name, std::string_view value) = 0;
  [[nodiscard]] virtual Status erase(std::string_view name) = 0;  ///< Absent is fine.
};

/// What AeDebug's Debugger value has to be: `"C:\…\vigil-dumper.exe" --jit %ld %ld %p --inbox "…"
/// --rules "…"`. The value is a printf format, so a percent sign in a folder's name is doubled.
struct AeDebugPaths {
  std::string dumper, inbox, rules_folder;
};
[[nodiscard]] std::string aedebug_command(const AeDebugPaths& paths);

/// Makes \p command the AeDebug debugger in \p live. What was there before goes into \p saved
/// first, once: a registration that is ours already, from any folder, is never saved as the one to
/// go back to.
[[nodiscard]] Status register_aedebug(StringValues& live,
                                      StringValues& saved,
                                      std::string_view command);

/// Puts back what register_aedebug() found, and clears \p saved. A debugger that somebody else
/// registered in the meantime is left alone. The answer says whether \p live was changed.
[[nodiscard]] Result<bool> restore_aedebug(StringValues& live, StringValues& saved);

}  // namespace vigil::watch
