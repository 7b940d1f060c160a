// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "breakpad/breakpad.h"
#include "breakpad/format.h"
#include "breakpad/lines.h"
#include "breakpad/text.h"

namespace vigil::breakpad {
namespace {

/// How many ranges that begin before an address are looked at for one that covers it. Ranges nest
/// in STACK WIN records, a few deep.
constexpr std::uint64_t kMaxNested = 64;
/// Calls inlined into each other at one address.
constexpr std::uint32_t kMaxInlineDepth = 128;
/// Lines of one function, with the calls inlined into it; what is further behind has no line. Ten
/// times what the largest ones have, and some milliseconds.
constexpr std::size_t kMaxFunctionLines = 32'768;

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

/// Whether \p line is the one that \p record was made of.
bool is_of(const std::optional<RangeLine>& line, const RangeRecord& record) {
  return line && line->rva == record.rva && line->size == record.size;
}

RawArray<RangeRecord> ranges(ByteView bytes) {
  return RawArray<RangeRecord>(bytes);
}

ByteView array_of(const std::array<ByteView, kIndexArrays>& arrays, IndexArray which) {
  return arrays[static_cast<std::size_t>(which)];
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

/// What the records of one function say of an address in it.
struct FunctionLines {
  std::vector<std::optional<Inline>> calls;  // by depth
  SourceLine innermost;
};

/// The records of a function follow its own: the calls inlined into it, then its lines.
FunctionLines read_function_lines(Lines& lines, std::uint32_t rva) {
  FunctionLines result;
  std::size_t left = kMaxFunctionLines;
  for (auto line = lines.next(); line && left > 0; line = lines.next(), --left) {
    if (const auto call = inline_at(*line, rva); call && call->depth < kMaxInlineDepth) {
      if (result.calls.size() <= call->depth) result.calls.resize(call->depth + 1);
      result.calls[call->depth] = call;
    } else if (is_line_record(*line)) {
      const auto found = source_line_at(*line, rva);
      if (!found) continue;
      result.innermost = *found;
      break;
    } else if (!line->starts_with("INLINE ")) {
      break;
    }
  }
  return result;
}

}  // namespace

Result<SymFile> SymFile::open(TextSource& text, ByteView index, const Stamp& stamp) {
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

std::optional<Location> SymFile::locate(std::uint32_t rva) {
  if (auto function = function_at(rva)) return function;
  return public_at(rva);
}

std::string SymFile::name_of(ByteView records, std::string_view keyword, std::uint32_t number) {
  const RawArray<NumberRecord> numbers(records);
  const auto behind = count_up_to(numbers, number);
  if (behind == 0) return {};
  Lines lines(*text_, numbers[behind - 1].offset);
  Words words(lines.next().value_or(""));
  const bool is_record = words.skip(keyword);
  const auto found = words.decimal();
  if (!is_record || !words.ok() || found != numbers[behind - 1].number) {
    index_is_damaged_ = true;
    return {};
  }
  return std::string(found == number ? words.rest() : std::string_view());
}

std::optional<Location> SymFile::function_at(std::uint32_t rva) {
  const auto record = innermost(ranges(array_of(arrays_, IndexArray::Functions)), rva);
  if (!record) return std::nullopt;
  Lines lines(*text_, record->offset);
  auto func = parse_func(lines.next().value_or(""));
  if (!is_of(func, *record)) return damaged();
  (void)func->rest.hex();  // size of the parameters
  if (!func->rest.ok()) return std::nullopt;
  std::string name(func->rest.rest());
  const auto found = read_function_lines(lines, rva);

  Location location{.rva = record->rva, .size = record->size};
  std::uint32_t file = found.innermost.file, line = found.innermost.line;
  const auto add = [&](std::string function) {
    location.places.push_back({.function = std::move(function), .line = line});
    if (line == 0) return;
    location.places.back().file = name_of(array_of(arrays_, IndexArray::Files), "FILE", file);
  };
  for (auto call = found.calls.rbegin(); call != found.calls.rend(); ++call) {
    if (!*call) continue;  // the file says nothing of this depth
    add(name_of(array_of(arrays_, IndexArray::Origins), "INLINE_ORIGIN", (*call)->origin));
    file = (*call)->call_file;
    line = (*call)->call_line;
  }
  add(std::move(name));
  return location;
}

std::optional<Location> SymFile::public_at(std::uint32_t rva) {
  const RawArray<PointRecord> publics(array_of(arrays_, IndexArray::Publics));
  auto behind = count_up_to(publics, rva);
  if (behind == 0) return std::nullopt;
  auto record = publics[behind - 1];
  while (behind > 1 && publics[behind - 2].rva == record.rva) record = publics[--behind - 1];
  // A function in between ends what the public symbol names.
  const auto functions = ranges(array_of(arrays_, IndexArray::Functions));
  const auto before = count_up_to(functions, rva);
  if (before > 0 && functions[before - 1].rva > record.rva) return std::nullopt;
  Lines lines(*text_, record.offset);
  Words words(lines.next().value_or(""));
  if (!words.skip("PUBLIC")) return damaged();
  words.skip("m");
  const auto address = words.hex();
  (void)words.hex();  // size of the parameters
  if (!words.ok() || address != record.rva) return damaged();
  return Location{
      .rva = record.rva, .is_public = true, .places = {{.function = std::string(words.rest())}}};
}

std::optional<CfiRules> SymFile::cfi_rules(std::uint32_t rva) {
  constexpr std::string_view kDelta = "STACK CFI ";
  const auto record = innermost(ranges(array_of(arrays_, IndexArray::Cfi)), rva);
  if (!record) return std::nullopt;
  Lines lines(*text_, record->offset);
  const auto init = parse_cfi_init(lines.next().value_or(""));
  if (!is_of(init, *record)) return damaged();
  // First all texts, a line each, then the rules: these view the whole.
  cfi_text_ = init->rest.rest();
  for (auto line = lines.next(); line && line->starts_with(kDelta); line = lines.next()) {
    Words words(line->substr(kDelta.size()));
    const auto from = words.hex();
    if (!words.ok() || from > rva) break;  // INIT of the next, or not in force yet
    cfi_text_.append(1, '\n').append(words.rest());
    if (cfi_text_.size() > kMaxLineBytes) return std::nullopt;
  }
  CfiRules rules;
  for (std::size_t at = 0; at <= cfi_text_.size();) {
    const auto end = std::min(cfi_text_.find('\n', at), cfi_text_.size());
    if (!rules.add(std::string_view(cfi_text_).substr(at, end - at))) return std::nullopt;
    at = end + 1;
  }
  return rules;
}

std::optional<WinFrame> SymFile::win_frame(std::uint32_t rva) {
  constexpr std::uint32_t kTypeFpo = 0, kTypeFrameData = 4;
  const auto records = ranges(array_of(arrays_, IndexArray::Win));
  const auto behind = count_up_to(records, rva);
  std::optional<WinFrame> fpo;
  for (std::uint64_t i = behind; i > 0 && behind - i < kMaxNested; --i) {
    const auto record = records[i - 1];
    if (!covers(record, rva)) continue;
    std::uint32_t type = 0;
    Lines lines(*text_, record.offset);
    auto line = parse_win(lines.next().value_or(""), type);
    if (!is_of(line, record)) {
      index_is_damaged_ = true;
      continue;
    }
    if (type != kTypeFrameData && type != kTypeFpo) continue;
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
    if (fpo && type == kTypeFpo) continue;
    if (has_program)
      frame.program = program_ = words.rest();
    else
      frame.uses_base_pointer = words.hex() != 0;
    if (type == kTypeFrameData) return frame;
    fpo = frame;
  }
  return fpo;
}

}  // namespace vigil::breakpad
