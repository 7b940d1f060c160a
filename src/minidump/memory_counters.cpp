// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

/// Counts in a damaged dump may be anything.
std::uint64_t bytes_of(std::uint64_t pages, std::uint64_t page_size) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  return page_size != 0 && pages > kMax / page_size ? kMax : pages * page_size;
}

void read_revision_1(ByteView stream, snapshot::ProcessMemory& memory) {
  const auto rest = stream.read<format::ProcessVmCounters1Rest>(sizeof(format::ProcessVmCounters));
  if (rest.ok()) memory.private_usage = rest->private_usage;
}

void read_revision_2(ByteView stream, std::uint16_t flags, snapshot::ProcessMemory& memory) {
  const auto rest = stream.read<format::ProcessVmCounters2Rest>(sizeof(format::ProcessVmCounters));
  if (!rest.ok()) return;
  if ((flags & format::kVmVirtualSize) != 0) {
    memory.virtual_size = rest->virtual_size;
    memory.peak_virtual_size = rest->peak_virtual_size;
  }
  if ((flags & format::kVmCountersEx) != 0) memory.private_usage = rest->private_usage;
  if ((flags & format::kVmCountersEx2) != 0) {
    memory.private_working_set = rest->private_working_set_size;
    memory.shared_commit = rest->shared_commit_usage;
  }
  if ((flags & format::kVmJob) != 0) {
    memory.job_commit = rest->job_private_commit_usage;
    memory.job_peak_commit = rest->job_peak_private_commit_usage;
    // 0 is no limit.
    if (rest->job_private_commit_limit != 0)
      memory.job_commit_limit = rest->job_private_commit_limit;
  }
}

}  // namespace

Status read_system_memory(ByteView stream, std::optional<snapshot::SystemMemory>& memory) {
  // A stream of zeros is what a writer leaves that could not ask.
  VIGIL_TRY_ASSIGN(const auto raw, stream.read<format::SystemMemoryInfo>(0));
  const std::uint64_t page_size = raw.basic_info.page_size;
  if (raw.revision == 0 || page_size == 0) return {};
  auto& result = memory.emplace();
  result.page_size = page_size;
  result.physical_total = bytes_of(raw.basic_info.number_of_physical_pages, page_size);
  if (raw.file_cache_info.current_size != 0) {
    result.file_cache = raw.file_cache_info.current_size;
    result.peak_file_cache = raw.file_cache_info.peak_size;
  }
  if ((raw.flags & format::kSystemMemoryBasicPerf) == 0) return {};
  const auto& perf = raw.basic_perf_info;
  result.physical_available = bytes_of(perf.available_pages, page_size);
  result.commit = bytes_of(perf.committed_pages, page_size);
  result.commit_limit = bytes_of(perf.commit_limit, page_size);
  result.peak_commit = bytes_of(perf.peak_commitment, page_size);
  return {};
}

Status read_vm_counters(ByteView stream, std::optional<snapshot::ProcessMemory>& memory) {
  VIGIL_TRY_ASSIGN(const auto raw, stream.read<format::ProcessVmCounters>(0));
  if (raw.revision == 0) return {};
  auto& result = memory.emplace();
  if (raw.revision == 1 || (raw.flags & format::kVmCounters) != 0) {
    result.page_faults = raw.page_fault_count;
    result.working_set = raw.working_set_size;
    result.peak_working_set = raw.peak_working_set_size;
    result.paged_pool = raw.quota_paged_pool_usage;
    result.non_paged_pool = raw.quota_non_paged_pool_usage;
    result.pagefile = raw.pagefile_usage;
    result.peak_pagefile = raw.peak_pagefile_usage;
  }
  raw.revision == 1 ? read_revision_1(stream, result) : read_revision_2(stream, raw.flags, result);
  return {};
}

}  // namespace vigil::minidump
