// SPDX-License-Identifier: Apache-2.0
#include "minidump/minidump.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf.h"
#include "minidump/directory.h"
#include "minidump/file_type.h"
#include "minidump/streams.h"
#include "minidump/zstd_source.h"
#include "platform/platform.h"

namespace vigil::minidump {
namespace {

/// What tells a stream of \p type.
auto is(StreamType type) {
  return [type](const format::Directory& entry) {
    return entry.stream_type == static_cast<std::uint32_t>(type);
  };
}

/// Finds streams by type and runs their readers; a reader's failure costs its stream and is noted.
class Streams {
 public:
  Streams(Reader& reader, const Directory& directory) : reader_(reader), directory_(directory) {}

  template <class Read>
  void read(StreamType type, const Read& read_stream) {
    const auto stream = find(type);
    if (!stream) return;
    const Status status = read_stream(*stream);
    if (!status.ok()) note(type, status.error().message());
  }

  /// Whether the directory names one, readable or not.
  [[nodiscard]] bool has(StreamType type) const {
    return std::ranges::any_of(directory_.streams, is(type));
  }

 private:
  /// The bytes of the first stream of this type. No honest writer makes two.
  std::optional<ByteView> find(StreamType type) {
    const auto& streams = directory_.streams;
    const auto found = std::ranges::find_if(streams, is(type));
    if (found == streams.end()) return std::nullopt;
    if (std::any_of(found + 1, streams.end(), is(type)))
      note(type, "more than one; the first is read");
    const auto bytes = reader_.clamp(found->location);
    if (bytes.size() < found->location.data_size) {
      note(type, fmt::format("{} bytes at offset {:#x}, and {} of them are there",
                             found->location.data_size, found->location.rva, bytes.size()));
    }
    return bytes;
  }

  void note(StreamType type, std::string_view text) {
    reader_.note(fmt::format("{}: {}", stream_name(static_cast<std::uint32_t>(type)), text));
  }

  Reader& reader_;
  const Directory& directory_;
};

void describe_file(const Directory& directory, snapshot::Snapshot& snapshot) {
  snapshot.format = "minidump";
  snapshot.written =
      Timestamp{} + std::chrono::seconds(std::int64_t{directory.header.time_date_stamp});
  snapshot.dump_flags = directory.header.flags;
  snapshot.streams.reserve(directory.streams.size());
  for (const auto& stream : directory.streams) {
    snapshot.streams.push_back({.type = stream.stream_type,
                                .name = std::string(stream_name(stream.stream_type)),
                                .size = stream.location.data_size});
  }
}

/// A file of at least this size holds mostly memory that nobody asks for. Of a smaller one it costs
/// less to let the system read ahead.
constexpr std::uint64_t kSparseFileBytes = std::uint64_t{16} << 20;
/// Of one stream; those with memory in them are longer.
constexpr std::uint64_t kMaxPrefetchedBytes = std::uint64_t{4} << 20;

/// Tells the file how it will be read.
void announce_reads(ByteSource& file, const Directory& directory) {
  if (file.size() < kSparseFileBytes) return;
  file.expect_sparse_reads();
  for (const auto& stream : directory.streams) {
    file.prefetch(stream.location.rva,
                  std::min<std::uint64_t>(stream.location.data_size, kMaxPrefetchedBytes));
  }
}

/// What MiniDumpWriteDump tells of the system besides threads, modules and memory.
void read_system_streams(Reader& reader, Streams& streams, snapshot::Snapshot& snapshot) {
  using enum StreamType;
  streams.read(HandleDataStream,
               [&](ByteView s) { return read_handle_data(reader, s, snapshot.handles); });
  streams.read(HandleOperationListStream,
               [&](ByteView s) { return read_handle_operations(reader, s, snapshot.handles); });
  streams.read(TokenStream, [&](ByteView s) { return read_tokens(reader, s, snapshot.tokens); });
  streams.read(FunctionTableStream, [&](ByteView s) {
    return read_function_tables(reader, s, snapshot.function_tables);
  });
  streams.read(SystemMemoryInfoStream,
               [&](ByteView s) { return read_system_memory(s, snapshot.system_memory); });
  streams.read(ProcessVmCountersStream,
               [&](ByteView s) { return read_vm_counters(s, snapshot.process_memory); });
}

/// What Breakpad and Crashpad add.
void read_foreign_streams(Reader& reader, Streams& streams, snapshot::Snapshot& snapshot) {
  using enum StreamType;
  streams.read(CrashpadInfo,
               [&](ByteView s) { return read_crashpad(reader, s, snapshot.crashpad); });
  streams.read(BreakpadInfo, [&](ByteView s) { return read_breakpad_info(s, snapshot); });
  streams.read(BreakpadAssertionInfo,
               [&](ByteView s) { return read_assertion(reader, s, snapshot.assertion); });
  streams.read(BreakpadLinuxCpuInfo,
               [&](ByteView s) { return read_linux_cpuinfo(s, snapshot.system); });
  streams.read(BreakpadLinuxLsbRelease,
               [&](ByteView s) { return read_linux_release(s, snapshot.system); });
  streams.read(BreakpadLinuxProcStatus,
               [&](ByteView s) { return read_linux_status(s, snapshot.process); });
}

}  // namespace

struct Minidump::State {
  Diagnostics diagnostics;
  std::unique_ptr<ByteSource> file;
  snapshot::Snapshot snapshot;
  std::unique_ptr<DumpMemory> memory;

