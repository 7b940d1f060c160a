// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "rules/rules.h"

/// The SQLite store: one row for each death of a process and each other occasion (a capture), the
/// signals that told of it, the queue's state, the report. It is the one memory of the service:
/// limits are counted from it, and after a kill at any point recover() puts every row into a state
/// that is true. One Store is one connection: use it from one thread at a time; several processes
/// may open the same file (WAL).
///
/// Every call is one transaction: when it returns, its work is on the disk; when it fails, it left
/// no trace. Errors name the file: Errc::Busy (another process kept it locked for seconds),
/// DiskFull, AccessDenied, Malformed (damaged), Io. A step on a row that is not there, or not in
/// the state that the step starts from, is Errc::NotFound. docs/formats/store.md describes the
/// file.
namespace vigil::store {

using CaptureId = StrongId<struct CaptureIdTag, std::int64_t>;

/// The life of a row. observed → capturing → captured → analyzing → done | failed, or skipped: no
/// dump, with the reason. A late dump takes a skipped row up again.
enum class State : std::uint8_t { Observed, Capturing, Captured, Analyzing, Done, Failed, Skipped };
[[nodiscard]] std::string_view to_string(State state) noexcept;
[[nodiscard]] std::optional<State> state_from(std::string_view name) noexcept;

/// The ways in which news arrives.
enum class Source : std::uint8_t {
  AeDebug,
  Attach,
  ExitWatch,
  Inbox,
  Manual,
  Sampler,
  EventLog,
  CrashControl,  ///< A dump of the kernel where Windows writes them.
};
/// `aedebug`, `attach`, `exit-watch`, `inbox`, `manual`, `sampler`, `event-log`, `crash-control`
[[nodiscard]] std::string_view to_string(Source source) noexcept;
[[nodiscard]] std::optional<Source> source_from(std::string_view name) noexcept;

/// Deaths, a dump that somebody asked for, what a process did, or did not do, while it ran on, and
/// the death of the whole system.
enum class Kind : std::uint8_t {
  Crash,
  Exit,
  Manual,
  Cpu,
  Memory,
  Handles,
  Threads,
  Hang,
  Bugcheck,
  Exception,   ///< Raised in a process that lives on, if somebody handles it.
  Module,      ///< Loaded into a process that lives on.
  LiveReport,  ///< Windows has written a dump of its kernel and went on.
  Counter,     ///< A performance counter.
  ThreadEnd,   ///< Of a process that lives on; the exit code is the thread's.
  ThreadStart,
};
/// One process has one row of these, and as many of the others as there were occasions.
[[nodiscard]] constexpr bool is_death(Kind kind) noexcept {
  return kind == Kind::Crash || kind == Kind::Exit;
}
/// What the service alone sees of a process that lives on. Nothing is known of its signature before
/// its dump is analyzed.
[[nodiscard]] constexpr bool is_measured(Kind kind) noexcept {
  return (kind >= Kind::Cpu && kind <= Kind::Hang) || kind == Kind::Counter;
}
/// Whether it is an occasion that only a dumper sees which is attached to the process.
[[nodiscard]] constexpr bool needs_attach(Kind kind) noexcept {
  return kind == Kind::Exception || kind == Kind::Module || kind == Kind::ThreadEnd ||
         kind == Kind::ThreadStart;
}
[[nodiscard]] std::string_view to_string(Kind kind) noexcept;
[[nodiscard]] std::optional<Kind> kind_from(std::string_view name) noexcept;

/// One piece of news: somebody saw one process die (or was asked to dump it). What is not known is
/// empty.
struct Signal {
  Source source = Source::ExitWatch;
  Kind kind = Kind::Crash;
  Timestamp at;
  ProcessId pid;  ///< 0: not known.
  std::optional<Timestamp> process_start;
  std::string process;  ///< File name of the image.
  std::string path;     ///< Of the image; of a bugcheck: of the dump that Windows wrote.
  std::string command_line;
  std::optional<std::uint32_t> exception_code;
  std::optional<std::uint32_t> exit_code;
  std::string
      fault_key;  ///< `c0000005|orders.dll+1a2b`: what is known of the signature before analysis.
  std::string detail;  ///< A sentence, where there is more to say.
  /// What an exception said, or the path of a module, also of one that a thread starts in: for the
  /// rules, and not kept.
  std::string text = {};
};

struct Capture {
  CaptureId id;
  State state = State::Observed;
  std::string reason;    ///< Why it is in this state, for people.
  std::string decision;  ///< Why this dump or none was decided on, for people; empty: undecided.
  Kind kind = Kind::Crash;
  Timestamp observed_at;  ///< The first signal.
  Timestamp updated_at;
  ProcessId pid;
  std::optional<Timestamp> process_start;
  std::string process, path, command_line;
  std::optional<std::uint32_t> exception_code, exit_code;
  std::string fault_key;
  std::string rule;       ///< Empty: none matched.
  std::string dump_kind;  ///< By rules::DumpKind: what was asked for.
  std::string dump_file;  ///< Relative to the data folder, with slashes; empty: there is none.
  std::uint64_t dump_bytes = 0;
  std::string inbox_file;  ///< While capturing: the file name in the inbox that becomes dump_file.
  std::uint32_t attempts = 0;   ///< Of analysis.
  std::string signature;        ///< From the report.
  std::string verdict;          ///< From the report, in one name: `ACCESS_VIOLATION`, `ABORT`.
  std::string synopsis;         ///< From the report.
  std::vector<Source> seen_by;  ///< Each way once, in order of arrival.
  std::string detail;           ///< What the signals say more, in a sentence.
  std::string managed;  ///< The .NET exception: `System.InvalidOperationException: no such order`.
  std::string wer_bucket;  ///< Of Windows Error Reporting: `APPCRASH 1570137938940312820`.
};

/// What is kept of an event of Windows' own logs.
struct LogEvent {
  std::string channel, provider;
  std::uint32_t event_id = 0;
  std::uint64_t record_id = 0;  ///< Of the channel.
  Timestamp at;
  std::string process;    ///< File name of the image that it is about; empty: of none.
  std::string report_id;  ///< What an event of a death and the report about it have in common.
  std::string bucket;     ///< As Capture::wer_bucket.
  std::string summary;    ///< As Capture::managed.
  std::string text;       ///< For people; may have several lines.
};

/// An event, and what it tells of a process.
struct LoggedNews {
  LogEvent event;
  std::optional<Signal> signal;
};

/// What record() did with a signal.
struct Recorded {
  CaptureId id;
  bool created = false;  ///< A new row; otherwise the signal joined one.
  State state = State::Observed;
};

/// A dump that lies in its folder, and whose row is done with it.
struct KeptDump {
  CaptureId id;
  std::string rule;
  std::string dump_file;  ///< As Capture::dump_file.
  Timestamp observed_at;
};

/// One more dump of a process that lived on, after that of its row.
struct Sample {
  std::uint32_t number = 0;  ///< From 2 on: the dump of the row is the first.
  std::string dump_file;     ///< As Capture::dump_file.
  std::uint64_t dump_bytes = 0;
  Timestamp taken_at;
};

/// What a decision wants done after its capture.
struct PlannedAction {
  std::string kind;  ///< `webhook`, `restart`, `run`
  std::string spec;  ///< JSON that the store does not look into.
  Timestamp give_up_at;
  bool once = false;    ///< It is not tried again, whatever becomes of it.
  bool at_end = false;  ///< Not before the report is there, or will never be.
};

/// waiting → done | failed; one that is done once is begun in between.
enum class ActionState : std::uint8_t { Waiting, Begun, Done, Failed };
[[nodiscard]] std::string_view to_string(ActionState state) noexcept;

struct Action {
  std::int64_t id = 0;
  CaptureId capture;
  std::string kind, spec;
  ActionState state = ActionState::Waiting;
  std::uint32_t attempts = 0;
  Timestamp next_at, give_up_at;
  std::string result;  ///< How it went, in a sentence; empty: nobody has begun it.
};

struct ListFilter {
  std::string process;  ///< Glob or part of the process name, case ignored; empty: all.
  std::optional<State> state;
  std::optional<Timestamp> since, until;
  std::uint32_t limit = 0;  ///< The newest so many; 0: all.
};

struct StateCounts {
  std::uint64_t observed = 0, capturing = 0, captured = 0, analyzing = 0, done = 0, failed = 0,
                skipped = 0;
};

/// The captures that fall into one signature.
struct Bucket {
  std::uint64_t captures = 0;
  Timestamp first_seen, last_seen;
};

/// What recover() found; one sentence each, for the log.
struct Recovery {
  std::vector<std::string> notes;
};

enum class OpenMode : std::uint8_t {
  ReadOnly,  ///< Queries. Errc::NotFound when there is no file. Never creates or migrates.
  Create,    ///< The service: creates the file and its folder, migrates, checks integrity quickly.
};

class Store {
 public:
  /// Errc::Unsupported for a database of a newer version, Malformed for a file that is no database
  /// of ours, Busy when it stays locked, DiskFull, AccessDenied.
  [[nodiscard]] static Result<Store> open(const std::filesystem::path& file, OpenMode mode);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // --- writing: the service only; each call is one transaction ---

