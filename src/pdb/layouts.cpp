// SPDX-License-Identifier: Apache-2.0
#include "pdb/layouts.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace vigil::pdb {
namespace {

/// Members of one type: the largest of an operating system's kernel have some hundred.
constexpr std::size_t kMaxMembers = 16'384;
/// Lists that one list goes on in: each of them has up to 64 KiB.
constexpr int kMaxContinuations = 256;
/// Modifiers and forward references in front of a type.
constexpr int kMaxReferences = 16;
/// Base classes that a name is looked for in, of all bases together.
constexpr std::size_t kMaxBases = 64;
/// Steps of a path.
constexpr int kMaxSteps = 32;
/// Forward references that are followed, and records and lists that are read, for one question.
constexpr std::uint32_t kMaxDefinitionsOfPath = 16, kMaxRecordsOfPath = 512;
constexpr std::uint32_t kMaxRecordsOfType = 1 << 16;
constexpr std::uint64_t kMaxListBytes = 4 << 20;
constexpr std::uint8_t kFirstPadding = 0xf0;

/// Reads the parts of an entry one after the other.
class FieldReader {
 public:
  FieldReader(ByteView list, std::uint64_t at) : list_(list), at_(at) {}

  void skip(std::uint64_t bytes) { at_ += bytes; }
  template <Raw T>
  [[nodiscard]] T read() {
    const auto value = list_.read<T>(at_);
    ok_ = ok_ && value.ok();
    at_ += sizeof(T);
    return value.ok() ? *value : T{};
  }
  [[nodiscard]] std::uint64_t number() {
    const auto value = numeric_at(list_, at_);
    ok_ = ok_ && value.has_value();
    if (value) at_ += value->bytes;
    return value ? value->value : 0;
  }
  [[nodiscard]] std::string_view text() {
    const auto value = ok_ ? list_.c_string(at_, list_.size()) : Result<std::string_view>("");
    ok_ = ok_ && value.ok();
    if (ok_) at_ += value->size() + 1;
    return ok_ ? *value : std::string_view{};
  }
  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::uint64_t at() const noexcept { return at_; }

 private:
  ByteView list_;
  std::uint64_t at_;
  bool ok_ = true;
};

/// Methods that are new in a virtual table say where they are in it.
bool is_new_virtual(std::uint16_t attributes) {
  constexpr std::uint16_t kKindShift = 2, kKindMask = 7, kIntroducing = 4, kPureIntroducing = 6;
  const auto kind = attributes >> kKindShift & kKindMask;
  return kind == kIntroducing || kind == kPureIntroducing;
}

/// What follows the kind. Every kind has two bytes of attributes, a count or padding first.
bool read_field(FieldReader& in, ListedField& field) {
  const auto attributes = in.read<std::uint16_t>();
  switch (field.kind) {
    case format::Field::Member:
      field.type = in.read<std::uint32_t>();
      field.offset = in.number();
      field.name = in.text();
      return true;
    case format::Field::BaseClass:
    case format::Field::BaseInterface:
      field.type = in.read<std::uint32_t>();
      field.offset = in.number();
      return true;
    case format::Field::VirtualBase:
    case format::Field::IndirectVirtualBase:
      in.skip(2 * sizeof(std::uint32_t));  // its type, and that of the pointer to it
      (void)in.number();                   // where that pointer is, and where the base in its table
      (void)in.number();
      return true;
    case format::Field::Continuation:
    case format::Field::FunctionTable:
    case format::Field::FriendClass: field.type = in.read<std::uint32_t>(); return true;
    case format::Field::FunctionTableAt: in.skip(2 * sizeof(std::uint32_t)); return true;
    case format::Field::Enumerator:
      (void)in.number();
      (void)in.text();
      return true;
    case format::Field::OneMethod:
      in.skip(sizeof(std::uint32_t) * (is_new_virtual(attributes) ? 2 : 1));
      (void)in.text();
      return true;
    case format::Field::StaticMember:
    case format::Field::Methods:
    case format::Field::NestedType:
    case format::Field::NestedTypeEx:
    case format::Field::ModifiedMember:
    case format::Field::FriendFunction:
      in.skip(sizeof(std::uint32_t));
      (void)in.text();
      return true;
  }
  return false;  // a kind whose length is not known
}

}  // namespace

