// SPDX-License-Identifier: Apache-2.0
#include "capture/image_facts.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace vigil::capture {
namespace {

// PE offsets, from the PE format's specification; only PE32+ is read, since only x64 targets are
// dumped.
constexpr std::uint16_t kDosMagic = 0x5a4d;
constexpr std::uint32_t kPeMagic = 0x0000'4550;
constexpr std::uint16_t kPe64Magic = 0x20b;
constexpr std::uint64_t kNewHeaderOffset = 0x3c;
constexpr std::uint64_t kTimestamp = 0x08;  // All from the PE signature on.
constexpr std::uint64_t kOptionalMagic = 0x18;
constexpr std::uint64_t kChecksum = 0x58;
constexpr std::uint64_t kResourceDirectory = 0x98;
constexpr std::uint64_t kDebugDirectory = 0xb8;

constexpr std::uint64_t kHeaderBytes = 4096;
constexpr std::uint64_t kMaxDebugEntries = 64;
constexpr std::uint64_t kMaxCodeViewBytes = 4096;
constexpr std::uint64_t kMaxResourceTreeBytes = 16 * 1024;
constexpr std::uint32_t kDebugTypeCodeView = 2;
constexpr std::uint32_t kRsds = 0x5344'5352;
constexpr std::uint32_t kVersionResourceType = 16;
constexpr std::uint32_t kFixedVersionMagic = 0xfeef'04bd;
constexpr std::uint64_t kFixedVersionOffset = 0x28;  // Behind the header and L"VS_VERSION_INFO".

struct DataDirectory {
  std::uint32_t rva = 0;
  std::uint32_t size = 0;
};

struct DebugEntry {
  std::uint32_t characteristics;
  std::uint32_t timestamp;
  std::uint32_t version;
  std::uint32_t type;
  std::uint32_t size;
  std::uint32_t rva;
  std::uint32_t file_offset;
};
static_assert(sizeof(DebugEntry) == 28);

ByteView view_of(const std::vector<std::byte>& bytes) {
  return ByteView(std::span(bytes));
}

/// What lies at \p rva of the module, and inside of it.
std::vector<std::byte> read_image(TargetMemory& memory,
                                  const ModuleRecord& module,
                                  std::uint64_t rva,
                                  std::uint64_t size) {
  if (rva >= module.size) return {};
  return memory.read_up_to(module.base + rva, std::min<std::uint64_t>(size, module.size - rva));
}

void read_codeview(TargetMemory& memory, ModuleRecord& module, DataDirectory debug) {
  const auto bytes =
      read_image(memory, module, debug.rva,
                 std::min<std::uint64_t>(debug.size, kMaxDebugEntries * sizeof(DebugEntry)));
  const auto entries = view_of(bytes).read_array<DebugEntry>(0, bytes.size() / sizeof(DebugEntry));
  if (!entries.ok()) return;
  for (std::uint64_t i = 0; i < entries.value().size(); ++i) {
    const auto entry = entries.value()[i];
    if (entry.type != kDebugTypeCodeView) continue;
    auto record = read_image(memory, module, entry.rva,
                             std::min<std::uint64_t>(entry.size, kMaxCodeViewBytes));
    const auto magic = view_of(record).read<std::uint32_t>(0);
    if (!magic.ok() || magic.value() != kRsds) continue;
    module.codeview = std::move(record);
    return;
  }
}

/// The entry of one resource directory: for \p id, or the first of all. Offsets have their top bit
/// set when they lead to another directory.
std::optional<std::uint32_t> resource_entry(ByteView tree,
                                            std::uint64_t offset,
                                            std::optional<std::uint32_t> id) {
  const auto names = tree.read<std::uint16_t>(offset + 12);
  const auto ids = tree.read<std::uint16_t>(offset + 14);
  if (!names.ok() || !ids.ok()) return std::nullopt;
  struct Entry {
    std::uint32_t id;
    std::uint32_t offset;
  };
  const auto entries = tree.read_array<Entry>(
      offset + 16, std::uint64_t{names.value()} + std::uint64_t{ids.value()});
  if (!entries.ok()) return std::nullopt;
  for (std::uint64_t i = 0; i < entries.value().size(); ++i) {
    const auto entry = entries.value()[i];
    if (!id || entry.id == *id) return entry.offset;
  }
  return std::nullopt;
}

void read_version(TargetMemory& memory, ModuleRecord& module, DataDirectory resources) {
  constexpr std::uint32_t kSubdirectory = 0x8000'0000;
  const auto bytes = read_image(memory, module, resources.rva,
                                std::min<std::uint64_t>(resources.size, kMaxResourceTreeBytes));
  const auto tree = view_of(bytes);
  const auto type = resource_entry(tree, 0, kVersionResourceType);
  if (!type || (*type & kSubdirectory) == 0) return;
  const auto name = resource_entry(tree, *type & ~kSubdirectory, std::nullopt);
  if (!name || (*name & kSubdirectory) == 0) return;
  const auto language = resource_entry(tree, *name & ~kSubdirectory, std::nullopt);
  if (!language || (*language & kSubdirectory) != 0) return;
  const auto data = tree.read<std::uint32_t>(*language);
  if (!data.ok()) return;
  const auto fixed = read_image(memory, module, std::uint64_t{data.value()} + kFixedVersionOffset,
                                sizeof(FixedVersion));
  const auto magic = view_of(fixed).read<std::uint32_t>(0);
  const auto version = view_of(fixed).read<FixedVersion>(0);
  if (magic.ok() && magic.value() == kFixedVersionMagic && version.ok())
    module.version = version.value();
}

}  // namespace

