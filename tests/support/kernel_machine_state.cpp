// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_builder.h"

/// Where a kernel from Windows 10 on counts its memory: debugger data does not lead there.
namespace vigil::test {
namespace {

/// _MMPAGING_FILE of two files, and the pointers to them.
void add_page_files(MachineParts& parts, std::uint64_t partition) {
  const auto at = kernel_state_layout(parts.options.build);
  auto& memory = parts.truth.memory;
  memory.page_files = 2;
  for (std::uint64_t i = 0; i < memory.page_files; ++i) {
    const std::uint64_t pages = 0x4000 * (i + 1), free = 0x1234 + i;
    const auto file = parts.pool(0x100);
    parts.space.write_u64(file + at.file_size, pages);
    parts.space.write_u64(file + at.file_free, free);
    parts.space.write_u64(partition + at.vp + at.paging_file + 8 * i, file);
    memory.page_file_pages += pages;
    memory.page_file_free += free;
  }
  parts.space.write_u32(partition + at.vp + at.page_files, memory.page_files);
}

}  // namespace

void add_memory_state(MachineParts& parts) {
  const auto at = kernel_state_layout(parts.options.build);
  auto& space = parts.space;
  auto& memory = parts.truth.memory;
  auto& globals = parts.truth.globals;
  const auto partition = parts.nt.data(at.partition_size, {}, 64);
  memory.commit_limit_maximum = 0x2'0000;
  space.write_u64(partition + at.commit + at.commit_peak, memory.commit_peak);
  space.write_u64(partition + at.commit + at.commit_limit_maximum, memory.commit_limit_maximum);
  space.write_u64(partition + at.vp + at.physical, memory.physical);
  space.write_u64(partition + at.vp + at.available, memory.available);
  space.write_u64(partition + at.vp + at.resident_available, memory.resident_available);
  space.write_u64(partition + at.vp + at.committed, memory.committed);
  space.write_u64(partition + at.vp + at.commit_limit, memory.commit_limit);
  space.write_u64(partition + at.vp + at.shared_commit, memory.shared_commit);
  add_page_files(parts, partition);
  const auto state = parts.nt.data(at.state_size, {}, 64);
  const auto visible = state + at.vs;
  space.write_u64(visible + at.paged_pool + 0x10, memory.paged_pool_commit);
  space.write_u64(visible + at.nonpaged_maximum, memory.maximum_nonpaged_pool_bytes / kPageBytes);
  space.write_u64(visible + at.paged_size, memory.paged_pool_bytes / kPageBytes);
  memory.nonpaged_commit = memory.nonpaged_pool + 5;
  space.write_u64(state + at.allocated_nonpaged, memory.nonpaged_pool);
  space.write_u64(visible + at.nonpaged_commit, memory.nonpaged_commit);
  space.write_u64(visible + at.process_commit, memory.process_commit);
  space.write_u32(visible + at.driver_commit, memory.driver_commit);
  globals = {{"MiSystemPartition", partition},
             {"PsActiveProcessHead", parts.variables.active_processes},
             {"PsLoadedModuleList", parts.variables.loaded_modules},
             {"KiProcessorBlock", parts.variables.processor_block}};
  if (at.by_pointer) {
    const auto pointer = parts.nt.data(8);
    space.write_u64(pointer, visible);
    globals["MiVisibleState"] = pointer;
  } else {
    globals["MiState"] = state;
  }
}

}  // namespace vigil::test
