// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/utf.h"
#include "base/words.h"
#include "report/report.h"
#include "report/text_kernel.h"
#include "report/text_page.h"
#include "report/text_sections.h"
#include "report/time_stamp.h"

namespace vigil::report {
namespace {

std::string local_or_utc(Timestamp time, const TextOptions& options) {
  return options.utc ? format_utc(time) : format_local(time);
}

/// `7 days 03:04:05`, as people tell an uptime.
std::string days_and_time(Microseconds duration) {
  using namespace std::chrono;
  const auto whole = duration_cast<seconds>(duration);
  const auto days = duration_cast<std::chrono::days>(whole);
  const hh_mm_ss time(whole - days);
  return fmt::format(
      "{}{:02}:{:02}:{:02}",
      days.count() == 0 ? "" : counted(static_cast<std::uint64_t>(days.count()), "day") + " ",
      time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    text += text.empty() ? part : ", " + part;
  }
  return text;
}

/// `Server, datacenter`
std::string role_in_words(const System& system) {
  std::string text;
  if (system.os_role == "workstation") text = "Workstation";
  if (system.os_role == "server") text = "Server";
  if (system.os_role == "domain_controller") text = "Domain controller";
  for (auto suite : system.os_suites) {
    // Every Windows of today has Remote Desktop.
    if (suite == "terminal_server" || suite == "single_user_terminal_server") continue;
    std::ranges::replace(suite, '_', ' ');
    text += text.empty() ? suite : ", " + suite;
  }
  return text;
}

std::string fault_in_words(const Bugcheck& bugcheck) {
  const auto& source = bugcheck.fault_source;
  if (source == "context_record")
    return fmt::format("from the CONTEXT at {:#x}, which a parameter names", bugcheck.fault_frame);
  if (source == "trap_frame")
    return fmt::format(
        "from the trap frame at {:#x}, which a parameter names; registers that it "
        "does not keep are left out",
        bugcheck.fault_frame);
  if (source == "found_frame")
    return fmt::format(
        "from the trap frame at {:#x}, found on the stack by its instruction; "
        "registers that it does not keep are left out",
        bugcheck.fault_frame);
  return "of the bugcheck itself, from the dump's header";
}

/// How often each image runs, the most frequent first.
std::string instance_counts(const std::vector<KernelProcess>& processes, std::size_t most) {
  std::map<std::string, std::size_t> counts;
  for (const auto& process : processes)
    if (!process.image.empty()) ++counts[process.image];
  std::vector<std::pair<std::string, std::size_t>> order(counts.begin(), counts.end());
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(order.size(), most); ++i)
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", order[i].second, order[i].first);
  return order.size() > most ? text + ", …" : text;
}

}  // namespace

std::string name_cell(std::string_view name, std::size_t width, const TextOptions& options) {
  auto safe = terminal_safe(name.empty() ? "?" : name);
  return options.cut_names ? clip(safe, width) : safe;
}

void add_range(TextPage& page,
               std::uint64_t base,
               std::uint64_t size,
               std::string_view name,
               const TextOptions& options) {
  constexpr std::size_t kRangeColumns = 2 + 2 * (kDigits + 2);
  page.row(fmt::format("{:#018x}  {:#018x}  {}", base, base + size,
                       name_cell(name, kPageColumns - kRangeColumns, options)));
}

void add_kernel_basics(TextPage& page, const Report& report, const TextOptions& options) {
  const auto& kernel = *report.kernel;
  page.field("Captured", format_bytes(report.memory.captured_bytes) + " of its memory");
  page.field(
      "Dump type",
      joined({kernel.dump_type, kernel.writer.empty() ? "" : "by the " + kernel.writer + " writer",
              joined(kernel.attributes), kernel.live ? "the machine went on" : ""}));
  if (kernel.uptime) page.field("Uptime", days_and_time(*kernel.uptime));
  if (kernel.boot_time) page.field("Started", local_or_utc(*kernel.boot_time, options));
  page.field("Role", role_in_words(report.system));
  page.field("Build", joined({report.system.os_build, kernel.checked_build ? "checked" : ""}));
  if (kernel.low_memory) page.field("Memory", low_memory_in_words(kernel), Style::Alarm);
  page.field("Addresses", kernel.translation);
  page.field("Offsets", kernel.offsets);
}

