// SPDX-License-Identifier: Apache-2.0
#include "pipeline/stacks.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/utf.h"
#include "base/words.h"
#include "pipeline/time_limit.h"
#include "platform/platform.h"
#include "unwind/unwind.h"

namespace vigil::pipeline {
namespace {

image::Machine machine_of(snapshot::Cpu cpu) {
  if (cpu == snapshot::Cpu::Amd64) return image::Machine::Amd64;
  return cpu == snapshot::Cpu::Arm64 ? image::Machine::Arm64 : image::Machine::Unknown;
}

/// Walks one thread after the other while the limits last.
class Walker {
 public:
  Walker(const WalkInput& input, const Limits& limits, TextBudget& budget, report::Report& report)
      : input_(input),
        limits_(limits),
        budget_(budget),
        report_(report),
        symbolizer_(input.images, &input.symbols, limits.max_export_entries),
        generated_(
            input.snapshot.function_tables, input.memory, machine_of(input.snapshot.system.cpu)),
        frames_left_(std::min(limits.max_frames, report::kMaxFrames)),
        clocks_{.wall = [] { return std::chrono::steady_clock::now().time_since_epoch(); },
                .processor = platform::thread_processor_time,
                .uncounted = [&library = input.library] { return library.indexing_time(); }},
        time_(limits.time, clocks_),
        crashed_thread_time_(limits.crashed_thread_time, clocks_) {}

  /// Whether another thread may be walked.
  [[nodiscard]] bool may_go_on() { return frames_left_ > 0 && !time_.has_passed(); }

  void walk(const snapshot::Thread& thread,
            const snapshot::ThreadContext& context,
            report::Thread& out) {
    walk(thread, context, time_, out);
  }
  /// The same for the thread of the exception, which has a time of its own.
  void walk_crashed(const snapshot::Thread& thread,
                    const snapshot::ThreadContext& context,
                    report::Thread& out) {
    walk(thread, context, crashed_thread_time_, out);
  }

  /// Says what the limits cost.
  void report_losses() const {
    auto& diagnostics = report_.diagnostics;
    if (const auto count = input_.images.left_out(); count > 0) {
      diagnostics.push_back(
          fmt::format("{} images were not used: all together have more than {} sections", count,
                      symbols::ModuleImages::kMaxSections));
    }
    if (const auto& modules = symbolizer_.left_out(); !modules.empty()) {
      diagnostics.push_back(fmt::format(
          "the exports of {} modules were not read, the first is {}: together they have "
          "more than {} entries",
          modules.size(), module_name(modules.front()), limits_.max_export_entries));
    }
    if (half_threads_ > 0) {
      diagnostics.push_back(
          fmt::format("the 32-bit stacks of {} are missing: their registers are not in the "
                      "dump",
                      counted(half_threads_, "thread")));
    }
    if (calls_left_out_ > 0) {
      diagnostics.push_back(fmt::format(
          "{} inlined calls are left out: the limit of frames was reached", calls_left_out_));
    }
    if (unnamed_ > 0) {
      diagnostics.push_back(
          fmt::format("{} frames have no names: the limit of time was reached", unnamed_));
    }
  }

 private:
  void walk(const snapshot::Thread& thread,
            const snapshot::ThreadContext& context,
            TimeLimit& deadline,
            report::Thread& out) {
    for (const auto& [name, value] : snapshot::named_registers(context))
      out.registers.emplace_back(name, value);
    walk_stack(context, thread.stack, deadline, out);
    const bool is_in_layer = std::holds_alternative<snapshot::Amd64Context>(context);
    if (thread.wow64_context && is_in_layer) walk_program(*thread.wow64_context, deadline, out);
    if (!thread.wow64_context && is_in_layer && input_.snapshot.process.wow64) ++half_threads_;
  }

