// SPDX-License-Identifier: Apache-2.0
#include "bench/dump_writers_win.h"

#include "capture/win/windows.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <dbghelp.h>
#include <fmt/format.h>

#include "base/utf.h"
#include "capture/selection.h"
#include "capture/win/live_dump.h"
#include "minidump/minidump.h"
#include "platform/win/win_error.h"

namespace vigil::bench {
namespace {

using rules::DumpKind;
using SteadyClock = std::chrono::steady_clock;

constexpr DWORD kChunkBytes = 1 << 20;
constexpr std::size_t kNoiseBlock = 2;

double since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double seconds_of(Microseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// What the native writer takes as well, in dbghelp's words.
MINIDUMP_TYPE dump_type(DumpKind kind) {
  const auto common = MiniDumpWithHandleData | MiniDumpWithUnloadedModules |
                      MiniDumpWithThreadInfo | MiniDumpWithFullMemoryInfo |
                      MiniDumpIgnoreInaccessibleMemory;
  const auto own = kind == DumpKind::Full ? MiniDumpWithFullMemory : MiniDumpWithProcessThreadData;
  return static_cast<MINIDUMP_TYPE>(common | own);
}

Result<platform::FileHandle> create(const std::filesystem::path& path) {
  platform::FileHandle file(::CreateFileW(path.c_str(), GENERIC_READ | GENERIC_WRITE, 0, nullptr,
                                          CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) return platform::from_last_error("cannot create " + utf8_from_path(path));
  return file;
}

Result<Measured> write_with_dbghelp(const capture::Nt& nt,
                                    const BigProcess& big,
                                    DumpKind kind,
                                    const std::filesystem::path& path) {
  const auto start = SteadyClock::now();
  VIGIL_TRY_ASSIGN(auto file, create(path));
  const auto stopped = SteadyClock::now();
  if (const auto status = nt.suspend_process(big.handle()); status < 0)
    return platform::from_ntstatus(status, "cannot suspend the process");
  const auto written = ::MiniDumpWriteDump(big.handle(), big.pid().value, file.get(),
                                           dump_type(kind), nullptr, nullptr, nullptr);
  const auto error = ::GetLastError();
  nt.resume_process(big.handle());
  const auto suspended = since(stopped);
  if (written == FALSE) return platform::from_win32(error, "MiniDumpWriteDump");
  if (::FlushFileBuffers(file.get()) == FALSE) return platform::from_last_error("cannot flush");
  Measured measured{.seconds = since(start), .suspended = suspended};
  file.reset();
  measured.file_bytes = measured.dump_bytes = std::filesystem::file_size(path);
  return measured;
}

Result<Measured> write_native(const capture::Nt& nt,
                              const BigProcess& big,
                              DumpKind kind,
                              bool compress,
                              const std::filesystem::path& path) {
  const auto start = SteadyClock::now();
  VIGIL_TRY_ASSIGN(const auto process,
                   capture::TargetProcess::open(nt, big.pid(), capture::TargetProcess::Use::Dump));
  capture::LiveMemory memory(process.handle());
  VIGIL_TRY_ASSIGN(const auto dump,
                   capture::write_live_dump(nt, process, memory,
                                            {.kind = kind, .path = path, .compress = compress}));
  return Measured{.seconds = since(start),
                  .suspended = seconds_of(dump.suspended),
                  .dump_bytes = dump.streamed.raw_bytes,
                  .file_bytes = dump.file_bytes};
}

Status check_memory(minidump::Minidump& dump, const BigProcess& big) {
  std::vector<std::byte> expected(kBlockBytes);
  for (std::size_t number = 0; number < big.blocks().size(); ++number) {
    fill_block(number, expected);
    const auto address = big.blocks()[number];
    if (!std::ranges::equal(dump.memory().at(address, kBlockBytes).bytes(), expected)) {
      return Error{
          Errc::Malformed,
          fmt::format("the block at {:#x} is not in the dump as the process has it", address)};
    }
  }
  const auto captured = dump.snapshot().captured_bytes;
  const auto wanted = extent_of(big.handle()).readable_bytes;
  if (captured < wanted) {
    return Error{Errc::Truncated,
                 fmt::format("{} bytes of memory are in the dump, and the process has {}", captured,
                             wanted)};
  }
  return {};
}

Status check_threads(const snapshot::Snapshot& snapshot, const BigProcess& big) {
  const auto walkable = std::ranges::count_if(
      snapshot.threads, [](const snapshot::Thread& thread) { return thread.stack.size != 0; });
  if (static_cast<std::size_t>(walkable) >= big.threads()) return {};
  return Error{Errc::Malformed, fmt::format("{} threads with a stack are in the dump, not {}",
                                            walkable, big.threads())};
}

std::vector<MEMORY_BASIC_INFORMATION> committed_regions(HANDLE process) {
  std::vector<MEMORY_BASIC_INFORMATION> regions;
  std::uintptr_t address = 0;
  MEMORY_BASIC_INFORMATION info{};
  while (::VirtualQueryEx(process, reinterpret_cast<const void*>(address), &info, sizeof(info)) !=
         0) {
    address = reinterpret_cast<std::uintptr_t>(info.BaseAddress) + info.RegionSize;
    if (info.State == MEM_COMMIT) regions.push_back(info);
  }
  return regions;
}

bool readable(const MEMORY_BASIC_INFORMATION& region) {
  return region.Protect != 0 && (region.Protect & (PAGE_NOACCESS | PAGE_GUARD)) == 0;
}

}  // namespace

std::string_view to_string(Writer writer) noexcept {
  switch (writer) {
    case Writer::Dbghelp: return "MiniDumpWriteDump";
    case Writer::Native: return "native";
    case Writer::NativeZstd: return "native, zstd";
  }
  return "";
}

Result<Measured> write_dump(const capture::Nt& nt,
                            const BigProcess& big,
                            Writer writer,
                            DumpKind kind,
                            const std::filesystem::path& path) {
  VIGIL_TRY(big.watch_pauses());
  VIGIL_TRY_ASSIGN(auto measured,
                   writer == Writer::Dbghelp
                       ? write_with_dbghelp(nt, big, kind, path)
                       : write_native(nt, big, kind, writer == Writer::NativeZstd, path));
  VIGIL_TRY_ASSIGN(const auto pause, big.longest_pause());
  measured.longest_pause = seconds_of(pause);
  return measured;
}

Status check_dump(const std::filesystem::path& path, const BigProcess& big, DumpKind kind) {
  // Our own dump: what it unpacks to is known.
  VIGIL_TRY_ASSIGN(const auto dump,
                   minidump::Minidump::open(path, {.max_unpacked_bytes = std::uint64_t{1} << 40}));
  VIGIL_TRY(check_threads(dump->snapshot(), big));
  return kind == DumpKind::Full ? check_memory(*dump, big) : Status{};
}

Extent extent_of(HANDLE process) {
  Extent extent;
  for (const auto& region : committed_regions(process)) {
    ++extent.regions;
    extent.committed_bytes += region.RegionSize;
    if (readable(region)) extent.readable_bytes += region.RegionSize;
  }
  return extent;
}

Result<double> time_reading(HANDLE process) {
  capture::LiveMemory memory(process);
  std::vector<std::byte> chunk(kChunkBytes);
  const auto start = SteadyClock::now();
  for (const auto& region : committed_regions(process)) {
    if (!readable(region)) continue;
    const auto base = reinterpret_cast<std::uintptr_t>(region.BaseAddress);
    for (std::uint64_t done = 0; done < region.RegionSize; done += kChunkBytes) {
      const auto size = std::min<std::uint64_t>(kChunkBytes, region.RegionSize - done);
      if (!memory.read(base + done, std::span(chunk).first(static_cast<std::size_t>(size))))
        return platform::from_last_error(fmt::format("cannot read at {:#x}", base + done));
    }
  }
  return since(start);
}

Result<double> time_writing(std::uint64_t bytes, const std::filesystem::path& path) {
  std::vector<std::byte> chunk(kChunkBytes);
  fill_block(kNoiseBlock, chunk);
  const auto start = SteadyClock::now();
  VIGIL_TRY_ASSIGN(const auto file, create(path));
  for (std::uint64_t done = 0; done < bytes; done += kChunkBytes) {
    DWORD written = 0;
    if (::WriteFile(file.get(), chunk.data(), kChunkBytes, &written, nullptr) == FALSE)
      return platform::from_last_error("cannot write");
  }
  if (::FlushFileBuffers(file.get()) == FALSE) return platform::from_last_error("cannot flush");
  return since(start);
}

}  // namespace vigil::bench
