// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "support/kernel_machine.h"
#include "support/kernel_machine_layout.h"
#include "support/kernel_machine_resource.h"
#include "support/pdb_builder.h"

/// The program database of a made kernel.
namespace vigil::test {
namespace {

constexpr std::uint32_t kU8 = 0x20, kU32 = 0x22, kI32 = 0x12, kU64 = 0x23, kPointer = 0x603;

void add_process_types(PdbBuilder& pdb, const KernelLayout& layout) {
  const auto pcb = pdb.forward_reference("_KPROCESS");
  const auto tcb = pdb.forward_reference("_KTHREAD");
  const auto list = pdb.structure(
      "_LIST_ENTRY", 16, FieldsBuilder().member("Flink", kPointer, 0).member("Blink", kPointer, 8));
  const auto client = pdb.structure(
      "_CLIENT_ID", 16,
      FieldsBuilder().member("UniqueProcess", kPointer, 0).member("UniqueThread", kPointer, 8));
  // One list of fields goes on in another, as those of large structures do.
  const auto rest = pdb.fields(FieldsBuilder()
                                   .member("ImageFileName", pdb.array(kU8, 15), layout.image_name)
                                   .member("ThreadListHead", list, layout.thread_list)
                                   .member("ActiveThreads", kU32, layout.active_threads)
                                   .member("ExitStatus", kI32, layout.exit_status)
                                   .member("ExitTime", kU64, layout.process_exit));
  pdb.structure("_EPROCESS", layout.eprocess_size,
                FieldsBuilder()
                    .member("Pcb", pcb, 0)
                    .member("UniqueProcessId", kPointer, layout.pid)
                    .member("ActiveProcessLinks", list, layout.links)
                    .member("CreateTime", kU64, layout.process_create)
                    .member("InheritedFromUniqueProcessId", kPointer, layout.parent)
                    .member("Peb", kPointer, layout.peb)
                    .member("Session", kPointer, layout.session)
                    .continued_in(rest));
  pdb.structure("_KPROCESS", 0x200,
                FieldsBuilder()
                    .member("DirectoryTableBase", kU64, 0x28)
                    .member("ThreadListHead", list, 0x30));
  pdb.structure("_ETHREAD", layout.ethread_size,
                FieldsBuilder()
                    .member("Tcb", tcb, 0)
                    .member("Cid", client, layout.cid)
                    .member("ThreadListEntry", list, layout.thread_entry)
                    .member("Win32StartAddress", kPointer, layout.win32_start));
  pdb.structure("_KTHREAD", 0x430,
                FieldsBuilder()
                    .member("StackLimit", pdb.constant(kPointer), 0x30)
                    .member("StackBase", kPointer, 0x38)
                    .member("KernelStack", kPointer, 0x58)
                    .member("Priority", 0x10, 0xc3)
                    .member("Teb", kPointer, 0xf0)
                    .member("ContextSwitches", kU32, 0x154)
                    .member("State", kU8, 0x184)
                    .member("WaitTime", kU32, 0x1b4)
                    .member("Process", kPointer, 0x220)
                    .member("WaitReason", kU8, 0x283)
                    .member("ThreadListEntry", list, 0x2f8));
}

void add_memory_types(PdbBuilder& pdb, const KernelStateLayout& at) {
  const auto vp = pdb.forward_reference("_MI_VISIBLE_PARTITION");
  const auto commit = pdb.forward_reference("_MI_PARTITION_COMMIT");
  const auto file = pdb.pointer(pdb.forward_reference("_MMPAGING_FILE"));
  pdb.structure("_MI_PARTITION", at.partition_size,
                FieldsBuilder().member("Commit", commit, at.commit).member("Vp", vp, at.vp));
  pdb.structure("_MI_PARTITION_COMMIT", 0x40,
                FieldsBuilder()
                    .member("TotalCommitLimitMaximum", kU64, at.commit_limit_maximum)
                    .member("PeakCommitment", kU64, at.commit_peak));
  const auto counted = pdb.constant(kU64);  // volatile, in truth
  pdb.structure("_MI_VISIBLE_PARTITION", 0x1200,
                FieldsBuilder()
                    .member("NumberOfPhysicalPages", kU64, at.physical)
                    .member("NumberOfPagingFiles", pdb.constant(kU32), at.page_files)
                    .member("PagingFile", pdb.array(file, 16 * 8), at.paging_file)
                    .member("AvailablePages", counted, at.available)
                    .member("ResidentAvailablePages", counted, at.resident_available)
                    .member("TotalCommittedPages", counted, at.committed)
                    .member("TotalCommitLimit", kU64, at.commit_limit)
                    .member("SharedCommit", kU64, at.shared_commit));
  pdb.structure(
      "_MMPAGING_FILE", 0x100,
      FieldsBuilder().member("Size", kU64, at.file_size).member("FreeSpace", kU64, at.file_free));
  const auto pool = pdb.structure(
      "_MM_PAGED_POOL_INFO", 0x18,
      FieldsBuilder().member("MaximumSize", kU64, 8).member("AllocatedPagedPool", kU64, 0x10));
  const auto visible =
      pdb.structure("_MI_VISIBLE_STATE", 0x900,
                    FieldsBuilder()
                        .member("PagedPoolInfo", pool, at.paged_pool)
                        .member("MaximumNonPagedPoolInPages", kU64, at.nonpaged_maximum)
                        .member("SizeOfPagedPoolInPages", kU64, at.paged_size)
                        .member("NonPagedPoolCommit", counted, at.nonpaged_commit)
                        .member("ProcessCommit", counted, at.process_commit)
                        .member("DriverCommit", kI32, at.driver_commit));
  if (at.by_pointer) return;
  const auto pools = pdb.structure(
      "_MI_POOL_STATE", 0xa0,
      FieldsBuilder().member("AllocatedNonPagedPool", counted, at.allocated_nonpaged));
  pdb.structure("_MI_SYSTEM_INFORMATION", at.state_size,
                FieldsBuilder().member("Pools", pools, 0).member("Vs", visible, at.vs));
}

}  // namespace

void describe_kernel(const KernelMachine& machine, PdbBuilder& pdb) {
  const auto& truth = machine.truth();
  const auto& kernel = truth.modules.front();
  pdb.section(0x1000, 0x9000).section(0xa000, kernel.size - 0xa000);
  for (const auto& [name, address] : truth.globals)
    pdb.public_symbol(name, 2, static_cast<std::uint32_t>(address - kernel.base - 0xa000), 0);
  for (std::uint32_t i = 0; i < 500; ++i) pdb.public_symbol("Other" + std::to_string(i), 1, i, 0);
  add_process_types(pdb, kernel_layout(truth.build, machine.options.unknown_kernel));
  add_memory_types(pdb, kernel_state_layout(truth.build));
  // The image's record has the signature, the GUID, the age and the name.
  constexpr std::size_t kGuidAt = 4, kGuidBytes = 16;
  pdb.guid = debug_data(kernel.pdb, kernel.timestamp).substr(kGuidAt, kGuidBytes);
  pdb.age = 1;
}

std::string kernel_pdb(const KernelMachine& machine) {
  if (!machine.options.unknown_kernel) throw std::logic_error("only of an unknown kernel");
  PdbBuilder pdb;
  describe_kernel(machine, pdb);
  return pdb.finish(4096, MsfBuilder::Layout::Backwards);
}

}  // namespace vigil::test
