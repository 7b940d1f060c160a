// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "minidump/format_extensions.h"
#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

/// Of /proc/cpuinfo and its like; the first processor is described in one of them.
constexpr std::uint64_t kMaxProcTextBytes = 64 * 1024;
/// Lines of such text; what is longer is no value that is looked for.
constexpr std::size_t kMaxValueBytes = 256;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\"";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The value of the first line `key<separator> value`; empty where there is none.
std::string value_of(ByteView stream, std::string_view key, char separator) {
  auto text = stream.clamp(0, kMaxProcTextBytes).text();
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto split = line.find(separator);
    if (split == std::string_view::npos || trimmed(line.substr(0, split)) != key) continue;
    return one_line(trimmed(line.substr(split + 1)).substr(0, kMaxValueBytes));
  }
  return {};
}

snapshot::Assertion::Kind kind_of(std::uint32_t type) {
  using enum snapshot::Assertion::Kind;
  switch (type) {
    case 1: return InvalidParameter;
    case 2: return PureVirtualCall;
    default: return Unknown;
  }
}

}  // namespace

Status read_breakpad_info(ByteView stream, snapshot::Snapshot& snapshot) {
  VIGIL_TRY_ASSIGN(const auto raw, stream.read<format::BreakpadInfo>(0));
  if ((raw.validity & format::kBreakpadDumpThread) != 0)
    snapshot.dump_thread = ThreadId{raw.dump_thread_id};
  if ((raw.validity & format::kBreakpadRequestingThread) != 0)
    snapshot.requesting_thread = ThreadId{raw.requesting_thread_id};
  return {};
}

Status read_assertion(Reader& reader,
                      ByteView stream,
                      std::optional<snapshot::Assertion>& assertion) {
  VIGIL_TRY_ASSIGN(const auto raw, stream.read<format::BreakpadAssertion>(0));
  const auto text = [&](std::uint64_t at) {
    return reader.wide_field(stream.clamp(at, sizeof(raw.expression)));
  };
  auto& result = assertion.emplace();
  result.line = raw.line;
  result.kind = kind_of(raw.type);
  VIGIL_TRY_ASSIGN(result.expression, text(offsetof(format::BreakpadAssertion, expression)));
  VIGIL_TRY_ASSIGN(result.function, text(offsetof(format::BreakpadAssertion, function)));
  VIGIL_TRY_ASSIGN(result.file, text(offsetof(format::BreakpadAssertion, file)));
  return {};
}

Status read_linux_cpuinfo(ByteView stream, snapshot::SystemInfo& system) {
  system.cpu_model_name = value_of(stream, "model name", ':');
  system.microcode = value_of(stream, "microcode", ':');
  return {};
}

Status read_linux_release(ByteView stream, snapshot::SystemInfo& system) {
  system.distribution = value_of(stream, "PRETTY_NAME", '=');
  if (system.distribution.empty())
    system.distribution = value_of(stream, "DISTRIB_DESCRIPTION", '=');
  return {};
}

Status read_linux_status(ByteView stream, snapshot::ProcessInfo& process) {
  if (process.pid) return {};
  const auto text = value_of(stream, "Pid", ':');
  std::uint32_t pid = 0;
  const auto* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, pid).ptr == end && pid != 0) process.pid = ProcessId{pid};
  return {};
}

}  // namespace vigil::minidump
