// SPDX-License-Identifier: Apache-2.0
#include "capture/win/live_dump.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/minidump_type.h"
#include "base/utf.h"
#include "base/words.h"
#include "capture/capture.h"
#include "capture/dump_file.h"
#include "capture/ranges.h"
#include "capture/redact.h"
#include "capture/selection.h"
#include "capture/spooled_memory.h"
#include "capture/win/choose_memory.h"
#include "capture/win/collect.h"
#include "capture/win/dbghelp_writer.h"
#include "platform/win/win_error.h"

namespace vigil::capture {
namespace {

namespace type = minidump_type;
using SteadyClock = std::chrono::steady_clock;

Microseconds since(SteadyClock::time_point start) {
  return std::chrono::duration_cast<Microseconds>(SteadyClock::now() - start);
}

/// Keeps a process still while it lives.
class Suspension {
 public:
  static Result<Suspension> of(const Nt& nt, const TargetProcess& process) {
    if (const auto status = nt.suspend_process(process.handle()); status < 0) {
      return platform::from_ntstatus(
          status, fmt::format("process {}: cannot suspend it", process.pid().value));
    }
    return Suspension(nt, process);
  }
  Suspension(Suspension&& other) noexcept
      : nt_(other.nt_), process_(std::exchange(other.process_, nullptr)) {}
  Suspension& operator=(Suspension&&) = delete;
  ~Suspension() {
    if (process_ != nullptr) nt_.resume_process(process_->handle());
  }

 private:
  Suspension(const Nt& nt, const TargetProcess& process) : nt_(nt), process_(&process) {}
  const Nt& nt_;
  const TargetProcess* process_;
};

/// One dump: what is asked of the system before the process stops, then what must agree with
/// itself, then the writing, as far as it can be done with the process running again.
class DumpWork {
 public:
  DumpWork(const Nt& nt,
           const TargetProcess& process,
           TargetMemory& memory,
           const DumpRequest& request)
      : nt_(nt),
        process_(process),
        memory_(memory),
        request_(request),
        mask_(rules::minidump_type_of(request.kind, request.manner.custom)) {}

  Result<LiveDump> run() {
    const auto start = SteadyClock::now();
    prepare();
    stopped_at_ = SteadyClock::now();
    if (!request_.held) {
      VIGIL_TRY_ASSIGN(auto made, Suspension::of(nt_, process_));
      suspension_.emplace(std::move(made));
    }
    if (request_.manner.writer == rules::Writer::Dbghelp) {
      VIGIL_TRY(write_by_windows());
    } else {
      collect();
      VIGIL_TRY(write());
    }
    result_.total = since(start);
    return std::move(result_);
  }

 private:
  /// Lets the process go on; once is enough.
  void memory_is_read() {
    if (!stopped_at_) return;
    suspension_.reset();
    result_.suspended = since(*std::exchange(stopped_at_, std::nullopt));
  }

  void prepare() {
    content_.flags = mask_;
    content_.taken_at = SystemClock().now();
    content_.comment = utf16_from_utf8(request_.comment);
    if (request_.manner.writer == rules::Writer::Dbghelp) {  // It asks for the rest by itself.
      if (has(type::kWithFullMemory)) expected_ = total_of(select_full(collect_regions(process_)));
      return;
    }
    collect_system(nt_, process_, content_);
    content_.modules = collect_modules(process_, memory_, {});
    content_.unloaded_modules = collect_unloaded_modules(nt_, memory_);
    if (has(type::kWithHandleData))
      content_.handles = collect_handles(nt_, process_.handle(), result_.diagnostics);
  }

  void collect() {
    content_.modules = collect_modules(process_, memory_, content_.modules);
    auto threads = collect_threads(nt_, process_, memory_, result_.diagnostics);
    content_.threads = std::move(threads.records);
    content_.regions = collect_regions(process_);
    content_.exception = request_.exception;
    if (content_.exception) complete_exception(*content_.exception);
    chosen_ = choose_memory(process_, request_.kind, threads.stacks, content_, result_.diagnostics);
    if (has(type::kFilterModulePaths)) withhold_paths();
    result_.threads = content_.threads.size();
    result_.modules = content_.modules.size();
  }

  void complete_exception(ExceptionContent& exception) const {
    const auto thread = std::ranges::find(content_.threads, exception.thread, &ThreadRecord::id);
    if (exception.context.empty() && thread != content_.threads.end())
      exception.context = thread->context;
  }

  [[nodiscard]] bool has(std::uint32_t flag) const { return (mask_ & flag) != 0; }

  void withhold_paths() {
    for (auto& module : content_.modules) {
      module.path = without_user(module.path);
      module.codeview = without_folder(module.codeview);
    }
  }

