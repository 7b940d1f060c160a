// SPDX-License-Identifier: Apache-2.0
#include "report/text_sections.h"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/words.h"
#include "report/text_page.h"

namespace vigil::report {
namespace {

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

}  // namespace

void add_system_state(TextPage& page, const Report& report) {
  if (report.kernel) {
    page.section("SYSTEM STATE", "How much memory the machine had, and where each figure is from.");
    add_kernel_state(page, *report.kernel, false);
    return;
  }
  page.section("SYSTEM STATE",
               "How much memory the process used, and how much of it this dump holds.");
  page.field("Captured", format_bytes(report.memory.captured_bytes));
  add_memory_map(page, report.memory);
  add_counters(page, report.process.memory, report.memory);
  add_handles(page, report);
  if (report.circumstances) add_circumstances(page, *report.circumstances);
}

}  // namespace vigil::report
