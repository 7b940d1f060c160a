// SPDX-License-Identifier: Apache-2.0
#include "pdb/types.h"

#include <algorithm>

#include <fmt/format.h>

#include "pdb/leaf.h"
#include "pdb/search.h"

namespace vigil::pdb {
namespace {

/// Records between two of our own skip points.
constexpr std::uint32_t kIndexStep = 1024;
/// Linkers write a skip point every 8 KiB, which is two thousand records at most.
constexpr std::uint32_t kMaxStepsFromSkipPoint = 2048;
constexpr std::uint64_t kFuncIdNameOffset = 8;    // after scope and type
constexpr std::uint64_t kStringIdNameOffset = 4;  // after the list of substrings
constexpr std::uint64_t kEnumNameOffset = 12;     // after count, properties, two type indexes
constexpr std::uint64_t kRecordSizeBytes = sizeof(std::uint16_t);

std::string class_name(Types& types, std::uint32_t index) {
  Scratch scratch;
  const auto record = types.find(index, scratch);
  if (!record) return {};
  if (record->kind == format::Leaf::Enum) return text_at(record->body, kEnumNameOffset);
  const auto aggregate = read_aggregate(record->kind, record->body);
  return aggregate ? std::string(aggregate->name) : std::string{};
}

std::string scope_name(Types& ids, std::uint32_t index) {
  if (index == 0) return {};
  Scratch scratch;
  const auto record = ids.find(index, scratch);
  if (!record || record->kind != format::Leaf::StringId) return {};
  return text_at(record->body, kStringIdNameOffset);
}

}  // namespace

Result<Types> Types::open(const Msf& msf, const Stream& stream) {
  VIGIL_TRY_ASSIGN(const auto header, stream.read<format::TypesHeader>(0));
  if (header.header_size < sizeof(header) || !stream.contains(header.header_size, 0)) {
    return Error{Errc::Malformed, fmt::format("a header of {} bytes", header.header_size)};
  }
  Types types;
  types.records_ = stream.part(header.header_size, header.records_size);
  types.first_ = header.first_index;
  types.end_ = header.end_index;
  const Stream hash = msf.stream(header.hash_stream);
  types.index_offsets_ = hash.part(header.index_offsets_offset, header.index_offsets_size);
  types.set_names(header, hash);
  return types;
}

/// One walk over all records, where the file has no skip points. Damage ends it.
void Types::index_records() {
  indexed_ = true;
  StreamReader reader(records_);
  std::uint64_t at = 0;
  for (std::uint32_t index = first_; index < end_; ++index) {
    const auto bytes = reader.at(at, kRecordSizeBytes);
    if (!bytes.ok()) return;
    const auto size = bytes->read<std::uint16_t>(0);
    if (!size.ok() || *size < kRecordSizeBytes) return;
    if ((index - first_) % kIndexStep == 0) {
      own_index_offsets_.push_back({.index = index, .offset = static_cast<std::uint32_t>(at)});
    }
    at += kRecordSizeBytes + *size;
  }
}

/// The last point to walk from that is at or before \p index.
format::IndexOffset Types::skip_point(std::uint32_t index) {
  const format::IndexOffset start{.index = first_, .offset = 0};
  if (index_offsets_.empty()) {
    if (!indexed_) index_records();
    const auto next = std::upper_bound(own_index_offsets_.begin(), own_index_offsets_.end(), index,
                                       [](std::uint32_t wanted, const format::IndexOffset& point) {
                                         return wanted < point.index;
                                       });
    return next == own_index_offsets_.begin() ? start : *(next - 1);
  }
  const auto point = [this](std::uint64_t i) {
    return index_offsets_.read<format::IndexOffset>(i * sizeof(format::IndexOffset));
  };
  const std::uint64_t next =
      count_up_to(index_offsets_.size() / sizeof(format::IndexOffset), [&](std::uint64_t i) {
        const auto at = point(i);
        return at.ok() && at->index <= index;
      });
  if (next == 0) return start;
  const auto found = point(next - 1);
  return found.ok() && found->index <= index ? *found : start;
}

std::optional<Types::Record> Types::find(std::uint32_t index, Scratch& scratch) {
  if (index < first_ || index >= end_) return std::nullopt;
  const auto start = skip_point(index);
  const std::uint32_t steps = index - start.index;
  if (steps > kMaxStepsFromSkipPoint) return std::nullopt;
  StreamReader reader(records_);
  std::uint64_t at = start.offset;
  for (std::uint32_t i = 0; i < steps; ++i) {
    const auto bytes = reader.at(at, kRecordSizeBytes);
    if (!bytes.ok()) return std::nullopt;
    const auto size = bytes->read<std::uint16_t>(0);
    if (!size.ok()) return std::nullopt;
    at += kRecordSizeBytes + *size;
  }
  const auto header = records_.read<format::RecordHeader>(at);
  if (!header.ok() || header->size < sizeof(header->kind)) return std::nullopt;
  const auto body = records_.read(at + sizeof(format::RecordHeader),
                                  header->size - sizeof(header->kind), scratch);
  if (!body.ok()) return std::nullopt;
  return Record{.kind = static_cast<format::Leaf>(header->kind), .body = *body};
}

std::string inlinee_name(Types& ids, Types& types, std::uint32_t id) {
  Scratch scratch;
  const auto record = ids.find(id, scratch);
  if (!record) return {};
  if (record->kind != format::Leaf::FuncId && record->kind != format::Leaf::MFuncId) return {};
  const auto parent = record->body.read<std::uint32_t>(0);
  std::string name = text_at(record->body, kFuncIdNameOffset);
  if (!parent.ok() || name.empty()) return name;
  const std::string scope =
      record->kind == format::Leaf::MFuncId ? class_name(types, *parent) : scope_name(ids, *parent);
  return scope.empty() ? name : scope + "::" + name;
}

}  // namespace vigil::pdb
