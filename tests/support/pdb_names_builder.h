// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/byte_builder.h"

/// The parts of a program database that lead from names to symbols and types.
namespace vigil::test {

/// The hash of names, as the format's description has it: dwords, then what is left, folded.
[[nodiscard]] inline std::uint32_t pdb_name_hash(std::string_view text) {
  const auto unit = [&](std::size_t at) {
    return std::uint32_t{static_cast<std::uint8_t>(text[at])};
  };
  const std::size_t dwords = text.size() / 4 * 4;
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < dwords; at += 4)
    sum ^= unit(at) + (unit(at + 1) << 8) + (unit(at + 2) << 16) + (unit(at + 3) << 24);
  std::size_t at = dwords;
  if (text.size() % 4 >= 2) {
    sum ^= unit(at) + (unit(at + 1) << 8);
    at += 2;
  }
  if (text.size() % 2 == 1) sum ^= unit(at);
  sum |= 0x20202020;
  sum ^= sum / 2048;
  return sum ^ sum / 65536;
}

/// A table of names over a stream of symbols.
class NameTableBuilder {
 public:
  void add(std::string_view name, std::size_t symbol_offset) {
    buckets_[pdb_name_hash(name) % kBuckets].push_back(static_cast<std::uint32_t>(symbol_offset));
  }
  [[nodiscard]] std::string make() const {
    ByteBuilder entries, starts;
    std::vector<std::uint32_t> words(129, 0);
    for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
      if (buckets_[bucket].empty()) continue;
      words[bucket / 32] |= 1u << (bucket % 32);
      starts.u32(entries.size() / 8 * 12);
      for (const auto offset : buckets_[bucket]) entries.u32(offset + 1).u32(1);
    }
    ByteBuilder map;
    for (const auto word : words) map.u32(word);
    ByteBuilder out;
    out.u32(0xffff'ffff).u32(0xeffe'0000u + 19990810u).u32(entries.size());
    out.u32(map.size() + starts.size());
    return out.raw(entries.bytes()).raw(map.bytes()).raw(starts.bytes()).bytes();
  }

 private:
  static constexpr std::uint32_t kBuckets = 4096;
  std::vector<std::vector<std::uint32_t>> buckets_{kBuckets};
};

/// The fields of one structure.
class FieldsBuilder {
 public:
  FieldsBuilder& member(std::string_view name, std::uint32_t type, std::uint64_t offset) {
    return entry(ByteBuilder().u16(0x150d).u16(3).u32(type).raw(number(offset)).c_string(name));
  }
  FieldsBuilder& base(std::uint32_t type, std::uint64_t offset) {
    return entry(ByteBuilder().u16(0x1400).u16(3).u32(type).raw(number(offset)));
  }
  FieldsBuilder& continued_in(std::uint32_t list) {
    return entry(ByteBuilder().u16(0x1404).u16(0).u32(list));
  }
  /// Any other kind.
  FieldsBuilder& entry(const ByteBuilder& body) {
    list_.raw(body.bytes());
    for (auto left = (4 - list_.size() % 4) % 4; left > 0; --left) list_.u8(0xf0 + left);
    return *this;
  }
  [[nodiscard]] const ByteBuilder& body() const { return list_; }

  [[nodiscard]] static std::string number(std::uint64_t value) {
    if (value < 0x8000) return ByteBuilder().u16(value).bytes();
    return ByteBuilder().u16(0x8004).u32(value).bytes();
  }

 private:
  ByteBuilder list_;
};

/// The stream of types, or of ids, and what the stream of its hashes holds.
class TypeStreamBuilder {
 public:
  static constexpr std::uint32_t kBuckets = 0x3ffff;

  /// What is filed by its contents and not by a name: then \p filed is empty.
  std::uint32_t add(std::uint32_t leaf, const ByteBuilder& body, std::string_view filed = {}) {
    ByteBuilder padded = body;
    while ((padded.size() + 4) % 4 != 0) padded.u8(0xf1);
    // One skip point for every second record.
    if (count_ % 2 == 0) index_.u32(0x1000 + count_).u32(records_.size());
    records_.u16(padded.size() + 2).u16(leaf).raw(padded.bytes());
    values_.u32(pdb_name_hash(filed.empty() ? padded.bytes() : filed) % kBuckets);
    return 0x1000 + count_++;
  }
  [[nodiscard]] std::string make(std::uint32_t hash_stream, bool names, bool index) const {
    const auto values_size = names ? values_.size() : 0;
    ByteBuilder out;
    out.u32(20040203).u32(56).u32(0x1000).u32(0x1000 + count_).u32(records_.size());
    out.u16(hash_stream).u16(0xffff).u32(4).u32(kBuckets);
    out.u32(0).u32(values_size).u32(values_size).u32(index ? index_.size() : 0).u32(0).u32(0);
    return out.raw(records_.bytes()).bytes();
  }
  [[nodiscard]] std::string hashes(bool names, bool index) const {
    return (names ? values_.bytes() : std::string()) + (index ? index_.bytes() : std::string());
  }

 private:
  ByteBuilder records_, index_, values_;
  std::uint32_t count_ = 0;
};

}  // namespace vigil::test
