// SPDX-License-Identifier: Apache-2.0
#include "pdb/leaf.h"

namespace vigil::pdb {
namespace {

constexpr std::uint64_t kMaxNameBytes = 65'536;
constexpr std::uint16_t kFirstNumericLeaf = 0x8000;

template <class T>
std::optional<Numeric> number(ByteView body, std::uint64_t at) {
  const auto value = body.read<T>(at + sizeof(std::uint16_t));
  if (!value.ok()) return std::nullopt;
  return Numeric{static_cast<std::uint64_t>(*value), sizeof(std::uint16_t) + sizeof(T)};
}

/// Where the parts of an aggregate are, which differ between its kinds.
struct Places {
  std::uint64_t properties, fields, size;
  bool count_before_size;
};

std::optional<Places> places_of(format::Leaf kind) {
  switch (kind) {
    case format::Leaf::Class:
    case format::Leaf::Structure:
    case format::Leaf::Interface: return Places{2, 4, 16, false};
    case format::Leaf::Union: return Places{2, 4, 8, false};
    case format::Leaf::Class2:
    case format::Leaf::Structure2:
    case format::Leaf::Interface2: return Places{0, 4, 16, true};
    case format::Leaf::Union2: return Places{0, 4, 8, true};
    case format::Leaf::Modifier:
    case format::Leaf::Pointer:
    case format::Leaf::FieldList:
    case format::Leaf::BitField:
    case format::Leaf::Array:
    case format::Leaf::Enum:
    case format::Leaf::FuncId:
    case format::Leaf::MFuncId:
    case format::Leaf::StringId: break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Numeric> numeric_at(ByteView body, std::uint64_t at) {
  const auto leaf = body.read<std::uint16_t>(at);
  if (!leaf.ok()) return std::nullopt;
  if (*leaf < kFirstNumericLeaf) return Numeric{*leaf, sizeof(std::uint16_t)};
  switch (*leaf) {
    case 0x8000: return number<std::int8_t>(body, at);    // LF_CHAR
    case 0x8001: return number<std::int16_t>(body, at);   // LF_SHORT
    case 0x8002: return number<std::uint16_t>(body, at);  // LF_USHORT
    case 0x8003: return number<std::int32_t>(body, at);   // LF_LONG
    case 0x8004: return number<std::uint32_t>(body, at);  // LF_ULONG
    case 0x8009: return number<std::int64_t>(body, at);   // LF_QUADWORD
    case 0x800a: return number<std::uint64_t>(body, at);  // LF_UQUADWORD
    default: return std::nullopt;
  }
}

std::string text_at(ByteView body, std::uint64_t at) {
  const auto text = body.c_string(at, kMaxNameBytes);
  return text.ok() ? std::string(*text) : std::string{};
}

std::optional<Aggregate> read_aggregate(format::Leaf kind, ByteView body) {
  const auto places = places_of(kind);
  if (!places) return std::nullopt;
  const auto properties = body.read<std::uint16_t>(places->properties);
  const auto fields = body.read<std::uint32_t>(places->fields);
  if (!properties.ok() || !fields.ok()) return std::nullopt;
  std::uint64_t at = places->size;
  if (places->count_before_size) {
    const auto count = numeric_at(body, at);
    if (!count) return std::nullopt;
    at += count->bytes;
  }
  const auto size = numeric_at(body, at);
  if (!size) return std::nullopt;
  const auto name = body.c_string(at + size->bytes, kMaxNameBytes);
  if (!name.ok()) return std::nullopt;
  Aggregate result{.properties = *properties,
                   .fields = *fields,
                   .size = size->value,
                   .name = *name,
                   .unique_name = {}};
  if ((*properties & format::kHasUniqueName) == 0) return result;
  const auto unique = body.c_string(at + size->bytes + name->size() + 1, kMaxNameBytes);
  if (unique.ok()) result.unique_name = *unique;
  return result;
}

}  // namespace vigil::pdb
