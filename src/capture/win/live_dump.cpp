// SPDX-License-Identifier: Apache-2.0
#include "capture/win/live_dump.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "capture/dump_file.h"
#include "capture/selection.h"
#include "capture/win/collect.h"
#include "platform/win/win_error.h"

namespace vigil::capture {
namespace {

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
        full_(request.kind == rules::DumpKind::Full) {}

  Result<LiveDump> run() {
    const auto start = SteadyClock::now();
    prepare();
    stopped_at_ = SteadyClock::now();
    if (!request_.held) {
      VIGIL_TRY_ASSIGN(auto made, Suspension::of(nt_, process_));
      suspension_.emplace(std::move(made));
    }
    collect();
    if (full_) {
      VIGIL_TRY(write(memory_));
    } else {
      CopiedMemory copy(memory_, content_.memory);
      memory_is_read();
      VIGIL_TRY(write(copy));
      result_.streamed.unreadable_bytes = copy.unreadable_bytes();
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
    content_.full = full_;
    content_.taken_at = SystemClock().now();
    content_.comment = utf16_from_utf8(request_.comment);
    collect_system(nt_, process_, content_);
    content_.modules = collect_modules(process_, memory_, {});
    content_.unloaded_modules = collect_unloaded_modules(nt_, memory_);
    content_.handles = collect_handles(nt_, process_.handle(), result_.diagnostics);
  }

  void collect() {
    content_.modules = collect_modules(process_, memory_, content_.modules);
    auto threads = collect_threads(nt_, process_, memory_, result_.diagnostics);
    content_.threads = std::move(threads.records);
    content_.regions = collect_regions(process_);
    content_.exception = request_.exception;
    if (content_.exception) complete_exception(*content_.exception);
    if (full_) {
      content_.memory = select_full(content_.regions);
      for (std::size_t i = 0; i < content_.threads.size(); ++i) {
        content_.threads[i].stack = live_stack(threads.stacks[i], content_.memory);
      }
    } else {
      select(threads.stacks);
    }
    result_.threads = content_.threads.size();
    result_.modules = content_.modules.size();
  }

  void complete_exception(ExceptionContent& exception) const {
    const auto thread = std::ranges::find(content_.threads, exception.thread, &ThreadRecord::id);
    if (exception.context.empty() && thread != content_.threads.end())
      exception.context = thread->context;
  }

  void select(const std::vector<StackFacts>& stacks) {
    MiniRequest wanted{
        .stacks = stacks, .whole = process_.process_block(), .withheld = process_.environment()};
    constexpr std::uint64_t kTebBytes = 0x1838;
    for (const auto& stack : stacks) {
      if (stack.teb != 0) wanted.whole.push_back({stack.teb, kTebBytes});
    }
    if (content_.exception) {
      const auto& exception = *content_.exception;
      wanted.pointers = general_registers(exception.context);
      wanted.pointers.push_back(exception.address);
      wanted.pointers.insert(wanted.pointers.end(), exception.parameters.begin(),
                             exception.parameters.end());
      point_at(exception, wanted);
    }
    auto selection = select_mini(wanted, content_.regions);
    content_.memory = std::move(selection.memory);
    for (std::size_t i = 0; i < content_.threads.size(); ++i)
      content_.threads[i].stack = selection.stacks[i];
    if (selection.left_out_bytes != 0) {
      result_.diagnostics.note(fmt::format("stacks: {} bytes left out for the limit of a mini dump",
                                           selection.left_out_bytes));
    }
  }

  /// The faulting thread's stack stands where the fault was, and is the last to fall to a limit.
  void point_at(const ExceptionContent& exception, MiniRequest& wanted) const {
    const auto thread = std::ranges::find(content_.threads, exception.thread, &ThreadRecord::id);
    if (thread == content_.threads.end()) return;
    wanted.first_stack = static_cast<std::size_t>(thread - content_.threads.begin());
    const auto registers = stack_registers(exception.context);
    if (registers.stack_pointer == 0) return;
    wanted.stacks[wanted.first_stack].stack_pointer = registers.stack_pointer;
    wanted.stacks[wanted.first_stack].instruction = registers.instruction;
  }

  Status write(TargetMemory& memory) {
    std::uint64_t expected = 0;
    if (!request_.compress) {
      for (const auto& range : content_.memory) expected += range.size;
    }
    VIGIL_TRY_ASSIGN(const auto file, DumpFile::create({.path = request_.path,
                                                        .min_free_bytes = request_.min_free_bytes,
                                                        .expected_bytes = expected}));
    std::unique_ptr<Sink> compressor;
    if (request_.compress) {
      VIGIL_TRY_ASSIGN(compressor, make_zstd_sink(*file));
    }
    Sink& sink = compressor ? *compressor : *file;
    VIGIL_TRY_ASSIGN(result_.streamed, stream_dump(content_, memory, sink, request_.control));
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
  const bool full_;
  std::optional<SteadyClock::time_point> stopped_at_;
  std::optional<Suspension> suspension_;
  DumpContent content_;
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
