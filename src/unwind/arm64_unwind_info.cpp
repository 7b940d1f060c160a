// SPDX-License-Identifier: Apache-2.0
#include "unwind/arm64_unwind_info.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "unwind/arm64_codes.h"

namespace vigil::unwind {
namespace {

using Operations = std::vector<Arm64Operation>;
using Kind = Arm64Operation::Kind;

constexpr std::uint64_t kInstructionBytes = 4;
constexpr std::uint32_t kPacked = 1, kPackedFragment = 2;  // the low two bits of unwind data

/// The unwind record of a function that does not fit in a word.
struct Record {
  std::uint64_t function_bytes = 0;
  bool epilogue_at_end = false;
  std::uint32_t epilogue_index = 0;  // of its first code, when it is at the end
  RawArray<std::uint32_t> epilogues;
  ByteView codes;
};

std::optional<Record> read_record(const image::PeImage& image, std::uint64_t rva) {
  const auto header = image.at(rva, 4).read<std::uint32_t>(0);
  if (!header.ok() || (*header >> 18 & 3) != 0) return std::nullopt;  // version 0 is the only one
  Record record;
  record.function_bytes = (*header & 0x3ffff) * kInstructionBytes;
  record.epilogue_at_end = (*header >> 21 & 1) != 0;
  std::uint64_t epilogues = *header >> 22 & 0x1f;
  std::uint64_t code_words = *header >> 27;
  rva += 4;
  if (epilogues == 0 && code_words == 0) {
    const auto extension = image.at(rva, 4).read<std::uint32_t>(0);
    if (!extension.ok()) return std::nullopt;
    epilogues = *extension & 0xffff;
    code_words = *extension >> 16 & 0xff;
    rva += 4;
  }
  if (record.epilogue_at_end) {
    record.epilogue_index = static_cast<std::uint32_t>(epilogues);
    epilogues = 0;
  }
  const auto scopes = image.at(rva, epilogues * 4).read_array<std::uint32_t>(0, epilogues);
  if (!scopes.ok()) return std::nullopt;
  record.epilogues = *scopes;
  record.codes = image.at(rva + epilogues * 4, code_words * 4);
  if (record.codes.size() != code_words * 4) return std::nullopt;
  return record;
}

Operations behind(const Operations& operations, std::uint64_t count) {
  const auto skipped =
      static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(count, operations.size()));
  return {operations.begin() + skipped, operations.end()};
}

/// What is left of an epilogue of \p operations and a return that ends \p from_end bytes from here;
/// or nullopt when that is before it.
std::optional<Operations> rest_of_epilogue(const Operations& operations, std::uint64_t from_end) {
  const auto left = from_end / kInstructionBytes;  // with the return
  if (left == 0 || left > operations.size() + 1) return std::nullopt;
  return behind(operations, operations.size() + 1 - left);
}

/// From \p offset bytes into a function whose first instructions are the prologue's.
std::optional<Operations> rest_of_prologue(const Operations& operations,
                                           std::uint64_t prologue,
                                           std::uint64_t offset) {
  const auto run = offset / kInstructionBytes;
  if (run >= prologue) return std::nullopt;
  return behind(operations, prologue - run);
}

std::variant<Operations, StopReason> packed_operations(std::uint32_t data,
                                                       std::uint64_t offset,
                                                       bool exact) {
  const std::uint64_t function_bytes = (data >> 2 & 0x7ff) * kInstructionBytes;
  if (offset >= function_bytes) return StopReason::NoUnwindInfo;
  auto operations = expand_packed_arm64(data);
  if (!exact || (data & 3) == kPackedFragment) return operations;
  if (auto rest = rest_of_prologue(operations, operations.size(), offset)) return *rest;
  Operations epilogue;  // sets no frame pointer and stores no parameters
  std::ranges::copy_if(operations, std::back_inserter(epilogue), [](const Arm64Operation& o) {
    return o.kind != Kind::SetFp && o.kind != Kind::Nothing;
  });
  if (auto rest = rest_of_epilogue(epilogue, function_bytes - offset)) return *rest;
  return operations;
}

std::optional<Operations> in_epilogue(const Record& record, std::uint64_t offset) {
  if (record.epilogue_at_end) {
    const auto codes = decode_arm64_codes(record.codes, record.epilogue_index);
    if (!codes) return std::nullopt;
    return rest_of_epilogue(codes->operations, record.function_bytes - offset);
  }
  for (std::uint64_t i = 0; i < record.epilogues.size(); ++i) {
    const auto scope = record.epilogues[i];
    const std::uint64_t start = (scope & 0x3ffff) * kInstructionBytes;
    if (offset < start) break;  // they are sorted
    const auto codes = decode_arm64_codes(record.codes, scope >> 22);
    if (!codes) continue;
    const auto end = start + (codes->operations.size() + 1) * kInstructionBytes;
    if (offset < end) return rest_of_epilogue(codes->operations, end - offset);
  }
  return std::nullopt;
}

}  // namespace

std::variant<Operations, StopReason> arm64_operations(const image::PeImage& image,
                                                      const image::Arm64Function& function,
                                                      std::uint64_t rva,
                                                      bool exact) {
  const auto kind = function.unwind_data & 3;
  const auto offset = rva - function.begin;
  if (kind == kPacked || kind == kPackedFragment) {
    return packed_operations(function.unwind_data, offset, exact);
  }
  if (kind != 0) return StopReason::BadUnwindInfo;
  const auto record = read_record(image, function.unwind_data);
  if (!record) return StopReason::BadUnwindInfo;
  if (offset >= record->function_bytes) return StopReason::NoUnwindInfo;
  auto codes = decode_arm64_codes(record->codes, 0);
  if (!codes) return StopReason::BadUnwindInfo;
  if (exact) {
    if (auto rest = rest_of_prologue(codes->operations, codes->prologue, offset)) return *rest;
    if (auto rest = in_epilogue(*record, offset)) return *rest;
  }
  return std::move(codes->operations);
}

}  // namespace vigil::unwind
