// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "capture/win/collect.h"

namespace vigil::capture {
namespace {

constexpr std::size_t kMaxHandles = 20'000;
constexpr std::size_t kMaxHandleTableBytes = 64 << 20;
constexpr std::size_t kMaxObjectBytes = 4096;
constexpr std::chrono::milliseconds kBudget{250};

/// PROCESS_HANDLE_TABLE_ENTRY_INFO; the table starts with its count and a reserved word. The list
/// of the whole system's handles, which older Windows has too, is never asked for: it costs what
/// every process of the machine holds open (and ends Wine 8's server when one holds nothing).
struct ProcessHandleEntry {
  std::uint64_t handle;
  std::uint64_t handle_count;
  std::uint64_t pointer_count;
  std::uint32_t access;
  std::uint32_t type;
  std::uint32_t attributes;
  std::uint32_t reserved;
};
static_assert(sizeof(ProcessHandleEntry) == 40);
constexpr std::uint64_t kTableHeaderBytes = 16;

struct Listed {
  HandleRecord record;
  std::uint32_t type = 0;
};

std::optional<std::vector<Listed>> list_handles(const Nt& nt, HANDLE process) {
  std::vector<std::byte> table(1 << 20);
  while (true) {
    const auto status = nt.query_process(process, kProcessHandleInformation, table.data(),
                                         static_cast<ULONG>(table.size()), nullptr);
    if (status >= 0) break;
    if (status != Nt::kInfoLengthMismatch || table.size() >= kMaxHandleTableBytes)
      return std::nullopt;
    table.resize(table.size() * 2);
  }
  const ByteView view{std::span<const std::byte>(table)};
  const auto count = view.read<std::uint64_t>(0);
  if (!count.ok()) return std::nullopt;
  const auto entries = view.read_array<ProcessHandleEntry>(kTableHeaderBytes, count.value());
  if (!entries.ok()) return std::nullopt;
  std::vector<Listed> listed;
  for (std::uint64_t i = 0; i < entries.value().size() && listed.size() < kMaxHandles; ++i) {
    const auto entry = entries.value()[i];
    listed.push_back({.record = {.handle = entry.handle,
                                 .attributes = entry.attributes,
                                 .granted_access = entry.access,
                                 .handle_count = static_cast<std::uint32_t>(entry.handle_count),
                                 .pointer_count = static_cast<std::uint32_t>(entry.pointer_count)},
                      .type = entry.type});
  }
  return listed;
}

/// The UNICODE_STRING at the start of what NtQueryObject gives; its text lies in the same buffer.
std::u16string object_text(const Nt& nt, HANDLE object, ULONG what) {
  struct UnicodeString {
    std::uint16_t length;
    std::uint16_t maximum_length;
    std::uint32_t padding;
    std::uint64_t text;
  };
  std::array<std::byte, kMaxObjectBytes> buffer{};
  if (nt.query_object(object, what, buffer.data(), static_cast<ULONG>(buffer.size()), nullptr) < 0)
    return {};
  const ByteView view{std::span<const std::byte>(buffer)};
  const auto header = view.read<UnicodeString>(0);
  const auto inside = header.value().text - reinterpret_cast<std::uintptr_t>(buffer.data());
  const auto units = view.read_array<char16_t>(inside, header.value().length / sizeof(char16_t));
  std::u16string text;
  for (std::uint64_t i = 0; units.ok() && i < units.value().size(); ++i)
    text.push_back(units.value()[i]);
  return text;
}

/// Asking for the name of a file or pipe can wait for its driver for ever; these are known not to.
bool name_is_safe(const std::u16string& type) {
  return type == u"Event" || type == u"Mutant" || type == u"Semaphore" || type == u"Section" ||
         type == u"Key" || type == u"Timer" || type == u"Directory" || type == u"Job" ||
         type == u"WindowStation" || type == u"Desktop";
}

}  // namespace

std::vector<HandleRecord> collect_handles(const Nt& nt, HANDLE process, Diagnostics& diagnostics) {
  const auto end = std::chrono::steady_clock::now() + kBudget;
  auto listed = list_handles(nt, process);
  if (!listed) {
    diagnostics.note("handles: the system does not list them");
    return {};
  }
  std::map<std::uint32_t, std::u16string> types;
  std::vector<HandleRecord> records;
  std::size_t unnamed = 0;
  for (auto& [record, type] : *listed) {
    const auto known = types.find(type);
    if (known != types.end()) record.type = known->second;
    const bool wanted = known == types.end() || name_is_safe(record.type);
    platform::KernelHandle copy;
    if (std::chrono::steady_clock::now() > end) {
      ++unnamed;
    } else if (wanted &&
               ::DuplicateHandle(
                   process, reinterpret_cast<HANDLE>(static_cast<std::uintptr_t>(record.handle)),
                   ::GetCurrentProcess(), copy.put(), 0, FALSE, DUPLICATE_SAME_ACCESS) != FALSE) {
      if (known == types.end())
        record.type = types[type] = object_text(nt, copy.get(), kObjectTypeInformation);
      if (name_is_safe(record.type))
        record.name = object_text(nt, copy.get(), kObjectNameInformation);
    }
    records.push_back(std::move(record));
  }
  if (unnamed != 0)
    diagnostics.note(
        fmt::format("handles: no time for the names of {} of {}", unnamed, records.size()));
  return records;
}

}  // namespace vigil::capture
