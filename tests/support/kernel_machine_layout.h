// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Where the kernel of a build has its fields. Public type information (9600, 17763) and raw copies
/// in triage dumps (19041, 26100); what no source confirms is marked.
namespace vigil::test {

struct KernelLayout {
  std::uint32_t build = 0;
  const char* lab = "";
  std::uint32_t kdbg_size = 0;
  // EPROCESS; DirectoryTableBase 0x28 and KPROCESS.ThreadListHead 0x30 in all of them
  std::uint32_t eprocess_size = 0;
  std::uint32_t pid = 0, links = 0, process_create = 0, token = 0, parent = 0, peb = 0, session = 0;
  std::uint32_t section_base = 0, image_name = 0, audit_name = 0, object_table = 0;
  std::uint32_t thread_list = 0, active_threads = 0, exit_status = 0, process_exit = 0;
  std::uint32_t protection = 0;
  std::uint32_t user_directory = 0;  ///< KPROCESS.UserDirectoryTableBase; 0: none
  // ETHREAD; the KTHREAD part is the same in all of them
  std::uint32_t ethread_size = 0;
  std::uint32_t cid = 0, thread_entry = 0, win32_start = 0, irp_list = 0, thread_create = 0;
  std::uint32_t start_address = 0;
  // KPRCB
  std::uint32_t prcb_size = 0, vendor = 0, prcb_context = 0;
  std::uint32_t cpu_type = 0x40;  ///< CpuID, CpuStep and MHz follow.
  std::uint32_t processor_state = 0x100;
  std::uint32_t state_context = 0;  ///< Of the processor block, not of ProcessorState.
  std::uint32_t isr_stack = 0;
  std::uint32_t dpc_stack = 0, dpc_routine = 0;
  bool counters_in_kdbg = false;
  bool filled_triage_counters = false;  ///< In classic triage dumps.
};

[[nodiscard]] const KernelLayout& kernel_layout(std::uint32_t build);

}  // namespace vigil::test
