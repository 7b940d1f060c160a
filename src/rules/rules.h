// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "yaml/yaml.h"

/// Rule files to rules, and the decision: given what happened, to whom, and what was captured
/// before, take which dump, or none and why. Pure values and functions; only load_rules() reads
/// files. The YAML is described in docs/formats/rules.md. A rule file is hostile input: size, count
/// and depth are limited, an unknown key is an error with file, line, column and the nearest known
/// key. Everything here is free of state and may be called from any thread.
namespace vigil::rules {

/// A code as people write it: `3`, `-1`, `0xc0000005`, `ACCESS_VIOLATION`,
/// `STATUS_ACCESS_VIOLATION`.
[[nodiscard]] Result<std::uint32_t> parse_exit_code(std::string_view text);

/// Dump kinds, by ProcDump's names and by size. Triage: stacks, without what may be secret, as far
/// as that can be. Mini: stacks, modules, what registers point at. MiniPlus: and memory that is the
/// process's own or was written to, without the largest area above 512 MiB. Custom: by a mask.
/// Full: all memory.
enum class DumpKind : std::uint8_t { None, Triage, Mini, MiniPlus, Custom, Full };
[[nodiscard]] std::string_view to_string(DumpKind kind) noexcept;
[[nodiscard]] std::optional<DumpKind> dump_kind_from(std::string_view name) noexcept;

/// Who writes a dump: Vigil, or Windows' MiniDumpWriteDump.
enum class Writer : std::uint8_t { Native, Dbghelp };
[[nodiscard]] std::string_view to_string(Writer writer) noexcept;
[[nodiscard]] std::optional<Writer> writer_from(std::string_view name) noexcept;

/// How a dump is taken, besides its kind.
struct Manner {
  std::uint32_t custom = 0;  ///< MINIDUMP_TYPE of a custom dump.
  Writer writer = Writer::Native;
  std::optional<Microseconds> suspend = {};  ///< The longest that the process may stand still.
  friend bool operator==(const Manner&, const Manner&) = default;
};
/// What a dump of \p kind holds, as MINIDUMP_TYPE; \p custom: of a custom one.
[[nodiscard]] std::uint32_t minidump_type_of(DumpKind kind, std::uint32_t custom) noexcept;
/// A mask as people write it, a number or a name (`0x1826`, `WithFullMemory`). Refuses bits that
/// mean nothing.
[[nodiscard]] Result<std::uint32_t> parse_minidump_type(std::string_view text);
/// What cannot be: a custom dump without its mask, a mask that \p manner's writer cannot take.
[[nodiscard]] Status check_manner(DumpKind kind, const Manner& manner);

/// Several dumps in a row of one process that lives on: the first of the kind that was decided on,
/// the others of its stacks.
struct Samples {
  std::uint32_t count = 1;                       ///< The first one too.
  Microseconds every = std::chrono::seconds(5);  ///< From the end of one to the start of the next.
  friend bool operator==(const Samples&, const Samples&) = default;
};
inline constexpr std::uint32_t kMaxSamples = 10;

inline constexpr Microseconds kMinSuspend{100'000};
inline constexpr Microseconds kMaxSuspend{600'000'000};

/// What rules look at in a process. Empty: not known.
struct ProcessFacts {
  std::string name;  ///< `OrdersApi.exe`
  std::string path;  ///< The full path of the image.
  std::string command_line;
  std::vector<std::string> services = {};  ///< Names of the services that it runs.
  /// How its account is called: `ORDERS\\anna`, `anna`, `S-1-5-21-…`.
  std::vector<std::string> user = {};
  std::string version = {};  ///< Of its image file: `4.2.1.0`.
};

/// Whether \p pattern fits the whole of \p text: `*` is any number of characters, `?` is one, the
/// case of ASCII letters is ignored. At most pattern times text steps, whatever the pattern.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text) noexcept;

/// A list of patterns of which one must match, and none of the `not` ones.
struct PatternList {
  std::vector<std::string> any;
  std::vector<std::string> none;
  [[nodiscard]] bool empty() const noexcept { return any.empty() && none.empty(); }
  [[nodiscard]] bool matches(std::string_view text) const noexcept;
};

struct Match {
  PatternList process = {};
  PatternList path = {};  ///< `/` and `\` are the same here.
  PatternList command_line = {};
  PatternList service = {};  ///< One of its services must fit, and none may be refused.
  PatternList user = {};     ///< One name of its account must fit, and none may be refused.
  PatternList version = {};
  /// All that are not empty must match.
  [[nodiscard]] bool matches(const ProcessFacts& process_facts) const noexcept;
  /// These two take time to find out.
  [[nodiscard]] bool matches_but_for_user_and_version(
      const ProcessFacts& process_facts) const noexcept;
};

/// Exception: one that was raised in a process that lives on, if somebody handles it. Module: one
/// was loaded into it. ThreadEnd, ThreadStart: of one thread of it. Bugcheck: of the whole machine,
/// which its kernel stopped or wrote a live report of.
enum class EventKind : std::uint8_t {
  Crash,
  Exit,
  Exception,
  Module,
  ThreadEnd,
  ThreadStart,
  Bugcheck
};
[[nodiscard]] std::string_view to_string(EventKind kind) noexcept;

/// What is measured of a process while it runs.
enum class Gauge : std::uint8_t {
  CpuOfMachine,  ///< Percent of all processors.
  CpuOfCore,     ///< Percent of one processor; 250 is two and a half of them.
  PrivateBytes,  ///< Committed memory that is the process's own.
  WorkingSet,    ///< Bytes.
  Handles,
  Threads,
  Counter,  ///< Thousandths of what a performance counter says.
  /// Milliseconds that a service of it has been starting or stopping beyond its own wait hint.
  ServiceOverdue,
  WindowHung,  ///< Milliseconds since a window of it was found hung, as IsHungAppWindow has it.
  Stalled,     ///< 1: no CPU time, no I/O and no context switch since the look before.
};

/// As the instance in a counter's path: that of the process which a rule matches.
inline constexpr std::string_view kProcessInstance = "{process}";

/// A bound on a gauge.
struct Threshold {
  enum class Sense : std::uint8_t { Above, Below, Growth };
  Gauge gauge = Gauge::CpuOfMachine;
  Sense sense = Sense::Above;
  std::uint64_t value = 0;   ///< In the gauge's unit. Growth: so much more than it was.
  Microseconds time{};       ///< Above, Below: held for so long. Growth: within so long.
  std::string counter = {};  ///< For Counter: its path, in English, on this machine.
  friend auto operator<=>(const Threshold&, const Threshold&) = default;
};
/// `CPU above 85% of the machine for 30s`, `handles grown by 1000 within 10m`.
[[nodiscard]] std::string describe(const Threshold& threshold);

/// A question that a healthy process answers.
struct Probe {
  /// WaitChain: whether threads of the process wait for each other in a circle.
  enum class Type : std::uint8_t { Http, Tcp, Pipe, Heartbeat, WaitChain };
  Type type = Type::Http;
  /// A URL; host:port; a pipe's name; a file that the process writes again and again; nothing.
  std::string target{};
  Microseconds every{};
  Microseconds timeout{};      ///< Heartbeat: how old the file may be.
  std::uint32_t failures = 0;  ///< In a row, until it counts.
  Microseconds grace{};        ///< After the process has started.
  friend auto operator<=>(const Probe&, const Probe&) = default;
};
/// `http://127.0.0.1:8080/healthz`, `the heartbeat C:\orders\alive`
[[nodiscard]] std::string describe(const Probe& probe);

struct Condition;
/// Whether a condition that is no event holds now for the process that is asked about: a threshold
/// or a hang. Empty: none does.
using Holds = std::function<bool(const Condition&)>;

/// `crash`: an unhandled exception, a fail-fast, an exit with a crash code. `exit`: the exit codes
/// named, also those of a crash; none named: every code but 0 and those of a crash. A threshold:
/// while it holds. A hang: while its probe fails. `exception`: one with a code that is named was
/// raised, handled or not, and says what is named. `module`: one that is named was loaded.
/// `thread`: one ended with a code that is named and the process lives on, or one started in a
/// module that is named. `bugcheck`: Windows has written a dump of its kernel. `any` and `all` of
/// others.
struct Condition {
  enum class Kind : std::uint8_t {
    Crash,
    Exit,
    Threshold,
    Hang,
    Exception,
    Module,
    ThreadEnd,
    ThreadStart,
    Bugcheck,
    Any,
    All
  };
  Kind kind = Kind::Crash;
  std::vector<std::uint32_t> exit_codes = {};  ///< For Exit and ThreadEnd; for Exception its codes.
  /// Patterns. Exception: of what it says, of which one must fit; Module and ThreadStart: as
  /// module_fits() has it.
  std::vector<std::string> texts = {};
  rules::Threshold threshold = {};    ///< For Threshold.
  rules::Probe probe = {};            ///< For Hang.
  std::vector<Condition> parts = {};  ///< For Any and All; never empty there.

  /// Whether it is met by an event, and by what holds at that moment. \p text: what an exception
  /// says, or the path of a module. \p exit_code: ThreadEnd: the thread's.
  [[nodiscard]] bool fits(EventKind event,
                          std::uint32_t exit_code,
                          const Holds& holds = {},
                          std::string_view text = {}) const;
  /// Whether it is met without an event.
  [[nodiscard]] bool fits(const Holds& holds) const;
  /// Calls \p use for each condition in it that has no parts, itself if it has none.
  void for_each(const std::function<void(const Condition&)>& use) const;
  /// Whether it is met by an event of a process: a crash, an exit, or one that only an attached
  /// dumper sees.
  [[nodiscard]] bool is_event() const noexcept {
    return kind == Kind::Crash || kind == Kind::Exit || needs_attach();
  }
  [[nodiscard]] bool needs_attach() const noexcept {
    return kind == Kind::Exception || kind == Kind::Module || kind == Kind::ThreadEnd ||
           kind == Kind::ThreadStart;
  }
  /// Whether an event of a process is among what it asks for.
  [[nodiscard]] bool wants_events() const;
  /// Whether a threshold or a hang is.
  [[nodiscard]] bool wants_watching() const;
  friend bool operator==(const Condition&, const Condition&) = default;
};
/// Whether one of \p patterns fits the module at \p path: a pattern with a slash its path, another
/// one its name.
[[nodiscard]] bool module_fits(const std::vector<std::string>& patterns,
                               std::string_view path) noexcept;
/// Of one rule, `any` and `all` included.
inline constexpr std::size_t kMaxConditions = 32;

struct Limits {
  std::optional<std::uint32_t> per_hour = {};  ///< Dumps by this rule in any 60 minutes.
  std::optional<std::uint32_t> per_signature =
      {};                                      ///< Dumps kept of one signature, by this rule, ever.
  std::optional<Microseconds> cooldown = {};   ///< Between two dumps by this rule.
  std::optional<std::uint32_t> lifetime = {};  ///< Dumps by this rule, ever.
  /// Of per_hour no program takes more than half of what the others have left.
  bool fair_share = false;
};
/// `6 an hour, 3 of a signature, 30s between two`; empty: there are none.
[[nodiscard]] std::string describe(const Limits& limits);

/// Something to be done for a capture, by whoever the settings allow it to.
struct Action {
  /// Webhook: tell a server. Restart: the service that the process runs. Run: a program, as a user
  /// without rights.
  enum class Kind : std::uint8_t { Webhook, Restart, Run };
  Kind kind = Kind::Webhook;
  std::string target = {};                  ///< Webhook: a URL. Run: the program's path.
  std::vector<std::string> arguments = {};  ///< Run: may have `{id}` and others, see rules.md.
  /// Webhook: for so long it is tried again. Restart: until the service's process is ended. Run:
  /// until the program is.
  Microseconds timeout{};
  friend bool operator==(const Action&, const Action&) = default;
};
[[nodiscard]] std::string_view to_string(Action::Kind kind) noexcept;

struct Rule {
  std::string name;   ///< Unique over all files.
  std::string owner;  ///< The file's.
  std::string file;   ///< File name, for messages.
  int line = 0;       ///< Where the name stands; 1-based.
  int column = 0;
  Match match;
  Condition when;
  DumpKind dump = DumpKind::Mini;
  std::optional<DumpKind>
      new_signature;  ///< Taken instead when the signature was never seen before.
  bool attach =
      false;  ///< Attach to matching processes: sees fail-fast, stack overflow and self-made ends.
  Manner manner = {};
  rules::Samples samples = {};  ///< Of captures by a threshold or a hang.
  Limits limits;
  std::optional<Microseconds> keep =
      {};                         ///< How long its dumps are kept; nothing: as settings say.
  std::vector<Action> then = {};  ///< At most one of each kind.
  std::optional<Timestamp> expires = {};  ///< From then on it is as if it were not there.
  bool fallback = false;  ///< The file's: tried after the rules of all files that are no fallback.
};

struct RuleSet {
  /// By file name, then in file order, those of fallback files last: the first that matches
  /// decides.
  std::vector<Rule> rules;
  /// The first rule whose match and condition fit, or nullptr. \p exit_code is the exception's code
  /// where a crash was seen and no exit; 0: not known.
  [[nodiscard]] const Rule* find(EventKind kind,
                                 std::uint32_t exit_code,
                                 const ProcessFacts& process,
                                 const Holds& holds = {},
                                 std::string_view text = {}) const;
  /// The rule, by name, that wants this process attached to; nullptr: none.
  [[nodiscard]] const Rule* find_attach(const ProcessFacts& process) const noexcept;
  /// Whether the rules that are about \p process but for what is not known of it yet ask for its
  /// user, or its version.
  [[nodiscard]] bool ask_for_user(const ProcessFacts& process) const;
  [[nodiscard]] bool ask_for_version(const ProcessFacts& process) const;
  /// Whether any rule could ever concern this process: whether its exit is to be watched.
  [[nodiscard]] bool concerns(const ProcessFacts& process) const noexcept;

  /// A rule that is kept and not asked.
  struct Idle {
    Rule rule;
    bool expired = false;  ///< Otherwise somebody has disabled it.
  };
  std::vector<Idle> idle = {};
  /// Makes the rules of these names idle.
  void set_aside(const std::vector<std::string>& names);
  /// Makes the rules idle that have expired by \p now; says whether there were any.
  bool retire(Timestamp now);
};

/// One thing wrong with a rule file. format(): `rules.d/orders.yaml:7:5: unknown key 'proces'; did
/// you mean 'process'?`
using Problem = yaml::Problem;

struct LoadResult {
  RuleSet rules;  ///< Those of the files without problems: all only when problems is empty.
  std::vector<Problem> problems;
  std::size_t files = 0;                   ///< Files that were looked at, the broken ones too.
  std::vector<std::string> disabled = {};  ///< What kDisabledFile says, also of rules not there.
  std::map<std::string, std::string> texts = {};  ///< Of the files without problems, as messages
                                                  ///< name them.
};

inline constexpr std::uint64_t kMaxRuleFileBytes = 1 << 20;
inline constexpr std::size_t kMaxRuleFiles = 1000;
inline constexpr std::uint64_t kMaxRuleFilesBytes = 16 << 20;  ///< Of all files together.
inline constexpr std::size_t kMaxRules = 10'000;

/// In a rules folder: the names of rules that are not to be asked, a line each. What follows a '#'
/// is for people.
inline constexpr std::string_view kDisabledFile = ".disabled";
[[nodiscard]] std::vector<std::string> parse_disabled(std::string_view text);

/// One file's text. \p file is only for messages.
[[nodiscard]] LoadResult parse_rules(std::string_view yaml, const std::string& file);
/// A file, or all `*.yaml` and `*.yml` of a folder in name order, names that begin with a dot left
/// out. A missing path is no rules at all. Messages name a folder's file as `folder/file`. Rules
/// that the folder's kDisabledFile names are idle.
/// \p objection says what is against reading a file, such as that anybody may write it; empty:
/// nothing. What it says is a problem of that file.
using Objection = std::function<std::string(const std::filesystem::path& file)>;
[[nodiscard]] LoadResult load_rules(const std::filesystem::path& path,
                                    const Objection& objection = {});

/// The rules of a folder of copies, as if they stood in files of the folder \p name: each file by
/// itself, so that two may have rules of one name.
[[nodiscard]] RuleSet load_last_good(const std::filesystem::path& copies,
                                     const std::string& name,
                                     const Objection& objection = {});

/// What is odd about rules that are well formed, each at the name of its rule: that nothing can
/// ever meet it, or a part of it, and that its day is over.
[[nodiscard]] std::vector<Problem> doubts(const RuleSet& set, Timestamp now);

/// What to go on with after a reload: \p loaded, and for each file with a problem the rules that it
/// had in
/// \p last_good. So one team's mistake leaves every other team's change in force.
[[nodiscard]] RuleSet keep_last_good(const LoadResult& loaded, const RuleSet& last_good);

/// What the limits need to know of the past. The store answers it.
struct History {
  std::uint32_t dumps_last_hour = 0;        ///< By this rule.
  std::optional<Timestamp> last_dump = {};  ///< By this rule.
  std::uint32_t dumps_of_signature = 0;     ///< Kept by this rule, of this signature.
  bool signature_known = false;             ///< Seen before, by any rule, dump or not.
  bool by_program = false;       ///< Known is whether this rule took a dump of this program before.
  bool program_met = false;      ///< Whether it was asked about the program before, dump or not.
  std::uint32_t dumps_ever = 0;  ///< By this rule; asked for where it has a lifetime.
  std::uint32_t dumps_of_program = 0;  ///< Of dumps_last_hour: of this program.
  std::uint32_t under_way = 0;         ///< By this rule: dumps that are being taken.
};

/// What to do, and the sentence that is logged and kept: `rule orders-crash: mini dump`,
/// `rule orders-crash: per_hour limit of 6 reached`, `no rule matches`.
struct Decision {
  DumpKind dump = DumpKind::None;
  std::string rule;  ///< Empty: none matched.
  std::string reason;
  bool limited = false;  ///< A rule matched and one of its limits refused.
  Manner manner = {};
  rules::Samples samples = {};
};

/// The decision for one event of one process under \p rule (nullptr: no rule matched). Pure. In
/// this order, and the first that applies gives the reason:
///
/// 1. no rule                                        `no rule matches`
/// 2. which dump: new_signature where the rule has it and the signature is not known, else dump.
/// None:
///    `rule R: no dump`, or `rule R: no dump, the signature is known` where a new one would have
///    had one
/// 3. lifetime dumps or more                         `rule R: lifetime limit of 50 reached`
/// 4. per_signature dumps of this signature or more  `rule R: per_signature limit of 3 reached`
/// 5. per_hour dumps in the last hour or more        `rule R: per_hour limit of 6 reached`
/// 6. with fair_share, half of what others have left `rule R: fair share of one program, 3 of 6 an
///                                                    hour by now, is used up`
/// 7. less than cooldown since the last dump         `rule R: cooldown of 30s has 12.3s left`
/// 8. `rule R: mini dump`, or `rule R: full dump, the signature is new`
///
/// The limit that lasts longest comes first, so that the reason names what would have to change. A
/// last dump later than \p now (the clock was set back) does not hold a dump back.
[[nodiscard]] Decision decide(const Rule* rule, const History& history, Timestamp now);

/// How a rule stands, in dotnet-monitor's words. Finished: its lifetime limit is reached.
/// Throttled: a limit that time lifts holds it back. Acting: a dump is being taken.
enum class Standing : std::uint8_t { Running, Acting, Throttled, Finished, Disabled, Expired };
[[nodiscard]] std::string_view to_string(Standing standing) noexcept;
struct RuleStanding {
  Standing standing = Standing::Running;
  std::string reason;  ///< Empty: there is nothing to say.
};
[[nodiscard]] RuleStanding standing_of(const Rule& rule, const History& history, Timestamp now);

/// One thing that a rule asks of a process, and what was found.
struct Clause {
  std::string what;    ///< `process`, `not service`
  std::string wanted;  ///< `Orders*.exe or Billing.exe`
  std::string found;   ///< `OrdersApi.exe`; empty: not known, or none.
  bool fits = false;
};
/// Each clause of \p match, those that fit too; none: it takes every process.
[[nodiscard]] std::vector<Clause> explain(const Match& match, const ProcessFacts& process);
/// `crash`, `exit with 3 or 0xc0000005`, `any of (crash; CPU above 85% of the machine for 30s)`
[[nodiscard]] std::string describe(const Condition& condition);

}  // namespace vigil::rules