  /// Joins the signal to the row of the same process instance, or makes a new row. The same death
  /// is the same pid and start time (a start in whole seconds, as dumps keep it, agrees with any in
  /// that second); where a start time is missing on one side, the newest row of the pid with a
  /// signal at most \p join_window away. What is no death joins nothing. The row's facts are those
  /// of its earliest signal that knows them, so the order of arrival does not matter. Telling of
  /// the same signal twice changes nothing.
  [[nodiscard]] Result<Recorded> record(const Signal& signal, Microseconds join_window);
  /// Keeps events, records their signals as record() does, and notes how far the log was read: all
  /// of it or nothing. Answers for each of \p news, in order; nothing: it was kept before, or has
  /// no signal. Whatever the order of arrival: the report of a death finds it by report_id, the
  /// text of a .NET exception by the Application Error that follows it in the log, or by name and
  /// time where none does.
  [[nodiscard]] Result<std::vector<std::optional<Recorded>>> take_events(
      const std::vector<LoggedNews>& news, std::string_view bookmark, Microseconds join_window);
  /// Notes which rule decided and why, without changing the state, and what is to be done after the
  /// capture: in place of what an earlier decision wanted and nobody has begun. Nothing: that
  /// stays.
  [[nodiscard]] Status set_decision(CaptureId id,
                                    const rules::Decision& decision,
                                    const std::optional<std::vector<PlannedAction>>& actions = {});
  /// An action whose time has come, of those that wait for the report or of those that do not,
  /// counted as an attempt; nothing: there is none. One that may be tried again comes again at
  /// \p again_at unless finish_action() says otherwise.
  [[nodiscard]] Result<std::optional<Action>> claim_action(bool at_end,
                                                           Timestamp now,
                                                           Timestamp again_at);
  /// \p state: Done, Failed, or Waiting for \p next_at.
  [[nodiscard]] Status finish_action(std::int64_t id,
                                     ActionState state,
                                     std::string_view result,
                                     Timestamp next_at);
  /// Notes what was the case when it happened, as JSON that the store does not look into.
  [[nodiscard]] Status set_circumstances(CaptureId id, std::string_view json);
  /// observed | skipped → capturing: \p inbox_file is about to become \p dump_file.
  [[nodiscard]] Status begin_capture(CaptureId id,
                                     std::string_view inbox_file,
                                     std::string_view dump_file,
                                     Timestamp now);
  /// capturing → captured: the dump lies under its final name.
  [[nodiscard]] Status dump_ready(CaptureId id, std::uint64_t bytes, Timestamp now);
  /// Of a capturing row: says more of its dump, behind why it was decided on.
  [[nodiscard]] Status add_to_decision(CaptureId id, std::string_view words);
  /// Of a capturing row: its sample \p number is about to be written to \p dump_file.
  [[nodiscard]] Status begin_sample(CaptureId id,
                                    std::uint32_t number,
                                    std::string_view dump_file,
                                    Timestamp now);
  /// It lies under its final name.
  [[nodiscard]] Status sample_ready(CaptureId id, std::uint32_t number, std::uint64_t bytes);
  /// There will be none.
  [[nodiscard]] Status drop_sample(CaptureId id, std::uint32_t number);
  /// observed | capturing → skipped; of a skipped row, the reason is replaced.
  [[nodiscard]] Status skip(CaptureId id, std::string_view reason, Timestamp now);
  /// The oldest captured row becomes analyzing and is returned; nothing: the queue is empty. Rows
  /// that were tried before come after those that were not.
  [[nodiscard]] Result<std::optional<Capture>> claim_for_analysis(Timestamp now);
  /// analyzing → done. Of the facts, only those that no signal knew are taken over; no other row is
  /// changed, whatever process the report says it is of.
  struct Findings {
    std::string report_json;
    std::string signature;
    /// Of the algorithm: signatures of two versions fall into two buckets.
    int signature_version = 0;
    std::string verdict;  ///< The name of what happened: `ACCESS_VIOLATION`, `ABORT`.
    std::string synopsis;
    std::optional<std::uint32_t> exception_code;
    std::optional<Timestamp> process_start;
  };
  [[nodiscard]] Status finish(CaptureId id, const Findings& findings, Timestamp now);
  /// analyzing → failed, or back to captured while attempts remain and there is a dump.
  [[nodiscard]] Status fail(CaptureId id,
                            std::string_view reason,
                            bool may_retry,
                            std::uint32_t max_attempts,
                            Timestamp now);
  /// The dump is gone by decision (a limit): the row stays, its dump_file is emptied. A captured
  /// row becomes skipped; analyzing, done and failed ones keep their state. Its samples are gone
  /// too. Answers which files nobody knows any more, which the caller then removes.
  [[nodiscard]] Result<std::vector<std::string>> forget_dump(CaptureId id,
                                                             std::string_view reason,
                                                             Timestamp now);
  /// Removes rows without a dump that ended and were seen before \p before, oldest first, at most
  /// \p limit, with all that belongs to them; answers how many. Those with dumps that rules of
  /// \p counted_rules have taken stay: their lifetime limits count them.
  [[nodiscard]] Result<std::uint64_t> remove_before(Timestamp before,
                                                    const std::vector<std::string>& counted_rules,
                                                    std::uint32_t limit);
  /// After a start: puts every row that was under way into a true state. capturing → captured where
  /// the dump lies under its final name, else back to observed where the inbox file still exists,
  /// else skipped; analyzing → captured while attempts remain, else failed. A
  /// sample is kept where its file is there. An
  /// action that was begun and is done only once has failed.
  struct FileProbe {
    std::function<std::optional<std::uint64_t>(const std::string& dump_file)> dump_size;
    std::function<bool(const std::string& inbox_file)> in_inbox;
  };
  [[nodiscard]] Result<Recovery> recover(const FileProbe& files,
                                         std::uint32_t max_attempts,
                                         Timestamp now);
  /// observed rows without news since \p before: the ones to skip, oldest first.
  [[nodiscard]] Result<std::vector<Capture>> overdue(Timestamp before);

