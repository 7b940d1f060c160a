// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/byte_view.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "rules/rules.h"
#include "store/store.h"

/// Noticing: which processes started and ended between two looks at the process table, what they
/// did in between and which thresholds of rules that meets, what an exit code means, which
/// processes must be left alone, and what the AeDebug registration has to look like. All of it is
/// values and decisions: whoever looks at the system (service/) brings the table, the exit code and
/// the registry values, and carries out what comes back. Not thread safe.
namespace vigil::watch {

struct ProcessEntry {
  ProcessKey key;
  std::string name;  ///< File name of the image.
  friend bool operator==(const ProcessEntry&, const ProcessEntry&) = default;
};

/// What the system has counted of a process up to now.
struct Counters {
  Microseconds cpu{};  ///< User and kernel time of all its threads since it started.
  std::uint64_t private_bytes = 0;
  std::uint64_t working_set = 0;
  std::uint64_t io_bytes = 0;  ///< Read, written and else, since it started.
  std::uint32_t handles = 0;
  std::uint32_t threads = 0;
  std::uint32_t service_overdue_ms = 0;  ///< By PendingServices.
  std::uint32_t window_hung_ms = 0;      ///< By HungWindows; zero: none of its windows is hung.
  std::uint64_t context_switches = 0;    ///< Of the threads that it has now.
};

/// One line of the process table.
struct TableRow {
  ProcessKey key;
  Counters counters;
};
/// The name in the row of this index. Asked only of processes that are new.
using NameOf = std::function<std::string(std::size_t row)>;

struct PidHash {
  [[nodiscard]] std::size_t operator()(ProcessId pid) const noexcept {
    return pid.value * std::size_t{0x9e37'79b9'7f4a'7c15};
  }
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

  /// What changed since the last look. The first look reports every process as started. Costs no
  /// allocation where nothing changed.
  [[nodiscard]] Changes update(std::span<const TableRow> table, const NameOf& name_of);

  /// The process that had \p pid and \p name at the moment \p at: alive, or ended lately. A process
  /// that was started later than \p at is not it.
  [[nodiscard]] std::optional<ProcessEntry> find(ProcessId pid,
                                                 std::string_view name,
                                                 Timestamp at) const;
  [[nodiscard]] std::size_t size() const noexcept { return living_.size(); }

 private:
  struct Living {
    ProcessEntry entry;
    std::uint64_t look = 0;  // the last one that it was seen in
  };

  std::unordered_map<ProcessId, Living, PidHash> living_;
  std::deque<ProcessEntry> ended_;  // oldest first
  std::uint64_t look_ = 0;
};

/// What a process did between two looks, and had at the second.
struct Reading {
  std::uint32_t cpu_ppm = 0;  ///< Millionths of one processor.
  std::uint32_t handles = 0;
  std::uint32_t threads = 0;
  std::uint64_t private_bytes = 0;
  std::uint64_t working_set = 0;
  std::uint64_t io_per_second = 0;  ///< Bytes.
  // Not kept, of the last look only:
  std::uint32_t service_overdue_ms = 0;
  std::uint32_t window_hung_ms = 0;
  bool stalled = false;  ///< No CPU time, no I/O and no context switch since the look before.
  friend bool operator==(const Reading&, const Reading&) = default;
};

/// A reading with its moment.
struct Sample {
  Timestamp at;
  Reading reading;
  friend bool operator==(const Sample&, const Sample&) = default;
};

/// When a look was made. Rates and times go by the first, which nobody sets.
struct Moment {
  Microseconds uptime{};
  Timestamp at{};
};

/// Turns looks into readings and keeps the last of each process: the flight recorder. A process
/// that has ended is kept until its last sample is as old as the oldest that are kept.
class Sampler {
 public:
  static constexpr std::size_t kSamples = 120;  ///< Two minutes at one look a second.
  /// 3 KiB each. Of further ones nothing is recorded.
  static constexpr std::size_t kMaxProcesses = 16'384;
  /// After a longer time without a look nobody knows what was in between.
  static constexpr Microseconds kMaxGap = std::chrono::seconds(10);

