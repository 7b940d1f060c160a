// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/byte_view.h"
#include "base/ids.h"
#include "base/time.h"
#include "snapshot/kernel.h"

/// A captured process as values: what a dump of any format says about a system, its threads,
/// modules, memory and exception. Readers of formats fill it in; unwinding, symbols and analysis
/// read it and never see a file. All strings are UTF-8, all addresses are of the captured process.
/// Plain values: copy, compare and share between threads at will; only Memory reads from somewhere.
namespace vigil::snapshot {

enum class Cpu : std::uint8_t { Unknown, X86, Amd64, Arm, Arm64 };
enum class Os : std::uint8_t { Unknown, Windows, Linux, Android, MacOs, Ios, Other };

/// `x86`, `amd64`, `arm`, `arm64`, `unknown`: the names of the report's JSON.
[[nodiscard]] std::string_view to_string(Cpu cpu) noexcept;
[[nodiscard]] std::string_view to_string(Os os) noexcept;

/// Register numbers of x64 unwind information and of Amd64Context::gpr.
enum class Amd64Register : std::uint8_t {
  Rax,
  Rcx,
  Rdx,
  Rbx,
  Rsp,
  Rbp,
  Rsi,
  Rdi,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15
};

struct Amd64Context {
  std::array<std::uint64_t, 16> gpr{};  ///< Indexed by Amd64Register.
  /// Bit n: the dump has gpr[n]; otherwise that is zero and says nothing.
  std::uint16_t known = 0xffff;
  std::uint64_t rip = 0;
  std::uint32_t eflags = 0;
  friend bool operator==(const Amd64Context&, const Amd64Context&) = default;
};

struct X86Context {
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0, esi = 0, edi = 0, ebp = 0, esp = 0, eip = 0;
  std::uint32_t eflags = 0;
  friend bool operator==(const X86Context&, const X86Context&) = default;
};

struct Arm64Context {
  std::array<std::uint64_t, 31> x{};  ///< x29 is the frame pointer, x30 the link register.
  std::uint64_t sp = 0;
  std::uint64_t pc = 0;
  std::uint32_t cpsr = 0;
  friend bool operator==(const Arm64Context&, const Arm64Context&) = default;
};

/// The registers of one thread at one moment; monostate when they were not captured or not
/// readable.
using ThreadContext = std::variant<std::monostate, X86Context, Amd64Context, Arm64Context>;

[[nodiscard]] std::optional<std::uint64_t> instruction_pointer(
    const ThreadContext& context) noexcept;
[[nodiscard]] std::optional<std::uint64_t> stack_pointer(const ThreadContext& context) noexcept;

struct NamedRegister {
  std::string_view name;  ///< `rax`, `eip`, `x0`, …
  std::uint64_t value;
};
/// All general registers that the dump has, in the order a debugger prints them.
[[nodiscard]] std::vector<NamedRegister> named_registers(const ThreadContext& context);

struct TimeZone {
  std::int32_t bias_minutes = 0;  ///< UTC is local time and this, daylight saving included.
  std::string name;               ///< In the language of the system; empty: not said.
};

struct SystemInfo {
  Cpu cpu = Cpu::Unknown;
  Os os = Os::Unknown;
  std::uint16_t raw_cpu = 0;          ///< The format's own number: PROCESSOR_ARCHITECTURE_*.
  std::uint32_t raw_platform = 0;     ///< The format's own number: VER_PLATFORM_* or Breakpad's.
  std::uint32_t processor_count = 0;  ///< 0: not said.
  std::uint32_t os_major = 0, os_minor = 0, os_build = 0;
  /// The build is the kernel's own number: later releases have the same.
  bool is_kernel_build = false;
  std::string service_pack;  ///< CSDVersion; on other systems than Windows the kernel's own words.
  std::string cpu_vendor;    ///< `GenuineIntel`; empty: not said.
  std::uint16_t cpu_family = 0, cpu_model = 0, cpu_stepping = 0;
  std::uint32_t max_mhz = 0;      ///< 0: not said.
  std::uint32_t current_mhz = 0;  ///< At the moment of the dump; 0: not said.
  std::uint8_t product_type = 0;  ///< VER_NT_*: 1 workstation, 2 domain controller, 3 server.
  std::uint16_t suite_mask = 0;   ///< VER_SUITE_*.
  /// Of x86 (and of what foreign writers make): CPUID 1 EAX and EDX, CPUID 80000001 EDX.
  std::array<std::uint32_t, 3> cpuid{};
  /// Of other processors under Windows: bit n is IsProcessorFeaturePresent(n).
  std::array<std::uint64_t, 2> feature_bits{};
  std::string cpu_model_name;  ///< As the processor calls itself; empty: not said.
  std::string microcode;       ///< `0x2e`; empty: not said.
  std::string distribution;    ///< Of Linux: `Ubuntu 14.04.5 LTS`.
  std::string build_text;      ///< `20348.1.amd64fre.fe_release.210507-1500`
  std::optional<TimeZone> time_zone;
};

/// `Windows`, `Linux`, `Fuchsia`, …: the system's name for people; empty: not known.
[[nodiscard]] std::string_view os_name(const SystemInfo& system) noexcept;
/// `amd64`, and names for processors that nothing here can read: `mips`, `ppc64`.
[[nodiscard]] std::string_view cpu_name(const SystemInfo& system) noexcept;
/// The product that a build of Windows is: `Windows Server 2022`, `Windows 11 23H2`. Only what
/// build and product type make certain; empty otherwise.
[[nodiscard]] std::string_view windows_product(const SystemInfo& system) noexcept;
/// What the processor can do, by the names of its maker, as far as the dump says: `sse2`, `avx2`.
[[nodiscard]] std::vector<std::string_view> cpu_features(const SystemInfo& system);

struct ProcessInfo {
  std::optional<ProcessId> pid;
  std::optional<Timestamp> create_time;  ///< Whole seconds in minidumps.
  std::optional<Microseconds> user_time, kernel_time;
  /// A 32-bit process seen with the eyes of a 64-bit system: Thread::wow64_context has its own
  /// registers.
  bool wow64 = false;
  std::optional<std::uint32_t> integrity_level;  ///< The RID: 0x2000 is medium, 0x4000 system.
  std::optional<std::uint32_t> execute_flags;    ///< MEM_EXECUTE_OPTION_*.
  std::optional<bool> is_protected;              ///< A protected process.
  std::optional<std::uint32_t> cookie;           ///< What EncodePointer mixes in. A secret.
  /// XSAVE areas in the contexts: their size, and the mask of features. 0: not said.
  std::uint32_t xstate_context_bytes = 0;
  std::uint64_t xstate_features = 0;
};

/// What the process used of the machine, in bytes. Counters of a job are absent outside one.
struct ProcessMemory {
  std::optional<std::uint64_t> page_faults;  ///< A count.
  std::optional<std::uint64_t> working_set, peak_working_set;
  std::optional<std::uint64_t> pagefile, peak_pagefile;  ///< Charged to the page file: commit.
  std::optional<std::uint64_t> paged_pool, non_paged_pool;
  std::optional<std::uint64_t> virtual_size, peak_virtual_size;
  std::optional<std::uint64_t> private_usage, private_working_set, shared_commit;
  std::optional<std::uint64_t> job_commit, job_peak_commit, job_commit_limit;
};

/// Memory of the whole machine, in bytes.
struct SystemMemory {
  std::optional<std::uint64_t> page_size;
  std::optional<std::uint64_t> physical_total, physical_available;
  std::optional<std::uint64_t> commit, commit_limit, peak_commit;
  std::optional<std::uint64_t> file_cache, peak_file_cache;
};

struct AddressRange {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  [[nodiscard]] bool contains(std::uint64_t address) const noexcept {
    return address >= base && address - base < size;
  }
};

struct Thread {
  ThreadId id;
  std::string name;
  std::uint64_t teb = 0;
  AddressRange stack;  ///< The captured part: from the stack pointer up. Size 0: not captured.
  std::uint32_t suspend_count = 0;
  std::uint32_t priority = 0;
  std::uint64_t start_address = 0;  ///< 0: not said.
  std::optional<Timestamp> create_time;
  std::optional<Microseconds> user_time, kernel_time;
  ThreadContext context;  ///< Of a WOW64 process: of x86 when its own code was running.
  /// Of the 32-bit code of a thread of a WOW64 process that was stopped in 64-bit code.
  std::optional<X86Context> wow64_context;
  std::optional<std::uint32_t> exit_status;  ///< Of one that had ended when the dump was taken.
  std::optional<Timestamp> exit_time;
  std::uint64_t affinity = 0;  ///< 0: not said.
};

/// A module by its identities: name for people, code id for the image, debug id for the PDB.
struct Module {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  std::string path;  ///< As the dump names it; may be a bare name, or empty when it was lost.
  std::uint32_t timestamp = 0;
  std::uint32_t checksum = 0;
  std::string version;     ///< File version `1.2.3.4`; empty: not said.
  std::string debug_file;  ///< PDB path as the linker wrote it; empty: no CodeView record.
  std::string debug_id;  ///< GUID and age as symbol stores write them: 32 hex digits, then the age.
  /// Of a driver, by its image where the dump has that: who made it; empty: not said.
  std::string company{};
  /// Whether the time stamp is a hash. None: not known.
  std::optional<bool> reproducible{};
  [[nodiscard]] AddressRange range() const noexcept { return {base, size}; }
  /// The file name behind the last slash: `ntdll.dll`.
  [[nodiscard]] std::string_view name() const noexcept;
  /// Timestamp and size as symbol stores write them: `%08X%x`.
  [[nodiscard]] std::string code_id() const;
};

struct UnloadedModule {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  std::string name;
  std::uint32_t timestamp = 0;
};

struct Exception {
  ThreadId thread;
  std::uint32_t code = 0;
  std::uint32_t flags = 0;
  std::uint64_t address = 0;              ///< Of the instruction, not of what it accessed.
  std::vector<std::uint64_t> parameters;  ///< At most 15.
  ThreadContext context;
};

/// One region of the address space, as VirtualQuery describes it; raw Windows numbers.
struct MemoryRegion {
  AddressRange range;
  std::uint64_t allocation_base = 0;
  std::uint32_t allocation_protect = 0;
  std::uint32_t protect = 0;
  std::uint32_t state = 0;  ///< MEM_COMMIT 0x1000, MEM_RESERVE 0x2000, MEM_FREE 0x10000.
  std::uint32_t type = 0;   ///< MEM_PRIVATE 0x20000, MEM_MAPPED 0x40000, MEM_IMAGE 0x1000000.
};

/// The captured memory of the process. Not thread safe.
class Memory {
 public:
  virtual ~Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// The captured bytes from \p address on: \p size of them, or fewer where the capture ends, or
  /// none. The view lives as long as this object.
  [[nodiscard]] virtual ByteView at(std::uint64_t address, std::uint64_t size) = 0;
  /// Says that these bytes will be read soon.
  virtual void prefetch(std::uint64_t /*address*/, std::uint64_t /*size*/) noexcept {}

