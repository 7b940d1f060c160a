// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "base/utf.h"
#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

constexpr std::uint64_t kMaxUserModules = 1024;

/// PEB, RTL_USER_PROCESS_PARAMETERS, PEB_LDR_DATA and LDR_DATA_TABLE_ENTRY (winternl.h), of 64 and
/// 32 bits. The lists of PEB_LDR_DATA follow each other: by load, by memory, by initialization.
struct PebLayout {
  std::uint64_t image_base, loader, parameters, subsystem, heap, processors, flags, session;
  std::uint64_t directory, dll_path, image_path, command_line, title, desktop;
  std::uint64_t load_order, base, size, name, timestamp;
};
constexpr PebLayout kPeb64 = {0x10, 0x18, 0x20, 0x28, 0x30, 0xb8, 0xbc, 0x2c0, 0x38, 0x50,
                              0x60, 0x70, 0xb0, 0xc0, 0x10, 0x30, 0x40, 0x48,  0x80};
constexpr PebLayout kPeb32 = {0x8,  0xc,  0x10, 0x14, 0x18, 0x64, 0x68, 0x1d4, 0x24, 0x30,
                              0x38, 0x40, 0x70, 0x78, 0xc,  0x18, 0x20, 0x24,  0x44};
constexpr std::uint64_t kInheritedAt = 0, kReadOptionsAt = 1, kBeingDebuggedAt = 2;
constexpr std::uint64_t kLoaderInitializedAt = 4;

/// TEB; what NT_TIB has at its start is a row of pointers.
struct TebLayout {
  std::uint64_t pid, rpc, tls, peb, error, sections, status, hard_errors;
};
constexpr TebLayout kTeb64 = {0x40, 0x50, 0x58, 0x60, 0x68, 0x6c, 0x1250, 0x16b0};
constexpr TebLayout kTeb32 = {0x20, 0x28, 0x2c, 0x30, 0x34, 0x38, 0xbf4, 0xf28};

std::optional<bool> flag_at(Kernel& kernel, std::uint64_t address) {
  const auto value = kernel.read<std::uint8_t>(address);
  return value ? std::optional(*value != 0) : std::nullopt;
}

std::optional<snapshot::ListEnds> ends_at(Kernel& kernel, std::uint64_t head) {
  const auto first = kernel.pointer(head);
  const auto last = kernel.pointer(head + kernel.pointer_bytes());
  if (!first || !last) return std::nullopt;
  return snapshot::ListEnds{*first, *last};
}

void read_loader(Kernel& kernel, const PebLayout& at, snapshot::ProcessEnvironment& peb) {
  if (!peb.loader_data || *peb.loader_data == 0) return;
  const auto lists = *peb.loader_data + at.load_order;
  const auto each = 2 * kernel.pointer_bytes();
  peb.loader_initialized = flag_at(kernel, *peb.loader_data + kLoaderInitializedAt);
  peb.load_order = ends_at(kernel, lists);
  peb.memory_order = ends_at(kernel, lists + each);
  peb.initialization_order = ends_at(kernel, lists + 2 * each);
  const auto list = read_list(kernel, lists, kMaxUserModules);
  for (const auto entry : list.entries) {
    snapshot::UserModule module;
    module.base = kernel.pointer(entry + at.base).value_or(0);
    module.size = kernel.read<std::uint32_t>(entry + at.size).value_or(0);
    module.timestamp = kernel.read<std::uint32_t>(entry + at.timestamp).value_or(0);
    module.path = kernel.unicode_string(entry + at.name);
    if (module.base != 0) peb.modules.push_back(std::move(module));
  }
}

void read_texts(Kernel& kernel,
                const PebLayout& at,
                std::uint64_t parameters,
                snapshot::ProcessEnvironment& peb) {
  const auto read = [&](const char* name, std::uint64_t offset, std::string& text) {
    text = kernel.unicode_string(parameters + offset);
    const auto length = kernel.read<std::uint16_t>(parameters + offset);
    // An empty one is known to be empty.
    if (!length || (*length != 0 && text.empty())) peb.lost_texts.emplace_back(name);
  };
  read("image_path", at.image_path, peb.image_path);
  read("command_line", at.command_line, peb.command_line);
  read("current_directory", at.directory, peb.current_directory);
  read("window_title", at.title, peb.window_title);
  read("desktop", at.desktop, peb.desktop);
  read("dll_path", at.dll_path, peb.dll_path);
}

void read_peb(Kernel& kernel, std::uint64_t address) {
  const auto& at = kernel.header.is_64bit ? kPeb64 : kPeb32;
  const auto image_base = kernel.pointer(address + at.image_base);
  if (!image_base) return;
  auto& peb = kernel.state.peb.emplace();
  peb.address = address;
  peb.image_base = image_base;
  peb.inherited_address_space = flag_at(kernel, address + kInheritedAt);
  peb.read_image_options = flag_at(kernel, address + kReadOptionsAt);
  peb.being_debugged = flag_at(kernel, address + kBeingDebuggedAt);
  peb.loader_data = kernel.pointer(address + at.loader);
  peb.parameters = kernel.pointer(address + at.parameters);
  peb.subsystem_data = kernel.pointer(address + at.subsystem);
  peb.heap = kernel.pointer(address + at.heap);
  peb.processors = kernel.read<std::uint32_t>(address + at.processors);
  peb.global_flags = kernel.read<std::uint32_t>(address + at.flags);
  peb.session = kernel.read<std::uint32_t>(address + at.session);
  if (peb.parameters && *peb.parameters != 0) read_texts(kernel, at, *peb.parameters, peb);
  read_loader(kernel, at, peb);
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
  teb.subsystem_tib = kernel.pointer(address + 3 * word);
  teb.fiber_data = kernel.pointer(address + 4 * word);
  teb.arbitrary_user_pointer = kernel.pointer(address + 5 * word);
  teb.self = kernel.pointer(address + 6 * word);
  teb.environment_pointer = kernel.pointer(address + 7 * word);
  teb.pid = kernel.pointer(address + at.pid);
  teb.tid = kernel.pointer(address + at.pid + word);
  teb.rpc_handle = kernel.pointer(address + at.rpc);
  teb.tls = kernel.pointer(address + at.tls);
  teb.peb = kernel.pointer(address + at.peb);
  teb.last_error = kernel.read<std::uint32_t>(address + at.error);
  teb.owned_critical_sections = kernel.read<std::uint32_t>(address + at.sections);
  teb.last_status = kernel.read<std::uint32_t>(address + at.status);
  teb.hard_error_mode = kernel.read<std::uint32_t>(address + at.hard_errors);
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