  Sampler();
  ~Sampler();
  /// Answers whether the time since the last look counts: it was no gap, and not the first look.
  bool look(const Moment& now, std::span<const TableRow> table);
  /// Of the last look; null: the process was not in it, or is new.
  [[nodiscard]] const Reading* reading(const ProcessKey& process) const;
  /// Between the last two looks; zero: that did not count.
  [[nodiscard]] Microseconds interval() const noexcept;
  /// Oldest first.
  [[nodiscard]] std::vector<Sample> samples(const ProcessKey& process) const;
  /// How many processes are kept, the ended ones too.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A service that runs in a process, as the service manager tells.
struct ServiceState {
  ProcessId pid;
  std::string name;
  bool pending = false;          ///< It is starting, stopping, pausing or continuing.
  std::uint32_t state = 0;       ///< SERVICE_STOP_PENDING and its like.
  std::uint32_t checkpoint = 0;  ///< Which it raises when it gets on.
  Microseconds wait_hint{};      ///< How long it asks for until the next one.
};

/// For how long services have been pending beyond what they asked for themselves: what the service
/// manager waits for before it gives up on them.
class PendingServices {
 public:
  void look(Microseconds uptime, std::span<const ServiceState> services);
  /// The longest of the services in this process; zero: none is overdue.
  [[nodiscard]] Microseconds overdue(ProcessId process) const;

 private:
  struct Pending {
    std::uint32_t state = 0, checkpoint = 0;
    Microseconds since{};    // the state and checkpoint are the same
    Microseconds overdue{};  // beyond the wait hint
    ProcessId pid;
    std::uint64_t look = 0;
  };
  std::map<std::string, Pending> pending_;  // by name
  std::uint64_t look_ = 0;
};

/// Which processes have windows that do not respond, as somebody in each session tells again and
/// again: a service sees no window of a person.
class HungWindows {
 public:
  /// An older report says nothing of now.
  static constexpr Microseconds kMaxAge = std::chrono::seconds(10);

  /// \p hung: all of \p session that are hung at \p uptime.
  void report(std::uint32_t session, Microseconds uptime, std::span<const ProcessId> hung);
  void forget(std::uint32_t session);
  /// Since it was first told of without a break; nothing: it is not hung.
  [[nodiscard]] std::optional<Microseconds> hung_for(ProcessId process, Microseconds uptime) const;

