// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

/// Rule files to rules, and the decision: given what happened, to whom, and what was captured
/// before, take which dump, or none and why. Pure values and functions; only load_rules() reads
/// files. The YAML is described in docs/formats/rules.md. A rule file is hostile input: size, count
/// and depth are limited, an unknown key is an error with file, line, column and the nearest known
/// key.
namespace vigil::rules {

/// Dump kinds, by ProcDump's names. Mini: stacks, modules, what registers point at. Full: all
/// memory.
enum class DumpKind : std::uint8_t { None, Mini, Full };
[[nodiscard]] std::string_view to_string(DumpKind kind) noexcept;
[[nodiscard]] std::optional<DumpKind> dump_kind_from(std::string_view name) noexcept;

/// What rules look at in a process. Empty: not known.
struct ProcessFacts {
  std::string name;  ///< `OrdersApi.exe`
  std::string path;  ///< The full path of the image.
  std::string command_line;
};

/// One pattern: `*` and `?` globs, ASCII case ignored.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

/// A list of patterns of which one must match, and none of the `not` ones.
struct PatternList {
  std::vector<std::string> any;
  std::vector<std::string> none;
  [[nodiscard]] bool empty() const noexcept { return any.empty() && none.empty(); }
  [[nodiscard]] bool matches(std::string_view text) const noexcept;
};

struct Match {
  PatternList process, path, command_line;  ///< All that are not empty must match.
  [[nodiscard]] bool matches(const ProcessFacts& process_facts) const noexcept;
};

enum class EventKind : std::uint8_t { Crash, Exit };
[[nodiscard]] std::string_view to_string(EventKind kind) noexcept;

/// `crash`: an unhandled exception, a fail-fast, an exit with a crash code. `exit`: the exit codes
/// named.
struct Condition {
  EventKind kind = EventKind::Crash;
  std::vector<std::uint32_t> exit_codes;  ///< For Exit; empty: any code but 0.
};

struct Limits {
  std::optional<std::uint32_t> per_hour;       ///< Dumps by this rule in any 60 minutes.
  std::optional<std::uint32_t> per_signature;  ///< Dumps kept of one signature, by this rule, ever.
  std::optional<Microseconds> cooldown;        ///< Between two dumps by this rule.
};

struct Rule {
  std::string name;   ///< Unique over all files.
  std::string owner;  ///< The file's.
  std::string file;   ///< File name, for messages.
  int line = 0;       ///< 1-based.
  Match match;
  Condition when;
  DumpKind dump = DumpKind::Mini;
  std::optional<DumpKind>
      new_signature;  ///< Taken instead when the signature was never seen before.
  bool attach =
      false;  ///< Attach to matching processes: sees fail-fast, stack overflow and self-made ends.
  Limits limits;
};

struct RuleSet {
  std::vector<Rule> rules;  ///< By file name, then in file order: the first that matches decides.
  /// The first rule whose match and condition fit, or nullptr.
  [[nodiscard]] const Rule* find(EventKind kind,
                                 std::uint32_t exit_code,
                                 const ProcessFacts& process) const noexcept;
  /// The rule, by name, that wants this process attached to; nullptr: none.
  [[nodiscard]] const Rule* find_attach(const ProcessFacts& process) const noexcept;
  /// Whether any rule could ever concern this process: whether its exit is to be watched.
  [[nodiscard]] bool concerns(const ProcessFacts& process) const noexcept;
};

/// One thing wrong with a rule file. format(): `rules.d/orders.yaml:7:5: unknown key 'proces'; did
/// you mean 'process'?`
struct Problem {
  std::string file;
  int line = 0;    ///< 1-based; 0: the file as a whole.
  int column = 0;  ///< 1-based.
  std::string message;
  [[nodiscard]] std::string format() const;
};

struct LoadResult {
  RuleSet rules;  ///< Complete only when problems is empty.
  std::vector<Problem> problems;
  std::size_t files = 0;
};

inline constexpr std::uint64_t kMaxRuleFileBytes = 1 << 20;
inline constexpr std::size_t kMaxRuleFiles = 1000;
inline constexpr std::size_t kMaxRules = 10'000;

/// One file's text. \p file is only for messages.
[[nodiscard]] LoadResult parse_rules(std::string_view yaml, const std::string& file);
/// A file, or all `*.yaml` and `*.yml` of a folder in name order. A missing folder is no rules at
/// all.
[[nodiscard]] LoadResult load_rules(const std::filesystem::path& path);

/// What the limits need to know of the past. The store answers it.
struct History {
  std::uint32_t dumps_last_hour = 0;     ///< By this rule.
  std::optional<Timestamp> last_dump;    ///< By this rule.
  std::uint32_t dumps_of_signature = 0;  ///< Kept by this rule, of this signature.
  bool signature_known = false;          ///< Seen before, by any rule, dump or not.
};

/// What to do, and the sentence that is logged and kept: `rule orders-crash: mini dump`,
/// `rule orders-crash: per_hour limit of 6 reached`, `no rule matches`.
struct Decision {
  DumpKind dump = DumpKind::None;
  std::string rule;  ///< Empty: none matched.
  std::string reason;
  bool limited = false;  ///< A rule matched and one of its limits refused.
};

/// The decision for one event of one process under \p rule (nullptr: no rule matched). Pure.
[[nodiscard]] Decision decide(const Rule* rule, const History& history, Timestamp now);

}  // namespace vigil::rules
