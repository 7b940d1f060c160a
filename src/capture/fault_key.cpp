// SPDX-License-Identifier: Apache-2.0
#include "capture/fault_key.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::capture {
namespace {

constexpr std::uint64_t kMaxScanBytes = 64 << 10;

const ModuleRecord* module_at(std::span<const ModuleRecord> modules, std::uint64_t address) {
  const auto found = std::ranges::find_if(modules, [&](const ModuleRecord& module) {
    return address >= module.base && address - module.base < module.size;
  });
  return found == modules.end() ? nullptr : &*found;
}

std::string path_of(const ModuleRecord& module) {
  return ascii_lower(utf8_from_utf16(module.path).text);
}

/// The C runtimes that programs ship beside themselves are no more to blame than Windows' own.
bool is_runtime(const ModuleRecord& module) {
  const auto path = path_of(module);
  const auto name = windows_file_name(path);
  constexpr std::array<std::string_view, 5> kRuntimes = {"ucrtbase", "msvcp", "vcruntime", "msvcrt",
                                                         "libstdc++"};
  const bool shipped = std::ranges::any_of(
      kRuntimes, [&](std::string_view start) { return name.starts_with(start); });
  return shipped || path.find("\\windows\\system32\\") != std::string::npos ||
         path.find("\\windows\\winsxs\\") != std::string::npos;
}

/// Whether a call instruction ends at \p address: E8 with a relative target, or FF /2 in its
/// lengths.
bool follows_a_call(TargetMemory& memory, std::uint64_t address) {
  constexpr std::size_t kLongest = 7;
  std::array<std::byte, kLongest> before{};
  if (address < kLongest || !memory.read(address - kLongest, before)) return false;
  const auto byte = [&](std::size_t from_end) {
    return std::to_integer<unsigned>(before[kLongest - from_end]);
  };
  if (byte(5) == 0xe8) return true;
  return std::ranges::any_of(std::array<std::size_t, 5>{2, 3, 4, 6, 7}, [&](std::size_t length) {
    return byte(length) == 0xff && ((byte(length - 1) >> 3) & 7) == 2;
  });
}

std::string key_of(std::uint32_t code, const ModuleRecord* module, std::uint64_t address) {
  if (module == nullptr) return fmt::format("{:08x}|?", code);
  const auto path = path_of(*module);
  return fmt::format("{:08x}|{}+{:x}", code, windows_file_name(path), address - module->base);
}

}  // namespace

std::string fault_key(TargetMemory& memory,
                      std::span<const ModuleRecord> modules,
                      std::uint32_t code,
                      std::uint64_t address,
                      std::uint64_t stack_pointer) {
  const auto* own = module_at(modules, address);
  if (own != nullptr && !is_runtime(*own)) return key_of(code, own, address);
  const auto stack = memory.read_up_to(stack_pointer, kMaxScanBytes);
  const auto words =
      ByteView(std::span(stack)).read_array<std::uint64_t>(0, stack.size() / sizeof(std::uint64_t));
  for (std::uint64_t i = 0; words.ok() && i < words.value().size(); ++i) {
    const auto word = words.value()[i];
    const auto* caller = module_at(modules, word);
    if (caller != nullptr && !is_runtime(*caller) && follows_a_call(memory, word))
      return key_of(code, caller, word);
  }
  return key_of(code, own, address);
}

}  // namespace vigil::capture