  // --- questions ---

  /// What the limits of a rule need to know when they decide on the row \p except. A dump counts
  /// from the decision on, if the row is older than \p except; once it is under way it counts in
  /// any case. Rows from more than an hour in the future (a clock was set back) do not count.
  struct HistoryQuery {
    std::string_view rule;
    std::string_view signature_or_fault_key = {};
    /// Of what is_measured(), which has no signature yet: whether the rule took a dump of the
    /// program before stands for whether its signature is known.
    bool measured = false;
    std::string_view program = {};  ///< File name; empty: of none.
    bool lifetime = false;          ///< Whether all dumps by the rule are counted.
    bool under_way = false;         ///< Whether those that are being taken are.
    std::optional<CaptureId> except = {};
  };
  [[nodiscard]] Result<rules::History> history(const HistoryQuery& query, Timestamp now);
  /// Oldest first.
  [[nodiscard]] Result<std::vector<Capture>> list(const ListFilter& filter);
  [[nodiscard]] Result<Capture> get(CaptureId id);
  /// The newest; Errc::NotFound: there is none.
  [[nodiscard]] Result<Capture> last();
  /// Errc::NotFound: there is none, or no such row.
  [[nodiscard]] Result<std::string> report_json(CaptureId id);
  /// Empty: nothing was noted.
  [[nodiscard]] Result<std::string> circumstances(CaptureId id);
  /// In order of arrival.
  [[nodiscard]] Result<std::vector<Signal>> signals(CaptureId id);
  /// Those that belong to this capture, by time.
  [[nodiscard]] Result<std::vector<LogEvent>> events(CaptureId id);
  /// What is done after this capture, in the order of its rule.
  [[nodiscard]] Result<std::vector<Action>> actions(CaptureId id);
  /// The samples of this capture that are complete, by number.
  [[nodiscard]] Result<std::vector<Sample>> samples(CaptureId id);
  /// How far take_events() has come; empty: it was never called.
  [[nodiscard]] Result<std::string> bookmark();
  [[nodiscard]] Result<StateCounts> counts();
  /// All captures with the signature of this one, itself too; nothing: it has no signature.
  [[nodiscard]] Result<std::optional<Bucket>> bucket(CaptureId id);
  /// Which version of the tables the file has.
  [[nodiscard]] Result<std::int64_t> schema_version();
  /// Those of rows behind \p after that were seen at \p until or before, by id, at most \p limit.
  [[nodiscard]] Result<std::vector<KeptDump>> dumps(CaptureId after,
                                                    Timestamp until,
                                                    std::uint32_t limit);
  /// Whether this process instance has a row.
  [[nodiscard]] Result<bool> seen(const ProcessKey& process);

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vigil::store
