// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

/// A process with a just-in-time compiler registers some hundred.
constexpr std::uint64_t kMaxFunctionTables = 65'536;
/// A RUNTIME_FUNCTION has 8 bytes on ARM64 and 12 on x64.
constexpr std::uint32_t kMaxEntryBytes = 64;

Status check_head(const format::FunctionTableStream& head) {
  if (head.size_of_header < sizeof(head)) {
    return Error{Errc::Malformed, fmt::format("its head claims {} bytes", head.size_of_header)};
  }
  if (head.size_of_descriptor < sizeof(format::FunctionTableDescriptor)) {
    return Error{Errc::Malformed,
                 fmt::format("its descriptors claim {} bytes, and {} are needed",
                             head.size_of_descriptor, sizeof(format::FunctionTableDescriptor))};
  }
  if (head.size_of_function_entry == 0 || head.size_of_function_entry > kMaxEntryBytes) {
    return Error{Errc::Malformed,
                 fmt::format("its entries claim {} bytes", head.size_of_function_entry)};
  }
  return {};
}

}  // namespace

Status read_function_tables(Reader& reader,
                            ByteView stream,
                            std::vector<snapshot::FunctionTable>& tables) {
  VIGIL_TRY_ASSIGN(const auto head, stream.read<format::FunctionTableStream>(0));
  VIGIL_TRY(check_head(head));
  const std::uint64_t fixed_bytes =
      std::uint64_t{head.size_of_descriptor} + head.size_of_native_descriptor;
  auto at = std::uint64_t{head.size_of_header} + head.size_of_align_pad;
  const auto count =
      usable_records(reader, "function tables", head.number_of_descriptors,
                     stream.clamp(at, stream.size()), fixed_bytes, kMaxFunctionTables);
  tables.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto raw = stream.read<format::FunctionTableDescriptor>(at);
    if (!raw.ok()) return raw.error();
    at += fixed_bytes;
    const auto claimed = std::uint64_t{raw->entry_count} * head.size_of_function_entry;
    const auto there = stream.clamp(at, claimed);
    auto& table = tables.emplace_back();
    table.minimum = reader.address(raw->minimum_address);
    table.maximum = reader.address(raw->maximum_address);
    table.base = reader.address(raw->base_address);
    table.entry_size = head.size_of_function_entry;
    table.entries = there.clamp(0, there.size() / table.entry_size * table.entry_size);
    if (there.size() < claimed) {
      reader.note(fmt::format("function table at {:#x}: claims {} entries, and {} are there",
                              table.minimum, raw->entry_count, table.size()));
      break;
    }
    at += claimed + raw->size_of_align_pad;
  }
  std::ranges::sort(tables, [](const auto& a, const auto& b) {
    return std::tie(a.minimum, a.maximum) < std::tie(b.minimum, b.maximum);
  });
  return {};
}

}  // namespace vigil::minidump
