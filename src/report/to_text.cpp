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
#include "report/text_kernel.h"
#include "report/text_page.h"
#include "report/text_sections.h"

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

/// `Windows Server 2022 (10.0.20348)`, or what of it is known.
std::string system_of(const System& system) {
  const auto& name = system.os_product.empty() ? system.os : system.os_product;
  if (system.os_version.empty() || name.empty()) return name + system.os_version;
  if (system.os_version.starts_with(name + " ")) return system.os_version;  // it says so itself
  return system.os_product.empty() ? name + " " + system.os_version
                                   : fmt::format("{} ({})", name, system.os_version);
}

/// Most dumps say when a process began in whole seconds.
std::string up_text(Microseconds uptime) {
  if (uptime < std::chrono::seconds(1)) return "up less than a second";
  return "up " + format_duration(uptime);
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
  page.section("SYNOPSIS AND BASIC INFO", report.kernel
                                              ? "What happened, to which machine, and when."
                                              : "What happened, to which program, and when.");
  page.line(report.synopsis.empty() ? "Nothing is known of what happened." : report.synopsis,
            Style::Alarm, 0);
  page.blank();
  const auto& process = report.process;
  page.field("Signature", report.signature.text);
  page.field("Process",
             joined({process.name, process.pid == 0 ? "" : fmt::format("pid {}", process.pid),
                     process.uptime ? up_text(*process.uptime) : "",
                     process.integrity.empty() ? "" : process.integrity + " integrity"}));
  if (process.create_time && !report.kernel)
    page.field("Started", local_or_utc(*process.create_time, options));
  if (report.dump_time != Timestamp{})
    page.field("Dump taken", local_or_utc(report.dump_time, options));
  page.field("Dump", joined({report.dump_format,
                             report.dump_bytes == 0 ? "" : format_bytes(report.dump_bytes)}));
  if (report.samples) page.field("Samples", in_words(*report.samples));
  if (report.kernel) add_kernel_basics(page, report, options);
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
  page.section("PROCESSORS", report.kernel ? "What the machine had, and what each was running."
                                           : "What the program ran on.");
  const auto& system = report.system;
  page.field("Architecture",
             joined({system.cpu.empty() ? "unknown" : system.cpu,
                     report.process.wow64 ? "and the program is 32-bit (WOW64)" : ""}));
  page.field("Processors", system.cpu_count == 0 ? "" : fmt::format("{}", system.cpu_count));
  page.field("Model", system.cpu_info);
  page.field("Name", system.cpu_model_name);
  page.field("Microcode", system.cpu_microcode);
  page.field("Speed", system.cpu_mhz == 0 ? "" : fmt::format("up to {} MHz", system.cpu_mhz));
  if (report.kernel) add_kernel_processors(page, *report.kernel);
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
    // Of a machine the drivers that others brought along are what one looks for.
    if (wanted.empty() || program || module.third_party ||
        wanted.contains(windows_file_name(module.path))) {
      result.push_back(&module);
    }
  }
  std::sort(result.begin(), result.end(), [](const Module* a, const Module* b) {
    return std::pair(a->base, a) < std::pair(b->base, b);  // all of one vector: a defined order
  });
  return result;
}

void add_modules(TextPage& page, const Report& report, const TextOptions& options) {
  // Of a machine the last column has more to say.
  const std::size_t name_columns = report.kernel ? 20 : 28,
                    version_columns = report.kernel ? 14 : 18;
  page.section("MODULES AND PROCESSES",
               "The code that was loaded, and where the names of its functions come from.");
  if (report.modules.empty()) return page.line("The dump names no modules.");
  page.line(fmt::format("{:<18}  {:<18}  {:<{}}  {:<{}}  {}", "Start", "End", "Name", name_columns,
                        "Version", version_columns, "Symbols"),
            Style::Faint);
  const auto cell = [&options](const std::string& text, std::size_t width) {
    return options.cut_names ? clip(text, width) : text;
  };
  const auto modules = modules_to_show(report, options);
  for (const auto* module : modules) {
    const auto name = terminal_safe(windows_file_name(module->path));
    const auto version = module->version.empty() ? "-" : terminal_safe(module->version);
    page.line(fmt::format(
        "{:#018x}  {:#018x}  {:<{}}  {:<{}}  {}", module->base, module->base + module->size,
        cell(name.empty() ? "?" : name, name_columns), name_columns, cell(version, version_columns),
        version_columns,
        (module->symbols.empty() ? "-" : module->symbols) + (module->third_party ? " *" : "")));
  }
  if (std::ranges::any_of(modules, &Module::third_party)) page.line(kNotOfWindows, Style::Faint);
  if (modules.size() < report.modules.size()) {
    page.line(
        fmt::format("and {} more{} that are not on this stack",
                    report.modules.size() - modules.size(), report.kernel ? " of Windows" : ""),
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

/// The processes of a machine: all where everything is wanted, or the first.
void add_processes(TextPage& page, const Report& report, const TextOptions& options) {
  constexpr std::size_t kMaxShown = 40;
  page.blank();
  page.line(fmt::format("Processes: {}", report.kernel->processes.size()), Style::Title);
  add_kernel_processes(page, *report.kernel, options,
                       options.all_threads ? report.kernel->processes.size() : kMaxShown);
}

}  // namespace

std::string to_text(const Report& report, const TextOptions& options) {
  TextPage page(options.color);
  add_synopsis(page, report, options);
  add_processors(page, report);
  add_system_state(page, report);
  add_modules(page, report, options);
  if (report.kernel) add_processes(page, report, options);
  add_threads(page, report, options);
  add_exception(page, report);
  return std::move(page).take();
}

}  // namespace vigil::report