  Status open_file(std::unique_ptr<ByteSource> raw, const Limits& limits);
  Status read_streams();
};

Status Minidump::State::open_file(std::unique_ptr<ByteSource> raw, const Limits& limits) {
  VIGIL_TRY_ASSIGN(const auto outer, identify(*raw));
  if (outer == FileType::Minidump) {
    file = std::move(raw);
    return {};
  }
  VIGIL_TRY_ASSIGN(file, open_zstd(std::move(raw), limits, diagnostics));
  auto inner = identify(*file);
  if (!inner.ok()) return std::move(inner).take_error().with_context("compressed file");
  if (*inner == FileType::Zstd) return Error{Errc::Unsupported, "file is compressed twice"};
  return {};
}

Status Minidump::State::read_streams() {
  Reader reader(*file, diagnostics);
  VIGIL_TRY_ASSIGN(const auto directory, read_directory(reader));
  describe_file(directory, snapshot);
  announce_reads(*file, directory);
  Streams streams(reader, directory);
  MemoryRanges ranges;
  using enum StreamType;
  // The processor first, since the others need it; names and times of threads after the threads.
  streams.read(SystemInfoStream,
               [&](ByteView s) { return read_system_info(reader, s, snapshot.system); });
  streams.read(MiscInfoStream, [&](ByteView s) { return read_misc_info(reader, s, snapshot); });
  streams.read(ModuleListStream,
               [&](ByteView s) { return read_module_list(reader, s, snapshot.modules); });
  streams.read(UnloadedModuleListStream, [&](ByteView s) {
    return read_unloaded_module_list(reader, s, snapshot.unloaded_modules);
  });
  streams.read(ThreadListStream,
               [&](ByteView s) { return read_thread_list(reader, s, snapshot.threads, ranges); });
  streams.read(ThreadNamesStream,
               [&](ByteView s) { return read_thread_names(reader, s, snapshot.threads); });
  streams.read(ThreadInfoListStream,
               [&](ByteView s) { return read_thread_info(reader, s, snapshot); });
  streams.read(MemoryListStream, [&](ByteView s) { return read_memory_list(reader, s, ranges); });
  streams.read(Memory64ListStream,
               [&](ByteView s) { return read_memory64_list(reader, s, ranges); });
  streams.read(MemoryInfoListStream,
               [&](ByteView s) { return read_memory_info_list(reader, s, snapshot.regions); });
  streams.read(ExceptionStream,
               [&](ByteView s) { return read_exception(reader, s, snapshot.exception); });
  snapshot.exception_is_lost = !snapshot.exception && streams.has(ExceptionStream);
  streams.read(CommentStreamA,
               [&](ByteView s) { return read_narrow_comment(s, snapshot.comment); });
  streams.read(CommentStreamW, [&](ByteView s) { return read_wide_comment(s, snapshot.comment); });
  read_system_streams(reader, streams, snapshot);
  read_foreign_streams(reader, streams, snapshot);

  if (ranges.lost_bytes() != 0) {
    reader.note(
        fmt::format("memory: {} bytes lie behind the end of the file", ranges.lost_bytes()));
  }
  memory = std::make_unique<DumpMemory>(*file, std::move(ranges).settle());
  snapshot.captured_bytes = memory->captured_bytes();
  settle_stacks(reader, *memory, snapshot.threads);
  find_wow64(snapshot, *memory);
  return {};
}

Minidump::Minidump(std::unique_ptr<State> state) : state_(std::move(state)) {}
Minidump::~Minidump() = default;

Result<std::unique_ptr<Minidump>> Minidump::open(const std::filesystem::path& path,
                                                 const Limits& limits) {
  VIGIL_TRY_ASSIGN(auto file, platform::MappedFile::open(path));
  auto dump = parse(std::move(file), limits);
  if (!dump.ok()) return std::move(dump).take_error().with_context(utf8_from_path(path));
  return dump;
}

Result<std::unique_ptr<Minidump>> Minidump::parse(std::unique_ptr<ByteSource> file,
                                                  const Limits& limits) {
  auto state = std::make_unique<State>();
  VIGIL_TRY(state->open_file(std::move(file), limits));
  VIGIL_TRY(state->read_streams());
  return std::unique_ptr<Minidump>(new Minidump(std::move(state)));
}

Result<std::unique_ptr<Minidump>> Minidump::parse(ByteView bytes, const Limits& limits) {
  return parse(std::make_unique<MemorySource>(bytes), limits);
}

const snapshot::Snapshot& Minidump::snapshot() const noexcept {
  return state_->snapshot;
}
std::uint64_t Minidump::size() const noexcept {
  return state_->file->size();
}
snapshot::Memory& Minidump::memory() noexcept {
  return *state_->memory;
}
const Diagnostics& Minidump::diagnostics() const noexcept {
  return state_->diagnostics;
}

}  // namespace vigil::minidump
