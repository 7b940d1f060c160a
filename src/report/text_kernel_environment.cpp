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

std::string in_words(const std::optional<bool>& flag) {
  return flag ? (*flag ? "yes" : "no") : "-";
}

std::string ends_of(const std::optional<ListEnds>& list) {
  return list ? fmt::format("{:#018x} to {:#018x}", list->first, list->last) : "-";
}

/// What a program says of itself may be empty; what is not in the dump is said to be so.
void add_texts(TextPage& page, const ProcessEnvironment& peb) {
  const auto add = [&](std::string_view label, std::string_view key, const std::string& text) {
    const bool lost = std::ranges::find(peb.lost_texts, key) != peb.lost_texts.end();
    page.field(label, lost ? "not in this dump" : text);
  };
  add("Image", "image_path", peb.image_path);
  add("Command line", "command_line", peb.command_line);
  add("Folder", "current_directory", peb.current_directory);
  add("Window title", "window_title", peb.window_title);
  add("Desktop", "desktop", peb.desktop);
  add("DLL path", "dll_path", peb.dll_path);
}

void add_loader(TextPage& page, const ProcessEnvironment& peb, const TextOptions& options) {
  constexpr std::size_t kStampDigits = 8, kRangeColumns = 2 + 2 * (kDigits + 2) + kStampDigits + 2;
  page.field("Loader data", fmt::format("{}, initialized: {}", hex_of(peb.loader_data),
                                        in_words(peb.loader_initialized)));
  page.field("By load", ends_of(peb.load_order));
  page.field("By memory", ends_of(peb.memory_order));
  page.field("By start", ends_of(peb.initialization_order));
  for (const auto& module : peb.modules) {
    page.row(fmt::format("{:#018x}  {:#018x}  {:>{}}  {}", module.base, module.base + module.size,
                         module.stamp ? fmt::format("{:08X}", *module.stamp) : "-", kStampDigits,
                         name_cell(module.path, kPageColumns - kRangeColumns, options)));
  }
}

}  // namespace

void add_peb(TextPage& page, const ProcessEnvironment& peb, const TextOptions& options) {
  page.line(fmt::format("Process environment block at {:#x}", peb.address), Style::Title);
  add_texts(page, peb);
  page.field("Image base", hex_of(peb.image_base));
  page.field("Inherited", in_words(peb.inherited_address_space));
  page.field("Read options", in_words(peb.read_image_options));
  page.field("Debugged", in_words(peb.being_debugged));
  page.field("Global flags", peb.global_flags ? fmt::format("{:#x}", *peb.global_flags) : "-");
  page.field("Session", text_of(peb.session));
  page.field("Processors", text_of(peb.processors));
  page.field("Parameters", hex_of(peb.parameters));
  page.field("Subsystem", hex_of(peb.subsystem_data));
  page.field("Heap", hex_of(peb.heap));
  add_loader(page, peb, options);
}

void add_teb(TextPage& page, const ThreadEnvironment& teb) {
  page.line(fmt::format("Thread environment block at {:#x}", teb.address), Style::Title);
  page.field("Client id", fmt::format("{}.{}", text_of(teb.pid), text_of(teb.thread_id)));
  page.field("Stack", fmt::format("{} to {}", hex_of(teb.stack_limit), hex_of(teb.stack_base)));
  page.field("Exceptions", hex_of(teb.exception_list));
  page.field("Subsystem", hex_of(teb.subsystem_tib));
  page.field("Fiber data", hex_of(teb.fiber_data));
  page.field("User pointer", hex_of(teb.arbitrary_user_pointer));
  page.field("Self", hex_of(teb.self));
  page.field("Environment", hex_of(teb.environment_pointer));
  page.field("RPC handle", hex_of(teb.rpc_handle));
  page.field("TLS", hex_of(teb.tls));
  page.field("PEB", hex_of(teb.peb));
  page.field("Last error", teb.last_error ? with_name(fmt::format("{}", *teb.last_error),
                                                      error_name(*teb.last_error))
                                          : "-");
  page.field("Last status", teb.last_status ? with_name(fmt::format("{:#010x}", *teb.last_status),
                                                        status_name(*teb.last_status))
                                            : "-");
  page.field("Locks", teb.owned_critical_sections
                          ? counted(*teb.owned_critical_sections, "critical section") + " owned"
                          : "-");
  page.field("Hard errors", teb.hard_error_mode ? fmt::format("{:#x}", *teb.hard_error_mode) : "-");
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