  Status write() {
    FilteredMemory filtered(memory_, chosen_.filtered, chosen_.kept);
    TargetMemory& shown = has(type::kFilterMemory) ? filtered : memory_;
    if (request_.manner.suspend && !request_.held) return write_within_budget(shown);
    if (content_.memory64) return write_file(shown);
    CopiedMemory copy(shown, content_.memory);
    memory_is_read();
    VIGIL_TRY(write_file(copy));
    result_.streamed.unreadable_bytes = copy.unreadable_bytes();
    return {};
  }

  /// As much as there is time for while the process stands still; then the file, of that.
  Status write_within_budget(TargetMemory& shown) {
    const auto wanted = total_of(content_.memory);
    const auto pieces = by_worth(content_.memory, chosen_.by_worth, content_.regions, kFrameBytes);
    VIGIL_TRY_ASSIGN(const auto spool, SpooledMemory::create(request_.path));
    const auto limit = *request_.manner.suspend;
    VIGIL_TRY(spool->fill(shown, pieces,
                          {.elapsed = [start = *stopped_at_] { return since(start); },
                           .limit = limit,
                           .min_free_bytes = request_.min_free_bytes,
                           .cancel = request_.control.cancel}));
    memory_is_read();
    if (!spool->is_complete()) {
      content_.memory = spool->ranges();
      for (auto& thread : content_.threads)
        thread.stack = head_within(thread.stack, content_.memory);
      result_.diagnostics.note(
          fmt::format("{}{} was used up: {} of {} were read", kBudgetUsedUp, format_duration(limit),
                      format_bytes(total_of(content_.memory)), format_bytes(wanted)));
    }
    VIGIL_TRY(write_file(*spool));
    result_.streamed.unreadable_bytes = spool->unreadable_bytes();
    return {};
  }

  Status write_file(TargetMemory& memory) {
    return write_chain(total_of(content_.memory), [&](Sink& sink) -> Status {
      VIGIL_TRY_ASSIGN(result_.streamed, stream_dump(content_, memory, sink, request_.control));
      return {};
    });
  }

  /// Windows' writer wants a file of its own; what it leaves there goes the way of any dump.
  Status write_by_windows() {
    auto path = request_.path;
    path += path_from_utf8(".raw" + std::string(kPartialSuffix));
    VIGIL_TRY_ASSIGN(auto raw, PartialFile::create(path));
    auto exception = request_.exception;
    if (exception && exception->context.empty()) exception->context = context_of(exception->thread);
    VIGIL_TRY_ASSIGN(
        const auto written,
        write_by_dbghelp(process_, {.mask = mask_,
                                    .exception = std::move(exception),
                                    .comment = content_.comment,
                                    .file = reinterpret_cast<HANDLE>(raw.native_handle()),
                                    .folder = path.parent_path(),
                                    .min_free_bytes = request_.min_free_bytes,
                                    .expected_bytes = expected_,
                                    .control = request_.control}));
    memory_is_read();
    result_.threads = written.threads;
    result_.modules = written.modules;
    result_.streamed.raw_bytes = written.bytes;
    return write_chain(written.bytes, [&](Sink& sink) {
      return copy_file(raw, written.bytes, sink, request_.control);
    });
  }

  [[nodiscard]] static ContextBytes context_of(ThreadId thread) {
    const platform::KernelHandle handle(::OpenThread(THREAD_GET_CONTEXT, FALSE, thread.value));
    return handle ? read_context(handle.get()) : ContextBytes{};
  }

  /// The dump's file, from \p fill, compressed where that is asked for.
  Status write_chain(std::uint64_t expected, const std::function<Status(Sink&)>& fill) {
    VIGIL_TRY_ASSIGN(const auto file,
                     DumpFile::create({.path = request_.path,
                                       .min_free_bytes = request_.min_free_bytes,
                                       .expected_bytes = request_.compress ? 0 : expected}));
    std::unique_ptr<Sink> compressor;
    if (request_.compress) {
      VIGIL_TRY_ASSIGN(compressor, make_zstd_sink(*file));
    }
    Sink& sink = compressor ? *compressor : *file;
    VIGIL_TRY(fill(sink));
    memory_is_read();
    VIGIL_TRY(sink.finish());
    VIGIL_TRY(file->commit());
    result_.file_bytes = file->bytes_written();
    return {};
  }

  const Nt& nt_;
  const TargetProcess& process_;
  TargetMemory& memory_;
  const DumpRequest& request_;
  const std::uint32_t mask_;
  std::optional<SteadyClock::time_point> stopped_at_;
  std::optional<Suspension> suspension_;
  DumpContent content_;
  ChosenMemory chosen_;
  std::uint64_t expected_ = 0;  // of Windows' writer; 0: not known
  LiveDump result_;
};

}  // namespace

Result<LiveDump> write_live_dump(const Nt& nt,
                                 const TargetProcess& process,
                                 TargetMemory& memory,
                                 const DumpRequest& request) {
  return DumpWork(nt, process, memory, request).run();
}

}  // namespace vigil::capture
