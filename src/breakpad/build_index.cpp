// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

#include "breakpad/breakpad.h"
#include "breakpad/format.h"
#include "breakpad/text.h"

namespace vigil::breakpad {
namespace {

/// Collects where records begin.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  /// Most lines are line numbers, which begin with a digit and are found by their function: nothing
  /// but their end is looked for.
  Status run() {
    std::size_t at = 0;
    while (at < text_.size()) {
      const auto* newline =
          static_cast<const char*>(std::memchr(text_.data() + at, '\n', text_.size() - at));
      const auto end =
          newline == nullptr ? text_.size() : static_cast<std::size_t>(newline - text_.data());
      if (text_[at] >= 'F' && text_[at] <= 'S') take(at, end);
      at = end + 1;
    }
    for (const auto count : {functions_.size(), publics_.size(), files_.size(), origins_.size(),
                             cfi_.size(), win_.size()}) {
      if (count > kMaxRecords) return Error{Errc::LimitExceeded, "too many records"};
    }
    sort();
    return {};
  }

  [[nodiscard]] std::string pack(const Stamp& stamp) const {
    IndexHeader header{.magic = kIndexMagic,
                       .version = kIndexVersion,
                       .header_size = sizeof(IndexHeader),
                       .text_size = stamp.size,
                       .text_modified_ns = stamp.modified_ns,
                       .counts = {functions_.size(), publics_.size(), files_.size(),
                                  origins_.size(), cfi_.size(), win_.size()}};
    std::string out;
    out.reserve(sizeof header + bytes_of(functions_) + bytes_of(publics_) + bytes_of(files_) +
                bytes_of(origins_) + bytes_of(cfi_) + bytes_of(win_));
    append(out, header);
    append(out, functions_);
    append(out, publics_);
    append(out, files_);
    append(out, origins_);
    append(out, cfi_);
    append(out, win_);
    return out;
  }

 private:
  void take(std::size_t begin, std::size_t end) {
    auto line = text_.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto offset = static_cast<std::uint32_t>(begin);
    switch (line.front()) {
      case 'F':
        if (const auto func = parse_func(line)) {
          functions_.push_back({func->rva, func->size, offset});
        } else {
          take_numbered(line, "FILE", offset, files_);
        }
        break;
      case 'I': take_numbered(line, "INLINE_ORIGIN", offset, origins_); break;
      case 'P': take_public(line, offset); break;
      case 'S': take_stack(line, offset); break;
      default: break;
    }
  }

  static void take_numbered(std::string_view line,
                            std::string_view keyword,
                            std::uint32_t offset,
                            std::vector<NumberRecord>& to) {
    Words words(line);
    if (!words.skip(keyword)) return;
    const auto number = words.decimal();
    if (words.ok()) to.push_back({number, offset});
  }

  void take_public(std::string_view line, std::uint32_t offset) {
    Words words(line);
    if (!words.skip("PUBLIC")) return;
    words.skip("m");
    const auto rva = words.hex();
    if (words.ok()) publics_.push_back({rva, offset});
  }

  void take_stack(std::string_view line, std::uint32_t offset) {
    constexpr std::size_t kKind = 6;  // behind `STACK `
    if (line.size() <= kKind) return;
    std::uint32_t type = 0;
    if (line[kKind] == 'C') {
      if (const auto init = parse_cfi_init(line)) cfi_.push_back({init->rva, init->size, offset});
    } else if (const auto win = parse_win(line, type)) {
      win_.push_back({win->rva, win->size, offset});
    }
  }

  void sort() {
    for (auto* ranges : {&functions_, &cfi_, &win_}) {
      const auto order = [](const RangeRecord& a, const RangeRecord& b) {
        if (a.rva != b.rva) return a.rva < b.rva;
        return a.size != b.size ? a.size > b.size : a.offset < b.offset;
      };
      if (!std::is_sorted(ranges->begin(), ranges->end(), order))
        std::sort(ranges->begin(), ranges->end(), order);
    }
    const auto by_rva = [](const PointRecord& a, const PointRecord& b) {
      return std::pair(a.rva, a.offset) < std::pair(b.rva, b.offset);
    };
    if (!std::is_sorted(publics_.begin(), publics_.end(), by_rva))
      std::sort(publics_.begin(), publics_.end(), by_rva);
    for (auto* numbers : {&files_, &origins_}) {
      const auto order = [](const NumberRecord& a, const NumberRecord& b) {
        return std::pair(a.number, a.offset) < std::pair(b.number, b.offset);
      };
      if (!std::is_sorted(numbers->begin(), numbers->end(), order))
        std::sort(numbers->begin(), numbers->end(), order);
    }
  }

  template <class Record>
  static std::size_t bytes_of(const std::vector<Record>& records) {
    return records.size() * sizeof(Record);
  }
  template <class Record>
  static void append(std::string& out, const Record& record) {
    static_assert(std::has_unique_object_representations_v<Record>);
    const auto bytes = std::bit_cast<std::array<char, sizeof(Record)>>(record);
    out.append(bytes.data(), bytes.size());
  }
  template <class Record>
  static void append(std::string& out, const std::vector<Record>& records) {
    for (const auto& record : records) append(out, record);
  }

  std::string_view text_;
  std::vector<RangeRecord> functions_, cfi_, win_;
  std::vector<PointRecord> publics_;
  std::vector<NumberRecord> files_, origins_;
};

}  // namespace

Result<ModuleRecord> read_module_record(ByteView text) {
  Words words(first_line(text.clamp(0, kMaxModuleLine).text()));
  const bool is_record = words.skip("MODULE");
  ModuleRecord record;
  record.os = words.word();
  record.cpu = words.word();
  record.debug_id = words.word();
  record.debug_file = words.rest();
  if (!is_record || !words.ok())
    return Error{Errc::Malformed, "no Breakpad symbol file: the first line is no MODULE record"};
  return record;
}

Result<std::string> build_index(ByteView text, const Stamp& stamp) {
  if (text.size() > kMaxTextBytes)
    return Error{Errc::LimitExceeded, "the symbol file is larger than 4 GiB"};
  VIGIL_TRY_ASSIGN([[maybe_unused]] const auto module, read_module_record(text));
  Scan scan(text.text());
  VIGIL_TRY(scan.run());
  return scan.pack(stamp);
}

}  // namespace vigil::breakpad
