// SPDX-License-Identifier: Apache-2.0
#include "pdb/layouts.h"

/// How large types are.
namespace vigil::pdb {
namespace {

/// Types within each other: modifiers, arrays, enumerations.
constexpr int kMaxDepth = 32;
constexpr std::uint32_t kFirstRecordIndex = 0x1000;

/// Of the kinds of CV_typ_t and CV_subt_t.
std::uint64_t basic_size(std::uint32_t kind) noexcept {
  switch (kind) {
    case 0x10:             // char
    case 0x20:             // unsigned char
    case 0x30:             // bool
    case 0x68:             // 8 bits
    case 0x69:             // the same without a sign
    case 0x70:             // a character
    case 0x7c: return 1;   // char8_t
    case 0x11:             // short
    case 0x21:             // unsigned short
    case 0x31:             // bool of 16 bits
    case 0x46:             // a float of 16 bits
    case 0x71:             // wchar_t
    case 0x72:             // 16 bits
    case 0x73:             // the same without a sign
    case 0x7a: return 2;   // char16_t
    case 0x08:             // HRESULT
    case 0x12:             // long
    case 0x22:             // unsigned long
    case 0x32:             // BOOL
    case 0x40:             // float
    case 0x74:             // int
    case 0x75:             // unsigned int
    case 0x7b: return 4;   // char32_t
    case 0x44: return 6;   // a float of 48 bits
    case 0x13:             // a quad word
    case 0x23:             // the same without a sign
    case 0x33:             // bool of 64 bits
    case 0x41:             // double
    case 0x76:             // 64 bits
    case 0x77: return 8;   // the same without a sign
    case 0x42: return 10;  // a float of 80 bits
    case 0x14:             // an octa word
    case 0x24:             // the same without a sign
    case 0x43:             // a float of 128 bits
    case 0x78:             // 128 bits
    case 0x79: return 16;  // the same without a sign
    default: return 0;
  }
}

/// LF_POINTER: in the newer ones the size itself, in all of them the kind.
std::uint64_t pointer_size(ByteView body) {
  constexpr std::uint32_t kKindMask = 0x1f, kSizeShift = 13, kSizeMask = 0x3f;
  constexpr std::uint32_t kNear32 = 0xa, kNear64 = 0xc;
  const auto attributes = body.read<std::uint32_t>(sizeof(std::uint32_t));
  if (!attributes.ok()) return 0;
  if (const auto size = *attributes >> kSizeShift & kSizeMask; size != 0) return size;
  const auto kind = *attributes & kKindMask;
  return kind == kNear64 ? 8 : kind == kNear32 ? 4 : 0;
}

}  // namespace

std::uint64_t simple_type_size(std::uint32_t index) noexcept {
  constexpr std::uint32_t kModeShift = 8, kModeMask = 0xf, kKindMask = 0xff;
  constexpr std::uint32_t kNear32 = 4, kNear64 = 6;
  if (index >= kFirstRecordIndex) return 0;
  const auto mode = index >> kModeShift & kModeMask;
  if (mode == 0) return basic_size(index & kKindMask);
  return mode == kNear64 ? 8 : mode == kNear32 ? 4 : 0;
}

std::uint64_t Layouts::size_of(std::uint32_t index) {
  constexpr std::uint64_t kArraySizeOffset = 8;  // after the types of elements and of the index
  constexpr std::uint64_t kEnumTypeOffset = 4;   // after count and properties
  Scratch scratch;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    if (index < kFirstRecordIndex) return simple_type_size(index);
    const auto record = read_record(index, scratch);
    if (!record) return 0;
    std::uint64_t next = 0;  // where the type stands that this one is as large as
    switch (record->kind) {
      case format::Leaf::Pointer: return pointer_size(record->body);
      case format::Leaf::Array: {
        const auto size = numeric_at(record->body, kArraySizeOffset);
        return size ? size->value : 0;
      }
      case format::Leaf::Modifier:
      case format::Leaf::BitField: break;
      case format::Leaf::Enum: next = kEnumTypeOffset; break;
      case format::Leaf::Class:
      case format::Leaf::Structure:
      case format::Leaf::Interface:
      case format::Leaf::Union:
      case format::Leaf::Class2:
      case format::Leaf::Structure2:
      case format::Leaf::Interface2:
      case format::Leaf::Union2: {
        const auto found = aggregate(index);
        return found ? found->size : 0;
      }
      case format::Leaf::FieldList:
      case format::Leaf::FuncId:
      case format::Leaf::MFuncId:
      case format::Leaf::StringId: return 0;
    }
    const auto type = record->body.read<std::uint32_t>(next);
    if (!type.ok()) return 0;
    index = *type;
  }
  return 0;
}

std::optional<Layouts::Element> Layouts::element(std::uint32_t index, std::uint64_t at) {
  Scratch scratch;
  const auto resolved = resolve(index);
  const auto record = resolved ? read_record(*resolved, scratch) : std::nullopt;
  if (!record || record->kind != format::Leaf::Array) return std::nullopt;
  const auto type = record->body.read<std::uint32_t>(0);
  if (!type.ok()) return std::nullopt;
  const std::uint64_t all = size_of(*resolved);
  const Element found{.type = *type, .size = size_of(*type)};
  if (found.size == 0 || at >= all / found.size) return std::nullopt;
  return found;
}

}  // namespace vigil::pdb
