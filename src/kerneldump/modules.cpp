// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/byte_source.h"
#include "base/utf.h"
#include "image/image.h"
#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

constexpr std::uint64_t kMaxModules = 8192;

/// KLDR_DATA_TABLE_ENTRY (ntldr.h), of 64 and 32 bits.
struct Entry {
  std::uint64_t base, size, full_name, base_name, checksum, old_timestamp, timestamp;
};
constexpr Entry kEntry64 = {0x30, 0x40, 0x48, 0x58, 0x78, 0x80, 0x9c};
constexpr Entry kEntry32 = {0x18, 0x20, 0x24, 0x2c, 0x40, 0x44, 0x58};

/// A module's image as it lies in the machine's memory.
class MappedImage final : public ByteSource {
 public:
  MappedImage(snapshot::Memory& memory, std::uint64_t base, std::uint64_t size)
      : memory_(memory), base_(base), size_(size) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::uint64_t size) override {
    const auto there = offset <= size_ ? std::min(size, size_ - offset) : 0;
    const auto bytes = memory_.at(base_ + offset, there);
    if (bytes.size() < size) return Error{Errc::Truncated, "image: not all of it is in the dump"};
    return bytes;
  }

 private:
  snapshot::Memory& memory_;
  std::uint64_t base_, size_;
};

/// What the image itself says, where the dump has it.
void read_image(Kernel& kernel, snapshot::Module& module) {
  MappedImage source(kernel.memory, module.base, module.size);
  const auto image = image::PeImage::open(source, image::Layout::Mapped);
  if (!image.ok()) return;
  module.timestamp = image->header().timestamp;
  if (image->header().size_of_image != 0 && module.size == 0)
    module.size = image->header().size_of_image;
  if (image->header().checksum != 0) module.checksum = image->header().checksum;
  module.reproducible = image::is_reproducible(*image);
  if (auto version = image::read_file_version(*image)) module.version = std::move(*version);
  if (auto company = image::read_company(*image)) module.company = std::move(*company);
  if (auto codeview = image::read_codeview(*image)) {
    module.debug_id = std::move(codeview->debug_id);
    module.debug_file = std::move(codeview->debug_file);
  }
}

/// Where an entry keeps the time stamp has changed: a pointer took its old place.
std::uint32_t timestamp_of(Kernel& kernel, std::uint64_t entry, const Entry& at) {
  const auto old = kernel.pointer(entry + at.old_timestamp);
  const bool is_pointer = !old || *old == 0 || *old >> 32 != 0;
  const auto place = is_pointer || !kernel.header.is_64bit ? at.timestamp : at.old_timestamp;
  return kernel.read<std::uint32_t>(entry + place).value_or(0);
}

snapshot::Module read_module(Kernel& kernel, std::uint64_t entry) {
  const auto& at = kernel.header.is_64bit ? kEntry64 : kEntry32;
  snapshot::Module module;
  module.base = kernel.pointer(entry + at.base).value_or(0);
  module.size = kernel.read<std::uint32_t>(entry + at.size).value_or(0);
  module.checksum = kernel.read<std::uint32_t>(entry + at.checksum).value_or(0);
  module.timestamp = timestamp_of(kernel, entry, at);
  module.path = kernel.unicode_string(entry + at.full_name);
  // The kernel and its hardware layer go by one name whichever file they were loaded from.
  auto base_name = kernel.unicode_string(entry + at.base_name);
  const bool differs = ascii_lower(base_name) != ascii_lower(module.name());
  if (module.path.empty() || (differs && !base_name.empty())) module.path = std::move(base_name);
  read_image(kernel, module);
  return module;
}

/// The modules by the kernel's own list.
std::vector<snapshot::Module> walk_modules(Kernel& kernel) {
  auto head = kernel.header.module_list;
  if (head == 0) head = kernel.debugger.address(0x48).value_or(0);
  if (head == 0) return {};
  const auto list = read_list(kernel, head, kMaxModules);
  std::vector<snapshot::Module> modules;
  modules.reserve(list.entries.size());
  for (const auto entry : list.entries) {
    auto module = read_module(kernel, entry);
    if (kernel.is_kernel_address(module.base)) modules.push_back(std::move(module));
  }
  if (!list.complete && kernel.has_pages()) {
    kernel.notes.note(modules.empty()
                          ? "modules: their list is not in this dump, or damaged"
                          : fmt::format("modules: the list breaks off after {}", modules.size()));
  }
  return modules;
}

}  // namespace

void read_modules(Kernel& kernel) {
  auto& modules = kernel.out.modules;
  if (kernel.triage != nullptr) {
    modules = kernel.triage->drivers;
    for (auto& module : modules) read_image(kernel, module);
  } else {
    modules = walk_modules(kernel);
  }
  const auto base = kernel.debugger.kernel_base();
  for (auto& module : modules) {
    const auto name = ascii_lower(module.name());
    const bool is_kernel = name.starts_with("ntoskrnl") || name.starts_with("ntkrnl");
    if (module.base != base && (base != 0 || !is_kernel)) continue;
    kernel.state.kernel_base = module.base;
    // The kernel comes first, as a program does in a dump of a process.
    std::rotate(modules.data(), &module, &module + 1);
    break;
  }
}

void read_unloaded(Kernel& kernel) {
  if (kernel.triage != nullptr) {
    kernel.out.unloaded_modules = kernel.triage->unloaded;
    return;
  }
  // MmUnloadedDrivers points to a ring of MM_UNLOADED_DRIVERS entries; MmLastUnloadedDriver counts.
  constexpr std::uint64_t kRing = 50;
  const auto pointer = kernel.debugger.address(0x220);
  const auto counter = kernel.debugger.address(0x228);
  const auto array = pointer ? kernel.pointer(*pointer) : std::nullopt;
  if (!array || *array == 0) return;
  const auto last = counter ? kernel.read<std::uint32_t>(*counter).value_or(0) : 0;
  const auto entry_bytes = kernel.pick(0x28, 0x18), start_at = kernel.pick(0x10, 8);
  for (std::uint64_t i = 0; i < kRing; ++i) {
    // Newest first.
    const auto index = (last + kRing - 1 - i) % kRing;
    const auto entry = *array + index * entry_bytes;
    const auto start = kernel.pointer(entry + start_at);
    const auto end = kernel.pointer(entry + start_at + kernel.pointer_bytes());
    auto name = kernel.unicode_string(entry);
    if (!start || !end || *end <= *start) continue;
    kernel.out.unloaded_modules.push_back({.base = *start, .size = *end - *start, .name = name});
  }
}

}  // namespace vigil::kerneldump