void read_image_facts(TargetMemory& memory, ModuleRecord& module) {
  const auto bytes = read_image(memory, module, 0, kHeaderBytes);
  const auto headers = view_of(bytes);
  const auto dos = headers.read<std::uint16_t>(0);
  const auto pe = headers.read<std::uint32_t>(kNewHeaderOffset);
  if (!dos.ok() || dos.value() != kDosMagic || !pe.ok()) return;
  const auto at = [&](std::uint64_t offset) { return std::uint64_t{pe.value()} + offset; };
  const auto signature = headers.read<std::uint32_t>(at(0));
  const auto magic = headers.read<std::uint16_t>(at(kOptionalMagic));
  if (!signature.ok() || signature.value() != kPeMagic || !magic.ok() ||
      magic.value() != kPe64Magic)
    return;
  if (const auto timestamp = headers.read<std::uint32_t>(at(kTimestamp)); timestamp.ok()) {
    module.timestamp = timestamp.value();
  }
  if (const auto checksum = headers.read<std::uint32_t>(at(kChecksum)); checksum.ok()) {
    module.checksum = checksum.value();
  }
  if (const auto debug = headers.read<DataDirectory>(at(kDebugDirectory));
      debug.ok() && debug.value().rva != 0) {
    read_codeview(memory, module, debug.value());
  }
  const auto resources = headers.read<DataDirectory>(at(kResourceDirectory));
  if (resources.ok() && resources.value().rva != 0) read_version(memory, module, resources.value());
}

std::vector<ModuleRecord> read_loader_list(TargetMemory& memory, std::uint64_t peb) {
  // Offsets of 64-bit Windows, the same since Windows XP.
  constexpr std::uint64_t kPebLoaderData = 0x18;
  constexpr std::uint64_t kLoadOrderList = 0x10;
  constexpr std::uint64_t kFullName = 0x48;
  constexpr std::size_t kMaxPathUnits = 32 * 1024;
  struct LoaderEntry {
    std::uint64_t next;
    std::uint64_t previous;
    std::array<std::uint64_t, 4> other_links;
    std::uint64_t base;
    std::uint64_t entry_point;
    std::uint64_t size;
  };
  std::vector<ModuleRecord> modules;
  const auto loader = memory.read_value<std::uint64_t>(peb + kPebLoaderData);
  if (!loader || *loader == 0) return modules;
  const auto head = *loader + kLoadOrderList;
  auto next = memory.read_value<std::uint64_t>(head);
  std::set<std::uint64_t> visited;
  while (next && *next != head && modules.size() < kMaxModules && visited.insert(*next).second) {
    const auto entry = memory.read_value<LoaderEntry>(*next);
    if (!entry) break;
    ModuleRecord module{.base = entry->base, .size = static_cast<std::uint32_t>(entry->size)};
    module.path = memory.read_unicode_string(*next + kFullName, kMaxPathUnits);
    if (module.base != 0) modules.push_back(std::move(module));
    next = entry->next;
  }
  return modules;
}

}  // namespace vigil::capture
