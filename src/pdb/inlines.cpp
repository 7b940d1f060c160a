// SPDX-License-Identifier: Apache-2.0
#include "pdb/inlines.h"

#include <optional>

#include "pdb/format.h"

namespace vigil::pdb {
namespace {

/// A program of annotations moves two cursors, one over the code and one over the lines: each step
/// that moves the first begins a row, which ends where the next one begins or where its length
/// says.
class Annotations {
 public:
  Annotations(ByteView bytes, FileLine start)
      : bytes_(bytes), file_(start.file), line_(start.line) {}

  /// The place that \p offset belongs to, or none.
  [[nodiscard]] std::optional<FileLine> find(std::uint64_t offset) {
    while (const auto opcode = next()) {
      if (*opcode == 0) break;
      if (step(static_cast<format::Annotation>(*opcode), offset)) return row_place_;
    }
    return std::nullopt;
  }

 private:
  /// One to four bytes; the leading bits say how many.
  [[nodiscard]] std::optional<std::uint32_t> next() {
    const auto byte = [this](std::uint64_t i) -> std::uint32_t {
      const auto value = bytes_.read<std::uint8_t>(at_ + i);
      return value.ok() ? *value : 0u;
    };
    if (at_ >= bytes_.size()) return std::nullopt;
    const std::uint32_t first = byte(0);
    std::uint64_t size = 1;
    std::uint32_t value = first;
    if ((first & 0xc0) == 0x80) {
      size = 2;
      value = (first & 0x3f) << 8 | byte(1);
    } else if ((first & 0xe0) == 0xc0) {
      size = 4;
      value = (first & 0x1f) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
    } else if ((first & 0x80) != 0) {
      return std::nullopt;
    }
    if (size > bytes_.size() - at_) return std::nullopt;
    at_ += size;
    return value;
  }

  /// The lowest bit is the sign.
  static std::int64_t signed_value(std::uint32_t value) {
    const auto magnitude = static_cast<std::int64_t>(value >> 1);
    return (value & 1) != 0 ? -magnitude : magnitude;
  }

  /// Whether \p offset is in the row that this step ends; that row's place stays known then.
  [[nodiscard]] bool step(format::Annotation opcode, std::uint64_t offset) {
    const std::uint32_t value = next().value_or(0);
    switch (opcode) {
      case format::Annotation::End:
      case format::Annotation::ChangeLineEndDelta:
      case format::Annotation::ChangeRangeKind:
      case format::Annotation::ChangeColumnStart:
      case format::Annotation::ChangeColumnEndDelta:
      case format::Annotation::ChangeColumnEnd:
      case format::Annotation::ChangeCodeOffsetBase: return false;
      case format::Annotation::ChangeFile: file_ = value; return false;
      case format::Annotation::ChangeLineOffset: line_ += signed_value(value); return false;
      case format::Annotation::CodeOffset:
      case format::Annotation::ChangeCodeOffset: return begin_row(code_ + value, offset);
      case format::Annotation::ChangeCodeOffsetAndLineOffset:
        line_ += signed_value(value >> 4);
        return begin_row(code_ + (value & 0xf), offset);
      case format::Annotation::ChangeCodeLength: return end_row(code_ + value, offset);
      case format::Annotation::ChangeCodeLengthAndCodeOffset: {
        const std::uint32_t delta = next().value_or(0);
        if (begin_row(code_ + delta, offset)) return true;
        const std::uint64_t begin = code_;
        const bool found = end_row(begin + value, offset);
        code_ = begin;  // the length does not move the cursor here
        return found;
      }
    }
    return false;
  }

  [[nodiscard]] bool end_row(std::uint64_t end, std::uint64_t offset) {
    const bool found = in_row_ && offset >= code_ && offset < end;
    in_row_ = false;
    code_ = end;
    return found;
  }

  [[nodiscard]] bool begin_row(std::uint64_t begin, std::uint64_t offset) {
    if (end_row(begin, offset)) return true;
    in_row_ = true;
    const bool sane = line_ > 0 && line_ <= format::kLineMask;
    row_place_ = {.file = file_, .line = sane ? static_cast<std::uint32_t>(line_) : 0};
    return false;
  }

  ByteView bytes_;
  std::uint64_t at_ = 0;
  std::uint64_t code_ = 0;
  bool in_row_ = false;
  std::uint32_t file_;
  std::int64_t line_;
  FileLine row_place_;
};

/// Walks the sites in their nesting.
class SiteWalk {
 public:
  SiteWalk(const LineTable& lines, std::uint32_t offset, std::size_t max_depth)
      : lines_(lines), offset_(offset), max_depth_(max_depth) {}

  void visit(format::Symbol kind, ByteView body) {
    if (kind == format::Symbol::InlineSiteEnd) {
      if (depth_ == 0) return;
      if (depth_ <= open_.size()) open_.pop_back();
      --depth_;
      return;
    }
    const auto raw = body.read<format::InlineSite>(0);
    ++depth_;
    if (depth_ > max_depth_) {
      too_deep_ = true;
      return;
    }
    InlinedCall call;
    std::optional<FileLine> place;
    if (raw.ok()) {
      call.inlinee = raw->inlinee;
      const auto start = lines_.inlinee(raw->inlinee).value_or(FileLine{});
      const auto annotations = kind == format::Symbol::InlineSite2
                                   ? format::kInlineSite2AnnotationsOffset
                                   : sizeof(format::InlineSite);
      place = Annotations(body.clamp(annotations, body.size()), start).find(offset_);
      call.place = place.value_or(FileLine{});
    }
    open_.push_back(call);
    // What a call is inside of is on the way to it, whatever the outer call's own rows say.
    if (place && open_.size() > found_.size()) found_ = open_;
  }

  [[nodiscard]] std::vector<InlinedCall> take() { return std::move(found_); }
  [[nodiscard]] bool too_deep() const noexcept { return too_deep_; }

 private:
  const LineTable& lines_;
  std::uint32_t offset_;
  std::size_t max_depth_;
  std::size_t depth_ = 0;
  bool too_deep_ = false;
  std::vector<InlinedCall> open_;
  std::vector<InlinedCall> found_;
};

}  // namespace

std::vector<InlinedCall> find_inlined_calls(const Stream& scope,
                                            const LineTable& lines,
                                            std::uint32_t offset,
                                            std::size_t max_depth,
                                            bool& too_deep) {
  SiteWalk walk(lines, offset, max_depth);
  StreamReader reader(scope);
  std::uint64_t at = 0;
  while (scope.contains(at, sizeof(format::RecordHeader))) {
    const auto bytes = reader.at(at, sizeof(format::RecordHeader));
    if (!bytes.ok()) break;
    const auto header = bytes->read<format::RecordHeader>(0);
    if (!header.ok() || header->size < sizeof(header->kind)) break;
    const std::uint64_t body_size = header->size - sizeof(header->kind);
    const auto kind = static_cast<format::Symbol>(header->kind);
    if (kind == format::Symbol::InlineSite || kind == format::Symbol::InlineSite2 ||
        kind == format::Symbol::InlineSiteEnd) {
      const auto body = reader.at(at + sizeof(format::RecordHeader), body_size);
      if (!body.ok()) break;
      walk.visit(kind, *body);
    }
    at += sizeof(format::RecordHeader) + body_size;
  }
  too_deep = walk.too_deep();
  return walk.take();
}

}  // namespace vigil::pdb