void add_kernel_processors(TextPage& page, const Kernel& kernel) {
  for (const auto& processor : kernel.processors) {
    std::string what = processor.idle ? "idle" : processor.image;
    if (processor.pid && !processor.idle)
      what += fmt::format(" ({}.{})", *processor.pid, text_of(processor.thread_id));
    if (what.empty()) what = "nothing that this dump tells of";
    std::vector<std::string> parts = {what};
    if (processor.current_thread)
      parts.push_back(fmt::format("thread {:#x}", *processor.current_thread));
    if (processor.irql) parts.push_back(fmt::format("IRQL {}", *processor.irql));
    if (processor.mhz) parts.push_back(fmt::format("{} MHz", *processor.mhz));
    if (processor.stopped_machine)
      parts.emplace_back(kernel.live ? "wrote the dump" : "stopped the machine");
    const bool alarm = processor.stopped_machine && !kernel.live;
    page.field(fmt::format("Processor {}", processor.number), joined(parts),
               alarm ? Style::Alarm : Style::Plain);
  }
}

void add_kernel_processes(TextPage& page,
                          const Kernel& kernel,
                          const TextOptions& options,
                          std::size_t most) {
  if (kernel.processes.empty()) {
    return page.line(kernel.processes_are_complete ? "The dump names no processes."
                                                   : "No process could be read in this dump.");
  }
  page.row(fmt::format("{:>7} {:>7} {:<16} {:>7} {:>7}  {:<26} {}", "Pid", "Parent", "Image",
                       "Threads", "Session", "Created", "EPROCESS"),
           Style::Faint);
  const auto shown = std::min(kernel.processes.size(), most);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& process = kernel.processes[i];
    page.row(fmt::format("{:>7} {:>7} {:<16} {:>7} {:>7}  {:<26} {:#018x}", text_of(process.pid),
                         text_of(process.parent), name_cell(process.image, 16, options),
                         text_of(process.threads), text_of(process.session),
                         process.create_time ? local_or_utc(*process.create_time, options) : "-",
                         process.address));
  }
  if (shown < kernel.processes.size())
    page.line(fmt::format("and {} more", kernel.processes.size() - shown), Style::Faint);
  page.field("Instances", instance_counts(kernel.processes, 12));
  if (!kernel.processes_are_complete)
    page.line("The list of processes is not whole in this dump.", Style::Faint);
}

namespace {

void add_kernel_threads(TextPage& page, const Kernel& kernel, const TextOptions& options) {
  if (kernel.threads.empty()) return page.line("No thread could be read in this dump.");
  page.row(fmt::format("{:>11} {:<15} {:<11} {:<17} {:>4} {:>9} {:>3}  {}", "Pid.Tid", "Image",
                       "State", "Waits for", "Prio", "Switches", "CPU", "ETHREAD"),
           Style::Faint);
  for (const auto& thread : kernel.threads) {
    page.row(
        fmt::format("{:>11} {:<15} {:<11} {:<17} {:>4} {:>9} {:>3}  {:#018x}",
                    fmt::format("{}.{}", text_of(thread.pid), text_of(thread.thread_id)),
                    name_cell(thread.image, 15, options), thread.state.empty() ? "-" : thread.state,
                    thread.wait_reason.empty() ? "-" : thread.wait_reason, text_of(thread.priority),
                    text_of(thread.context_switches), text_of(thread.processor), thread.address));
  }
}

constexpr const char* kHash = "hash";
constexpr const char* kNoDate = "-";

/// `2021-02-21`, or what stands in place of a date.
std::string date_of(const Module& module, const Report& report) {
  constexpr std::size_t kDateChars = 10;
  const auto stamp = link_stamp_of(module, report);
  if (stamp.time) return format_utc(*stamp.time).substr(0, kDateChars);
  return stamp.is_hash ? kHash : kNoDate;
}

/// What the signs in the table of drivers mean, where there are any.
void add_module_signs(TextPage& page, const Report& report, bool hashes, bool without_dates) {
  if (std::ranges::any_of(report.modules, &Module::third_party))
    page.line(kNotOfWindows, Style::Faint);
  if (hashes)
    page.line(
        fmt::format("{}: the stamp is no time: of a reproducible build, or out of range", kHash),
        Style::Faint);
  if (without_dates)
    page.line(
        fmt::format("{} for a date: since build 15063 Windows' own have hashes, which may look "
                    "like times",
                    kNoDate),
        Style::Faint);
}

/// As `lm` has them: by address.
std::vector<const Module*> by_address(const std::vector<Module>& modules) {
  std::vector<const Module*> order;
  order.reserve(modules.size());
  for (const auto& module : modules) order.push_back(&module);
  std::ranges::sort(order, {}, [](const Module* one) { return std::pair(one->base, one); });
  return order;
}

void add_kernel_modules(TextPage& page, const Report& report, const TextOptions& options) {
  constexpr std::size_t kNameColumns = 16, kVersionColumns = 14, kStampDigits = 8;
  if (report.modules.empty()) return page.line("No driver could be read in this dump.");
  page.row(
      fmt::format("{:<{}} {:<{}} {:<{}} {:<8} {:<10} {:<{}} {}", "Start", kDigits, "End", kDigits,
                  "Name", kNameColumns, "Stamp", "Date", "Version", kVersionColumns, "Symbols"),
      Style::Faint);
  bool hashes = false, without_dates = false;
  for (const auto* module : by_address(report.modules)) {
    const auto date = date_of(*module, report);
    hashes = hashes || date == kHash;
    without_dates = without_dates || (date == kNoDate && !module->code_id.empty());
    page.row(fmt::format(
        "{:#018x} {:#018x} {:<{}} {:<8} {:<10} {:<{}} {}{}", module->base,
        module->base + module->size,
        name_cell(windows_file_name(module->path), kNameColumns, options), kNameColumns,
        module->code_id.substr(0, kStampDigits), date,
        name_cell(module->version.empty() ? "-" : module->version, kVersionColumns, options),
        kVersionColumns, module->symbols.empty() ? "-" : module->symbols,
        module->third_party ? " *" : ""));
  }
  add_module_signs(page, report, hashes, without_dates);
  if (report.unloaded_modules.empty()) return;
  page.blank();
  page.line(fmt::format("Unloaded before the dump: {}", report.unloaded_modules.size()),
            Style::Title);
  for (const auto& module : report.unloaded_modules)
    add_range(page, module.base, module.size, module.name, options);
}

}  // namespace