std::optional<ListedField> next_field(ByteView list, std::uint64_t& at) {
  // Bytes that say how many bytes of padding are left stand between entries.
  while (true) {
    const auto byte = list.read<std::uint8_t>(at);
    if (!byte.ok()) return std::nullopt;
    if (*byte < kFirstPadding) break;
    const std::uint64_t padding = *byte - kFirstPadding;
    at += padding == 0 ? 1 : padding;
  }
  FieldReader in(list, at);
  ListedField field;
  field.kind = static_cast<format::Field>(in.read<std::uint16_t>());
  if (!in.ok() || !read_field(in, field) || !in.ok()) return std::nullopt;
  at = in.at();
  return field;
}

std::optional<Types::Record> Layouts::read_record(std::uint32_t index, Scratch& scratch) {
  if (records_left_ == 0) return std::nullopt;
  --records_left_;
  return types_.find(index, scratch);
}

std::optional<std::uint32_t> Layouts::definition_of(const Aggregate& type) {
  if (definitions_left_ == 0) return std::nullopt;
  --definitions_left_;
  return types_.find_definition(type.filed_name(), diagnostics_);
}

std::optional<std::uint32_t> Layouts::resolve(std::uint32_t index) {
  for (int i = 0; i < kMaxReferences; ++i) {
    Scratch scratch;
    const auto record = read_record(index, scratch);
    if (!record) return std::nullopt;
    if (record->kind == format::Leaf::Modifier) {
      const auto type = record->body.read<std::uint32_t>(0);
      if (!type.ok()) return std::nullopt;
      index = *type;
      continue;
    }
    const auto type = read_aggregate(record->kind, record->body);
    if (!type || !type->is_forward_reference()) return index;
    const auto definition = definition_of(*type);
    if (!definition) return std::nullopt;
    index = *definition;
  }
  return std::nullopt;
}

std::optional<Layouts::Found> Layouts::aggregate(std::uint32_t index) {
  Scratch scratch;
  const auto resolved = resolve(index);
  const auto record = resolved ? read_record(*resolved, scratch) : std::nullopt;
  const auto type = record ? read_aggregate(record->kind, record->body) : std::nullopt;
  if (!type) return std::nullopt;
  return Found{.name = std::string(type->name), .fields = type->fields, .size = type->size};
}

std::vector<Member> Layouts::members(const Found& type) {
  std::vector<Member> result;
  std::uint32_t list = type.fields;
  for (int i = 0; i < kMaxContinuations && list != 0; ++i) {
    Scratch scratch;
    const auto record = read_record(list, scratch);
    if (!record || record->kind != format::Leaf::FieldList) break;
    if (record->body.size() > list_bytes_left_) break;
    list_bytes_left_ -= record->body.size();
    list = 0;
    std::uint64_t at = 0;
    while (const auto field = next_field(record->body, at)) {
      if (field->kind == format::Field::Continuation) list = field->type;
      const bool is_member = field->kind == format::Field::Member;
      const bool is_base =
          field->kind == format::Field::BaseClass || field->kind == format::Field::BaseInterface;
      if (!is_member && !is_base) continue;
      if (result.size() >= kMaxMembers) return result;
      result.push_back({.name = std::string(field->name),
                        .offset = field->offset,
                        .type = field->type,
                        .is_base = is_base});
    }
    if (at < record->body.size())
      diagnostics_.note(fmt::format("types: the members of {} are damaged", type.name));
  }
  return result;
}

