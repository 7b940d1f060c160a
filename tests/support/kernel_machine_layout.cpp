// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_layout.h"

#include <array>
#include <stdexcept>
#include <string>

namespace vigil::test {
namespace {

constexpr KernelLayout k9600{
    .build = 9600,
    .lab = "9600.20778.amd64fre.winblue_ltsb_escrow.230101-1200",
    .kdbg_size = 0x360,
    .eprocess_size = 0x6b8,
    .pid = 0x2e0,
    .links = 0x2e8,
    .process_create = 0x2d0,
    .token = 0x348,
    .parent = 0x3d0,
    .peb = 0x3e8,
    .session = 0x3f0,
    .section_base = 0x3b0,
    .image_name = 0x438,
    .audit_name = 0x450,
    .object_table = 0x408,
    .thread_list = 0x470,
    .active_threads = 0x480,
    .exit_status = 0x5d4,
    .process_exit = 0x640,
    .protection = 0x67a,
    .ethread_size = 0x778,
    .cid = 0x620,
    .thread_entry = 0x688,
    .win32_start = 0x678,
    .irp_list = 0x658,
    .thread_create = 0x5d0,
    .start_address = 0x5f8,
    .prcb_size = 0x5bc0,
    .vendor = 0x5958,
    .prcb_context = 0x5980,
    .cpu_type = 0x5f0,
    .processor_state = 0x40,
    .state_context = 0x120,
    .isr_stack = 0x5998,
    .dpc_stack = 0x2dd0,
    .dpc_routine = 0x2dea,
    .counters_in_kdbg = true,
    .filled_triage_counters = true,
};

constexpr KernelLayout k17763{
    .build = 17763,
    .lab = "17763.1.amd64fre.rs5_release.180914-1434",
    .kdbg_size = 0x380,  // not confirmed
    .eprocess_size = 0x850,
    .pid = 0x2e0,
    .links = 0x2e8,
    .process_create = 0x308,
    .token = 0x358,
    .parent = 0x3e0,
    .peb = 0x3f8,
    .session = 0x400,
    .section_base = 0x3c0,
    .image_name = 0x450,
    .audit_name = 0x468,
    .object_table = 0x418,
    .thread_list = 0x488,
    .active_threads = 0x498,
    .exit_status = 0x624,
    .process_exit = 0x690,
    .protection = 0x6ca,
    .user_directory = 0x278,
    .ethread_size = 0x810,
    .cid = 0x638,
    .thread_entry = 0x6a8,
    .win32_start = 0x690,
    .irp_list = 0x670,
    .thread_create = 0x5f0,
    .start_address = 0x610,
    .prcb_size = 0x7ec0,
    .vendor = 0x6290,
    .prcb_context = 0x62c0,
    .state_context = 0x1f0,
    .isr_stack = 0x62d8,
    .dpc_stack = 0x2e50,
    .dpc_routine = 0x2e6a,
};

constexpr KernelLayout k19041{
    .build = 19041,
    .lab = "19041.1.amd64fre.vb_release.191206-1406",
    .kdbg_size = 0x380,
    .eprocess_size = 0xa40,
    .pid = 0x440,
    .links = 0x448,
    .process_create = 0x468,
    .token = 0x4b8,
    .parent = 0x540,
    .peb = 0x550,
    .session = 0x558,
    .section_base = 0x520,
    .image_name = 0x5a8,
    .audit_name = 0x5c0,
    .object_table = 0x570,
    .thread_list = 0x5e0,
    .active_threads = 0x5f0,
    .exit_status = 0x7d4,
    .process_exit = 0x840,
    .protection = 0x87a,
    .user_directory = 0x388,
    .ethread_size = 0x898,
    .cid = 0x478,
    .thread_entry = 0x4e8,
    .win32_start = 0x4d0,
    .irp_list = 0x4b0,
    .thread_create = 0x430,
    .start_address = 0x450,
    .prcb_size = 0xaf00,
    .vendor = 0x8590,
    .prcb_context = 0x85c0,
    .state_context = 0x1f0,
    .isr_stack = 0x85d8,
    .dpc_stack = 0x3110,
    .dpc_routine = 0x312a,
};

/// As 19041 but for the processor block, whose offsets here no source confirms.
constexpr KernelLayout make_20348() {
  KernelLayout layout = k19041;
  layout.build = 20348;
  layout.lab = "20348.1.amd64fre.fe_release.210507-1500";
  layout.prcb_size = 0xb900;
  layout.vendor = 0x8990;
  layout.prcb_context = 0x89c0;
  layout.isr_stack = 0x89d8;
  return layout;
}

constexpr KernelLayout k26100{
    .build = 26100,
    .lab = "26100.1.amd64fre.ge_release.240331-1435",
    .kdbg_size = 0x3a0,
    .eprocess_size = 0x840,
    .pid = 0x1d0,
    .links = 0x1d8,
    .process_create = 0x1f8,
    .token = 0x248,
    .parent = 0x2d0,
    .peb = 0x2e0,
    .session = 0x2e8,
    .section_base = 0x2b0,
    .image_name = 0x338,
    .audit_name = 0x350,
    .object_table = 0x300,
    .thread_list = 0x370,
    .active_threads = 0x380,
    .exit_status = 0x554,
    .process_exit = 0x5c0,
    .protection = 0x5fa,
    .ethread_size = 0x788,
    .cid = 0x508,
    .thread_entry = 0x578,
    .win32_start = 0x560,
    .irp_list = 0x540,
    .thread_create = 0x4c0,
    .start_address = 0x4e0,
    .prcb_size = 0xcf00,
    .vendor = 0x8f90,
    .prcb_context = 0x8fc0,
    .state_context = 0x1f0,
    .isr_stack = 0x8fd8,
    .dpc_stack = 0x38a0,
    .dpc_routine = 0x38ba,
    .filled_triage_counters = true,
};

/// As 17763 but for where its processes have their id, which other sources give for 14393.
constexpr KernelLayout make_14393() {
  KernelLayout layout = k17763;
  layout.build = 14393;
  layout.lab = "14393.0.amd64fre.rs1_release.160715-1616";
  layout.pid = 0x2e8;
  layout.links = 0x2f0;
  return layout;
}

constexpr std::array kLayouts{k9600, make_14393(), k17763, k19041, make_20348(), k26100};

/// The id and the links stand apart, so that one does not lead to the other.
KernelLayout moved(KernelLayout layout) {
  layout.pid += 0x10;
  layout.links += 0x40;
  for (auto* field :
       {&layout.process_create, &layout.token, &layout.parent, &layout.peb, &layout.session,
        &layout.section_base, &layout.image_name, &layout.audit_name, &layout.object_table,
        &layout.thread_list, &layout.active_threads, &layout.exit_status, &layout.process_exit,
        &layout.protection, &layout.eprocess_size})
    *field += 0x60;
  for (auto* field : {&layout.cid, &layout.thread_entry, &layout.win32_start, &layout.irp_list,
                      &layout.thread_create, &layout.start_address, &layout.ethread_size})
    *field += 0x40;
  return layout;
}

}  // namespace

KernelLayout kernel_layout(std::uint32_t build, bool unknown) {
  for (const auto& layout : kLayouts) {
    if (layout.build == build) return unknown ? moved(layout) : layout;
  }
  throw std::logic_error("no kernel layout of build " + std::to_string(build));
}

KernelStateLayout kernel_state_layout(std::uint32_t build) {
  KernelStateLayout layout{.partition_size = 0x2d00,
                           .commit = 0x1840,
                           .vp = 0x1b00,
                           .commit_peak = 0x10,
                           .commit_limit_maximum = 0x8,
                           .physical = 0x30,
                           .page_files = 0x38,
                           .paging_file = 0x40,
                           .available = 0x100,
                           .resident_available = 0x140,
                           .committed = 0x268,
                           .commit_limit = 0x2e8,
                           .shared_commit = 0x308,
                           .state_size = 0x1c00,
                           .vs = 0x12c0,
                           .allocated_nonpaged = 0x20,
                           .paged_pool = 0x58,
                           .nonpaged_maximum = 0x98,
                           .paged_size = 0xa0,
                           .nonpaged_commit = 0x110,
                           .process_commit = 0x140,
                           .driver_commit = 0x148,
                           .file_size = 0x8,
                           .file_free = 0x20};
  if (build < 26100) return layout;
  layout.by_pointer = true;
  layout.partition_size = 0x3100;
  layout.vp = 0x1c40;
  layout.commit = 0x1540;
  layout.paged_pool = 0x10;
  layout.nonpaged_maximum = 0x28;
  return layout;
}

}  // namespace vigil::test
