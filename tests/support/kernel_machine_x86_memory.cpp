// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <stdexcept>

#include "support/kernel_machine_x86.h"

namespace vigil::test {
namespace {

constexpr std::uint64_t kFrameMask = 0x000f'ffff'ffff'f000;
constexpr std::uint32_t kPage = 0x1000;

std::uint64_t index(std::uint32_t address, int shift) {
  return 8 * (address >> shift & 0x1ffu);
}

}  // namespace

/// The root has four entries, which the processor wants to be there.
PaeSpace::PaeSpace(PhysicalMemory& memory)
    : memory_(&memory), root_(memory.take() * kPageBytes + 0x20) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    memory.write_u64(root_ + 8 * i, memory.take() * kPageBytes | pte::kValid);
  }
}

PaeSpace PaeSpace::fork() const {
  PaeSpace made(*memory_);
  made.memory_->write(made.root_ + 0x10, memory_->read(root_ + 0x10, 0x10));
  return made;
}

std::uint64_t PaeSpace::table_entry(std::uint32_t address) {
  const auto directory = memory_->read_u64(root_ + 8 * (address >> 30)) & kFrameMask;
  const auto entry = directory + index(address, 21);
  auto value = memory_->read_u64(entry);
  if ((value & pte::kLarge) != 0) throw std::logic_error("a large page is there already");
  if ((value & pte::kValid) == 0) {
    value = memory_->take() * kPageBytes | (address >> 31 != 0 ? pte::kKernelData : pte::kUserData);
    memory_->write_u64(entry, value);
  }
  return (value & kFrameMask) + index(address, 12);
}

void PaeSpace::map_2m(std::uint32_t address, std::uint64_t pfn) {
  const auto directory = memory_->read_u64(root_ + 8 * (address >> 30)) & kFrameMask;
  memory_->write_u64(directory + index(address, 21),
                     pfn * kPageBytes | pte::kKernelData | pte::kLarge);
}

void PaeSpace::allocate(std::uint32_t address, std::uint32_t size, bool user) {
  for (auto at = address & ~(kPage - 1); at < address + size; at += kPage) {
    if (is_mapped(at)) continue;
    memory_->write_u64(table_entry(at), memory_->take(user) * kPageBytes |
                                            (user ? pte::kUserData : pte::kKernelData));
  }
}

bool PaeSpace::is_mapped(std::uint32_t address) const {
  const auto directory = memory_->read_u64(root_ + 8 * (address >> 30)) & kFrameMask;
  const auto entry = memory_->read_u64(directory + index(address, 21));
  if ((entry & pte::kValid) == 0) return false;
  if ((entry & pte::kLarge) != 0) return true;
  return (memory_->read_u64((entry & kFrameMask) + index(address, 12)) & pte::kValid) != 0;
}

std::uint64_t PaeSpace::physical(std::uint32_t address) const {
  if (!is_mapped(address)) {
    throw std::logic_error("nothing is mapped at " + std::to_string(address));
  }
  const auto directory = memory_->read_u64(root_ + 8 * (address >> 30)) & kFrameMask;
  const auto entry = memory_->read_u64(directory + index(address, 21));
  if ((entry & pte::kLarge) != 0) {
    return (entry & kFrameMask & ~(kLargePageBytes - 1)) | (address & (kLargePageBytes - 1));
  }
  const auto page = memory_->read_u64((entry & kFrameMask) + index(address, 12));
  return (page & kFrameMask) | (address & (kPageBytes - 1));
}

void PaeSpace::write(std::uint32_t address, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = std::min<std::size_t>(bytes.size(), kPage - address % kPage);
    memory_->write(physical(address), bytes.substr(0, count));
    bytes.remove_prefix(count);
    address += static_cast<std::uint32_t>(count);
  }
}

std::string PaeSpace::read(std::uint32_t address, std::size_t size) const {
  std::string bytes;
  while (bytes.size() < size) {
    const auto at = address + static_cast<std::uint32_t>(bytes.size());
    const auto count = std::min<std::size_t>(size - bytes.size(), kPage - at % kPage);
    bytes += memory_->read(physical(at), count);
  }
  return bytes;
}

}  // namespace vigil::test
