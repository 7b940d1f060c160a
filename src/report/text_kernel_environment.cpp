// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/words.h"
#include "report/text_kernel.h"
#include "report/text_sections.h"

namespace vigil::report {
namespace {

struct Name {
  std::uint32_t code;
  std::string_view name;
};
constexpr Name kErrors[] = {
#define VIGIL_LAST_ERROR(code, name) {code, name},
#define VIGIL_LAST_STATUS(code, name)
#include "report/last_errors.inc"
#undef VIGIL_LAST_STATUS
#undef VIGIL_LAST_ERROR
};
constexpr Name kStatuses[] = {
#define VIGIL_LAST_ERROR(code, name)
#define VIGIL_LAST_STATUS(code, name) {code, name},
#include "report/last_errors.inc"
#undef VIGIL_LAST_STATUS
#undef VIGIL_LAST_ERROR
};

std::string_view error_name(std::uint32_t code) {
  const auto found = std::ranges::find(kErrors, code, &Name::code);
  return found == std::end(kErrors) ? std::string_view() : found->name;
}
std::string_view status_name(std::uint32_t code) {
  const auto found = std::ranges::find(kStatuses, code, &Name::code);
  if (found != std::end(kStatuses)) return found->name;
  const auto* known = find_exception_code(code);
  return known == nullptr ? std::string_view() : known->name;
}

/// `997 IO_PENDING`
std::string with_name(const std::string& number, std::string_view name) {
  return name.empty() ? number : fmt::format("{} {}", number, name);
}

}  // namespace

void add_peb(TextPage& page, const ProcessEnvironment& peb, const TextOptions& options) {
  page.line(fmt::format("Process environment block at {:#x}", peb.address), Style::Title);
  page.field("Image", peb.image_path);
  page.field("Command line", peb.command_line);
  page.field("Folder", peb.current_directory);
  page.field("Window title", peb.window_title);
  page.field("Desktop", peb.desktop);
  page.field("Image base", hex_of(peb.image_base));
  page.field("Debugged", peb.being_debugged ? (*peb.being_debugged ? "yes" : "no") : "-");
  if (peb.global_flags) page.field("Global flags", fmt::format("{:#x}", *peb.global_flags));
  page.field("Session", text_of(peb.session));
  page.field("Parameters", hex_of(peb.parameters));
  page.field("Heap", hex_of(peb.heap));
  for (const auto& module : peb.modules)
    add_range(page, module.base, module.size, module.path, options);
}

void add_teb(TextPage& page, const ThreadEnvironment& teb) {
  page.line(fmt::format("Thread environment block at {:#x}", teb.address), Style::Title);
  page.field("Client id", fmt::format("{}.{}", text_of(teb.pid), text_of(teb.thread_id)));
  page.field("Stack", fmt::format("{} to {}", hex_of(teb.stack_limit), hex_of(teb.stack_base)));
  page.field("Exceptions", hex_of(teb.exception_list));
  page.field("PEB", hex_of(teb.peb));
  if (teb.last_error)
    page.field("Last error",
               with_name(fmt::format("{}", *teb.last_error), error_name(*teb.last_error)));
  if (teb.last_status)
    page.field("Last status",
               with_name(fmt::format("{:#010x}", *teb.last_status), status_name(*teb.last_status)));
  if (teb.owned_critical_sections)
    page.field("Locks", counted(*teb.owned_critical_sections, "critical section") + " owned");
}

void add_kernel_environment(TextPage& page, const Kernel& kernel) {
  if (kernel.peb) {
    page.blank();
    add_peb(page, *kernel.peb, {});
  }
  if (!kernel.teb) return;
  page.blank();
  add_teb(page, *kernel.teb);
}

}  // namespace vigil::report
