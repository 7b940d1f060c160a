// SPDX-License-Identifier: Apache-2.0
#include "kerneldump/header.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::kerneldump {
namespace {

using namespace std::string_view_literals;

constexpr auto kSignature = "PAGE"sv, kValid64 = "DU64"sv, kValid32 = "DUMP"sv;
constexpr std::uint32_t kCheckedBuild = 0xc;
constexpr std::uint32_t kMachineX86 = 0x14c, kMachineAmd64 = 0x8664, kMachineArm64 = 0xaa64;
/// More than any machine has.
constexpr std::uint32_t kMaxProcessors = 4096;
/// Page frame numbers have 40 bits: 52 of a physical address.
constexpr std::uint64_t kMaxPages = std::uint64_t{1} << 40;

/// Where DUMP_HEADER64 and DUMP_HEADER32 have what both have.
struct Offsets {
  std::uint64_t directory_table, module_list, process_list, machine, processors;
  std::uint64_t bugcheck, parameters, debugger_data, physical_memory, context;
  std::uint64_t context_bytes, exception, exception_bytes, type, required_space, time, comment;
  std::uint64_t uptime, product, suites, attributes;
};
constexpr Offsets kOffsets64 = {0x10,  0x20,  0x28,  0x30,   0x34,   0x38,   0x40,
                                0x80,  0x88,  0x348, 3000,   0xf00,  152,    0xf98,
                                0xfa0, 0xfa8, 0xfb0, 0x1030, 0x1040, 0x1044, 0x1050};
constexpr Offsets kOffsets32 = {0x10,  0x18,  0x1c,  0x20,  0x24,  0x28,  0x2c,
                                0x60,  0x64,  0x320, 1200,  0x7d0, 80,    0xf88,
                                0xfa0, 0xfc0, 0x820, 0xfb8, 0xf94, 0xf98, 0x8a0};
constexpr std::uint64_t kPaeEnabled32 = 0x5c;
constexpr std::uint64_t kCommentBytes = 128;

snapshot::Cpu cpu_of(std::uint32_t machine) {
  switch (machine) {
    case kMachineX86: return snapshot::Cpu::X86;
    case kMachineAmd64: return snapshot::Cpu::Amd64;
    case kMachineArm64: return snapshot::Cpu::Arm64;
    default: return snapshot::Cpu::Unknown;
  }
}

/// A field of bytes up to a NUL; empty where only filler stands.
std::string text_field(const Fields& fields, std::uint64_t at, std::uint64_t size) {
  const auto text = fields.bytes().clamp(at, size).text();
  if (text.starts_with("PAGE"sv)) return {};
  return printable_utf8(text.substr(0, std::min(text.find('\0'), text.size())));
}

std::optional<std::uint64_t> widened(std::optional<std::uint32_t> value) {
  return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
}

/// PHYSICAL_MEMORY_DESCRIPTOR: a number of runs and pages, and the runs.
void read_runs(const Fields& fields, std::uint64_t at, Header& header, Diagnostics& diagnostics) {
  const bool wide = header.is_64bit;
  const auto count = fields.filled32(at);
  const auto pages = wide ? fields.filled64(at + 8) : widened(fields.filled32(at + 4));
  if (!count || !pages) return;
  const auto limit = wide ? kMaxHeaderRuns64 : kMaxHeaderRuns32;
  if (*count > limit) {
    diagnostics.note(fmt::format("header: {} runs of physical memory, and {} fit", *count, limit));
    return;
  }
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto run_at = at + (wide ? 0x10 + i * 16 : 8 + i * 8);
    const auto first = wide ? *fields.u64(run_at) : std::uint64_t{*fields.u32(run_at)};
    const auto size = wide ? *fields.u64(run_at + 8) : std::uint64_t{*fields.u32(run_at + 4)};
    if (first > kMaxPages || size > kMaxPages - first) {
      diagnostics.note(fmt::format("header: run {} of physical memory is out of range", i));
      header.runs.clear();
      return;
    }
    header.runs.push_back({first, size});
    sum += size;
  }
  header.pages = std::min(*pages, kMaxPages);
  if (sum != *pages) {
    diagnostics.note(
        fmt::format("header: it counts {} pages of memory, its runs have {}", *pages, sum));
  }
}

/// Times that no machine can have had are left out and noted.
void read_times(const Fields& fields, const Offsets& at, Header& header, Diagnostics& diagnostics) {
  constexpr std::uint64_t kTicksInMicrosecond = 10;
  // FILETIMEs of the years 1990 and 2200, and fifty years.
  constexpr std::uint64_t kFirst = 122'756'256'000'000'000, kLast = 189'027'648'000'000'000;
  constexpr std::uint64_t kMostTicks = std::uint64_t{50} * 366 * 24 * 3600 * 10'000'000;
  if (const auto time = fields.filled64(at.time); time && *time != 0) {
    if (*time >= kFirst && *time <= kLast)
      header.crash_time = timestamp_from_filetime(*time);
    else
      diagnostics.note(fmt::format("header: {:#x} is no time of a crash: left out", *time));
  }
  if (const auto ticks = fields.filled64(at.uptime); ticks && *ticks != 0) {
    if (*ticks <= kMostTicks)
      header.uptime = Microseconds(static_cast<std::int64_t>(*ticks / kTicksInMicrosecond));
    else
      diagnostics.note(fmt::format("header: {:#x} ticks are no uptime: left out", *ticks));
  }
}

