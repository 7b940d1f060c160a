// SPDX-License-Identifier: Apache-2.0
#include <type_traits>

#include "unwind/postfix.h"
#include "unwind/registers.h"
#include "unwind/rules.h"

namespace vigil::unwind {
namespace {

using snapshot::Amd64Context;
using snapshot::Arm64Context;
using snapshot::X86Context;

constexpr std::string_view kCfa = ".cfa", kReturnAddress = ".ra";

std::uint64_t& stack_pointer_of(Amd64Context& context) {
  return context.gpr[static_cast<std::size_t>(snapshot::Amd64Register::Rsp)];
}
std::uint32_t& stack_pointer_of(X86Context& context) {
  return context.esp;
}
std::uint64_t& stack_pointer_of(Arm64Context& context) {
  return context.sp;
}
void set_instruction_pointer(Amd64Context& context, std::uint64_t value) {
  context.rip = value;
}
void set_instruction_pointer(X86Context& context, std::uint64_t value) {
  context.eip = static_cast<std::uint32_t>(value);
}
void set_instruction_pointer(Arm64Context& context, std::uint64_t value) {
  context.pc = without_signature(value, kArm64AddressMask);
}

/// The registers of the callee, which rules read, and `.cfa` once it is known.
template <class Context>
class CalleeMachine final : public Machine {
 public:
  using Word = std::remove_reference_t<decltype(stack_pointer_of(std::declval<Context&>()))>;

  CalleeMachine(const Target& target, const Context& callee) : target_(target), callee_(callee) {}

  [[nodiscard]] std::optional<std::uint64_t> get(std::string_view name) const override {
    if (name == kCfa) return cfa_;
    if (const auto* value = find_register(callee_, name)) return *value;
    return std::nullopt;
  }
  [[nodiscard]] bool set(std::string_view, std::uint64_t) override { return false; }
  [[nodiscard]] std::optional<std::uint64_t> load(std::uint64_t address) const override {
    return target_.read_word(static_cast<Word>(address), sizeof(Word));
  }
  void set_cfa(std::uint64_t value) { cfa_ = static_cast<Word>(value); }

 private:
  const Target& target_;
  mutable Context callee_;  // find_register() gives places to write to; nothing here does
  std::optional<std::uint64_t> cfa_;
};

template <class Context>
Step<Context> by_cfi(const Target& target,
                     const Cursor<Context>& frame,
                     const breakpad::CfiRules& rules) {
  using Word = typename CalleeMachine<Context>::Word;
  CalleeMachine<Context> machine(target, frame.context);
  const auto* cfa_rule = rules.find(kCfa);
  const auto* return_rule = rules.find(kReturnAddress);
  if (cfa_rule == nullptr || return_rule == nullptr) return StopReason::BadUnwindInfo;
  const auto cfa = evaluate(cfa_rule->expression, machine);
  if (!cfa) return StopReason::NoMemory;
  machine.set_cfa(*cfa);
  const auto return_address = evaluate(return_rule->expression, machine);
  if (!return_address) return StopReason::NoMemory;
  Cursor<Context> caller{frame.context, FrameTrust::Cfi, false};
  stack_pointer_of(caller.context) = static_cast<Word>(*cfa);
  for (const auto& rule : rules) {
    auto* place = find_register(caller.context, rule.target);
    if (place == nullptr) continue;
    const auto value = evaluate(rule.expression, machine);
    if (!value) return StopReason::NoMemory;
    *place = static_cast<Word>(*value);
  }
  set_instruction_pointer(caller.context, *return_address);
  return caller;
}

}  // namespace

Step<Amd64Context> unwind_by_cfi(const Target& target,
                                 const Cursor<Amd64Context>& frame,
                                 const breakpad::CfiRules& rules) {
  return by_cfi(target, frame, rules);
}
Step<X86Context> unwind_by_cfi(const Target& target,
                               const Cursor<X86Context>& frame,
                               const breakpad::CfiRules& rules) {
  return by_cfi(target, frame, rules);
}
Step<Arm64Context> unwind_by_cfi(const Target& target,
                                 const Cursor<Arm64Context>& frame,
                                 const breakpad::CfiRules& rules) {
  return by_cfi(target, frame, rules);
}

}  // namespace vigil::unwind
