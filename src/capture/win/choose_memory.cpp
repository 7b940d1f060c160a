// SPDX-License-Identifier: Apache-2.0
#include "capture/win/choose_memory.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "base/minidump_type.h"
#include "base/words.h"
#include "capture/ranges.h"
#include "capture/win/collect.h"

namespace vigil::capture {
namespace {

namespace type = minidump_type;

/// The PEB and its surroundings, and the TEBs. They have texts in them too, which a dump without
/// secrets does not take: of a TEB then only where the stack lies, and the last error and status.
void add_process_data(const TargetProcess& process, bool triage, MiniRequest& wanted) {
  constexpr std::uint64_t kTebBytes = 0x1838;
  constexpr std::uint64_t kTebHeadBytes = 0x100;
  constexpr std::uint64_t kTebLastStatus = 0x1250;
  constexpr std::uint64_t kTebLastStatusBytes = 8;
  wanted.whole = process.process_block();
  if (triage && !wanted.whole.empty()) wanted.whole.resize(1);  // the PEB itself
  for (const auto& stack : wanted.stacks) {
    if (stack.teb == 0) continue;
    wanted.whole.push_back({stack.teb, triage ? kTebHeadBytes : kTebBytes});
    if (triage) wanted.whole.push_back({stack.teb + kTebLastStatus, kTebLastStatusBytes});
  }
}

/// The faulting thread's stack stands where the fault was, and is the last to fall to a limit.
void point_at(const ExceptionContent& exception,
              const std::vector<ThreadRecord>& threads,
              MiniRequest& wanted) {
  const auto thread = std::ranges::find(threads, exception.thread, &ThreadRecord::id);
  if (thread == threads.end()) return;
  wanted.first_stack = static_cast<std::size_t>(thread - threads.begin());
  const auto registers = stack_registers(exception.context);
  if (registers.stack_pointer == 0) return;
  wanted.stacks[wanted.first_stack].stack_pointer = registers.stack_pointer;
  wanted.stacks[wanted.first_stack].instruction = registers.instruction;
}

MiniRequest request_of(const TargetProcess& process,
                       const std::vector<StackFacts>& stacks,
                       const DumpContent& content) {
  // A full dump holds this anyway; here it is asked for to be read first.
  constexpr std::uint32_t kWorthMost =
      type::kWithIndirectlyReferencedMemory | type::kWithProcessThreadData;
  const bool all = (content.flags & type::kWithFullMemory) != 0;
  const auto flags = content.flags | (all ? kWorthMost : 0);
  const auto has = [&](std::uint32_t flag) { return (flags & flag) != 0; };
  MiniRequest wanted{.stacks = stacks, .withheld = process.environment()};
  if (has(type::kFilterTriage)) {
    const auto text = process.command_line();
    wanted.withheld.insert(wanted.withheld.end(), text.begin(), text.end());
  }
  if (has(type::kWithProcessThreadData))
    add_process_data(process, has(type::kFilterTriage), wanted);
  if (!content.exception) return wanted;
  const auto& exception = *content.exception;
  if (has(type::kWithIndirectlyReferencedMemory)) {
    wanted.pointers = general_registers(exception.context);
    wanted.pointers.push_back(exception.address);
    wanted.pointers.insert(wanted.pointers.end(), exception.parameters.begin(),
                           exception.parameters.end());
  }
  point_at(exception, content.threads, wanted);
  return wanted;
}

/// All that was chosen, but for code and the parts of the PEB and the TEBs that were picked, is
/// shown as far as it points into code or a stack.
void choose_filter(const MiniRequest& wanted,
                   const DumpContent& content,
                   std::span<const MemoryRange> chosen,
                   ChosenMemory& result) {
  auto plain = wanted.whole;
  for (const auto& module : content.modules) {
    plain.push_back({module.base, module.size});
    result.kept.push_back({module.base, module.size});
  }
  for (const auto& stack : wanted.stacks) result.kept.push_back(between(stack.limit, stack.base));
  for (const auto& region : content.regions) {
    if (region.readable() && region.executable()) result.kept.push_back({region.base, region.size});
  }
  result.kept = merged(std::move(result.kept));
  result.filtered = without(chosen, merged(std::move(plain)));
}

}  // namespace

ChosenMemory choose_memory(const TargetProcess& process,
                           rules::DumpKind kind,
                           const std::vector<StackFacts>& stacks,
                           DumpContent& content,
                           Diagnostics& diagnostics) {
  const auto wanted = request_of(process, stacks, content);
  auto chosen = select_mini(wanted, content.regions);
  const auto more = select_more(kind, content.flags, content.regions, content.modules);
  const bool all = (content.flags & type::kWithFullMemory) != 0;
  content.memory64 = all || total_of(more.memory) > kMaxMiniBytes;
  content.memory = joined(chosen.memory, more.memory);
  for (std::size_t i = 0; i < content.threads.size(); ++i) {
    content.threads[i].stack = all ? live_stack(stacks[i], content.memory) : chosen.stacks[i];
  }
  if (chosen.left_out_bytes != 0 && !all) {
    diagnostics.note(fmt::format("stacks: {} bytes left out for the limit of a mini dump",
                                 chosen.left_out_bytes));
  }
  if (more.left_out_bytes != 0) {
    diagnostics.note(fmt::format("{} are left out, the largest area of private memory",
                                 format_bytes(more.left_out_bytes)));
  }
  ChosenMemory result{.by_worth = std::move(chosen.by_worth)};
  if ((content.flags & type::kFilterMemory) != 0)
    choose_filter(wanted, content, chosen.memory, result);
  return result;
}

}  // namespace vigil::capture
