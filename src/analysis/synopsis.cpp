// SPDX-License-Identifier: Apache-2.0
#include "analysis/synopsis.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "analysis/exit_trap.h"
#include "analysis/fast_fail.h"
#include "analysis/place.h"
#include "analysis/thread_event.h"
#include "base/utf.h"

namespace vigil::analysis {
namespace {

struct Clause {
  std::uint32_t code;
  std::string_view text;
};
constexpr Clause kClauses[] = {
#define VIGIL_CLAUSE(code, clause) {code, clause},
#include "analysis/clauses.inc"
#undef VIGIL_CLAUSE
};

constexpr std::uint32_t kGuardPage = 0x80000001;
constexpr std::uint32_t kInPageError = 0xc0000006;
constexpr std::uint64_t kMinusOne = ~std::uint64_t{0};

/// `OrdersApi.exe 4.2.1`: a version of four numbers without a last one of 0.
std::string program_of(const snapshot::Snapshot& snapshot) {
  if (snapshot.modules.empty() || snapshot.modules.front().name().empty()) return "the program";
  const auto& program = snapshot.modules.front();
  std::string_view version = program.version;
  if (version.empty() || version == "0.0.0.0") return std::string(program.name());
  if (version.ends_with(".0") && std::count(version.begin(), version.end(), '.') == 3)
    version.remove_suffix(2);
  return fmt::format("{} {}", program.name(), version);
}

const report::Frame* frame_at(const Input& input, const Findings& findings, std::size_t index) {
  if (!findings.blamed_thread) return nullptr;
  const auto& frames = input.threads[*findings.blamed_thread].frames;
  return index < frames.size() ? &frames[index] : nullptr;
}

/// ` in orders!Cart::total (cart.cpp:214)`, and who called it where that is the program's own code.
std::string where(const Input& input, const Findings& findings) {
  const auto* top = frame_at(input, findings, 0);
  if (top == nullptr) {
    const auto address = findings.crash ? findings.crash->address : 0;
    return address == 0 ? "" : fmt::format(" at {:#x}", address);
  }
  const std::string_view in = top->module.empty() ? " at " : " in ";
  if (!findings.blamed_frame || *findings.blamed_frame == 0)
    return std::string(in) + place_in_words(*top);
  const auto* blamed = frame_at(input, findings, *findings.blamed_frame);
  return fmt::format("{}{}, called from {}", in, place_in_words(*top), place_in_words(*blamed));
}

/// Whether the processor went to a bad address: then only where it came from says something.
bool jumped(const Input& input, const Findings& findings) {
  const auto& crash = *findings.crash;
  const auto* top = frame_at(input, findings, 0);
  if (crash.access != "execute" || !crash.accessed_address) return false;
  const bool there = top != nullptr && top->instruction == *crash.accessed_address;
  return there || crash.address == *crash.accessed_address;
}

/// The same for an access.
std::string where_accessed(const Input& input, const Findings& findings) {
  if (!jumped(input, findings)) return where(input, findings);
  const auto* caller = frame_at(input, findings, 1);
  if (caller == nullptr) return "";
  return (caller->trust == "scan" ? " probably from " : " from ") + place_in_words(*caller);
}

/// Where the program's own code is what matters, and how it got out of it does not.
std::string where_blamed(const Input& input, const Findings& findings) {
  if (!findings.blamed_frame) return where(input, findings);
  return " in " + place_in_words(*frame_at(input, findings, *findings.blamed_frame));
}

std::string execute_clause(const DecodedCrash& decoded) {
  const auto address = *decoded.crash.accessed_address;
  if (address == 0) return "called address 0x0, a null pointer,";
  if (address < kNullPageEnd)
    return fmt::format("called address {:#x}, a small number and no address,", address);
  if (decoded.fill != nullptr)
    return fmt::format("jumped to {:#x}, a pointer out of {},", address, decoded.fill->memory);
  if (decoded.crash.adjusted_address)
    return fmt::format("jumped to {:#x}, which is no address,", address);
  const std::string_view region = decoded.region;
  return fmt::format("jumped to {:#x}, {},", address,
                     region.empty() ? "where it may not execute" : region);
}

std::string access_clause(const DecodedCrash& decoded) {
  const auto& crash = decoded.crash;
  if (!crash.accessed_address) return "accessed memory that it may not access,";
  if (crash.access == "execute") return execute_clause(decoded);
  const auto address = *crash.accessed_address;
  const std::string_view verb = crash.access == "write"  ? "wrote to"
                                : crash.access == "read" ? "read"
                                                         : "accessed";
  if (decoded.address_unknown) return "accessed memory through a pointer that is no address";
  const auto what =
      fmt::format("{} address {:#x}{}", verb, address, address == kMinusOne ? " (-1)" : "");
  const bool null = crash.adjusted_address && crash.adjusted_address->kind == "null-pointer";
  if (address < kNullPageEnd || null) return what + " through a null pointer";
  if (decoded.fill != nullptr)
    return fmt::format("{} through a pointer out of {}", what, decoded.fill->memory);
  if (!decoded.pointer_text.empty())
    return fmt::format("{} through a pointer that is the text \"{}\"", what, decoded.pointer_text);
  if (crash.adjusted_address) return what + " through a pointer that is no address";
  if (crash.code == kInPageError) return what + ", which could not be read from its file,";
  if (crash.code == kGuardPage) return what + ", a guard page,";
  if (!decoded.region.empty()) return fmt::format("{}, {},", what, decoded.region);
  const std::string_view infinitive = crash.access == "write"  ? "write to"
                                      : crash.access == "read" ? "read"
                                                               : "access";
  return fmt::format("{}, which it may not {},", what, infinitive);
}

std::string fast_fail_clause(const DecodedCrash& decoded) {
  const auto& crash = decoded.crash;
  if (!decoded.runtime_call.empty()) return std::string(decoded.runtime_call);
  if (crash.parameters.empty()) return "ended itself at once (fast fail)";
  const auto* info = find_fast_fail(crash.parameters.front());
  if (info == nullptr)
    return fmt::format("ended itself at once (fast-fail code {})", crash.parameters.front());
  const auto why = info->meaning.empty() ? "" : fmt::format(": {}", info->meaning);
  return fmt::format("ended itself at once (fast fail, {}{})", info->name, why);
}

/// Whether the dump was taken before anybody could handle its exception, as the dumper that took it
/// has noted. What stands in its values is escaped: none of them can look like this.
bool at_first_chance(const Input& input) {
  const std::string_view comment = input.snapshot.comment;
  return comment.starts_with('{') && comment.find("\"vigil_version\":") != std::string_view::npos &&
         comment.find("\"kind\":\"exception\"") != std::string_view::npos;
}

std::string cxx_clause(const Input& input, const DecodedCrash& decoded) {
  const auto type = decoded.cxx_type.empty() ? "" : fmt::format(" ({})", decoded.cxx_type);
  const auto what = decoded.cxx_what.empty() ? "" : fmt::format(", \"{}\",", decoded.cxx_what);
  const std::string_view fate = at_first_chance(input) ? "" : " that nobody caught";
  return fmt::format("threw a C++ exception{}{}{}", type, what, fate);
}

std::string overflow_clause(const Input& input,
                            const Findings& findings,
                            const DecodedCrash& decoded) {
  auto text = fmt::format("used up the stack of thread {}", decoded.crash.thread_id);
  if (decoded.recursion && findings.blamed_thread) {
    const auto& stack = input.threads[*findings.blamed_thread];
    return fmt::format("{} by recursion: {}", text, describe(*decoded.recursion, stack));
  }
  return text + where_blamed(input, findings);
}

/// Whether the loader gave up: the place is then in its own code, and says nothing.
bool could_not_start(std::uint32_t code) {
  constexpr std::uint32_t kDllNotFound = 0xc0000135, kOrdinalNotFound = 0xc0000138;
  constexpr std::uint32_t kEntryPointNotFound = 0xc0000139, kDllInitFailed = 0xc0000142;
  return code == kDllNotFound || code == kOrdinalNotFound || code == kEntryPointNotFound ||
         code == kDllInitFailed;
}

/// What no parameter adds to but a name.
std::string other_clause(const Input& input,
                         const Findings& findings,
                         const DecodedCrash& decoded) {
  const auto& crash = decoded.crash;
  if (!decoded.runtime_call.empty())
    return std::string(decoded.runtime_call) + where_blamed(input, findings);
  const auto* found =
      std::find_if(std::begin(kClauses), std::end(kClauses),
                   [&crash](const Clause& clause) { return clause.code == crash.code; });
  const bool first_chance = at_first_chance(input);
  if (found == std::end(kClauses) || first_chance) {
    const auto meaning = crash.meaning.empty() ? "" : fmt::format(": {},", crash.meaning);
    return fmt::format("{} {}{}", first_chance ? "raised" : "ended with", crash.name, meaning) +
           where(input, findings);
  }
  auto text = std::string(found->text);
  if (crash.instruction == "ud2")
    text = "ran into a ud2 instruction, which stands where code must never get to,";
  if (!decoded.divisor.empty()) text += fmt::format(" ({})", decoded.divisor);
  if (!decoded.wanted.empty()) text += fmt::format(" ({})", decoded.wanted);
  return could_not_start(crash.code) ? text : text + where(input, findings);
}

/// `; it did not move in 3 samples`; nothing is said where that is not known.
std::string movement_of(const Input& input, const report::Thread& thread) {
  if (input.samples == nullptr || !thread.movement || thread.movement->stack == "unknown")
    return {};
  return "; it " + report::in_words(*thread.movement, *input.samples);
}

std::string still_running(const Input& input, const Findings& findings, const Culprit* culprit) {
  const auto program = program_of(input.snapshot);
  if (input.snapshot.exception_is_lost)
    return fmt::format("what happened to {} is lost: the dump's exception cannot be read", program);
  if (input.threads.empty()) return "what is left of the dump does not say what happened";
  if (!findings.deadlocks.empty())
    return fmt::format("{} is in a deadlock: {}", program, describe(findings.deadlocks.front()));
  auto text =
      program + (input.is_incomplete
                     ? " may have crashed: what can be read of the damaged dump does not say"
                     : " had not crashed when the dump was taken");
  if (!findings.blamed_thread || culprit == nullptr) return text;
  const auto& thread = input.threads[*findings.blamed_thread];
  const auto id = thread.thread_id;
  if (culprit->dying)
    return fmt::format("{} was about to crash when the dump was taken: of thread {}, {}", program,
                       id, culprit->reason);
  const auto place = where(input, findings);
  const auto moved = movement_of(input, thread);
  if (culprit->holds || culprit->hot)
    return fmt::format("{}; thread {} is the one to look at: {}{}{}{}", text, id, culprit->reason,
                       place.empty() ? "" : ", and was", place, moved);
  return place.empty() ? text : fmt::format("{}; thread {} was{}{}", text, id, place, moved);
}

std::string what_happened(const Input& input,
                          const Findings& findings,
                          const DecodedCrash& decoded) {
  switch (ending_of(decoded.crash)) {
    case Ending::Access: return access_clause(decoded) + where_accessed(input, findings);
    case Ending::StackOverflow: return overflow_clause(input, findings, decoded);
    case Ending::FastFail: return fast_fail_clause(decoded) + where_blamed(input, findings);
    case Ending::CxxException: return cxx_clause(input, decoded) + where_blamed(input, findings);
    case Ending::Abort: return "called abort()" + where_blamed(input, findings);
    case Ending::Exit: return describe_exit(decoded.crash.code) + where_blamed(input, findings);
    case Ending::Other: break;
  }
  return other_clause(input, findings, decoded);
}

}  // namespace

std::string make_synopsis(const Input& input,
                          const Findings& findings,
                          const DecodedCrash* crash,
                          const Culprit* culprit) {
  if (crash == nullptr) return printable_utf8(still_running(input, findings, culprit));
  if (is_thread_event(crash->crash))
    return printable_utf8(describe_thread_event(
        input.snapshot, crash->crash, program_of(input.snapshot), where(input, findings)));
  const std::string_view fate =
      at_first_chance(input) ? "; that was before anybody could handle it" : "";
  return printable_utf8(fmt::format("{} {}{}", program_of(input.snapshot),
                                    what_happened(input, findings, *crash), fate));
}

}  // namespace vigil::analysis
