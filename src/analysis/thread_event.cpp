// SPDX-License-Identifier: Apache-2.0
#include "analysis/thread_event.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "base/exception_codes.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

/// Of a module's name, in the name of what happened: that is short.
constexpr std::size_t kMaxModuleName = 100;

std::uint64_t parameter_of(const report::Crash& crash) {
  return crash.parameters.empty() ? 0 : crash.parameters.front();
}

const snapshot::Module* module_at(const snapshot::Snapshot& snapshot, std::uint64_t address) {
  const auto found = std::ranges::find_if(snapshot.modules, [&](const snapshot::Module& module) {
    return address >= module.base && address - module.base < module.size;
  });
  return found == snapshot.modules.end() ? nullptr : &*found;
}

std::string name_of(const snapshot::Module& module) {
  const auto name = module.name();
  return std::string(name.substr(0, well_formed_utf8_length(name.substr(0, kMaxModuleName))));
}

/// `inject.dll+0x1010`, or the address.
std::string start_text(const snapshot::Snapshot& snapshot, const report::Crash& crash) {
  const auto address = parameter_of(crash);
  const auto* module = module_at(snapshot, address);
  return module == nullptr ? fmt::format("{:#x}", address)
                           : fmt::format("{}+{:#x}", name_of(*module), address - module->base);
}

std::uint32_t exit_code_of(const report::Crash& crash) {
  return static_cast<std::uint32_t>(parameter_of(crash));
}

}  // namespace

bool is_thread_event(const report::Crash& crash) noexcept {
  return crash.kind == "exception" &&
         (crash.code == kThreadEndCode || crash.code == kThreadStartCode);
}

void decode_thread_event(const snapshot::Snapshot& snapshot, report::Crash& crash) {
  if (crash.code == kThreadEndCode) {
    const auto code = exit_code_of(crash);
    const auto* known = find_exception_code(code);
    crash.name += fmt::format(
        " ({})", known != nullptr ? std::string(known->name) : exit_code_in_words(code));
    crash.decoded.push_back(fmt::format("thread {} ended with code {}; the process lived on",
                                        crash.thread_id, exit_code_in_words(code)));
    return;
  }
  if (const auto* module = module_at(snapshot, parameter_of(crash)))
    crash.name += fmt::format(" ({})", ascii_lower(name_of(*module)));
  crash.decoded.push_back(
      fmt::format("thread {} starts at {}", crash.thread_id, start_text(snapshot, crash)));
}

std::string describe_thread_event(const snapshot::Snapshot& snapshot,
                                  const report::Crash& crash,
                                  std::string_view program,
                                  std::string_view where) {
  auto text = fmt::format("thread {} of {} ", crash.thread_id, program);
  if (crash.code == kThreadStartCode)
    return text +
           fmt::format("started at {}, in a module that a rule names", start_text(snapshot, crash));
  text += fmt::format("ended with code {}", exit_code_in_words(exit_code_of(crash)));
  if (!where.empty()) text += fmt::format(",{}", where);
  return text + "; the process lived on";
}

}  // namespace vigil::analysis
