// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/utf.h"
#include "watch/watch.h"

namespace vigil::watch {
namespace {

constexpr std::string_view kDebugger = "Debugger";
constexpr std::string_view kAuto = "Auto";
/// In `saved`: the registration is ours. Without it nothing is restored.
constexpr std::string_view kActive = "Registered";

/// Ours is whatever runs vigil-dumper, also from a folder that an older version was installed in.
bool is_ours(const std::optional<std::string>& debugger) {
  return debugger && ascii_lower(*debugger).find("vigil-dumper") != std::string::npos;
}

std::string printf_literal(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%') escaped += '%';
    escaped += c;
  }
  return escaped;
}

Status put(StringValues& values, std::string_view name, const std::optional<std::string>& value) {
  return value ? values.write(name, *value) : values.erase(name);
}

}  // namespace

std::string aedebug_command(const AeDebugPaths& paths) {
  return fmt::format("\"{}\" --jit %ld %ld %p --inbox \"{}\" --rules \"{}\"",
                     printf_literal(paths.dumper), printf_literal(paths.inbox),
                     printf_literal(paths.rules_folder));
}

Status register_aedebug(StringValues& live, StringValues& saved, std::string_view command) {
  VIGIL_TRY_ASSIGN(const auto debugger, live.read(kDebugger));
  VIGIL_TRY_ASSIGN(const auto automatic, live.read(kAuto));
  if (!is_ours(debugger)) {
    VIGIL_TRY(put(saved, kDebugger, debugger));
    VIGIL_TRY(put(saved, kAuto, automatic));
  }
  // Saved before live is touched: a kill in between leaves a note too many, never one too few.
  VIGIL_TRY(saved.write(kActive, "1"));
  if (debugger != command) VIGIL_TRY(live.write(kDebugger, command));
  if (automatic != "1") VIGIL_TRY(live.write(kAuto, "1"));
  return {};
}

Result<bool> restore_aedebug(StringValues& live, StringValues& saved) {
  VIGIL_TRY_ASSIGN(const auto active, saved.read(kActive));
  if (!active) return false;
  VIGIL_TRY_ASSIGN(const auto debugger, live.read(kDebugger));
  const bool ours = is_ours(debugger);
  if (ours) {
    VIGIL_TRY_ASSIGN(const auto old_debugger, saved.read(kDebugger));
    VIGIL_TRY_ASSIGN(const auto old_automatic, saved.read(kAuto));
    VIGIL_TRY(put(live, kDebugger, old_debugger));
    VIGIL_TRY(put(live, kAuto, old_automatic));
  }
  VIGIL_TRY(saved.erase(kDebugger));
  VIGIL_TRY(saved.erase(kAuto));
  VIGIL_TRY(saved.erase(kActive));
  return ours;
}

}  // namespace vigil::watch
