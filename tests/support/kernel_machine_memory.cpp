// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_memory.h"

#include <algorithm>
#include <stdexcept>

namespace vigil::test {
namespace {

constexpr std::uint64_t kFrameMask = 0x000f'ffff'ffff'f000;
/// Entries 256 to 511 of a root are the kernel's.
constexpr std::uint64_t kKernelHalf = 0x800;

std::uint64_t number_from(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

}  // namespace

std::string little_endian(std::uint64_t value, std::size_t width) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i) {
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(value >> (8 * i))));
  }
  return bytes;
}

bool PhysicalMemory::in_a_run(std::uint64_t pfn) const {
  return std::any_of(runs_.begin(), runs_.end(), [pfn](const PhysicalRun& run) {
    return pfn >= run.first && pfn - run.first < run.count;
  });
}

KernelMachine::Page& PhysicalMemory::page(std::uint64_t pfn) {
  if (!in_a_run(pfn)) throw std::logic_error("the machine has no page " + std::to_string(pfn));
  auto& found = pages_[pfn];
  if (found.bytes.empty()) found.bytes.assign(kPageBytes, '\0');
  return found;
}

std::uint64_t PhysicalMemory::take(bool user) {
  auto& next = user ? next_user_ : next_;
  while (pages_.contains(next)) ++next;
  page(next).user = user;
  return next++;
}

void PhysicalMemory::write(std::uint64_t address, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto in_page = address % kPageBytes;
    const auto count = std::min<std::uint64_t>(bytes.size(), kPageBytes - in_page);
    page(address / kPageBytes).bytes.replace(in_page, count, bytes.substr(0, count));
    bytes.remove_prefix(count);
    address += count;
  }
}

void PhysicalMemory::write_u64(std::uint64_t address, std::uint64_t value) {
  write(address, little_endian(value, 8));
}

std::string PhysicalMemory::read(std::uint64_t address, std::size_t size) const {
  std::string bytes;
  while (bytes.size() < size) {
    const auto at = address + bytes.size();
    const auto count = std::min<std::size_t>(size - bytes.size(), kPageBytes - at % kPageBytes);
    const auto found = pages_.find(at / kPageBytes);
    bytes += found == pages_.end() ? std::string(count, '\0')
                                   : found->second.bytes.substr(at % kPageBytes, count);
  }
  return bytes;
}

std::uint64_t PhysicalMemory::read_u64(std::uint64_t address) const {
  return number_from(read(address, 8));
}

AddressSpace::AddressSpace(PhysicalMemory& memory, bool five_levels)
    : memory_(&memory), levels_(five_levels ? 5 : 4), root_(memory.take()) {}

AddressSpace AddressSpace::fork() const {
  AddressSpace made(*memory_, levels_ == 5);
  made.memory_->write(made.root() + kKernelHalf, memory_->read(root() + kKernelHalf, kKernelHalf));
  if (pte_base_ != 0) made.map_itself(pte_base_);
  return made;
}

std::uint64_t AddressSpace::entry_at(std::uint64_t address, int level) {
  std::uint64_t table = root();
  for (int at = levels_;; --at) {
    const auto entry = table + 8 * (address >> (12 + 9 * (at - 1)) & 0x1ff);
    if (at == level) return entry;
    auto value = memory_->read_u64(entry);
    if ((value & pte::kValid) == 0) {
      const bool user = address >> 63 == 0;
      value = memory_->take() * kPageBytes | (user ? pte::kUserData : pte::kKernelData);
      memory_->write_u64(entry, value);
    }
    if ((value & pte::kLarge) != 0) throw std::logic_error("a large page is there already");
    table = value & kFrameMask;
  }
}

void AddressSpace::reserve_kernel(std::uint64_t address) {
  static_cast<void>(entry_at(address, levels_ - 1));
}

void AddressSpace::map_itself(std::uint64_t pte_base) {
  if (levels_ != 4) return;
  pte_base_ = pte_base;
  memory_->write_u64(root() + 8 * (pte_base >> 39 & 0x1ff), root() | pte::kKernelData);
}

void AddressSpace::map(std::uint64_t address, std::uint64_t pfn, std::uint64_t bits) {
  set_pte(address, pfn * kPageBytes | bits);
}

void AddressSpace::map_2m(std::uint64_t address, std::uint64_t pfn) {
  memory_->write_u64(entry_at(address, 2), pfn * kPageBytes | pte::kKernelData | pte::kLarge);
}

void AddressSpace::map_1g(std::uint64_t address, std::uint64_t pfn) {
  memory_->write_u64(entry_at(address, 3), pfn * kPageBytes | pte::kKernelData | pte::kLarge);
}

void AddressSpace::set_pte(std::uint64_t address, std::uint64_t entry) {
  memory_->write_u64(entry_at(address, 1), entry);
}

void AddressSpace::allocate(std::uint64_t address, std::uint64_t size, bool user) {
  for (auto at = address & ~(kPageBytes - 1); at < address + size; at += kPageBytes) {
    if (!find(at)) map(at, memory_->take(user), user ? pte::kUserData : pte::kKernelData);
  }
}

std::optional<std::uint64_t> AddressSpace::find(std::uint64_t address) const {
  std::uint64_t table = root();
  for (int level = levels_;; --level) {
    const auto entry = memory_->read_u64(table + 8 * (address >> (12 + 9 * (level - 1)) & 0x1ff));
    if ((entry & pte::kValid) == 0) return std::nullopt;
    const bool large = (level == 2 || level == 3) && (entry & pte::kLarge) != 0;
    if (level == 1 || large) {
      const auto below = (std::uint64_t{1} << (12 + 9 * (level - 1))) - 1;
      return (entry & kFrameMask & ~below) | (address & below);
    }
    table = entry & kFrameMask;
  }
}

std::uint64_t AddressSpace::physical(std::uint64_t address) const {
  const auto found = find(address);
  if (!found) throw std::logic_error("nothing is mapped at " + std::to_string(address));
  return *found;
}

void AddressSpace::write(std::uint64_t address, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = std::min<std::uint64_t>(bytes.size(), kPageBytes - address % kPageBytes);
    memory_->write(physical(address), bytes.substr(0, count));
    bytes.remove_prefix(count);
    address += count;
  }
}

void AddressSpace::write_u64(std::uint64_t address, std::uint64_t value) {
  write(address, little_endian(value, 8));
}
void AddressSpace::write_u32(std::uint64_t address, std::uint64_t value) {
  write(address, little_endian(value, 4));
}
void AddressSpace::write_u16(std::uint64_t address, std::uint64_t value) {
  write(address, little_endian(value, 2));
}
void AddressSpace::write_u8(std::uint64_t address, std::uint64_t value) {
  write(address, little_endian(value, 1));
}

std::string AddressSpace::read(std::uint64_t address, std::size_t size) const {
  std::string bytes;
  while (bytes.size() < size) {
    const auto at = address + bytes.size();
    const auto count = std::min<std::size_t>(size - bytes.size(), kPageBytes - at % kPageBytes);
    bytes += memory_->read(physical(at), count);
  }
  return bytes;
}

std::uint64_t AddressSpace::read_u64(std::uint64_t address) const {
  return number_from(read(address, 8));
}

}  // namespace vigil::test
