// SPDX-License-Identifier: Apache-2.0
#include "report/text_sections.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"
#include "report/text_page.h"

namespace vigil::report {
namespace {

/// `  3  orders!Cart::total+0x1a  cart.cpp:42         unwind_info`. The source goes below a place
/// that leaves no room for it, and a place that leaves none for the trust is wrapped before it.
void add_frame(TextPage& page, const Frame& frame, std::size_t index, bool blamed) {
  constexpr std::size_t kNumberColumns = 4, kGap = 3, kTrustColumns = 13, kIndent = 2;
  constexpr std::size_t kTextColumns =
      kPageColumns - kIndent - kNumberColumns - kGap - 1 - kTrustColumns;
  auto text = terminal_safe(place_of(frame));
  auto source =
      frame.file.empty()
          ? std::string()
          : terminal_safe(fmt::format("{}:{}", windows_file_name(frame.file), frame.line));
  if (source.empty() && frame.symbol_source == "exports") source = "(export)";
  if (!source.empty() && columns(text) + 2 + columns(source) <= kTextColumns)
    text += "  " + std::exchange(source, {});
  const auto style = blamed ? Style::Alarm : Style::Plain;
  const auto gap = columns(text) > kTextColumns ? 1 : kTextColumns - columns(text) + 1;
  page.line(fmt::format("{:>{}}{}{}{:{}}{}", index, kNumberColumns, blamed ? " > " : "   ", text,
                        "", gap, frame.trust),
            style, kNumberColumns + kGap);
  if (!source.empty()) page.line(fmt::format("{:{}}{}", "", kNumberColumns + kGap, source), style);
}

/// What a reason of unwind::StopReason means, and what helps.
std::string stop_in_words(std::string_view reason) {
  struct Words {
    std::string_view reason, text;
  };
  constexpr Words kWords[] = {
      {"no_context", "the dump has no registers of it"},
      {"no_memory", "the dump does not have the stack there"},
      {"no_image", "neither the module's image nor symbols were found (--symbols)"},
      {"no_unwind_info", "the module has no unwind information for this code"},
      {"bad_unwind_info", "the module's unwind information is damaged"},
      {"not_in_module", "this code belongs to no module"},
      {"outside_stack", "the next frame would lie outside the stack"},
      {"no_progress", "the next frame would be this one again: the stack is damaged"},
      {"frame_limit", "there is a limit for frames"},
      {"time_limit", "there is a limit for time"},
      {"not_walked", "there is a limit for time, and others came first"},
  };
  for (const auto& words : kWords)
    if (words.reason == reason) return std::string(words.text);
  return std::string(reason);
}

/// `did not move in 3 samples, and used 9.8 s of CPU time`
std::string movement_of(const Report& report, const Thread& thread) {
  const auto& movement = *thread.movement;
  auto text = in_words(movement, *report.samples);
  if (movement.cpu_ms.value_or(0) == 0) return text;
  constexpr double kMilliseconds = 1e3;
  return fmt::format("{}, and used {:.1f} s of CPU time", text, *movement.cpu_ms / kMilliseconds);
}

void add_thread(TextPage& page, const Report& report, std::size_t index) {
  const auto& thread = report.threads[index];
  const bool blamed = report.blamed_thread == index;
  auto title = fmt::format("Thread {}, id {}", index, thread.thread_id);
  // Of a machine one knows registers and frames, and perhaps not whose they are.
  if (report.kernel && thread.thread_id == 0) title = fmt::format("Thread {}", index);
  if (report.kernel && thread.thread_id == 0 && thread.name.empty())
    title = "A thread that is not known";
  if (!thread.name.empty()) title += fmt::format(" \"{}\"", thread.name);
  if (blamed) {
    title += report.kernel
                 ? (report.kernel->live ? ", which wrote the dump" : ", which stopped the machine")
             : report.crash ? ", which crashed"
                            : ", the one to blame";
  }
  page.line(title, Style::Title);
  if (blamed && report.kernel) {
    add_kernel_blame(page, report);
  } else if (blamed && !report.blame_reason.empty()) {
    page.field("Why", report.blame_reason);
  }
  if (report.samples && thread.movement) page.field("Samples", movement_of(report, thread));
  for (std::size_t i = 0; i < thread.frames.size(); ++i) {
    add_frame(page, thread.frames[i], i, blamed && report.blamed_frame == i);
  }
  if (thread.frames.empty()) page.line("     no frames");
  if (!thread.stop_reason.empty() && thread.stop_reason != "end_of_stack") {
    page.line(fmt::format("     the walk ended here: {}", stop_in_words(thread.stop_reason)),
              Style::Faint);
  }
}

/// `the loader lock`, `critical section 0x00007ff8100141a0`
std::string lock_in_words(const Lock& lock) {
  if (lock.name == "loader_lock") return fmt::format("the loader lock {:#018x}", lock.address);
  return fmt::format("{} {:#018x}",
                     lock.kind == "critical_section" ? "critical section" : lock.kind,
                     lock.address);
}

/// `Cycle: thread 12 waits for a lock of 34, which waits for one of 12`
void add_deadlock(TextPage& page, const Deadlock& deadlock) {
  if (deadlock.threads.empty()) return;
  auto text = fmt::format("thread {} waits for a lock of ", deadlock.threads.front());
  for (std::size_t i = 1; i < deadlock.threads.size(); ++i)
    text += fmt::format("{}, which waits for one of ", deadlock.threads[i]);
  page.field("Cycle", fmt::format("{}{}", text, deadlock.threads.front()));
}

void add_locks(TextPage& page, const Report& report) {
  constexpr std::size_t kMaxWaitersShown = 8;
  if (report.locks.empty() && report.deadlocks.empty()) return;
  page.blank();
  page.line("Locks that threads wait for", Style::Title);
  for (const auto& deadlock : report.deadlocks) add_deadlock(page, deadlock);
  for (const auto& lock : report.locks) {
    std::string waiters;
    for (std::size_t i = 0; i < std::min(lock.waiters.size(), kMaxWaitersShown); ++i)
      waiters += fmt::format("{}{}", i == 0 ? "" : ", ", lock.waiters[i]);
    if (lock.waiters.size() > kMaxWaitersShown)
      waiters += fmt::format(" and {} more", lock.waiters.size() - kMaxWaitersShown);
    page.field("Lock", fmt::format("{}, held by thread {}, waited for by {}", lock_in_words(lock),
                                   lock.owner, waiters));
  }
}

void add_registers(TextPage& page, const Thread& thread, std::string_view cpu) {
  constexpr std::size_t kPerLine = 4;
  const int digits = cpu == "x86" || cpu == "arm" ? 8 : 16;
  std::string row;
  for (std::size_t i = 0; i < thread.registers.size(); ++i) {
    const auto& [name, value] = thread.registers[i];
    row += fmt::format("{:>7} {:0{}x}", terminal_safe(name), value, digits);
    if (i % kPerLine != kPerLine - 1 && i + 1 != thread.registers.size()) continue;
    page.line(row);
    row.clear();
  }
}

}  // namespace

void add_instruction(TextPage& page, const Crash& crash) {
  if (crash.address != 0) page.field("At", fmt::format("{:#018x}", crash.address));
  if (crash.instruction.empty()) return;
  page.field("Instruction", fmt::format("{}  ({})", crash.instruction, crash.instruction_bytes));
}

void add_crashed_registers(TextPage& page, const Report& report) {
  if (!report.crash) return;
  const auto id = report.crash->thread_id;
  // Of a machine the first is the one that stopped it, and may have no number.
  const auto thread = report.kernel ? report.threads.begin()
                                    : std::ranges::find(report.threads, id, &Thread::thread_id);
  if (thread == report.threads.end() || thread->registers.empty()) return;
  page.blank();
  add_registers(page, *thread, report.system.cpu);
}

namespace {

void add_other_threads(TextPage& page, const Report& report, const TextOptions& options) {
  const bool has_blamed = report.blamed_thread && *report.blamed_thread < report.threads.size();
  const auto others = report.threads.size() - (has_blamed ? 1 : 0);
  if (others == 0) return;
  if (!options.all_threads && has_blamed) {
    page.blank();
    page.line(fmt::format("and {} more thread{}", others, others == 1 ? "" : "s"), Style::Faint);
    return;
  }
  for (std::size_t i = 0; i < report.threads.size(); ++i) {
    if (report.blamed_thread == i) continue;
    if (has_blamed || i != 0) page.blank();
    add_thread(page, report, i);
  }
}

}  // namespace

void add_threads(TextPage& page, const Report& report, const TextOptions& options) {
  page.section("THREADS AND STACKS",
               "What each thread was doing, innermost call first, and at the right how each frame "
               "was found.");
  if (report.threads.empty()) return page.line("The dump names no threads.");
  const bool has_blamed = report.blamed_thread && *report.blamed_thread < report.threads.size();
  if (has_blamed) add_thread(page, report, *report.blamed_thread);
  add_locks(page, report);
  add_other_threads(page, report, options);
  if (report.kernel) add_kernel_environment(page, *report.kernel);
}

void add_exception(TextPage& page, const Report& report) {
  page.section("EXCEPTION", "What the processor or the program itself reported, decoded.");
  if (!report.crash) return page.line("There is none that can be read in this dump.");
  const auto& crash = *report.crash;
  if (report.kernel) return add_bugcheck(page, report);
  page.field("Code", fmt::format("{:#010x} {}", crash.code, crash.name));
  if (crash.exit_code) page.field("Exit code", fmt::format("{:#010x}", *crash.exit_code));
  page.field("Meaning", crash.meaning);
  add_instruction(page, crash);
  if (crash.accessed_address) {
    page.field("Accessed", fmt::format("{:#018x} {}", *crash.accessed_address, crash.access));
  }
  for (const auto& sentence : crash.decoded) page.field("Decoded", sentence);
  for (std::size_t i = 0; i < crash.parameters.size(); ++i) {
    page.field(fmt::format("Parameter {}", i), fmt::format("{:#018x}", crash.parameters[i]));
  }
  add_crashed_registers(page, report);
}

}  // namespace vigil::report
