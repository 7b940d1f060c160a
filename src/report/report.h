// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "report/kernel.h"

/// What analysis made of one dump, as values; and their two forms: JSON, which is a contract
/// (docs/formats/report-json.md), and text, which is for people and may change. Nothing here reads
/// a dump. A report from the sandbox is hostile input like any other: from_json() checks sizes and
/// shapes. Plain values and pure functions: any thread may use them.
namespace vigil::report {

inline constexpr int kSchemaVersion = 1;

/// The service refuses a longer report from the sandbox.
inline constexpr std::size_t kMaxJsonBytes = std::size_t{16} << 20;
/// What a report may hold. Whoever builds one keeps within these and says in the diagnostics what
/// it left out; from_json() refuses more.
inline constexpr std::size_t kMaxThreads = 4096;
inline constexpr std::size_t kMaxFramesPerThread = 1024;
inline constexpr std::size_t kMaxFrames = 32'768;  ///< Of all threads together.
inline constexpr std::size_t kMaxModules = 8192;   ///< Loaded; and as many unloaded.
inline constexpr std::size_t kMaxRegisters = 64;
inline constexpr std::size_t kMaxTexts = 1024;    ///< Of streams; of diagnostics; of parameters.
inline constexpr std::size_t kMaxHandles = 256;   ///< That are named; and types of handles.
inline constexpr std::size_t kMaxSamples = 1000;  ///< Of a flight recorder.
inline constexpr std::size_t kMaxBusy = 64;
inline constexpr std::size_t kMaxLogEntries = 100;
inline constexpr std::size_t kMaxAnnotations = 1024;  ///< Of one list; and modules that have some.
inline constexpr std::size_t kMaxLocks = 256;         ///< And as many lock cycles.

/// The trust of a call that was inlined into the function of the next frame.
inline constexpr std::string_view kInlineTrust = "inline";

struct Frame {
  std::uint64_t instruction = 0;  ///< Inside the call for callers; exact for frame 0.
  std::string module{};           ///< File name; empty: in no module.
  std::uint64_t module_offset = 0;
  std::string function{};  ///< Empty: unknown.
  std::uint64_t function_offset = 0;
  std::string file{};
  std::uint32_t line = 0;       ///< 0: unknown.
  std::string trust{};          ///< context, unwind_info, cfi, leaf, frame_pointer, scan, inline
  std::string symbol_source{};  ///< exports, pdb, sym; empty: no symbol.
  friend bool operator==(const Frame&, const Frame&) = default;
};

/// What a thread of the dump did in the samples: dumps of the same process that were taken after
/// it.
struct Movement {
  /// same: it did not go on. ran: it seems so, and it used processor time. innermost: only that
  /// frame went on. changed: it made or left calls. unknown: too little of its stack is known.
  std::string stack{};
  std::uint32_t samples = 0;              ///< In how many it was, the dump too; fewer: it ended.
  std::optional<std::uint32_t> cpu_ms{};  ///< Used between the first and the last of them.
  friend bool operator==(const Movement&, const Movement&) = default;
};

struct Thread {
  std::uint32_t thread_id = 0;
  std::string name{};
  std::vector<Frame> frames{};  ///< Innermost first.
  std::string stop_reason{};    ///< Why the walk ended: end_of_stack, no_memory, frame_limit, …
  std::vector<std::pair<std::string, std::uint64_t>> registers{};  ///< In a debugger's order.
  std::optional<Movement> movement{};                              ///< Only with samples.
  friend bool operator==(const Thread&, const Thread&) = default;
};

struct Module {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  std::string path{};
  std::string version{};
  std::string code_id{};
  std::string debug_file{};
  std::string debug_id{};
  std::string symbols{};  ///< none, exports, pdb, sym
  /// In a kernel dump: a driver that is not among Windows' own as analysis knows them.
  bool third_party = false;
  /// In a kernel dump: whether the time stamp in the code id is a hash. None: nobody has the image.
  std::optional<bool> reproducible{};
  friend bool operator==(const Module&, const Module&) = default;
};

struct UnloadedModule {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  std::string name{};
  friend bool operator==(const UnloadedModule&, const UnloadedModule&) = default;
};

/// What the failed instruction did to memory, by its operands and the registers.
struct MemoryAccess {
  std::uint64_t address = 0;
  std::uint32_t size = 0;  ///< In bytes.
  std::string access{};    ///< read, write, readwrite
  friend bool operator==(const MemoryAccess&, const MemoryAccess&) = default;
};

/// Where the address in the exception's parameters is not the one that says what went wrong.
struct AdjustedAddress {
  std::string kind{};                      ///< non-canonical, null-pointer
  std::optional<std::uint64_t> address{};  ///< non-canonical: the true address.
  std::optional<std::uint64_t> offset{};   ///< null-pointer: what was added to the pointer.
  friend bool operator==(const AdjustedAddress&, const AdjustedAddress&) = default;
};

struct Crash {
  /// exception; exit: the process ended itself; bugcheck: the machine stopped.
  std::string kind{};
  std::uint32_t code = 0;     ///< Of the exception; of an exit without one: the exit code.
  std::string name{};         ///< ACCESS_VIOLATION
  std::string meaning{};      ///< A few words for a person.
  std::uint64_t address = 0;  ///< Of the instruction.
  std::optional<std::uint64_t> accessed_address{};
  std::string access{};                      ///< read, write, execute; empty: not an access.
  std::optional<std::uint32_t> exit_code{};  ///< Of an exit.
  std::vector<std::uint64_t> parameters{};
  std::vector<std::string> decoded{};  ///< One sentence a parameter that means something.
  std::uint32_t thread_id = 0;
  std::string instruction{};        ///< At address, disassembled: `mov rax, [rcx+0x18]`.
  std::string instruction_bytes{};  ///< `48 8b 41 18`
  std::vector<MemoryAccess> memory_accesses{};
  std::optional<AdjustedAddress> adjusted_address{};
  friend bool operator==(const Crash&, const Crash&) = default;
};

struct System {
  std::string os{};          ///< Windows
  std::string os_version{};  ///< 10.0.20348
  std::string cpu{};         ///< amd64
  std::string cpu_info{};
  std::uint32_t cpu_count = 0;
  std::uint32_t cpu_mhz = 0;                ///< At most; 0: not said.
  std::uint32_t cpu_current_mhz = 0;        ///< When the dump was taken; 0: not said.
  std::string os_product{};                 ///< Windows Server 2022
  std::string os_role{};                    ///< workstation, server, domain_controller
  std::vector<std::string> os_suites{};     ///< terminal_server, datacenter, …
  std::string os_build{};                   ///< 20348.1.amd64fre.fe_release.210507-1500
  std::string cpu_model_name{};             ///< As the processor calls itself.
  std::string cpu_microcode{};              ///< 0x2e
  std::vector<std::string> cpu_features{};  ///< sse2, avx, …
  std::string time_zone{};                  ///< UTC+02:00 W. Europe Daylight Time
  friend bool operator==(const System&, const System&) = default;
};

/// What the process used, in bytes.
struct ProcessMemory {
  using Figure = std::optional<std::uint64_t>;
  Figure page_faults{};  ///< A count.
  Figure working_set{}, peak_working_set{}, private_working_set{};
  Figure private_usage{}, pagefile{}, peak_pagefile{};
  Figure virtual_size{}, peak_virtual_size{};
  Figure paged_pool{}, non_paged_pool{}, shared_commit{};
  Figure job_commit{}, job_peak_commit{}, job_commit_limit{};  ///< Of the job that it is in.
  friend bool operator==(const ProcessMemory&, const ProcessMemory&) = default;
};

struct Process {
  std::uint32_t pid = 0;
  std::string name{};
  std::optional<Timestamp> create_time{};
  std::optional<Microseconds> uptime{};
  std::string integrity{};  ///< low, medium, high, system; a number where it has no name.
  std::optional<bool> is_protected{};
  bool wow64 = false;  ///< A 32-bit program of a 64-bit system.
  std::optional<Microseconds> user_time{}, kernel_time{};
  ProcessMemory memory{};
  friend bool operator==(const Process&, const Process&) = default;
};

struct MemorySummary {
  std::uint64_t captured_bytes = 0;
  std::uint64_t regions = 0;  ///< 0: the dump has no memory map.
  std::uint64_t committed_bytes = 0, reserved_bytes = 0, image_bytes = 0, mapped_bytes = 0,
                private_bytes = 0;
  /// Of the whole machine, in bytes.
  std::optional<std::uint64_t> physical_total{}, physical_available{}, file_cache{};
  std::optional<std::uint64_t> system_commit{}, system_commit_limit{}, system_peak_commit{};
  friend bool operator==(const MemorySummary&, const MemorySummary&) = default;
};

struct HandleCount {
  std::string type{};  ///< Event, File, Key; empty: not said.
  std::uint64_t count = 0;
  friend bool operator==(const HandleCount&, const HandleCount&) = default;
};

struct HandleSummary {
  std::uint64_t count = 0;
  std::vector<HandleCount> types{};  ///< Most frequent first.
  std::uint64_t operations = 0;      ///< How many the application verifier recorded.
  friend bool operator==(const HandleSummary&, const HandleSummary&) = default;
};

/// A handle worth naming: a mutant that somebody owns, or whose owner ended.
struct HeldObject {
  std::uint64_t handle = 0;
  std::string type{};
  std::string name{};               ///< Empty: it has none, or it is not known.
  std::uint32_t owner_process = 0;  ///< 0: not said.
  std::uint32_t owner_thread = 0;
  bool abandoned = false;
  friend bool operator==(const HeldObject&, const HeldObject&) = default;
};

struct Annotation {
  std::string name{}, value{};
  friend bool operator==(const Annotation&, const Annotation&) = default;
};

struct AnnotatedModule {
  std::string module{};  ///< File name.
  std::vector<std::string> texts{};
  std::vector<Annotation> annotations{};
  friend bool operator==(const AnnotatedModule&, const AnnotatedModule&) = default;
};

struct Crashpad {
  std::string report_id{}, client_id{};
  std::vector<Annotation> annotations{};
  std::vector<AnnotatedModule> modules{};
  friend bool operator==(const Crashpad&, const Crashpad&) = default;
};

struct Assertion {
  std::string kind{};  ///< invalid_parameter, pure_virtual_call, unknown
  std::string expression{}, function{}, file{};
  std::uint32_t line = 0;
  friend bool operator==(const Assertion&, const Assertion&) = default;
};

struct Signature {
  std::string text{};        ///< What groups: `orders!Cart::total | ACCESS_VIOLATION`.
  int version = 0;           ///< Of the algorithm.
  std::string strict{};      ///< Tells faults of one build apart that text puts together.
  std::string wer_bucket{};  ///< The parameters of Windows Error Reporting; empty: not known.
  friend bool operator==(const Signature&, const Signature&) = default;
};

/// The dump and those of the same process that were taken after it. Every thread of the dump is
/// counted once.
struct Samples {
  std::uint32_t count = 0;    ///< That could be read, the dump too.
  std::uint32_t span_ms = 0;  ///< From the first to the last.
  /// As Movement::stack (ran is innermost) of threads that were there to the end; and the others.
  std::uint32_t same = 0, innermost = 0, changed = 0, unknown = 0, ended = 0;
  std::uint32_t started = 0;  ///< Threads of the last sample that the dump does not have.
  friend bool operator==(const Samples&, const Samples&) = default;
};
/// `3 samples over 10.2 s: 11 of 12 threads did not move`
[[nodiscard]] std::string in_words(const Samples& samples);
/// `did not move in 3 samples`, `moved only within its innermost frame in 3 samples`
[[nodiscard]] std::string in_words(const Movement& movement, const Samples& samples);

/// A lock that threads wait for.
struct Lock {
  std::uint64_t address = 0;
  std::string kind{};                    ///< critical_section
  std::string name{};                    ///< loader_lock; empty: it has none.
  std::uint32_t owner = 0;               ///< Thread id.
  std::uint32_t recursion = 0;           ///< How often the owner has entered it.
  std::vector<std::uint32_t> waiters{};  ///< Thread ids, in dump order.
  friend bool operator==(const Lock&, const Lock&) = default;
};

/// Threads that wait for each other in a circle: each for the lock of the same index, which the
/// next one owns.
struct Deadlock {
  std::vector<std::uint32_t> threads{};
  std::vector<std::uint64_t> locks{};
  friend bool operator==(const Deadlock&, const Deadlock&) = default;
};

/// The flight recorder: what a process did before it was captured, a column for each figure, the
/// oldest first, all equally long.
struct FlightRecord {
  std::vector<std::uint32_t> ms_before{};          ///< Milliseconds before Circumstances::at.
  std::vector<std::uint32_t> cpu_ppm{};            ///< Millionths of one processor.
  std::vector<std::uint32_t> private_kib{};        ///< KiB of committed memory of its own.
  std::vector<std::uint32_t> working_set_kib{};    ///< KiB.
  std::vector<std::uint32_t> io_kib_per_second{};  ///< Read, written and else.
  std::vector<std::uint32_t> handles{}, threads{};
  friend bool operator==(const FlightRecord&, const FlightRecord&) = default;
};

struct BusyThread {
  std::uint32_t thread_id = 0;
  std::uint32_t cpu_ppm = 0;  ///< Between the last two looks, in millionths of one processor.
  friend bool operator==(const BusyThread&, const BusyThread&) = default;
};

struct BusyProcess {
  std::uint32_t pid = 0;
  std::string name{};
  std::uint32_t cpu_ppm = 0;  ///< As BusyThread's.
  std::uint64_t private_bytes = 0;
  friend bool operator==(const BusyProcess&, const BusyProcess&) = default;
};

/// A service that is not as it should be: on its way somewhere, paused, or stopped with an error.
struct TroubledService {
  std::string name{};
  std::string state{};          ///< `stop pending`, `stopped`
  std::uint32_t exit_code = 0;  ///< Of a stopped one: its Win32 code.
  friend bool operator==(const TroubledService&, const TroubledService&) = default;
};

/// A warning or an error that somebody wrote to the System or the Application log.
struct LogEntry {
  Timestamp at{};
  std::string level{};  ///< `critical`, `error`, `warning`
  std::string channel{}, provider{};
  std::uint32_t event_id = 0;
  std::string text{};  ///< The values of the event: its sentence lies in a library of the provider.
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

/// What the service had measured when it happened. No dump has that.
struct Circumstances {
  Timestamp at{};
  std::uint32_t processors = 0;
  std::optional<std::uint64_t> physical_total{}, physical_available{};  ///< Bytes.
  std::optional<std::uint64_t> commit_total{}, commit_limit{};
  std::optional<std::uint64_t> disk_free{};  ///< Where the dumps go.
  FlightRecord record{};                     ///< Of the captured process.
  std::vector<BusyThread> threads{};         ///< Of the captured process, busiest first.
  std::vector<BusyProcess> processes{};      ///< Of the machine, busiest first.
  std::vector<TroubledService> services{};
  std::vector<LogEntry> log{};  ///< Of the last five minutes, oldest first.
  friend bool operator==(const Circumstances&, const Circumstances&) = default;
};

struct Report {
  int schema_version = kSchemaVersion;
  std::string analyzer{};     ///< `vigil 0.1.0`
  std::string status = "ok";  ///< ok, or partial when something was lost (see diagnostics).
  std::string synopsis{};     ///< What happened, in one sentence.
  Signature signature{};
  std::string dump_format{};  ///< minidump
  std::uint64_t dump_bytes = 0;
  Timestamp dump_time{};
  std::string comment{};
  System system{};
  Process process{};
  std::optional<Crash> crash{};
  std::optional<std::size_t> blamed_thread{};  ///< Index in threads.
  std::optional<std::size_t> blamed_frame{};   ///< Index in the frames of that thread.
  std::string blame_reason{};                  ///< Why that thread; empty: it has the exception.
  std::vector<Lock> locks{};
  std::vector<Deadlock> deadlocks{};
  std::vector<Thread> threads{};  ///< In dump order.
  std::vector<Module> modules{};
  std::vector<UnloadedModule> unloaded_modules{};
  MemorySummary memory{};
  std::vector<std::string> streams{};
  std::vector<std::string> diagnostics{};
  std::optional<HandleSummary> handle_summary{};  ///< Missing: the dump has no handles.
  std::vector<HeldObject> handles{};
  std::optional<Crashpad> crashpad{};
  std::optional<Assertion> assertion{};
  std::optional<Circumstances> circumstances{};  ///< Only in reports of the service.
  std::optional<Samples> samples{};              ///< Missing: there is only the dump.
  std::optional<Kernel> kernel{};                ///< Only of dumps of a whole machine.
  friend bool operator==(const Report&, const Report&) = default;
};

/// Where \p frame is, as a debugger writes it: `orders!Cart::total+0x1a`, `orders.dll+0x101a`, or
/// the address.
[[nodiscard]] std::string place_of(const Frame& frame);

/// One JSON object. Addresses are hex strings padded to 16 digits, times are UTC with milliseconds.
/// Invalid UTF-8 is replaced, and what is not ASCII is escaped: it survives every code page, and no
/// terminal finds a command in it.
[[nodiscard]] std::string to_json(const Report& report, bool pretty);

/// The reverse. Unknown keys are ignored, keys that are missing or null keep their default.
/// Errc::Malformed for what is no JSON object or has a wrong type or an index out of range, with
/// the key named; Errc::LimitExceeded for more than kMaxJsonBytes, nesting over 16, or more items
/// than the limits above. Control characters in strings are replaced, so that what comes out may be
/// printed.
[[nodiscard]] Result<Report> from_json(std::string_view json);

struct TextOptions {
  bool color = false;       ///< ANSI colours: only for terminals.
  bool all_threads = true;  ///< Otherwise the blamed thread and the modules on its stack only.
  bool utc = false;
  bool cut_names = false;  ///< A terminal: rows of a table stay within a line for it.
};

/// Six sections for a terminal of 100 columns, each opening with one line that says what it tells:
/// synopsis, processors, system state, modules, threads (the blamed one first), exception. Names
/// from the dump cannot reach the terminal as control sequences.
[[nodiscard]] std::string to_text(const Report& report, const TextOptions& options);

/// The same of circumstances alone, for what has no report.
[[nodiscard]] std::string to_text(const Circumstances& circumstances, const TextOptions& options);

/// One part of what a report has of a whole machine.
enum class KernelPart : std::uint8_t {
  Bugcheck,
  Vm,
  Processors,
  Modules,
  Processes,
  Threads,
  Peb,  ///< Of the process that was current.
  Teb,  ///< Of the thread that was.
};

/// That part alone, whole, as text for people; empty where \p report is not of a kernel dump.
[[nodiscard]] std::string kernel_part_to_text(const Report& report,
                                              KernelPart part,
                                              const TextOptions& options);
/// The same of several parts as one JSON object with the keys of the report's JSON.
[[nodiscard]] std::string kernel_parts_to_json(const Report& report,
                                               const std::vector<KernelPart>& parts,
                                               bool pretty);

}  // namespace vigil::report
