// SPDX-License-Identifier: Apache-2.0
#include "analysis/synopsis.h"

#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include "analysis/exit_trap.h"
#include "analysis/fast_fail.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

/// `OrdersApi.exe 4.2.1.0`
std::string program_of(const snapshot::Snapshot& snapshot) {
  if (snapshot.modules.empty() || snapshot.modules.front().name().empty()) return "the program";
  const auto& program = snapshot.modules.front();
  const bool versioned = !program.version.empty() && program.version != "0.0.0.0";
  return versioned ? fmt::format("{} {}", program.name(), program.version)
                   : std::string(program.name());
}

const report::Frame* frame_at(const Input& input, const Findings& findings, std::size_t index) {
  if (!findings.blamed_thread) return nullptr;
  const auto& frames = input.threads[*findings.blamed_thread].frames;
  return index < frames.size() ? &frames[index] : nullptr;
}

/// ` in orders!Cart::total+0x1a`, and who called it where that is the program's own code.
std::string where(const Input& input, const Findings& findings) {
  const auto* top = frame_at(input, findings, 0);
  if (top == nullptr) {
    const auto address = findings.crash ? findings.crash->address : 0;
    return address == 0 ? "" : fmt::format(" at {:#x}", address);
  }
  if (!findings.blamed_frame || *findings.blamed_frame == 0) return " in " + report::place_of(*top);
  const auto* blamed = frame_at(input, findings, *findings.blamed_frame);
  return fmt::format(" in {}, called from {}", report::place_of(*top), report::place_of(*blamed));
}

/// The same for an access. Of a jump to a bad address only the place that it came from says
/// something.
std::string where_accessed(const Input& input, const Findings& findings) {
  const auto& crash = *findings.crash;
  const auto* top = frame_at(input, findings, 0);
  const bool jumped =
      top != nullptr && crash.access == "execute" && top->instruction == crash.accessed_address;
  const auto* caller = frame_at(input, findings, 1);
  if (!jumped) return where(input, findings);
  return caller == nullptr ? "" : " from " + report::place_of(*caller);
}

/// Where the program's own code is what matters, and how it got out of it does not.
std::string where_blamed(const Input& input, const Findings& findings) {
  if (!findings.blamed_frame) return where(input, findings);
  return " in " + report::place_of(*frame_at(input, findings, *findings.blamed_frame));
}

std::string access_clause(const report::Crash& crash) {
  if (!crash.accessed_address) return "accessed memory without the right to";
  const auto address = *crash.accessed_address;
  const bool null = address < kNullPageEnd;
  if (crash.access == "execute") {
    return null ? fmt::format("called address {:#x}, a null pointer,", address)
                : fmt::format("jumped to {:#x}, where it may not execute,", address);
  }
  const std::string_view verb = crash.access == "write" ? "wrote to" : "read";
  if (null) return fmt::format("{} address {:#x} through a null pointer", verb, address);
  if (address == ~std::uint64_t{0})
    return fmt::format("{} through a pointer that is no address", verb);
  return fmt::format("{} address {:#x} without the right to", verb, address);
}

std::string fast_fail_clause(const report::Crash& crash) {
  if (crash.parameters.empty()) return "ended itself at once (fast fail)";
  const auto* info = find_fast_fail(crash.parameters.front());
  if (info == nullptr)
    return fmt::format("ended itself at once (fast-fail code {})", crash.parameters.front());
  const auto why = info->meaning.empty() ? "" : fmt::format(": {}", info->meaning);
  return fmt::format("ended itself at once (fast fail, {}{})", info->name, why);
}

std::string still_running(const Input& input, const Findings& findings) {
  if (input.threads.empty() && input.snapshot.modules.empty()) {
    return "what is left of the dump does not say what happened";
  }
  auto text = program_of(input.snapshot) + " had not crashed when the dump was taken";
  if (!findings.blamed_thread) return text;
  const auto place = where(input, findings);
  if (place.empty()) return text;
  return fmt::format("{}; thread {} was{}", text, input.threads[*findings.blamed_thread].thread_id,
                     place);
}

std::string what_happened(const Input& input,
                          const Findings& findings,
                          Ending ending,
                          const std::string& cxx_type) {
  const auto& crash = *findings.crash;
  switch (ending) {
    case Ending::Access: return access_clause(crash) + where_accessed(input, findings);
    case Ending::StackOverflow:
      return fmt::format("used up the stack of thread {}", crash.thread_id) +
             where_blamed(input, findings);
    case Ending::FastFail: return fast_fail_clause(crash) + where_blamed(input, findings);
    case Ending::CxxException:
      return fmt::format("threw a C++ exception{} that nobody caught",
                         cxx_type.empty() ? "" : fmt::format(" ({})", cxx_type)) +
             where_blamed(input, findings);
    case Ending::Abort: return "called abort()" + where_blamed(input, findings);
    case Ending::Exit: return describe_exit(crash.code) + where_blamed(input, findings);
    case Ending::Other: break;
  }
  const auto meaning = crash.meaning.empty() ? "" : fmt::format(": {},", crash.meaning);
  return fmt::format("ended with {}{}", crash.name, meaning) + where(input, findings);
}

}  // namespace

std::string make_synopsis(const Input& input, const Findings& findings, const DecodedCrash* crash) {
  if (crash == nullptr) return printable_utf8(still_running(input, findings));
  return printable_utf8(program_of(input.snapshot) + " " +
                        what_happened(input, findings, crash->ending, crash->cxx_type));
}

}  // namespace vigil::analysis
