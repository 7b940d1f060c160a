// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/byte_source.h"
#include "base/diagnostics.h"
#include "base/result.h"
#include "minidump/format.h"
#include "snapshot/snapshot.h"

namespace vigil::minidump {

/// What the reader of every stream needs: the file, a place for notes, and what the whole dump
/// shares. It does not own the file or the notes.
class Reader {
 public:
  Reader(ByteSource& file, Diagnostics& diagnostics) : file_(file), diagnostics_(diagnostics) {}

  [[nodiscard]] ByteSource& file() noexcept { return file_; }
  void note(std::string text) { diagnostics_.note(std::move(text)); }

  void set_cpu(snapshot::Cpu cpu) noexcept { cpu_ = cpu; }
  [[nodiscard]] snapshot::Cpu cpu() const noexcept { return cpu_; }

  /// Addresses of 32-bit processes are sign-extended by some writers: 0xffffffff80001000.
  [[nodiscard]] std::uint64_t address(std::uint64_t value) const noexcept {
    const bool sign_extended = cpu_ == snapshot::Cpu::X86 && value >> 32 == 0xffffffff;
    return sign_extended ? value & 0xffffffff : value;
  }

  /// What the file holds of the bytes that a descriptor names.
  [[nodiscard]] ByteView clamp(const format::LocationDescriptor& location) {
    return file_.clamp(location.rva, location.data_size);
  }

  /// The MINIDUMP_STRING at \p rva as one printable line. Text costs a part of a budget for the
  /// whole dump: a million records may name the same long string.
  [[nodiscard]] Result<std::string> string_at(std::uint64_t rva);

  /// The same for the name of an item, which is kept without it: a loss becomes a note that begins
  /// with what \p item() says. An RVA of 0 is no name, and no loss.
  template <class Item>
  [[nodiscard]] std::string name_at(std::uint64_t rva, const Item& item) {
    if (rva == 0) return {};
    auto name = string_at(rva);
    if (name.ok()) return std::move(name).take();
    note(fmt::format("{}: name: {}", item(), name.error().message()));
    return {};
  }

  /// Text of \p bytes as one printable line, paid from the same budget.
  [[nodiscard]] Result<std::string> narrow_text(std::string_view bytes);

  /// The same for a field of UTF-16 that a NUL or its end closes.
  [[nodiscard]] Result<std::string> wide_field(ByteView field);

  /// Crashpad's strings and byte arrays: the bytes behind their length at \p rva.
  [[nodiscard]] Result<ByteView> counted_bytes_at(std::uint64_t rva);

 private:
  [[nodiscard]] Status spend_text(std::uint64_t bytes);

  ByteSource& file_;
  Diagnostics& diagnostics_;
  std::uint64_t text_spent_ = 0;
  snapshot::Cpu cpu_ = snapshot::Cpu::Unknown;
};

/// \p text, printable, with line breaks and tabs made spaces: names stand within a line of output.
[[nodiscard]] std::string one_line(std::string_view text);

/// The records of a list stream, each copied out when asked for. It does not own the bytes.
template <Raw T>
class Records {
 public:
  Records() = default;
  Records(ByteView bytes, std::uint64_t stride, std::uint64_t count)
      : bytes_(bytes), stride_(stride), count_(count) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return count_; }
  [[nodiscard]] T operator[](std::uint64_t index) const {
    VIGIL_CHECK(index < count_);
    return *bytes_.read<T>(index * stride_);
  }
  /// What later versions of the format have behind a T; nothing where the records end before it.
  template <Raw Tail>
  [[nodiscard]] std::optional<Tail> tail(std::uint64_t index) const {
    VIGIL_CHECK(index < count_);
    if (stride_ < sizeof(T) + sizeof(Tail)) return std::nullopt;
    return *bytes_.read<Tail>(index * stride_ + sizeof(T));
  }

 private:
  ByteView bytes_;
  std::uint64_t stride_ = sizeof(T);
  std::uint64_t count_ = 0;
};

/// How many of \p claimed records of \p stride bytes are in \p bytes and within \p limit. What is
/// lost is noted in the name of \p list.
[[nodiscard]] std::uint64_t usable_records(Reader& reader,
                                           std::string_view list,
                                           std::uint64_t claimed,
                                           ByteView bytes,
                                           std::uint64_t stride,
                                           std::uint64_t limit);

/// A list that is a count of 32 bits and its records.
template <Raw T>
[[nodiscard]] Result<Records<T>> counted_list(Reader& reader,
                                              std::string_view list,
                                              ByteView stream,
                                              std::uint64_t limit) {
  VIGIL_TRY_ASSIGN(const std::uint64_t count, stream.read<std::uint32_t>(0));
  // Some writers align the records to 8 bytes and leave 4 bytes of padding behind the count.
  constexpr std::uint64_t kCountBytes = 4;
  constexpr std::uint64_t kPaddedCountBytes = 8;
  const bool padded = stream.size() >= kPaddedCountBytes &&
                      (stream.size() - kPaddedCountBytes) / sizeof(T) == count &&
                      (stream.size() - kPaddedCountBytes) % sizeof(T) == 0;
  const auto records = stream.clamp(padded ? kPaddedCountBytes : kCountBytes, stream.size());
  return Records<T>(records, sizeof(T),
                    usable_records(reader, list, count, records, sizeof(T), limit));
}

/// A list whose head tells how large the head and each record are, and then how many there are, in
/// a Count. Later versions of the format have larger records: the part that is known is read.
template <Raw T, class Count>
[[nodiscard]] Result<Records<T>> sized_list(Reader& reader,
                                            std::string_view list,
                                            ByteView stream,
                                            std::uint64_t limit) {
  VIGIL_TRY_ASSIGN(const auto head, stream.read<format::ListHeader>(0));
  VIGIL_TRY_ASSIGN(const std::uint64_t count, stream.read<Count>(sizeof(head)));
  if (head.size_of_header < sizeof(head) + sizeof(Count)) {
    return Error{Errc::Malformed, fmt::format("its head claims {} bytes", head.size_of_header)};
  }
  if (head.size_of_entry < sizeof(T)) {
    return Error{Errc::Malformed, fmt::format("its entries claim {} bytes, and {} are needed",
                                              head.size_of_entry, sizeof(T))};
  }
  const auto records = stream.clamp(head.size_of_header, stream.size());
  return Records<T>(records, head.size_of_entry,
                    usable_records(reader, list, count, records, head.size_of_entry, limit));
}

}  // namespace vigil::minidump