/// Looks into a bit field, and adds what the member's type says.
void Layouts::complete(Member& member) {
  constexpr std::uint64_t kLengthOffset = 4, kPositionOffset = 5;
  member.size = size_of(member.type);
  if (member.is_base) {
    const auto base = aggregate(member.type);
    if (base) member.name = base->name;
    return;
  }
  Scratch scratch;
  const auto record = read_record(member.type, scratch);
  if (!record || record->kind != format::Leaf::BitField) return;
  const auto length = record->body.read<std::uint8_t>(kLengthOffset);
  const auto position = record->body.read<std::uint8_t>(kPositionOffset);
  if (!length.ok() || !position.ok()) return;
  member.bit_count = *length;
  member.bit_position = *position;
}

std::optional<TypeLayout> Layouts::find_type(std::string_view name) {
  definitions_left_ = kMaxMembers;
  records_left_ = kMaxRecordsOfType;
  list_bytes_left_ = kMaxListBytes;
  const auto index = types_.find_definition(name, diagnostics_);
  const auto found = index ? aggregate(*index) : std::nullopt;
  if (!found) return std::nullopt;
  TypeLayout layout{.name = found->name, .size = found->size, .members = members(*found)};
  for (auto& member : layout.members) complete(member);
  return layout;
}

std::optional<std::uint64_t> Layouts::type_size(std::string_view name) {
  definitions_left_ = kMaxDefinitionsOfPath;
  records_left_ = kMaxRecordsOfPath;
  const auto index = types_.find_definition(name, diagnostics_);
  const auto found = index ? aggregate(*index) : std::nullopt;
  return found ? std::optional(found->size) : std::nullopt;
}

/// Among its own members first, then in its bases, those that stand first before their bases.
std::optional<Member> Layouts::member_named(const Found& type, std::string_view name) {
  struct Base {
    Found type;
    std::uint64_t offset = 0;
  };
  std::vector<Base> to_search{{type, 0}};
  for (std::size_t i = 0; i < to_search.size(); ++i) {
    const auto offset = to_search[i].offset;
    for (auto& member : members(to_search[i].type)) {
      member.offset += offset;
      if (!member.is_base && member.name == name) return std::move(member);
      if (!member.is_base || to_search.size() >= kMaxBases) continue;
      if (auto base = aggregate(member.type))
        to_search.push_back({std::move(*base), member.offset});
    }
  }
  return std::nullopt;
}

namespace {

/// `PagingFile[2]`.
struct Step {
  std::string_view name;
  std::optional<std::uint64_t> index;
};

std::optional<Step> parse_step(std::string_view text) {
  const auto bracket = text.find('[');
  if (bracket == std::string_view::npos) return Step{.name = text, .index = {}};
  if (text.back() != ']') return std::nullopt;
  const auto digits = text.substr(bracket + 1, text.size() - bracket - 2);
  std::uint64_t index = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size())
    return std::nullopt;
  return Step{.name = text.substr(0, bracket), .index = index};
}

}  // namespace

std::optional<Member> Layouts::find_member(std::string_view type, std::string_view path) {
  definitions_left_ = kMaxDefinitionsOfPath;
  records_left_ = kMaxRecordsOfPath;
  list_bytes_left_ = kMaxListBytes;
  const auto start = types_.find_definition(type, diagnostics_);
  auto in = start ? aggregate(*start) : std::nullopt;
  std::uint64_t offset = 0;
  for (int i = 0; i < kMaxSteps && in; ++i) {
    const auto end = path.find('.');
    const auto step = parse_step(path.substr(0, end));
    auto member = step ? member_named(*in, step->name) : std::nullopt;
    if (!member) return std::nullopt;
    if (step->index) {
      const auto part = element(member->type, *step->index);
      if (!part) return std::nullopt;
      member->type = part->type;
      member->offset += *step->index * part->size;
    }
    member->offset += offset;
    if (end == std::string_view::npos) {
      complete(*member);
      return member;
    }
    offset = member->offset;
    path.remove_prefix(end + 1);
    in = aggregate(member->type);
  }
  return std::nullopt;
}

}  // namespace vigil::pdb
