// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "base/words.h"
#include "report/report.h"
#include "report/text_page.h"

namespace vigil::report {
namespace {

/// More of them belong to whoever reads the JSON.
constexpr std::size_t kMaxLossesShown = 10;

std::string local_or_utc(Timestamp time, const TextOptions& options) {
  return options.utc ? format_utc(time) : format_local(time);
}

/// `a, b, c` without the empty ones.
std::string joined(std::initializer_list<std::string> parts) {
  std::string result;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (!result.empty()) result += ", ";
    result += part;
  }
  return result;
}

/// `orders` of `orders.dll`: how a debugger writes a module before a function.
std::string_view without_extension(std::string_view module) {
  const auto dot = module.find_last_of('.');
  return dot == std::string_view::npos || dot == 0 ? module : module.substr(0, dot);
}

/// `Windows Server 2022 (10.0.20348)`, or what of it is known.
std::string system_of(const System& system) {
  const auto& name = system.os_product.empty() ? system.os : system.os_product;
  if (system.os_version.empty() || name.empty()) return name + system.os_version;
  return system.os_product.empty() ? name + " " + system.os_version
                                   : fmt::format("{} ({})", name, system.os_version);
}

/// `total >= 0 in checkout (cart.cpp:42)`
std::string text_of(const Assertion& assertion) {
  auto text = assertion.expression.empty() ? assertion.kind : assertion.expression;
  if (!assertion.function.empty()) text += " in " + assertion.function;
  if (!assertion.file.empty())
    text += fmt::format(" ({}:{})", windows_file_name(assertion.file), assertion.line);
  return text;
}

/// What a program said of itself; more belongs to whoever reads the JSON.
void add_crashpad(TextPage& page, const Crashpad& crashpad) {
  constexpr std::size_t kMaxShown = 16;
  page.field("Crashpad", crashpad.report_id);
  const auto& annotations = crashpad.annotations;
  const auto shown = std::min(annotations.size(), kMaxShown);
  for (std::size_t i = 0; i < shown; ++i)
    page.field(i == 0 ? "Annotations" : "", annotations[i].name + " = " + annotations[i].value);
  if (shown < annotations.size())
    page.line(fmt::format("and {} more, in the JSON report", annotations.size() - shown));
}

void add_synopsis(TextPage& page, const Report& report, const TextOptions& options) {
  page.section("SYNOPSIS AND BASIC INFO", "What happened, to which program, and when.");
  page.line(report.synopsis.empty() ? "Nothing is known of what happened." : report.synopsis,
            Style::Alarm, 0);
  page.blank();
  const auto& process = report.process;
  page.field("Signature", report.signature.text);
  page.field("Process",
             joined({process.name, process.pid == 0 ? "" : fmt::format("pid {}", process.pid),
                     process.uptime ? "up " + format_duration(*process.uptime) : "",
                     process.integrity.empty() ? "" : process.integrity + " integrity"}));
  if (process.create_time) page.field("Started", local_or_utc(*process.create_time, options));
  if (report.dump_time != Timestamp{})
    page.field("Dump taken", local_or_utc(report.dump_time, options));
  page.field("Dump", joined({report.dump_format,
                             report.dump_bytes == 0 ? "" : format_bytes(report.dump_bytes)}));
  page.field("Comment", report.comment);
  if (report.assertion) page.field("Assertion", text_of(*report.assertion));
  if (report.crashpad) add_crashpad(page, *report.crashpad);
  page.field("System", system_of(report.system));
  page.field("Time zone", report.system.time_zone);
  page.field("Analyzer", report.analyzer);
  if (report.diagnostics.empty()) return;
  page.field("Status", fmt::format("{}, with {} note{}:", report.status, report.diagnostics.size(),
                                   report.diagnostics.size() == 1 ? "" : "s"));
  const auto shown = std::min(report.diagnostics.size(), kMaxLossesShown);
  for (std::size_t i = 0; i < shown; ++i) page.line("- " + report.diagnostics[i]);
  if (shown < report.diagnostics.size()) {
    page.line(fmt::format("- and {} more, in the JSON report", report.diagnostics.size() - shown));
  }
}

void add_processors(TextPage& page, const Report& report) {
  page.section("PROCESSORS", "What the program ran on.");
  const auto& system = report.system;
  page.field("Architecture", system.cpu.empty() ? "unknown" : system.cpu);
  page.field("Processors", system.cpu_count == 0 ? "" : fmt::format("{}", system.cpu_count));
  page.field("Model", system.cpu_info);
  page.field("Name", system.cpu_model_name);
  page.field("Microcode", system.cpu_microcode);
  page.field("Speed", system.cpu_mhz == 0 ? "" : fmt::format("up to {} MHz", system.cpu_mhz));
}

using Figure = std::optional<std::uint64_t>;

/// `12.0 MiB`, with the highest value where it is known; empty for nothing.
std::string with_peak(const Figure& value, const Figure& peak) {
  if (!value) return {};
  const auto text = format_bytes(*value);
  return peak ? fmt::format("{}, at most {}", text, format_bytes(*peak)) : text;
}

void add_memory_map(TextPage& page, const MemorySummary& memory) {
  if (memory.regions == 0) {
    page.line("The dump has no map of the memory.");
    return;
  }
  page.field("Committed", format_bytes(memory.committed_bytes));
  page.field("Reserved", format_bytes(memory.reserved_bytes));
  page.field("Private", format_bytes(memory.private_bytes));
  page.field("Images", format_bytes(memory.image_bytes));
  page.field("Mapped files", format_bytes(memory.mapped_bytes));
  page.field("Regions", fmt::format("{}", memory.regions));
}

/// `16.0 GiB of memory, 2.0 GiB available; commit 15.0 GiB of 18.0 GiB, at most 17.0 GiB`
std::string machine_of(const MemorySummary& memory) {
  std::string text;
  if (memory.physical_total) text = format_bytes(*memory.physical_total) + " of memory";
  if (memory.physical_available) {
    text += fmt::format("{}{}{} available", text.empty() ? "" : ", ",
                        format_bytes(*memory.physical_available), text.empty() ? " of memory" : "");
  }
  if (!memory.system_commit) return text;
  text += fmt::format("{}commit {}", text.empty() ? "" : "; ", format_bytes(*memory.system_commit));
  if (memory.system_commit_limit)
    text += fmt::format(" of {}", format_bytes(*memory.system_commit_limit));
  if (memory.system_peak_commit)
    text += fmt::format(", at most {}", format_bytes(*memory.system_peak_commit));
  return text;
}

void add_counters(TextPage& page, const ProcessMemory& process, const MemorySummary& system) {
  page.field("Working set", with_peak(process.working_set, process.peak_working_set));
  if (process.private_usage) page.field("Private use", format_bytes(*process.private_usage));
  page.field("Page file", with_peak(process.pagefile, process.peak_pagefile));
  page.field("Machine", machine_of(system));
}

/// `302: 120 Event, 80 File, …`
std::string text_of(const HandleSummary& handles) {
  constexpr std::size_t kMaxShown = 6;
  auto text = fmt::format("{}", handles.count);
  const auto shown = std::min(handles.types.size(), kMaxShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& type = handles.types[i];
    text += fmt::format("{} {} {}", i == 0 ? ":" : ",", type.count,
                        type.type.empty() ? "of no known type" : type.type);
  }
  return shown < handles.types.size() ? text + ", and others" : text;
}

void add_handles(TextPage& page, const Report& report) {
  constexpr std::size_t kMaxShown = 10;
  if (report.handle_summary) page.field("Handles", text_of(*report.handle_summary));
  const auto shown = std::min(report.handles.size(), kMaxShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& object = report.handles[i];
    const auto name = object.name.empty()
                          ? fmt::format("handle {:#x}", object.handle)
                          : fmt::format("{} (handle {:#x})", object.name, object.handle);
    const auto owner = object.abandoned
                           ? std::string("abandoned: its owner ended without releasing it")
                           : fmt::format("held by thread {} of process {}", object.owner_thread,
                                         object.owner_process);
    page.field(i == 0 ? "Mutexes" : "", name + ", " + owner);
  }
  if (shown < report.handles.size())
    page.line(fmt::format("and {} more, in the JSON report", report.handles.size() - shown));
}

void add_system_state(TextPage& page, const Report& report) {
  page.section("SYSTEM STATE",
               "How much memory the process used, and how much of it this dump holds.");
  page.field("Captured", format_bytes(report.memory.captured_bytes));
  add_memory_map(page, report.memory);
  add_counters(page, report.process.memory, report.memory);
  add_handles(page, report);
}

/// The modules to show, by address.
std::vector<const Module*> modules_to_show(const Report& report, const TextOptions& options) {
  std::set<std::string_view> wanted;
  if (!options.all_threads && report.blamed_thread &&
      *report.blamed_thread < report.threads.size()) {
    for (const auto& frame : report.threads[*report.blamed_thread].frames)
      wanted.insert(frame.module);
  }
  std::vector<const Module*> result;
  for (const auto& module : report.modules) {
    const bool program = result.empty() && &module == report.modules.data();
    if (wanted.empty() || program || wanted.contains(windows_file_name(module.path))) {
      result.push_back(&module);
    }
  }
  std::sort(result.begin(), result.end(), [](const Module* a, const Module* b) {
    return std::pair(a->base, a) < std::pair(b->base, b);  // all of one vector: a defined order
  });
  return result;
}

void add_modules(TextPage& page, const Report& report, const TextOptions& options) {
  constexpr std::size_t kNameColumns = 28, kVersionColumns = 18;
  page.section("MODULES AND PROCESSES",
               "The code that was loaded, and where the names of its functions come from.");
  if (report.modules.empty()) return page.line("The dump names no modules.");
  page.line(fmt::format("{:<18}  {:<18}  {:<{}}  {:<{}}  {}", "Start", "End", "Name", kNameColumns,
                        "Version", kVersionColumns, "Symbols"),
            Style::Faint);
  const auto modules = modules_to_show(report, options);
  for (const auto* module : modules) {
    const auto name = terminal_safe(windows_file_name(module->path));
    const auto version = module->version.empty() ? "-" : terminal_safe(module->version);
    page.line(fmt::format(
        "{:#018x}  {:#018x}  {:<{}}  {:<{}}  {}", module->base, module->base + module->size,
        clip(name.empty() ? "?" : name, kNameColumns), kNameColumns, clip(version, kVersionColumns),
        kVersionColumns, module->symbols.empty() ? "-" : module->symbols));
  }
  if (modules.size() < report.modules.size()) {
    page.line(fmt::format("and {} more that are not on this stack",
                          report.modules.size() - modules.size()),
              Style::Faint);
  }
  if (report.unloaded_modules.empty()) return;
  page.blank();
  page.line(fmt::format("Unloaded before the dump: {}", report.unloaded_modules.size()));
  if (!options.all_threads) return;
  for (const auto& module : report.unloaded_modules) {
    page.line(
        fmt::format("{:#018x}  {:#018x}  {}", module.base, module.base + module.size, module.name));
  }
}

/// `  3  orders!Cart::total+0x1a  cart.cpp:42         unwind_info`, wrapped where it is too long.
void add_frame(TextPage& page, const Frame& frame, std::size_t index, bool blamed) {
  constexpr std::size_t kNumberColumns = 4, kGap = 3, kTrustColumns = 13, kIndent = 2;
  constexpr std::size_t kTextColumns =
      kPageColumns - kIndent - kNumberColumns - kGap - 1 - kTrustColumns;
  const auto source =
      frame.file.empty() ? "" : fmt::format("  {}:{}", windows_file_name(frame.file), frame.line);
  const auto text = terminal_safe(place_of(frame) + source);
  const auto mark = blamed ? " > " : "   ";
  const auto style = blamed ? Style::Alarm : Style::Plain;
  const auto head = fmt::format("{:>{}}{}{}", index, kNumberColumns, mark, text);
  if (columns(text) > kTextColumns) {
    page.line(head, style, kNumberColumns + kGap);
    return;
  }
  const auto gap = kTextColumns - columns(text) + 1;
  page.line(fmt::format("{}{:{}}{}", head, "", gap, frame.trust), style);
}

void add_thread(TextPage& page, const Report& report, std::size_t index) {
  const auto& thread = report.threads[index];
  const bool blamed = report.blamed_thread == index;
  auto title = fmt::format("Thread {}, id {}", index, thread.thread_id);
  if (!thread.name.empty()) title += fmt::format(" \"{}\"", thread.name);
  if (blamed) title += report.crash ? ", which crashed" : ", the one to blame";
  page.line(title, Style::Title);
  if (blamed && !report.blame_reason.empty()) page.field("Why", report.blame_reason);
  for (std::size_t i = 0; i < thread.frames.size(); ++i) {
    add_frame(page, thread.frames[i], i, blamed && report.blamed_frame == i);
  }
  if (thread.frames.empty()) page.line("     no frames");
  if (!thread.stop_reason.empty() && thread.stop_reason != "end_of_stack") {
    page.line(fmt::format("     the walk ended here: {}", thread.stop_reason), Style::Faint);
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

void add_threads(TextPage& page, const Report& report, const TextOptions& options) {
  page.section("THREADS AND STACKS",
               "What each thread was doing, innermost call first, and at the right how each frame "
               "was found.");
  if (report.threads.empty()) return page.line("The dump names no threads.");
  const bool has_blamed = report.blamed_thread && *report.blamed_thread < report.threads.size();
  if (has_blamed) add_thread(page, report, *report.blamed_thread);
  add_locks(page, report);
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

void add_exception(TextPage& page, const Report& report) {
  page.section("EXCEPTION", "What the processor or the program itself reported, decoded.");
  if (!report.crash)
    return page.line("The dump holds no exception: nothing had crashed when it was taken.");
  const auto& crash = *report.crash;
  page.field("Code", fmt::format("{:#010x} {}", crash.code, crash.name));
  if (crash.exit_code) page.field("Exit code", fmt::format("{:#010x}", *crash.exit_code));
  page.field("Meaning", crash.meaning);
  if (crash.address != 0) page.field("At", fmt::format("{:#018x}", crash.address));
  if (!crash.instruction.empty()) {
    page.field("Instruction", fmt::format("{}  ({})", crash.instruction, crash.instruction_bytes));
  }
  if (crash.accessed_address) {
    page.field("Accessed", fmt::format("{:#018x} {}", *crash.accessed_address, crash.access));
  }
  for (const auto& sentence : crash.decoded) page.field("Decoded", sentence);
  for (std::size_t i = 0; i < crash.parameters.size(); ++i) {
    page.field(fmt::format("Parameter {}", i), fmt::format("{:#018x}", crash.parameters[i]));
  }
  const auto thread = std::find_if(report.threads.begin(), report.threads.end(),
                                   [&](const Thread& t) { return t.thread_id == crash.thread_id; });
  if (thread == report.threads.end() || thread->registers.empty()) return;
  page.blank();
  add_registers(page, *thread, report.system.cpu);
}

}  // namespace

std::string place_of(const Frame& frame) {
  if (frame.module.empty() && frame.function.empty())
    return fmt::format("{:#018x}", frame.instruction);
  if (frame.function.empty()) return fmt::format("{}+{:#x}", frame.module, frame.module_offset);
  const auto module =
      frame.module.empty() ? "" : fmt::format("{}!", without_extension(frame.module));
  const auto offset =
      frame.function_offset == 0 ? "" : fmt::format("+{:#x}", frame.function_offset);
  return fmt::format("{}{}{}", module, frame.function, offset);
}

std::string to_text(const Report& report, const TextOptions& options) {
  TextPage page(options.color);
  add_synopsis(page, report, options);
  add_processors(page, report);
  add_system_state(page, report);
  add_modules(page, report, options);
  add_threads(page, report, options);
  add_exception(page, report);
  return std::move(page).take();
}

}  // namespace vigil::report
