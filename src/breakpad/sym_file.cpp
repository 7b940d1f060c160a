// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "breakpad/breakpad.h"
#include "breakpad/format.h"
#include "breakpad/text.h"

namespace vigil::breakpad {
namespace {

/// How many ranges that begin before an address are looked at for one that covers it. Ranges nest
/// in STACK WIN records, a few deep.
constexpr std::uint64_t kMaxNested = 64;
/// Calls inlined into each other at one address.
constexpr std::uint32_t kMaxInlineDepth = 128;

constexpr std::array<std::uint64_t, kIndexArrays> kRecordSizes = {
    sizeof(RangeRecord),  sizeof(PointRecord), sizeof(NumberRecord),
    sizeof(NumberRecord), sizeof(RangeRecord), sizeof(RangeRecord)};

/// How many of \p records begin at or below \p key, by their first member.
template <class Record>
std::uint64_t count_up_to(const RawArray<Record>& records, std::uint32_t key) {
  const auto first_member = [&](std::uint64_t i) {
    const auto record = records[i];
    if constexpr (requires { record.number; })
      return record.number;
    else
      return record.rva;
  };
  std::uint64_t low = 0, high = records.size();
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    if (first_member(middle) <= key)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

bool covers(const RangeRecord& record, std::uint32_t rva) {
  return rva >= record.rva && rva - record.rva < record.size;
}

/// The innermost range around \p rva; of equal ones the first in the text.
std::optional<RangeRecord> innermost(const RawArray<RangeRecord>& records, std::uint32_t rva) {
  const auto behind = count_up_to(records, rva);
  std::optional<RangeRecord> found;
  for (std::uint64_t i = behind; i > 0 && behind - i < kMaxNested; --i) {
    const auto record = records[i - 1];
    const bool same = found && record.rva == found->rva && record.size == found->size;
    if (found && !same) return found;
    if (covers(record, rva)) found = record;
  }
  return found;
}

RawArray<RangeRecord> ranges(ByteView bytes) {
  return RawArray<RangeRecord>(bytes);
}

ByteView array_of(const std::array<ByteView, kIndexArrays>& arrays, IndexArray which) {
  return arrays[static_cast<std::size_t>(which)];
}

/// The text behind `KEYWORD number` of the record with \p number.
std::string_view name_of(std::string_view text,
                         ByteView records,
                         std::string_view keyword,
                         std::uint32_t number) {
  const RawArray<NumberRecord> numbers(records);
  const auto behind = count_up_to(numbers, number);
  if (behind == 0) return {};
  const auto record = numbers[behind - 1];
  Words words(line_from(text, record.offset));
  if (!words.skip(keyword) || words.decimal() != number) return {};
  return words.ok() ? words.rest() : std::string_view();
}

/// One INLINE record: `INLINE depth line file origin address size [address size]…`.
struct Inline {
  std::uint32_t depth = 0, call_line = 0, call_file = 0, origin = 0;
};
std::optional<Inline> inline_at(std::string_view line, std::uint32_t rva) {
  Words words(line);
  if (!words.skip("INLINE")) return std::nullopt;
  Inline result;
  result.depth = words.decimal();
  result.call_line = words.decimal();
  result.call_file = words.decimal();
  result.origin = words.decimal();
  while (words.ok() && !words.rest().empty()) {
    const auto begin = words.hex();
    const auto size = words.hex();
    if (words.ok() && rva >= begin && rva - begin < size) return result;
  }
  return std::nullopt;
}

struct SourceLine {
  std::uint32_t line = 0, file = 0;
};
/// What `address size line file` says when it covers \p rva.
std::optional<SourceLine> source_line_at(std::string_view line, std::uint32_t rva) {
  Words words(line);
  const auto begin = words.hex();
  const auto size = words.hex();
  if (!words.ok() || rva < begin || rva - begin >= size) return std::nullopt;
  SourceLine result;
  result.line = words.decimal();
  result.file = words.decimal();
  return words.ok() ? std::optional(result) : std::nullopt;
}

bool is_line_record(std::string_view line) {
  if (line.empty()) return false;
  const char c = line.front();
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

}  // namespace

Result<SymFile> SymFile::open(ByteView text, ByteView index, const Stamp& stamp) {
  VIGIL_TRY_ASSIGN(const auto header, index.read<IndexHeader>(0));
  const bool of_text = header.magic == kIndexMagic && header.version == kIndexVersion &&
                       header.header_size == sizeof(IndexHeader) &&
                       Stamp{header.text_size, header.text_modified_ns} == stamp &&
                       stamp.size == text.size();
  if (!of_text) return Error{Errc::Malformed, "the index is of another symbol file or version"};
  SymFile file(text);
  std::uint64_t offset = sizeof header;
  for (std::size_t i = 0; i < kIndexArrays; ++i) {
    if (header.counts[i] > kMaxRecords) return Error{Errc::Malformed, "the index is damaged"};
    const auto size = header.counts[i] * kRecordSizes[i];
    VIGIL_TRY_ASSIGN(file.arrays_[i], index.slice(offset, size));
    offset += size;
  }
  if (offset != index.size()) return Error{Errc::Malformed, "the index has bytes behind its end"};
  return file;
}

SymFile::Counts SymFile::counts() const noexcept {
  const auto count = [&](IndexArray which) {
    return array_of(arrays_, which).size() / kRecordSizes[static_cast<std::size_t>(which)];
  };
  return {count(IndexArray::Functions), count(IndexArray::Publics), count(IndexArray::Cfi),
          count(IndexArray::Win)};
}

std::optional<Location> SymFile::locate(std::uint32_t rva) const {
  if (auto function = function_at(rva)) return function;
  return public_at(rva);
}

std::optional<Location> SymFile::function_at(std::uint32_t rva) const {
  const auto record = innermost(ranges(array_of(arrays_, IndexArray::Functions)), rva);
  if (!record) return std::nullopt;
  const auto line = line_from(text_, record->offset);
  auto func = parse_func(line);
  if (!func) return std::nullopt;
  (void)func->rest.hex();  // size of the parameters
  if (!func->rest.ok()) return std::nullopt;
  Location location{.rva = record->rva, .size = record->size};
  add_places(rva, record->offset + line.size(), func->rest.rest(), location);
  return location;
}

/// The records of one function follow its own: the calls inlined into it, then its lines.
void SymFile::add_places(std::uint32_t rva,
                         std::size_t offset,
                         std::string_view name,
                         Location& to) const {
  const auto file_name = [&](std::uint32_t number) {
    return name_of(text_, array_of(arrays_, IndexArray::Files), "FILE", number);
  };
  std::vector<std::optional<Inline>> calls;  // by depth
  SourceLine innermost_line;
  for (auto at = text_.find('\n', offset); at != std::string_view::npos;
       at = text_.find('\n', at + 1)) {
    const auto line = line_from(text_, at + 1);
    if (const auto call = inline_at(line, rva); call && call->depth < kMaxInlineDepth) {
      if (calls.size() <= call->depth) calls.resize(call->depth + 1);
      calls[call->depth] = call;
    } else if (is_line_record(line)) {
      const auto found = source_line_at(line, rva);
      if (!found) continue;
      innermost_line = *found;
      break;
    } else if (!line.starts_with("INLINE ")) {
      break;
    }
  }
  auto file = file_name(innermost_line.file);
  auto line = innermost_line.line;
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
    if (!*call) continue;  // the file says nothing of this depth
    const auto function =
        name_of(text_, array_of(arrays_, IndexArray::Origins), "INLINE_ORIGIN", (*call)->origin);
    to.places.push_back({function, line == 0 ? std::string_view() : file, line});
    file = file_name((*call)->call_file);
    line = (*call)->call_line;
  }
  to.places.push_back({name, line == 0 ? std::string_view() : file, line});
}

std::optional<Location> SymFile::public_at(std::uint32_t rva) const {
  const RawArray<PointRecord> publics(array_of(arrays_, IndexArray::Publics));
  auto behind = count_up_to(publics, rva);
  if (behind == 0) return std::nullopt;
  auto record = publics[behind - 1];
  while (behind > 1 && publics[behind - 2].rva == record.rva) record = publics[--behind - 1];
  // A function in between ends what the public symbol names.
  const auto functions = ranges(array_of(arrays_, IndexArray::Functions));
  const auto before = count_up_to(functions, rva);
  if (before > 0 && functions[before - 1].rva > record.rva) return std::nullopt;
  Words words(line_from(text_, record.offset));
  if (!words.skip("PUBLIC")) return std::nullopt;
  words.skip("m");
  (void)words.hex();  // its address
  (void)words.hex();  // size of the parameters
  if (!words.ok()) return std::nullopt;
  return Location{.rva = record.rva, .is_public = true, .places = {{words.rest(), {}, 0}}};
}

std::optional<CfiRules> SymFile::cfi_rules(std::uint32_t rva) const {
  constexpr std::string_view kDelta = "STACK CFI ";
  const auto record = innermost(ranges(array_of(arrays_, IndexArray::Cfi)), rva);
  if (!record) return std::nullopt;
  const auto first = line_from(text_, record->offset);
  const auto init = parse_cfi_init(first);
  CfiRules rules;
  if (!init || !rules.add(init->rest.rest())) return std::nullopt;
  for (auto at = text_.find('\n', record->offset); at != std::string_view::npos;
       at = text_.find('\n', at + 1)) {
    const auto line = line_from(text_, at + 1);
    if (!line.starts_with(kDelta)) break;
    Words words(line.substr(kDelta.size()));
    const auto from = words.hex();
    if (!words.ok() || from > rva) break;  // INIT of the next, or not in force yet
    if (!rules.add(words.rest())) return std::nullopt;
  }
  return rules;
}

std::optional<WinFrame> SymFile::win_frame(std::uint32_t rva) const {
  constexpr std::uint32_t kTypeFpo = 0, kTypeFrameData = 4;
  const auto records = ranges(array_of(arrays_, IndexArray::Win));
  const auto behind = count_up_to(records, rva);
  std::optional<WinFrame> fpo;
  for (std::uint64_t i = behind; i > 0 && behind - i < kMaxNested; --i) {
    const auto record = records[i - 1];
    if (!covers(record, rva)) continue;
    std::uint32_t type = 0;
    auto line = parse_win(line_from(text_, record.offset), type);
    if (!line || (type != kTypeFrameData && type != kTypeFpo)) continue;
    auto& words = line->rest;
    WinFrame frame{.rva = record.rva, .size = record.size};
    frame.prologue_size = words.hex();
    frame.epilogue_size = words.hex();
    frame.params_size = words.hex();
    frame.saved_registers_size = words.hex();
    frame.locals_size = words.hex();
    frame.max_stack_size = words.hex();
    const bool has_program = words.hex() != 0;
    if (!words.ok()) continue;
    if (has_program)
      frame.program = words.rest();
    else
      frame.uses_base_pointer = words.hex() != 0;
    if (type == kTypeFrameData) return frame;
    if (!fpo) fpo = frame;
  }
  return fpo;
}

}  // namespace vigil::breakpad
