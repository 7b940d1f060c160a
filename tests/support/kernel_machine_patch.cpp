// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "support/kernel_machine.h"
#include "support/kernel_machine_memory.h"

/// Reading and breaking a machine that is made already.
namespace vigil::test {
namespace {

constexpr std::uint64_t kFrameMask = 0x000f'ffff'ffff'f000;

std::uint64_t u64_at(const KernelMachine& machine, std::uint64_t physical) {
  const auto found = machine.pages.find(physical / kPageBytes);
  if (found == machine.pages.end()) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) {
    value =
        value << 8 | static_cast<unsigned char>(found->second.bytes.at(physical % kPageBytes + i));
  }
  return value;
}

}  // namespace

std::uint64_t KernelMachine::physical(std::uint64_t virtual_address) const {
  std::uint64_t table = truth_.directory_table;
  for (int shift = options.five_levels ? 48 : 39; shift >= 12; shift -= 9) {
    const auto entry = u64_at(*this, table + 8 * (virtual_address >> shift & 0x1ff));
    if ((entry & pte::kValid) == 0) {
      throw std::logic_error("nothing is mapped at " + std::to_string(virtual_address));
    }
    const bool large = (shift == 21 || shift == 30) && (entry & pte::kLarge) != 0;
    const auto below = (std::uint64_t{1} << shift) - 1;
    if (large || shift == 12) return (entry & kFrameMask & ~below) | (virtual_address & below);
    table = entry & kFrameMask;
  }
  throw std::logic_error("the levels of page tables end at 12");
}

std::string KernelMachine::read_virtual(std::uint64_t address, std::size_t size) const {
  std::string bytes;
  while (bytes.size() < size) {
    const auto at = address + bytes.size();
    const auto count = std::min<std::size_t>(size - bytes.size(), kPageBytes - at % kPageBytes);
    const auto from = physical(at);
    const auto found = pages.find(from / kPageBytes);
    bytes += found == pages.end() ? std::string(count, '\0')
                                  : found->second.bytes.substr(from % kPageBytes, count);
  }
  return bytes;
}

KernelMachine& KernelMachine::patch_physical(std::uint64_t address, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto& page = pages[(address + i) / kPageBytes];
    if (page.bytes.empty()) page.bytes.assign(kPageBytes, '\0');
    page.bytes[(address + i) % kPageBytes] = bytes[i];
  }
  return *this;
}

KernelMachine& KernelMachine::patch_virtual(std::uint64_t address, std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    patch_physical(physical(address + i), bytes.substr(i, 1));
  }
  return *this;
}

KernelMachine& KernelMachine::patch_virtual_u64(std::uint64_t address, std::uint64_t value) {
  return patch_virtual(address, little_endian(value, 8));
}

KernelMachine& KernelMachine::remove_page(std::uint64_t pfn) {
  pages.erase(pfn);
  removed.insert(pfn);
  return *this;
}

}  // namespace vigil::test
