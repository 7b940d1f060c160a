// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/minidump_type.h"
#include "rules/rules.h"

namespace vigil::rules {
namespace {

namespace type = minidump_type;

constexpr std::array<std::pair<DumpKind, std::string_view>, 6> kKinds = {{
    {DumpKind::None, "none"},
    {DumpKind::Triage, "triage"},
    {DumpKind::Mini, "mini"},
    {DumpKind::MiniPlus, "miniplus"},
    {DumpKind::Custom, "custom"},
    {DumpKind::Full, "full"},
}};

constexpr std::array<std::pair<Writer, std::string_view>, 2> kWriters = {{
    {Writer::Native, "native"},
    {Writer::Dbghelp, "dbghelp"},
}};

template <class Names, class Value>
std::string_view name_in(const Names& names, Value value) noexcept {
  const auto* found =
      std::ranges::find(names, value, [](const auto& entry) { return entry.first; });
  return found == names.end() ? std::string_view() : found->second;
}

template <class Names>
auto value_in(const Names& names, std::string_view name) noexcept
    -> std::optional<decltype(names.front().first)> {
  const auto* found =
      std::ranges::find(names, name, [](const auto& entry) { return entry.second; });
  if (found == names.end()) return std::nullopt;
  return found->first;
}

constexpr std::uint32_t kMini =
    type::kWithHandleData | type::kWithUnloadedModules | type::kWithIndirectlyReferencedMemory |
    type::kWithProcessThreadData | type::kWithFullMemoryInfo | type::kWithThreadInfo;

}  // namespace

std::string_view to_string(DumpKind kind) noexcept {
  return name_in(kKinds, kind);
}

std::optional<DumpKind> dump_kind_from(std::string_view name) noexcept {
  return value_in(kKinds, name);
}

std::string_view to_string(Writer writer) noexcept {
  return name_in(kWriters, writer);
}

std::optional<Writer> writer_from(std::string_view name) noexcept {
  return value_in(kWriters, name);
}

std::uint32_t minidump_type_of(DumpKind kind, std::uint32_t custom) noexcept {
  switch (kind) {
    case DumpKind::None: return 0;
    case DumpKind::Triage:
      return type::kFilterMemory | type::kFilterModulePaths | type::kFilterTriage |
             type::kWithUnloadedModules | type::kWithProcessThreadData | type::kWithFullMemoryInfo |
             type::kWithThreadInfo;
    case DumpKind::Mini: return kMini;
    case DumpKind::MiniPlus:
      return kMini | type::kWithDataSegs | type::kWithPrivateReadWriteMemory |
             type::kWithPrivateWriteCopyMemory;
    case DumpKind::Custom: return custom;
    case DumpKind::Full:
      return type::kWithFullMemory | type::kWithHandleData | type::kWithUnloadedModules |
             type::kWithFullMemoryInfo | type::kWithThreadInfo;
  }
  return 0;
}

Result<std::uint32_t> parse_minidump_type(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const auto digits = text.substr(hex ? 2 : 0);
  const char first = text.empty() ? '\0' : text.front();
  if (first < '0' || first > '9') {
    if (const auto bit = type::bit_from_name(text)) return *bit;
    std::vector<std::string_view> names;
    for (const auto& flag : type::flags()) names.push_back(flag.name);
    const auto near = yaml::nearest(text, names);
    return Error{Errc::Malformed,
                 fmt::format("{} is not a MINIDUMP_TYPE{}", yaml::shown(text),
                             near ? fmt::format("; did you mean '{}'?", *near)
                                  : "; write a number such as 0x1826 or a name such as "
                                    "WithFullMemory")};
  }
  std::uint32_t mask = 0;
  const auto* end = digits.data() + digits.size();
  const auto [read_to, failed] = std::from_chars(digits.data(), end, mask, hex ? 16 : 10);
  if (failed != std::errc{} || read_to != end) {
    return Error{
        Errc::Malformed,
        fmt::format("{} is not a MINIDUMP_TYPE; write a number such as 0x1826", yaml::shown(text))};
  }
  if (const auto unknown = type::unknown_bits(mask); unknown != 0) {
    return Error{Errc::Malformed,
                 fmt::format("{}: {:#x} is no bit of MINIDUMP_TYPE", yaml::shown(text), unknown)};
  }
  return mask;
}

Status check_manner(DumpKind kind, const Manner& manner) {
  if (kind == DumpKind::Custom && manner.custom == 0) {
    return Error{
        Errc::Malformed,
        "a custom dump needs 'custom', such as 0x1826 or [WithHandleData, WithThreadInfo]"};
  }
  const auto beyond = type::names_beyond_native(manner.custom);
  if (manner.writer == Writer::Native && !beyond.empty()) {
    return Error{Errc::Unsupported, fmt::format("{}: the native writer cannot take it; writer "
                                                "'dbghelp' can",
                                                beyond)};
  }
  if (manner.writer == Writer::Dbghelp && manner.suspend) {
    return Error{Errc::Unsupported,
                 "'suspend' goes with the native writer: dbghelp cannot end a dump early"};
  }
  return {};
}

}  // namespace vigil::rules
