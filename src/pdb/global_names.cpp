// SPDX-License-Identifier: Apache-2.0
#include "pdb/global_names.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <fmt/format.h>

#include "pdb/format.h"
#include "pdb/name_hash.h"

namespace vigil::pdb {
namespace {

/// Names by one hash: a bucket of an operating system's kernel has two dozen.
constexpr std::uint64_t kMaxEntriesOfBucket = 4096;
/// What is kept of symbols that are read without a table takes 8 bytes each.
constexpr std::size_t kMaxScanned = std::size_t{1} << 20;

struct NamedSymbol {
  SectionOffset start;
  bool is_public = false;
  std::string_view name;  // lives as long as the scratch
};

bool has_address(std::uint16_t kind) {
  return kind == static_cast<std::uint16_t>(format::Symbol::Pub32) ||
         kind == static_cast<std::uint16_t>(format::Symbol::GData32) ||
         kind == static_cast<std::uint16_t>(format::Symbol::LData32);
}

std::optional<NamedSymbol> parse_symbol(std::uint16_t kind, ByteView body) {
  const auto raw = body.read<format::Pub32>(0);
  const auto name = body.c_string(format::kPub32NameOffset, body.size());
  if (!raw.ok() || !name.ok()) return std::nullopt;
  return NamedSymbol{.start = {raw->section, raw->offset},
                     .is_public = kind == static_cast<std::uint16_t>(format::Symbol::Pub32),
                     .name = *name};
}

/// The record at \p offset; \p damaged where there is none, and empty without for kinds that have
/// no address of their own.
std::optional<NamedSymbol> symbol_at(const Stream& symbols,
                                     std::uint64_t offset,
                                     Scratch& scratch,
                                     bool& damaged) {
  const auto header = symbols.read<format::RecordHeader>(offset);
  damaged = !header.ok() || header->size < sizeof(header->kind);
  if (damaged || !has_address(header->kind)) return std::nullopt;
  const auto body =
      symbols.read(offset + sizeof(*header), header->size - sizeof(header->kind), scratch);
  auto symbol = body.ok() ? parse_symbol(header->kind, *body) : std::nullopt;
  damaged = !symbol.has_value();
  return symbol;
}

struct Range {
  std::uint64_t begin = 0, end = 0;
};

/// Which entries are those of \p bucket; none where the table does not make sense.
std::optional<Range> entries_of(const Stream& table,
                                const format::NameTableHeader& header,
                                std::uint32_t bucket) {
  constexpr std::uint64_t kWord = sizeof(std::uint32_t), kBitsOfWord = 32;
  const std::uint64_t count = header.entries_size / sizeof(format::NameEntry);
  const Stream buckets = table.part(sizeof(header) + header.entries_size, header.buckets_size);
  Scratch scratch;
  const auto bytes = buckets.read(0, format::kNameBucketWords * kWord, scratch);
  if (!bytes.ok()) return std::nullopt;
  const auto words = bytes->read_array<std::uint32_t>(0, format::kNameBucketWords);
  if (!words.ok()) return std::nullopt;
  std::uint64_t there = 0, before = 0;
  for (std::uint64_t i = 0; i < words->size(); ++i) {
    const std::uint32_t word = (*words)[i];
    if (i < bucket / kBitsOfWord) before += static_cast<std::uint64_t>(std::popcount(word));
    there += static_cast<std::uint64_t>(std::popcount(word));
  }
  const std::uint64_t starts = format::kNameBucketWords * kWord;
  if (buckets.size() != starts + there * kWord) return std::nullopt;
  const std::uint32_t word = (*words)[bucket / kBitsOfWord];
  const std::uint32_t bit = std::uint32_t{1} << (bucket % kBitsOfWord);
  if ((word & bit) == 0) return Range{};
  before += static_cast<std::uint64_t>(std::popcount(word & (bit - 1)));
  const auto begin = buckets.read<std::uint32_t>(starts + before * kWord);
  const auto end = before + 1 < there ? buckets.read<std::uint32_t>(starts + (before + 1) * kWord)
                                      : Result<std::uint32_t>(0);
  if (!begin.ok() || !end.ok()) return std::nullopt;
  const Range range{*begin / format::kNameEntryBytesInMemory,
                    before + 1 < there ? *end / format::kNameEntryBytesInMemory : count};
  const bool fits = range.begin < range.end && range.end <= count &&
                    range.end - range.begin <= kMaxEntriesOfBucket;
  return fits ? std::optional(range) : std::nullopt;
}

}  // namespace

GlobalNames::GlobalNames(Stream publics, Stream globals, Stream symbols)
    : publics_(publics), globals_(globals), symbols_(symbols) {}

GlobalNames::Lookup GlobalNames::look_up(const Stream& table, std::string_view name) const {
  constexpr Lookup kDamaged{.found = {}, .damaged = true};
  if (table.empty()) return {};
  const auto header = table.read<format::NameTableHeader>(0);
  if (!header.ok() || header->signature != format::kNameTableSignature ||
      header->version != format::kNameTableVersion) {
    return kDamaged;
  }
  if (header->buckets_size == 0) return Lookup{.found = {}, .damaged = header->entries_size != 0};
  const std::uint32_t bucket = hash_name(name) % format::kNameBuckets;
  const auto range = entries_of(table, *header, bucket);
  if (!range) return kDamaged;
  const Stream entries = table.part(sizeof(*header), header->entries_size);
  Lookup result;
  Scratch scratch;
  for (auto i = range->begin; i < range->end; ++i) {
    const auto entry = entries.read<format::NameEntry>(i * sizeof(format::NameEntry));
    if (!entry.ok() || entry->offset == 0) return kDamaged;
    bool damaged = false;
    const auto symbol = symbol_at(symbols_, entry->offset - 1, scratch, damaged);
    if (symbol && symbol->name == name) {
      result.found = symbol->start;
      return result;
    }
    // One in the wrong bucket: what is looked for may be in a wrong one too.
    if (symbol) damaged = hash_name(symbol->name) % format::kNameBuckets != bucket;
    result.damaged = result.damaged || damaged;
  }
  return result;
}

void GlobalNames::scan(Diagnostics& diagnostics) {
  is_scanned_ = true;
  diagnostics.note("names: their hash table is damaged: they are looked for one by one");
  StreamReader reader(symbols_);
  std::uint64_t at = 0;
  while (at < symbols_.size() && scanned_.size() < kMaxScanned) {
    const auto start = reader.at(at, sizeof(format::RecordHeader));
    if (!start.ok()) break;
    const auto header = start->read<format::RecordHeader>(0);
    if (!header.ok() || header->size < sizeof(header->kind)) break;
    const std::uint64_t body_size = header->size - sizeof(header->kind);
    if (has_address(header->kind)) {
      const auto body = reader.at(at + sizeof(*header), body_size);
      const auto symbol = body.ok() ? parse_symbol(header->kind, *body) : std::nullopt;
      if (symbol) scanned_.push_back({hash_name(symbol->name), static_cast<std::uint32_t>(at)});
    }
    at += sizeof(*header) + body_size;
  }
  std::ranges::sort(scanned_);
}

std::optional<SectionOffset> GlobalNames::find_scanned(std::string_view name) const {
  Scratch scratch;
  std::uint64_t candidates = 0;
  std::optional<SectionOffset> found;
  for (const auto& [hash, offset] :
       std::ranges::equal_range(scanned_, hash_name(name), {}, &Scanned::hash)) {
    if (++candidates > kMaxEntriesOfBucket) break;
    bool damaged = false;
    const auto symbol = symbol_at(symbols_, offset, scratch, damaged);
    if (!symbol || symbol->name != name) continue;
    if (symbol->is_public) return symbol->start;
    if (!found) found = symbol->start;
  }
  return found;
}

std::optional<SectionOffset> GlobalNames::find(std::string_view name, Diagnostics& diagnostics) {
  for (const auto* table : {&publics_, &globals_}) {
    if (is_scanned_) break;
    const auto result = look_up(*table, name);
    if (result.damaged) scan(diagnostics);
    if (result.found) return result.found;
  }
  return find_scanned(name);
}

}  // namespace vigil::pdb
