// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/kernel_machine_truth.h"

/// A small but complete Windows machine at the moment of a bugcheck, and the kernel dumps of it.
///
/// `make_kernel_machine` lays out physical memory: page tables, the kernel and its drivers with
/// unwind information, lists, processes, threads with stacks, processors. `KernelMachine::dump`
/// stores it as any DumpType; `KernelMachine::truth` says what a reader should find. It shares no
/// struct with the readers: offsets come from public type information and from real triage dumps.
/// The same options give the same bytes.
///
/// Modules: ntoskrnl.exe and hal.dll in one large page, disk.sys, i8042prt.sys, and badnet.sys of
/// another maker, which faults. Processes: System (4), smss.exe, three svchost.exe, and
/// contoso-agent.exe (its name is cut in EPROCESS), the only one with user memory: three images,
/// PEB, TEB, a stack, and pages mapped in every way. The first processor is idle and about to run a
/// thread of svchost.exe, the second has crashed, the last runs disk.sys in a thread of System.
/// Physical memory has three runs, the last above 4 GB with the user pages.
namespace vigil::test {

/// What stopped the machine: each leaves another stack and another place for the context.
enum class KernelCrash : std::uint8_t {
  DriverIrql,       ///< 0xD1: a trap frame of KiPageFault on the stack.
  SystemService,    ///< 0x3B: P3 is a CONTEXT.
  SystemThread,     ///< 0x7E: P3 is an EXCEPTION_RECORD, P4 a CONTEXT; a thread of System.
  SecurityCheck,    ///< 0x139: P2 is a KTRAP_FRAME, P3 an EXCEPTION_RECORD.
  ManuallyStarted,  ///< 0xE2: no exception; the key press of a keyboard driver.
  CriticalProcess,  ///< 0xEF: P1 is the EPROCESS of the one that ended.
  PowerState,       ///< 0x9F: P2 is a device, P4 an IRP; the idle thread was current.
};

struct KernelMachineOptions {
  std::uint32_t build = 19041;  ///< 9600, 14393, 17763, 19041, 20348 or 26100.
  std::uint32_t processors = 3;
  KernelCrash crash = KernelCrash::DriverIrql;
  bool five_levels = false;                      ///< LA57: a fifth level of page tables.
  bool swizzled_ptes = false;                    ///< Software PTEs as L1TF mitigations store them.
  std::optional<std::uint32_t> bugcheck_code{};  ///< Said in place of the crash's own.
  /// A kernel like no other: EPROCESS and ETHREAD have their fields elsewhere, so that no table
  /// fits and nothing leads to them, and it counts its memory in MiSystemPartition. Only
  /// kernel_pdb() says where.
  bool unknown_kernel = false;
};

/// How the machine is stored. The values are not those of DumpType.
enum class KernelDumpKind : std::uint8_t {
  Full,                   ///< 1: every page of the physical memory runs.
  Summary,                ///< 2, with the bitmap of 5 to 7.
  SummaryOld,             ///< 2, with the bitmap of before Windows 8.
  Header,                 ///< 3
  TriageClassic,          ///< 4
  TriageKernelGenerated,  ///< 4
  BitmapFull,             ///< 5
  BitmapKernel,           ///< 6
  Automatic,              ///< 7
  Active,                 ///< 5 with a filter: full without pages of little use.
  LiveKernel,             ///< 8: RDMP
  LiveKernelUser,         ///< 9: RDMP
  LiveComplete,           ///< 0xA: RDMP
};

class KernelMachine {
 public:
  /// The file. \p kind's own order of pages.
  [[nodiscard]] std::string dump(KernelDumpKind kind) const;

  [[nodiscard]] const MachineTruth& truth() const { return truth_; }
  /// What a reader of a dump of \p kind can still see: pages that it leaves out.
  [[nodiscard]] bool holds(KernelDumpKind kind, std::uint64_t pfn) const;

  // --- corruption: before dump() ---
  KernelMachine& patch_physical(std::uint64_t address, std::string_view bytes);
  /// In the address space of the process that was current on the processor that crashed.
  KernelMachine& patch_virtual(std::uint64_t address, std::string_view bytes);
  KernelMachine& patch_virtual_u64(std::uint64_t address, std::uint64_t value);
  /// The page is left out of bitmap and RDMP dumps, and is zero in full ones.
  KernelMachine& remove_page(std::uint64_t pfn);
  [[nodiscard]] std::uint64_t physical(std::uint64_t virtual_address) const;
  [[nodiscard]] std::string read_virtual(std::uint64_t address, std::size_t size) const;

  // --- parts, for the writers of files ---
  struct Page {
    std::string bytes;
    bool user = false;  ///< Left out of kernel dumps.
  };
  std::map<std::uint64_t, Page> pages;  ///< By page frame number; the others of the runs are zero.
  std::vector<PhysicalRun> runs;
  std::set<std::uint64_t> removed;
  KernelMachineOptions options;
  std::string context;  ///< Of the header: where KeBugCheckEx begins.

 private:
  friend KernelMachine make_kernel_machine(const KernelMachineOptions&);
  MachineTruth truth_;
};

[[nodiscard]] KernelMachine make_kernel_machine(const KernelMachineOptions& options = {});

class PdbBuilder;
/// Puts into \p pdb where \p machine's kernel has what: the types of its structures, its globals by
/// name, and whose it is.
void describe_kernel(const KernelMachine& machine, PdbBuilder& pdb);
/// The program database of it, `ntoskrnl.pdb`, as the CodeView record of its image names it.
[[nodiscard]] std::string kernel_pdb(const KernelMachine& machine);

/// A 32-bit machine with PAE (build 7601): modules, processes, threads, KDBG. It is stored as Full,
/// SummaryOld (what such a build writes), BitmapFull, BitmapKernel, Header or TriageClassic.
struct KernelMachine32 {
  MachineTruth truth;
  std::map<std::uint64_t, KernelMachine::Page> pages;
  std::vector<PhysicalRun> runs;
  std::string context;  ///< 0x2cc bytes.
  [[nodiscard]] std::string dump(KernelDumpKind kind) const;
  /// In the address space of the process that crashed.
  [[nodiscard]] std::string read_virtual(std::uint64_t address, std::size_t size) const;
};
[[nodiscard]] KernelMachine32 make_kernel_machine_32();

/// A classic triage dump of an ARM64 machine (build 22000, 0xD1), which has no memory but what such
/// a dump holds. The truth has modules, the current process and thread, and a stack of frame
/// pointers.
struct KernelDumpArm64 {
  MachineTruth truth;
  std::string file;
};
[[nodiscard]] KernelDumpArm64 make_kernel_dump_arm64();

/// Writes a bitmap dump (DumpType 5 or 6) of a machine with \p memory_bytes of memory to \p path,
/// as a file with holes: only the bitmap and the pages that the machine uses take disk space. Of
/// the other pages every 64th is absent.
void write_sparse_dump(const KernelMachine& machine,
                       KernelDumpKind kind,
                       std::uint64_t memory_bytes,
                       const std::string& path);

}  // namespace vigil::test