void read_numbers(const Fields& fields, const Offsets& at, Header& header) {
  const auto pointer = [&](std::uint64_t offset) -> std::uint64_t {
    if (header.is_64bit) return fields.filled64(offset).value_or(0);
    return fields.filled32(offset).value_or(0);
  };
  header.build = fields.filled32(0xc).value_or(0);
  header.checked_build = fields.u32(8) == kCheckedBuild;
  header.directory_table = pointer(at.directory_table);
  header.module_list = pointer(at.module_list);
  header.process_list = pointer(at.process_list);
  header.debugger_data = pointer(at.debugger_data);
  header.raw_machine = fields.filled32(at.machine).value_or(0);
  header.cpu = cpu_of(header.raw_machine);
  header.processors = fields.filled32(at.processors).value_or(0);
  header.bugcheck.code = fields.filled32(at.bugcheck).value_or(0);
  for (std::uint64_t i = 0; i < header.bugcheck.parameters.size(); ++i)
    header.bugcheck.parameters[i] = pointer(at.parameters + i * (header.is_64bit ? 8 : 4));
  header.raw_type = fields.filled32(at.type);
  if (header.raw_type <= static_cast<std::uint32_t>(DumpType::DebuggerFull))
    header.type = static_cast<DumpType>(header.raw_type.value_or(0));
  header.attributes = fields.filled32(at.attributes);
  header.required_space = fields.filled64(at.required_space);
  header.product_type = fields.filled32(at.product);
  header.suite_mask = fields.filled32(at.suites);
  if (!header.is_64bit) header.pae = fields.u8(kPaeEnabled32) == 1;
}

/// The first bytes of a file that was made and never written to are zeros.
bool is_blank(ByteView bytes) {
  return std::ranges::all_of(bytes.bytes(), [](std::byte b) { return b == std::byte{}; });
}

Result<bool> is_64bit(ByteView start) {
  const auto text = start.text();
  if (text.starts_with(kSignature) && text.substr(4).starts_with(kValid64)) return true;
  if (text.starts_with(kSignature) && text.substr(4).starts_with(kValid32)) return false;
  if (!start.empty() && is_blank(start)) {
    return Error{Errc::Malformed,
                 "file begins with zeros only: the dump was never written, or its disk lost it"};
  }
  return Error{Errc::Malformed, "file does not begin with PAGEDU64 or PAGEDUMP"};
}

}  // namespace

std::string_view to_string(DumpType type) noexcept {
  switch (type) {
    case DumpType::Full: return "full";
    case DumpType::Summary: return "kernel";
    case DumpType::HeaderOnly: return "header";
    case DumpType::Triage: return "triage";
    case DumpType::BitmapFull: return "bitmap full";
    case DumpType::BitmapKernel: return "bitmap kernel";
    case DumpType::Automatic: return "automatic";
    case DumpType::DebuggerKernel: return "debugger kernel";
    case DumpType::DebuggerKernelUser: return "debugger kernel and user";
    case DumpType::DebuggerFull: return "debugger full";
    case DumpType::Unknown: break;
  }
  return "unknown";
}

std::vector<std::string> attribute_names(std::uint32_t attributes) {
  static constexpr std::array kNames = {
      "hibernation"sv,  "device_powered_off"sv, "out_of_space"sv, "kernel_triage"sv, "live"sv,
      "made_offline"sv, "filtered"sv,           "early_boot"sv,   "encrypted"sv,     "decrypted"sv};
  constexpr std::uint32_t kBits = 32;
  std::vector<std::string> names;
  for (std::uint32_t bit = 0; bit < kBits; ++bit) {
    if ((attributes >> bit & 1) == 0) continue;
    names.push_back(bit < kNames.size() ? std::string(kNames[bit])
                                        : fmt::format("{:#x}", 1U << bit));
  }
  return names;
}

Result<Header> read_header(ByteSource& file, Diagnostics& diagnostics) {
  constexpr std::uint64_t kStartBytes = 8;
  VIGIL_TRY_ASSIGN(const bool wide, is_64bit(file.clamp(0, kStartBytes)));
  Header header;
  header.is_64bit = wide;
  const auto bytes = file.clamp(0, header.size());
  if (bytes.size() < header.size()) {
    return Error{Errc::Truncated, fmt::format("file has {} bytes, and its header alone takes {}",
                                              bytes.size(), header.size())};
  }
  if (is_blank(bytes.clamp(kStartBytes, header.size()))) {
    return Error{Errc::Malformed,
                 "file has zeros behind its first 8 bytes: its header was never written, or was "
                 "lost"};
  }
  const Fields fields(bytes);
  const auto& at = wide ? kOffsets64 : kOffsets32;
  read_numbers(fields, at, header);
  if (header.has(Attribute::Encrypted)) {
    return Error{Errc::Unsupported,
                 "file is an encrypted kernel dump: it is read on the machine that has the key"};
  }
  const auto processors = fields.filled32(at.processors);
  if (processors && (*processors == 0 || *processors > kMaxProcessors)) {
    diagnostics.note(fmt::format("header: {} is no number of processors: left out", *processors));
    header.processors = 0;
  }
  read_times(fields, at, header, diagnostics);
  read_runs(fields, at.physical_memory, header, diagnostics);
  header.comment = text_field(fields, at.comment, kCommentBytes);
  header.context = Fields(bytes.clamp(at.context, at.context_bytes));
  header.exception = Fields(bytes.clamp(at.exception, at.exception_bytes));
  return header;
}

}  // namespace vigil::kerneldump