 private:
  struct Session {
    Microseconds at{};
    std::map<ProcessId, Microseconds> since;
  };
  std::map<std::uint32_t, Session> sessions_;
};

/// A rule that a process has just met.
struct Firing {
  ProcessKey process;
  std::string rule;
  store::Kind kind = store::Kind::Cpu;  ///< By the first threshold that holds.
  std::string detail;                   ///< `CPU above 85% of the machine for 30s, 97.3% now`
};

/// The wait chains that a probe asks for are those of one process: its target.
[[nodiscard]] std::string wait_chain_target(const ProcessKey& process);
[[nodiscard]] std::optional<ProcessKey> parse_wait_chain_target(std::string_view target);

/// A performance counter that somebody has to read.
struct CounterTarget {
  std::string path;    ///< As the rule has it; rules::kProcessInstance in it is the process's.
  ProcessKey process;  ///< Zero where the path asks for none.
  friend auto operator<=>(const CounterTarget&, const CounterTarget&) = default;
};
/// The counter of \p threshold as it is asked for \p process.
[[nodiscard]] CounterTarget counter_target(const rules::Threshold& threshold,
                                           const ProcessKey& process);

/// Holds the thresholds of rules against readings, and counts what their probes are answered. Each
/// rule acts once when its condition becomes
/// met, and again only after it was not.
class Triggers {
 public:
  explicit Triggers(std::uint32_t processors);
  ~Triggers();
  /// Takes the thresholds of \p rules. What has been held so far goes on for those that were there
  /// before.
  void use_rules(const rules::RuleSet& rules);
  /// \p born: when it started, as uptime.
  void add(const ProcessKey& process, const rules::ProcessFacts& facts, Microseconds born);
  /// What it held when it ended can be asked for a minute longer.
  void end(const ProcessKey& process);
  /// After each look of \p sampler, which answered \p continuous.
  [[nodiscard]] std::vector<Firing> look(Microseconds uptime,
                                         const Sampler& sampler,
                                         bool continuous);
  /// What is to be asked, again and again, for the processes that live now; each once.
  [[nodiscard]] std::vector<rules::Probe> probes() const;
  /// \p failure: why there was no good answer; nothing: there was one. \p asked: when, as uptime.
  /// It counts for the processes whose grace was over by then.
  void answer(const rules::Probe& probe,
              const std::optional<std::string>& failure,
              Microseconds asked);
  /// Whether a limit that may pass keeps \p rule from acting on what it has met in \p process.
  void hold_back(const ProcessKey& process, std::string_view rule, bool held_back);
  /// What is held back so and still met, in the words of now.
  [[nodiscard]] std::vector<Firing> held_back() const;
  /// The counters that are to be read for the processes that live now, in order, each once.
  [[nodiscard]] std::vector<CounterTarget> counters() const;
  /// What one of them says. For ten seconds that is so, and then nobody knows.
  void count(const CounterTarget& counter, std::uint64_t thousandths, Microseconds uptime);
  /// What holds now for \p process; valid until the next call of anything else.
  [[nodiscard]] rules::Holds holds(const ProcessKey& process) const;
  /// Whether some rule holds a bound against this gauge.
  [[nodiscard]] bool asks_for(rules::Gauge gauge) const;
  /// Processes that some threshold is held against.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The end of one watched process.
struct ProcessEnd {
  ProcessKey key;
  rules::ProcessFacts facts;
  std::uint32_t exit_code = 0;
  Timestamp at;
};

/// An event of Microsoft-Windows-Kernel-Process: a process starts (1, 15) or ends (2). Source: the
/// provider's manifest, versions 0 to 5.
struct ProcessEvent {
  bool has_ended = false;
  ProcessKey key;
  std::string image;            ///< `\Device\HarddiskVolume3\…`; of an end its name, cut.
  std::uint32_t exit_code = 0;  ///< Of an end.
  Timestamp ended_at;           ///< Of an end.
};
/// Nothing: it is another event, or is cut off.
[[nodiscard]] std::optional<ProcessEvent> parse_process_event(std::uint16_t id,
                                                              std::uint8_t version,
                                                              ByteView payload);

/// Makes ends of these events: the table is looked at once a second, and a process that lives less
/// is in none.
class TracedProcesses {
 public:
  static constexpr std::size_t kMaxRemembered = 4096;
  /// \p dos_path: `C:\…` of a device's path; empty: nobody knows.
  explicit TracedProcesses(std::function<std::string(std::string_view)> dos_path)
      : dos_path_(std::move(dos_path)) {}

  /// The end that \p event tells of; nothing: it tells of a start.
  [[nodiscard]] std::optional<ProcessEnd> take(const ProcessEvent& event);

 private:
  std::function<std::string(std::string_view)> dos_path_;
  std::map<ProcessKey, std::string> images_;
  std::deque<ProcessKey> order_;
};

/// The news that the exit watch makes of it: a crash for a crash code, an exit where a rule asks
/// for that code, nothing otherwise.
[[nodiscard]] std::optional<store::Signal> exit_signal(const ProcessEnd& end,
                                                       const rules::RuleSet& rules,
                                                       const rules::Holds& holds = {});

/// The rule that a signal falls under, or nullptr. A crash code that no `crash` rule wants may
/// still be one of an `exit` rule. \p facts may know more than the signal does.
[[nodiscard]] const rules::Rule* find_rule(const rules::RuleSet& rules,
                                           const store::Signal& signal,
                                           const rules::ProcessFacts& facts,
                                           const rules::Holds& holds = {});

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
