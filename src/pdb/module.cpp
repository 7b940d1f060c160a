// SPDX-License-Identifier: Apache-2.0
#include "pdb/module.h"

#include <tuple>

#include <fmt/format.h>

#include "pdb/format.h"
#include "pdb/search.h"

namespace vigil::pdb {
namespace {

/// Of one module. The whole of a browser linked as one module has half as many.
constexpr std::size_t kMaxProcedures = std::size_t{1} << 20;
constexpr std::uint64_t kMaxNameBytes = 65'536;
/// A dword in front of the first record.
constexpr std::uint32_t kSymbolsSignature = 4;

constexpr std::uint64_t kRecordSizeBytes = sizeof(std::uint16_t);

bool is_procedure(format::Symbol kind) {
  return kind == format::Symbol::GProc32 || kind == format::Symbol::LProc32 ||
         kind == format::Symbol::GProc32Id || kind == format::Symbol::LProc32Id ||
         kind == format::Symbol::LProc32Dpc || kind == format::Symbol::LProc32DpcId;
}

/// What the records that name code have in common.
struct Code {
  SectionOffset start;
  std::uint32_t size = 0;
  std::uint32_t end = 0;          // offset of the record that ends it
  std::uint64_t name_offset = 0;  // 0: named by its parent
  SectionOffset parent;
};

std::optional<Code> parse_code(format::Symbol kind, ByteView body) {
  if (is_procedure(kind)) {
    const auto raw = body.read<format::Proc32>(0);
    if (!raw.ok()) return std::nullopt;
    return Code{{raw->section, raw->offset}, raw->size, raw->end, format::kProc32NameOffset, {}};
  }
  if (kind == format::Symbol::Thunk32) {
    const auto raw = body.read<format::Thunk32>(0);
    if (!raw.ok()) return std::nullopt;
    return Code{{raw->section, raw->offset}, raw->size, raw->end, format::kThunk32NameOffset, {}};
  }
  if (kind == format::Symbol::SepCode) {
    const auto raw = body.read<format::SepCode>(0);
    if (!raw.ok()) return std::nullopt;
    return Code{{raw->section, raw->offset},
                raw->size,
                raw->end,
                0,
                {raw->parent_section, raw->parent_offset}};
  }
  return std::nullopt;
}

/// The record at \p at, with its header.
Result<ByteView> record_at(StreamReader& reader, std::uint64_t at) {
  VIGIL_TRY_ASSIGN(const ByteView size_bytes, reader.at(at, kRecordSizeBytes));
  VIGIL_TRY_ASSIGN(const auto size, size_bytes.read<std::uint16_t>(0));
  if (size < sizeof(format::RecordHeader) - kRecordSizeBytes) {
    return Error{Errc::Malformed, fmt::format("a record of {} bytes at offset {:#x}", size, at)};
  }
  return reader.at(at, kRecordSizeBytes + size);
}

std::optional<Code> code_at(const Stream& symbols, std::uint64_t at) {
  StreamReader reader(symbols);
  const auto record = record_at(reader, at);
  if (!record.ok()) return std::nullopt;
  const auto header = record->read<format::RecordHeader>(0);
  if (!header.ok()) return std::nullopt;
  return parse_code(static_cast<format::Symbol>(header->kind),
                    record->clamp(sizeof(format::RecordHeader), record->size()));
}

}  // namespace

Module Module::read(const Msf& msf,
                    const ModuleStreams& streams,
                    std::uint16_t index,
                    Diagnostics& diagnostics) {
  Module module;
  const Stream stream = msf.stream(streams.stream);
  module.symbols_ = stream.part(0, streams.symbols_size);
  if (auto walked = module.walk(); !walked.ok()) {
    diagnostics.note(fmt::format("module {}: symbols: {}", index, walked.error().message()));
  }
  std::optional<Error> damage;
  module.lines_ = LineTable::read(
      stream.part(std::uint64_t{streams.symbols_size} + streams.c11_size, streams.c13_size),
      damage);
  if (damage) diagnostics.note(fmt::format("module {}: lines: {}", index, damage->message()));
  return module;
}

Status Module::walk() {
  if (symbols_.empty()) return {};
  VIGIL_TRY_ASSIGN(const auto signature, symbols_.read<std::uint32_t>(0));
  if (signature != kSymbolsSignature) {
    return Error{Errc::Unsupported, fmt::format("signature {} and not 4", signature)};
  }
  StreamReader reader(symbols_);
  Status result;
  for (std::uint64_t at = sizeof(signature); symbols_.contains(at, sizeof(format::RecordHeader));) {
    const auto record = record_at(reader, at);
    if (!record.ok()) {
      result = record.error();
      break;
    }
    const auto header = record->read<format::RecordHeader>(0);
    if (!header.ok()) break;  // record_at() has seen to its size
    if (procedures_.size() >= kMaxProcedures) {
      result = Error{Errc::LimitExceeded, fmt::format("more than {} functions", kMaxProcedures)};
      break;
    }
    at = add(*header, at, *record);
  }
  sort_unless_sorted(procedures_, [](const Procedure& a, const Procedure& b) {
    return std::tie(a.start, a.record) < std::tie(b.start, b.record);
  });
  return result;
}

/// Keeps the record at \p at if it names code, and says where to go on: what is inside of its scope
/// names no code, and is passed over where the scope's end is where it should be.
std::uint64_t Module::add(const format::RecordHeader& header, std::uint64_t at, ByteView record) {
  const std::uint64_t next = at + record.size();
  const auto code = parse_code(static_cast<format::Symbol>(header.kind),
                               record.clamp(sizeof(header), record.size()));
  if (!code) return next;
  if (code->size != 0) {
    procedures_.push_back(
        {.start = code->start, .size = code->size, .record = static_cast<std::uint32_t>(at)});
  }
  return ends_scope(code->end, next) ? code->end : next;
}

bool Module::ends_scope(std::uint64_t at, std::uint64_t from) const {
  if (at < from) return false;
  const auto header = symbols_.read<format::RecordHeader>(at);
  if (!header.ok()) return false;
  const auto kind = static_cast<format::Symbol>(header->kind);
  return kind == format::Symbol::End || kind == format::Symbol::ProcIdEnd;
}

const Procedure* Module::find(SectionOffset place) const {
  return find_covering(procedures_, place);
}

std::optional<std::string> Module::name(const Procedure& procedure) const {
  std::uint64_t record = procedure.record;
  auto code = code_at(symbols_, record);
  if (code && code->name_offset == 0) {
    const Procedure* parent = find(code->parent);
    if (parent == nullptr) return std::nullopt;
    record = parent->record;
    code = code_at(symbols_, record);
  }
  if (!code || code->name_offset == 0) return std::nullopt;
  auto name =
      symbols_.c_string(record + sizeof(format::RecordHeader) + code->name_offset, kMaxNameBytes);
  if (!name.ok() || name->empty()) return std::nullopt;
  return std::move(name).take();
}

Stream Module::scope(const Procedure& procedure) const {
  const auto code = code_at(symbols_, procedure.record);
  const auto size = symbols_.read<std::uint16_t>(procedure.record);
  if (!code || !size.ok()) return {};
  const std::uint64_t start = procedure.record + kRecordSizeBytes + *size;
  return ends_scope(code->end, start) ? symbols_.part(start, code->end - start) : Stream{};
}

std::size_t Module::memory() const noexcept {
  return sizeof(Module) + procedures_.capacity() * sizeof(Procedure) + lines_.memory();
}

}  // namespace vigil::pdb