  template <Raw T>
  [[nodiscard]] std::optional<T> read(std::uint64_t address) {
    const auto value = at(address, sizeof(T)).template read<T>(0);
    return value.ok() ? std::optional<T>(*value) : std::nullopt;
  }

 protected:
  Memory() = default;
};

/// What is known of the object behind a handle, or of several handles.
struct KernelObject {
  enum class Kind : std::uint8_t { Other, Thread, Process, Mutant, Event, Semaphore, Section };
  Kind kind = Kind::Other;
  std::string name;  ///< `\BaseNamedObjects\Orders`; empty: none, or past a limit.
  /// Of a thread or process itself; of a mutant, who owns it.
  std::optional<ProcessId> process;
  std::optional<ThreadId> thread;
  std::optional<std::uint32_t> exit_status;  ///< Of a thread or process; 0x103 while it runs.
  bool abandoned = false;                    ///< Of a mutant: its owner ended without a release.
  std::optional<bool> signaled;              ///< Of an event.
  std::optional<bool> manual_reset;          ///< Of an event.
  /// Of a semaphore, and of a mutant: how often it can be taken before one waits. 1 is free, 0 or
  /// less taken.
  std::optional<std::int32_t> available;
  std::optional<std::uint32_t> maximum;  ///< Of a semaphore.
  std::optional<std::uint64_t> size;     ///< Of a section.
  [[nodiscard]] bool is_owned_mutant() const noexcept { return kind == Kind::Mutant && thread; }
};

struct Handle {
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::uint64_t value = 0;
  std::uint32_t type = kNone;    ///< Index in Handles::types.
  std::uint32_t object = kNone;  ///< Index in Handles::objects.
  std::uint32_t attributes = 0;
  std::uint32_t access = 0;
  std::uint32_t handle_count = 0, pointer_count = 0;
};

/// The open handles of the process: there may be tens of thousands, so what they share is kept
/// once.
struct Handles {
  std::vector<Handle> list;           ///< In dump order.
  std::vector<std::string> types;     ///< `Event`, `File`, `Key`, …
  std::vector<KernelObject> objects;  ///< Of those handles of which more than the type is known.
  std::uint64_t total = 0;            ///< As the dump says; the list ends at a limit.
  /// How many operations on handles the application verifier had recorded.
  std::uint64_t operations = 0;
};

/// An access token that was captured; its contents are not read.
struct Token {
  std::uint32_t owner = 0;  ///< Of which process or thread, by id.
  std::uint64_t handle = 0;
  std::uint64_t size = 0;
};

/// Unwind information that the process registered for code it made at run time. The entries are
/// RUNTIME_FUNCTIONs as they lie in the dump, relative to the base, and live as long as the dump.
struct FunctionTable {
  std::uint64_t minimum = 0, maximum = 0;  ///< Of the code; the maximum is behind the last byte.
  std::uint64_t base = 0;
  std::uint32_t entry_size = 0;  ///< Never 0 where there are entries.
  ByteView entries;              ///< A whole number of them.
  [[nodiscard]] std::uint64_t size() const noexcept {
    return entry_size == 0 ? 0 : entries.size() / entry_size;
  }
};

/// What Crashpad adds to its dumps: the ids under which it sends them, and what the program wanted
/// to be known of a crash.
struct Crashpad {
  using Annotations = std::vector<std::pair<std::string, std::string>>;
  struct Module {
    std::uint32_t index = 0;  ///< In the module list.
    std::vector<std::string> texts;
    Annotations annotations;
  };
  std::string report_id, client_id;  ///< UUIDs with dashes.
  Annotations annotations;
  std::vector<Module> modules;
};

/// An assertion that Breakpad's handler caught: a failed check of the C runtime.
struct Assertion {
  enum class Kind : std::uint8_t { Unknown, InvalidParameter, PureVirtualCall };
  std::string expression, function, file;
  std::uint32_t line = 0;
  Kind kind = Kind::Unknown;
};

/// One stream or block of the dump, known to this reader or not.
struct StreamInfo {
  std::uint32_t type = 0;
  std::string name;  ///< `ThreadListStream`; empty: unknown.
  std::uint64_t size = 0;
};

struct Snapshot {
  std::string format;            ///< `minidump`.
  Timestamp written;             ///< When the dump was taken, by its header.
  std::uint64_t dump_flags = 0;  ///< MINIDUMP_TYPE.
  std::string comment;
  SystemInfo system;
  ProcessInfo process;
  std::vector<Thread> threads;  ///< In dump order.
  std::vector<Module> modules;  ///< In dump order; the first is the program.
  std::vector<UnloadedModule> unloaded_modules;
  std::optional<Exception> exception;
  bool exception_is_lost = false;     ///< The dump has one, and it cannot be read.
  std::vector<MemoryRegion> regions;  ///< By address; empty: not in the dump.
  std::uint64_t captured_bytes = 0;   ///< How much memory the dump holds.
  std::vector<StreamInfo> streams;    ///< In dump order.
  std::optional<SystemMemory> system_memory;
  std::optional<ProcessMemory> process_memory;
  Handles handles;
  std::vector<Token> tokens;
  std::vector<FunctionTable> function_tables;  ///< By minimum.
  std::optional<Crashpad> crashpad;
  std::optional<Assertion> assertion;
  std::optional<ThreadId> dump_thread;        ///< The one that wrote the dump; no crash is there.
  std::optional<ThreadId> requesting_thread;  ///< The one that asked for it.
  std::optional<KernelState> kernel;          ///< Only in dumps of a whole machine.
};

[[nodiscard]] const Thread* find_thread(const Snapshot& snapshot, ThreadId id) noexcept;

/// Modules by address, for lookups in a loop. It does not own them: keep the snapshot alive.
class ModuleMap {
 public:
  explicit ModuleMap(const std::vector<Module>& modules);
  /// The index in the module list of the module that holds \p address; the smaller one where two
  /// overlap.
  [[nodiscard]] std::optional<std::size_t> find(std::uint64_t address) const noexcept;

 private:
  struct Entry {
    std::uint64_t base, end;
    std::size_t index;
  };
  std::vector<Entry> entries_;  // by base
};

}  // namespace vigil::snapshot
