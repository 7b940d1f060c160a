// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/byte_view.h"
#include "base/ids.h"
#include "base/time.h"

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
/// All general registers, in the order a debugger prints them.
[[nodiscard]] std::vector<NamedRegister> named_registers(const ThreadContext& context);

struct SystemInfo {
  Cpu cpu = Cpu::Unknown;
  Os os = Os::Unknown;
  std::uint16_t raw_cpu = 0;          ///< The format's own number: PROCESSOR_ARCHITECTURE_*.
  std::uint32_t raw_platform = 0;     ///< The format's own number: VER_PLATFORM_* or Breakpad's.
  std::uint32_t processor_count = 0;  ///< 0: not said.
  std::uint32_t os_major = 0, os_minor = 0, os_build = 0;
  std::string service_pack;  ///< CSDVersion; on other systems than Windows the kernel's own words.
  std::string cpu_vendor;    ///< `GenuineIntel`; empty: not said.
  std::uint16_t cpu_family = 0, cpu_model = 0, cpu_stepping = 0;
  std::uint32_t max_mhz = 0;      ///< 0: not said.
  std::uint8_t product_type = 0;  ///< VER_NT_*: 1 workstation, 2 domain controller, 3 server.
};

struct ProcessInfo {
  std::optional<ProcessId> pid;
  std::optional<Timestamp> create_time;  ///< Whole seconds in minidumps.
  std::optional<Microseconds> user_time, kernel_time;
  /// A 32-bit process seen with the eyes of a 64-bit system: Thread::wow64_context has its own
  /// registers.
  bool wow64 = false;
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
  ThreadContext context;
  std::optional<X86Context> wow64_context;  ///< Of the 32-bit code of a thread of a WOW64 process.
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

  template <Raw T>
  [[nodiscard]] std::optional<T> read(std::uint64_t address) {
    const auto value = at(address, sizeof(T)).template read<T>(0);
    return value.ok() ? std::optional<T>(*value) : std::nullopt;
  }

 protected:
  Memory() = default;
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
  std::vector<MemoryRegion> regions;  ///< By address; empty: not in the dump.
  std::uint64_t captured_bytes = 0;   ///< How much memory the dump holds.
  std::vector<StreamInfo> streams;    ///< In dump order.
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
