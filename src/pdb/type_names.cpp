// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "pdb/leaf.h"
#include "pdb/name_hash.h"
#include "pdb/types.h"

/// From the name of a type to its record. The file has a value for each record: the bucket that its
/// name falls into. They stand in the order of the records, so that all of them are looked at, and
/// of the records only the few in the right bucket.
namespace vigil::pdb {
namespace {

/// Records by one hash: several forward references to each of a handful of types.
constexpr std::uint32_t kMaxCandidates = 128;
/// All values are looked at for each name: an operating system's kernel has some ten thousand.
/// Where there are more, the records are read through once instead.
constexpr std::uint64_t kMaxValues = std::uint64_t{1} << 20;
constexpr std::size_t kMaxKnown = 16'384;
/// What is kept of types that are read without a table takes 8 bytes each.
constexpr std::size_t kMaxScanned = std::size_t{1} << 20;
/// How many values are looked at together.
constexpr std::uint64_t kValuesAtOnce = 4096;
constexpr std::uint64_t kValueBytes = sizeof(std::uint32_t);

}  // namespace

void Types::set_names(const format::TypesHeader& header, const Stream& hash) {
  const std::uint64_t count = end_ > first_ ? end_ - first_ : 0;
  if (header.hash_key_size != kValueBytes || header.hash_values_size != count * kValueBytes) return;
  if (count > kMaxValues) return;
  hash_values_ = hash.part(header.hash_values_offset, header.hash_values_size);
  if (hash_values_.size() == header.hash_values_size) buckets_ = header.hash_buckets;
}

/// Counts the records that are looked at for one name, and those for all.
bool Types::may_look_at_one_more(std::uint32_t& candidates) {
  if (++candidates > kMaxCandidates || candidates_left_ == 0) return false;
  --candidates_left_;
  return true;
}

/// \p other_bucket: the record is a definition that should have been filed elsewhere.
bool Types::is_definition(std::uint32_t index, std::string_view name, bool& other_bucket) {
  Scratch scratch;
  const auto record = find(index, scratch);
  const auto type = record ? read_aggregate(record->kind, record->body) : std::nullopt;
  if (!type || type->is_forward_reference()) return false;
  if (type->filed_name() == name) return true;
  // What has no name of its own is filed by its contents.
  const bool plain = (type->properties & format::kScoped) == 0 && !type->name.empty() &&
                     type->name.find_first_of("<`") == std::string_view::npos;
  other_bucket = plain && hash_name(type->name) % buckets_ != hash_name(name) % buckets_;
  return false;
}

Types::Lookup Types::look_up(std::string_view name) {
  if (buckets_ == 0) return {.found = {}, .damaged = first_ < end_};
  const std::uint32_t bucket = hash_name(name) % buckets_;
  std::uint32_t candidates = 0;
  Lookup result;
  Scratch scratch;
  const std::uint64_t count = hash_values_.size() / kValueBytes;
  for (std::uint64_t at = 0; at < count; at += kValuesAtOnce) {
    const auto size = std::min(count - at, kValuesAtOnce);
    const auto bytes = hash_values_.read(at * kValueBytes, size * kValueBytes, scratch);
    if (!bytes.ok()) return {.found = {}, .damaged = true};
    const auto values = bytes->read_array<std::uint32_t>(0, size);
    if (!values.ok()) return {.found = {}, .damaged = true};
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::uint32_t value = (*values)[i];
      if (value >= buckets_) result.damaged = true;
      if (value != bucket) continue;
      if (!may_look_at_one_more(candidates)) return {.found = {}, .damaged = true};
      bool other_bucket = false;
      const auto index = static_cast<std::uint32_t>(first_ + at + i);
      if (is_definition(index, name, other_bucket)) {
        result.found = index;
        return result;
      }
      result.damaged = result.damaged || other_bucket;
    }
  }
  return result;
}

void Types::scan(Diagnostics& diagnostics) {
  is_scanned_ = true;
  if (buckets_ != 0)
    diagnostics.note("types: their table of names is damaged: they are looked for one by one");
  StreamReader reader(records_);
  std::uint64_t at = 0;
  for (std::uint32_t index = first_; index < end_ && scanned_.size() < kMaxScanned; ++index) {
    const auto start = reader.at(at, sizeof(format::RecordHeader));
    if (!start.ok()) break;
    const auto header = start->read<format::RecordHeader>(0);
    if (!header.ok() || header->size < sizeof(header->kind)) break;
    const std::uint64_t body_size = header->size - sizeof(header->kind);
    const auto body = reader.at(at + sizeof(*header), body_size);
    if (!body.ok()) break;
    const auto type = read_aggregate(static_cast<format::Leaf>(header->kind), *body);
    if (type && !type->is_forward_reference())
      scanned_.push_back({hash_name(type->filed_name()), index});
    at += sizeof(*header) + body_size;
  }
  std::ranges::sort(scanned_);
}

std::optional<std::uint32_t> Types::find_scanned(std::string_view name) {
  std::uint32_t candidates = 0;
  for (const auto& [hash, index] :
       std::ranges::equal_range(scanned_, hash_name(name), {}, &Scanned::hash)) {
    if (!may_look_at_one_more(candidates)) break;
    Scratch scratch;
    const auto record = find(index, scratch);
    const auto type = record ? read_aggregate(record->kind, record->body) : std::nullopt;
    if (type && !type->is_forward_reference() && type->filed_name() == name) return index;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Types::find_definition(std::string_view name,
                                                    Diagnostics& diagnostics) {
  if (name.empty()) return std::nullopt;
  if (const auto known = known_.find(name); known != known_.end()) return known->second;
  Lookup result;
  if (!is_scanned_) {
    result = look_up(name);
    if (result.damaged) scan(diagnostics);
  }
  if (is_scanned_ && !result.found) result.found = find_scanned(name);
  if (result.found && known_.size() < kMaxKnown) known_.emplace(name, *result.found);
  return result.found;
}

}  // namespace vigil::pdb