  void walk_stack(const snapshot::ThreadContext& context,
                  const snapshot::AddressRange& stack,
                  TimeLimit& deadline,
                  report::Thread& out) {
    const auto room = report::kMaxFramesPerThread - out.frames.size();
    const auto most = std::min({limits_.max_frames_per_thread, room, frames_left_});
    const auto walk = unwind::walk_stack({.context = context,
                                          .memory = input_.memory,
                                          .modules = input_.snapshot.modules,
                                          .module_map = input_.module_map,
                                          .images = input_.images,
                                          .rules = &input_.symbols,
                                          .generated = &generated_,
                                          .stack = stack,
                                          .frame_pointers = keeps_frame_pointers(),
                                          .guess_without_code = input_.snapshot.kernel.has_value(),
                                          .max_frames = most,
                                          .deadline = &deadline});
    frames_left_ -= std::min(walk.frames.size(), frames_left_);
    // The frames that were walked come first in right: a report with more than its limit is
    // refused.
    calls_left_ = room - std::min(walk.frames.size(), room);
    out.stop_reason = unwind::to_string(walk.stop);
    for (const auto& frame : walk.frames) add_frame(frame, deadline, out);
  }

  /// Walks the 32-bit stack of a thread of a WOW64 process, which has a stack of its own, and puts
  /// it where the 64-bit layer was called from it: behind the frames that run 32-bit code.
  void walk_program(const snapshot::X86Context& context, TimeLimit& deadline, report::Thread& out) {
    const auto layer = std::ranges::find_if(out.frames, [](const report::Frame& frame) {
      return ascii_lower(frame.module) == "wow64cpu.dll";
    });
    const auto behind = layer == out.frames.end() ? layer : std::next(layer);
    const auto place = std::distance(out.frames.begin(), behind);
    const auto old_end = std::ssize(out.frames);
    walk_stack(context, {}, deadline, out);
    std::rotate(out.frames.begin() + place, out.frames.begin() + old_end, out.frames.end());
  }

  [[nodiscard]] bool keeps_frame_pointers() const {
    const auto os = input_.snapshot.system.os;
    return os != snapshot::Os::Windows && os != snapshot::Os::Unknown;
  }

  [[nodiscard]] std::string module_name(std::size_t index) const {
    const auto& module = input_.snapshot.modules[index];
    auto name = budget_.take(module.name());
    return name.empty() ? fmt::format("{:#018x}", module.base) : name;
  }

  /// Adds \p frame, and before it a frame for each call that was inlined where it is.
  void add_frame(const unwind::Frame& frame, TimeLimit& deadline, report::Thread& thread) {
    report::Frame out;
    out.instruction = frame.instruction;
    out.trust = unwind::to_string(frame.trust);
    if (!frame.module || *frame.module >= report_.modules.size()) {
      thread.frames.push_back(std::move(out));
      return;
    }
    const auto& module = input_.snapshot.modules[*frame.module];
    out.module = module_name(*frame.module);
    out.module_offset = frame.instruction - module.base;
    const auto symbol =
        input_.named ? name(*frame.module, out.module_offset, deadline) : std::nullopt;
    if (symbol) {
      out.symbol_source = symbols::to_string(symbol->source);
      for (const auto& place : symbol->inlined) {
        if (calls_left_ == 0 || frames_left_ == 0) {
          ++calls_left_out_;
          continue;
        }
        --calls_left_;
        --frames_left_;
        auto& call = thread.frames.emplace_back(out);
        call.module = module_name(*frame.module);  // from the budget, each time
        call.trust = report::kInlineTrust;
        set_place(place, call);
      }
      set_place(symbol->place, out);
      // Of a caller the offset is the return address's, as debuggers print it.
      out.function_offset = symbol->offset + (frame.resume - frame.instruction);
    }
    thread.frames.push_back(std::move(out));
  }

  void set_place(const symbols::Place& place, report::Frame& frame) {
    frame.function = budget_.take(place.function);
    frame.file = budget_.take(place.file);
    frame.line = place.line;
  }

  std::optional<symbols::Symbol> name(std::size_t module,
                                      std::uint64_t offset,
                                      TimeLimit& deadline) {
    auto& state = report_.modules[module].symbols;
    if (state.empty()) state = "none";
    if (deadline.has_passed()) {
      ++unnamed_;
      return std::nullopt;
    }
    auto symbol = symbolizer_.name(module, offset);
    if (const auto& source = input_.symbols.state(module).source) {
      state = symbols::to_string(*source);
    } else if (symbol) {
      state = symbols::to_string(symbol->source);
    }
    return symbol;
  }

