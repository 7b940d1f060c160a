// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "base/utf.h"
#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

constexpr std::uint64_t kMaxUserModules = 1024;

/// PEB, RTL_USER_PROCESS_PARAMETERS and LDR_DATA_TABLE_ENTRY (winternl.h), of 64 and 32 bits.
struct PebLayout {
  std::uint64_t image_base, loader, parameters, heap, processors, flags, session;
  std::uint64_t directory, image_path, command_line, title, desktop;
  std::uint64_t load_order, base, size, name, timestamp;
};
constexpr PebLayout kPeb64 = {0x10, 0x18, 0x20, 0x30, 0xb8, 0xbc, 0x2c0, 0x38, 0x60,
                              0x70, 0xb0, 0xc0, 0x10, 0x30, 0x40, 0x48,  0x80};
constexpr PebLayout kPeb32 = {0x8,  0xc,  0x10, 0x18, 0x64, 0x68, 0x1d4, 0x24, 0x38,
                              0x40, 0x70, 0x78, 0xc,  0x18, 0x20, 0x24,  0x44};
constexpr std::uint64_t kBeingDebuggedAt = 2;

struct TebLayout {
  std::uint64_t self, pid, tls, peb, error, sections, status;
};
constexpr TebLayout kTeb64 = {0x30, 0x40, 0x58, 0x60, 0x68, 0x6c, 0x1250};
constexpr TebLayout kTeb32 = {0x18, 0x20, 0x2c, 0x30, 0x34, 0x38, 0xbf4};

void read_user_modules(Kernel& kernel, const PebLayout& at, snapshot::ProcessEnvironment& peb) {
  if (!peb.loader_data || *peb.loader_data == 0) return;
  const auto list = read_list(kernel, *peb.loader_data + at.load_order, kMaxUserModules);
  for (const auto entry : list.entries) {
    snapshot::UserModule module;
    module.base = kernel.pointer(entry + at.base).value_or(0);
    module.size = kernel.read<std::uint32_t>(entry + at.size).value_or(0);
    module.timestamp = kernel.read<std::uint32_t>(entry + at.timestamp).value_or(0);
    module.path = kernel.unicode_string(entry + at.name);
    if (module.base != 0) peb.modules.push_back(std::move(module));
  }
}

void read_peb(Kernel& kernel, std::uint64_t address) {
  const auto& at = kernel.header.is_64bit ? kPeb64 : kPeb32;
  const auto image_base = kernel.pointer(address + at.image_base);
  if (!image_base) return;
  auto& peb = kernel.state.peb.emplace();
  peb.address = address;
  peb.image_base = image_base;
  if (const auto flag = kernel.read<std::uint8_t>(address + kBeingDebuggedAt))
    peb.being_debugged = *flag != 0;
  peb.loader_data = kernel.pointer(address + at.loader);
  peb.parameters = kernel.pointer(address + at.parameters);
  peb.heap = kernel.pointer(address + at.heap);
  peb.processors = kernel.read<std::uint32_t>(address + at.processors);
  peb.global_flags = kernel.read<std::uint32_t>(address + at.flags);
  peb.session = kernel.read<std::uint32_t>(address + at.session);
  if (const auto parameters = peb.parameters; parameters && *parameters != 0) {
    peb.current_directory = kernel.unicode_string(*parameters + at.directory);
    peb.image_path = kernel.unicode_string(*parameters + at.image_path);
    peb.command_line = kernel.unicode_string(*parameters + at.command_line);
    peb.window_title = kernel.unicode_string(*parameters + at.title);
    peb.desktop = kernel.unicode_string(*parameters + at.desktop);
  }
  read_user_modules(kernel, at, peb);
}

void read_teb(Kernel& kernel, std::uint64_t address) {
  const auto& at = kernel.header.is_64bit ? kTeb64 : kTeb32;
  const auto word = kernel.pointer_bytes();
  const auto first = kernel.pointer(address);
  if (!first) return;
  auto& teb = kernel.state.teb.emplace();
  teb.address = address;
  teb.exception_list = first;
  teb.stack_base = kernel.pointer(address + word);
  teb.stack_limit = kernel.pointer(address + 2 * word);
  teb.self = kernel.pointer(address + at.self);
  teb.pid = kernel.pointer(address + at.pid);
  teb.tid = kernel.pointer(address + at.pid + word);
  teb.tls = kernel.pointer(address + at.tls);
  teb.peb = kernel.pointer(address + at.peb);
  teb.last_error = kernel.read<std::uint32_t>(address + at.error);
  teb.owned_critical_sections = kernel.read<std::uint32_t>(address + at.sections);
  teb.last_status = kernel.read<std::uint32_t>(address + at.status);
}

/// EPROCESS has 14 characters of a process's name, and its own environment the whole path.
void complete_name(Kernel& kernel) {
  constexpr std::size_t kKeptChars = 14;
  auto& state = kernel.state;
  const auto process =
      std::ranges::find(state.processes, state.current_process, &snapshot::KernelProcess::address);
  if (!state.peb || process == state.processes.end()) return;
  const auto cut = process->image;
  const auto& peb = *state.peb;
  // The program is the first of its modules.
  const bool by_module = peb.image_path.empty() && !peb.modules.empty();
  const std::string whole(windows_file_name(by_module ? peb.modules.front().path : peb.image_path));
  if (cut.size() < kKeptChars || !ascii_lower(whole).starts_with(ascii_lower(cut))) return;
  process->image = whole;
  for (auto& thread : state.threads)
    if (thread.process == process->address) thread.image = whole;
  for (auto& thread : kernel.out.threads) {
    const auto at = thread.name.find(cut);
    if (thread.name.starts_with("processor ") ? thread.name.ends_with(", " + cut)
                                              : thread.name.starts_with(cut))
      thread.name.replace(at, cut.size(), whole);
  }
}

}  // namespace

void read_environment(Kernel& kernel) {
  const auto& state = kernel.state;
  const auto peb = kernel.pointer_field(state.current_process, kernel.layout.peb).value_or(0);
  if (state.current_process != 0 && peb != 0 && !kernel.is_kernel_address(peb))
    read_peb(kernel, peb);
  complete_name(kernel);
  const auto teb = kernel.pointer_field(state.current_thread, kernel.layout.teb).value_or(0);
  if (state.current_thread != 0 && teb != 0 && !kernel.is_kernel_address(teb))
    read_teb(kernel, teb);
}

}  // namespace vigil::kerneldump