void add_kernel_blame(TextPage& page, const Report& report) {
  const auto& blame = report.kernel->blame;
  const auto& who = blame.module.empty() ? blame.process : blame.module;
  if (who.empty() && report.blame_reason.empty()) return;
  page.field(blame.probable ? "Probably" : "Blamed",
             fmt::format("{}: {}", who.empty() ? "nobody" : who, report.blame_reason));
}

void add_bugcheck(TextPage& page, const Report& report) {
  const auto& kernel = *report.kernel;
  const auto& bugcheck = kernel.bugcheck;
  page.field("Bugcheck", fmt::format("{:#010x} {}", bugcheck.code, bugcheck.name));
  page.field("Meaning", bugcheck.meaning);
  for (std::size_t i = 0; i < bugcheck.parameters.size(); ++i) {
    const auto& parameter = bugcheck.parameters[i];
    page.field(fmt::format("Parameter {}", i + 1),
               fmt::format("{:#018x}{}{}", parameter.value, parameter.meaning.empty() ? "" : "  ",
                           parameter.meaning));
  }
  add_kernel_blame(page, report);
  if (const auto& request = kernel.request) {
    page.field("Request", fmt::format("{:#x}, function {}.{}, at device {:#x} of {}",
                                      request->address, text_of(request->major_function),
                                      text_of(request->minor_function), request->device,
                                      request->driver.empty() ? "a driver that is not known"
                                                              : request->driver));
  }
  if (report.crash) {
    for (const auto& sentence : report.crash->decoded) page.field("Decoded", sentence);
    add_instruction(page, *report.crash);
  }
  if (report.threads.empty() || report.threads.front().registers.empty()) return;
  page.field("Registers", fault_in_words(bugcheck));
  add_crashed_registers(page, report);
}

std::string kernel_part_to_text(const Report& report, KernelPart part, const TextOptions& options) {
  TextPage page(options.color);
  if (!report.kernel) return {};
  const auto& kernel = *report.kernel;
  switch (part) {
    case KernelPart::Bugcheck: add_bugcheck(page, report); break;
    case KernelPart::Vm: add_kernel_state(page, kernel, true); break;
    case KernelPart::Processors:
      if (kernel.processors.empty()) page.line("No processor could be read in this dump.");
      add_kernel_processors(page, kernel);
      break;
    case KernelPart::Modules: add_kernel_modules(page, report, options); break;
    case KernelPart::Processes:
      add_kernel_processes(page, kernel, options, kernel.processes.size());
      break;
    case KernelPart::Threads: add_kernel_threads(page, kernel, options); break;
    case KernelPart::Peb:
      if (kernel.peb) add_peb(page, *kernel.peb, options);
      if (!kernel.peb) page.line("The dump has no process environment block.");
      break;
    case KernelPart::Teb:
      if (kernel.teb) add_teb(page, *kernel.teb);
      if (!kernel.teb) page.line("The dump has no thread environment block.");
      break;
  }
  return std::move(page).take();
}

}  // namespace vigil::report