  const WalkInput& input_;
  const Limits& limits_;
  TextBudget& budget_;
  report::Report& report_;
  symbols::Symbolizer symbolizer_;
  unwind::GeneratedCode generated_;
  std::size_t frames_left_;
  std::size_t calls_left_ = 0;      // inlined ones, in the thread that is walked
  std::size_t calls_left_out_ = 0;  // of all threads
  std::size_t unnamed_ = 0;
  std::size_t half_threads_ = 0;  // of a 32-bit program, seen in its 64-bit layer only
  WorkClocks clocks_;
  TimeLimit time_, crashed_thread_time_;
};

/// The thread of the exception, among the first \p count.
std::optional<std::size_t> find_crashed(const snapshot::Snapshot& snapshot, std::size_t count) {
  if (!snapshot.exception) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    if (snapshot.threads[i].id == snapshot.exception->thread) return i;
  }
  return std::nullopt;
}

/// The threads to report: those of the dump within the limit, and in any case the crashed one.
std::vector<snapshot::Thread> threads_of(const snapshot::Snapshot& snapshot,
                                         const Limits& limits,
                                         report::Report& report) {
  const auto most = std::min(limits.max_threads, report::kMaxThreads - 1);
  const auto count = std::min(snapshot.threads.size(), most);
  std::vector<snapshot::Thread> threads(
      snapshot.threads.begin(), snapshot.threads.begin() + static_cast<std::ptrdiff_t>(count));
  if (count < snapshot.threads.size()) {
    report.diagnostics.push_back(fmt::format("{} threads of {} are left out of the report",
                                             snapshot.threads.size() - count,
                                             snapshot.threads.size()));
  }
  if (!snapshot.exception || find_crashed(snapshot, count)) return threads;
  if (const auto* thread = snapshot::find_thread(snapshot, snapshot.exception->thread)) {
    threads.push_back(*thread);
    return threads;
  }
  // One that has ended need not be: the dump tells of its end.
  if (snapshot.exception->code != kThreadEndCode) {
    report.diagnostics.push_back(
        fmt::format("thread {} of the exception is not in the list of threads",
                    snapshot.exception->thread.value));
  }
  threads.emplace_back().id = snapshot.exception->thread;
  return threads;
}

/// Most stacks are not deeper than this.
constexpr std::uint64_t kPrefetchedStackBytes = 16 * 1024;

/// Has the stacks of all threads read at once, rather than one page after the other.
void announce_reads(const std::vector<snapshot::Thread>& threads, snapshot::Memory& memory) {
  for (const auto& thread : threads) {
    const auto sp = snapshot::stack_pointer(thread.context);
    if (sp) memory.prefetch(*sp, kPrefetchedStackBytes);
  }
}

}  // namespace

void add_stacks(const WalkInput& input,
                const Limits& limits,
                TextBudget& budget,
                report::Report& report) {
  const auto threads = threads_of(input.snapshot, limits, report);
  for (const auto& thread : threads) {
    auto& out = report.threads.emplace_back();
    out.thread_id = thread.id.value;
    out.name = budget.take(thread.name);
  }
  announce_reads(threads, input.memory);
  Walker walker(input, limits, budget, report);
  std::optional<std::size_t> crashed;
  if (const auto& exception = input.snapshot.exception) {
    const auto found = std::find_if(
        threads.begin(), threads.end(),
        [&](const snapshot::Thread& thread) { return thread.id == exception->thread; });
    crashed = static_cast<std::size_t>(std::distance(threads.begin(), found));
    const bool own_context = !std::holds_alternative<std::monostate>(exception->context);
    walker.walk_crashed(*found, own_context ? exception->context : found->context,
                        report.threads[*crashed]);
  }
  std::size_t skipped = 0;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    if (i == crashed) continue;
    if (walker.may_go_on()) {
      walker.walk(threads[i], threads[i].context, report.threads[i]);
    } else {
      report.threads[i].stop_reason = "not_walked";
      ++skipped;
    }
  }
  if (skipped > 0) {
    report.diagnostics.push_back(
        fmt::format("{} threads of {} were not walked: the limit of time or frames was "
                    "reached",
                    skipped, threads.size()));
  }
  walker.report_losses();
}

}  // namespace vigil::pipeline
