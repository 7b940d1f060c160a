// SPDX-License-Identifier: Apache-2.0
#include "analysis/wer_bucket.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "base/utf.h"

namespace vigil::analysis {
namespace {

constexpr std::uint32_t kInPageError = 0xc0000006;
constexpr std::uint32_t kFastFail = 0xc0000409;
constexpr std::uint32_t kClrException = 0xe0434352;
constexpr std::uint32_t kOldClrException = 0xe0434f4d;

/// Of these the event has other parameters than those that the dump says.
bool has_other_parameters(std::uint32_t code) {
  return code == kInPageError || code == kClrException || code == kOldClrException;
}

/// Name, version and link time, as the event writes them.
std::string identity_of(const snapshot::Module& module) {
  constexpr std::string_view kNoVersion = "0.0.0.0";
  return fmt::format("{} | {} | {:08x}", module.name(),
                     module.version.empty() ? kNoVersion : std::string_view(module.version),
                     module.timestamp);
}

}  // namespace

std::string make_wer_bucket(const snapshot::Snapshot& snapshot, const report::Crash& crash) {
  const bool wide = snapshot.system.cpu != snapshot::Cpu::X86;
  if (snapshot.system.os != snapshot::Os::Windows || crash.kind != "exception" ||
      has_other_parameters(crash.code) || snapshot.modules.empty()) {
    return {};
  }
  const auto module = std::find_if(
      snapshot.modules.begin(), snapshot.modules.end(),
      [&crash](const snapshot::Module& known) { return known.range().contains(crash.address); });
  const auto& program = snapshot.modules.front();
  if (module == snapshot.modules.end() || program.name().empty()) return {};
  const int digits = wide ? 16 : 8;
  const auto offset = fmt::format("{:0{}x}", crash.address - module->base, digits);
  const auto who = fmt::format("{} | {}", identity_of(program), identity_of(*module));
  if (crash.code != kFastFail) {
    return printable_utf8(fmt::format("APPCRASH | {} | {:08x} | {}", who, crash.code, offset));
  }
  const auto data = crash.parameters.empty() ? 0 : crash.parameters.front();
  return printable_utf8(fmt::format("{} | {} | {} | {:08x} | {:0{}x}", wide ? "BEX64" : "BEX", who,
                                    offset, crash.code, data, digits));
}

}  // namespace vigil::analysis
