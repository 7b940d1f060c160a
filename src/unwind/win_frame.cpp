// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "unwind/postfix.h"
#include "unwind/registers.h"
#include "unwind/rules.h"

namespace vigil::unwind {
namespace {

using breakpad::WinFrame;
using snapshot::X86Context;

constexpr std::uint32_t kWordBytes = sizeof(std::uint32_t);

/// The function may have aligned its stack: its return address lies up to so many words higher than
/// the sizes say.
constexpr std::uint32_t kMaxAlignmentWords = 3;

/// Where the return address should be: above what the callee was passed, what the function pushed
/// and its locals.
std::uint32_t find_return_address(const Target& target,
                                  const Cursor<X86Context>& frame,
                                  const WinFrame& rule) {
  const auto expected =
      frame.context.esp + frame.callee_params + rule.locals_size + rule.saved_registers_size;
  for (std::uint32_t i = 0; i <= kMaxAlignmentWords; ++i) {
    const auto slot = expected + i * kWordBytes;
    const auto value = target.read_word(slot, kWordBytes);
    if (!value) break;
    if (target.follows_call(*value) != CallEvidence::No) return slot;
  }
  return expected;
}

/// What a frame data program computes with: the registers, which it turns into the caller's, names
/// of its own, and what the record says.
class ProgramMachine final : public Machine {
 public:
  ProgramMachine(const Target& target, const Cursor<X86Context>& frame, const WinFrame& rule)
      : target_(target),
        frame_(frame),
        rule_(rule),
        search_(find_return_address(target, frame, rule)),
        context_(frame.context) {}

  [[nodiscard]] std::optional<std::uint64_t> get(std::string_view name) const override {
    if (const auto* value = find_register(context_, name)) return *value;
    for (const auto& [own, value] : own_) {
      if (!name.empty() && own == name) return value;
    }
    if (name == ".raSearch" || name == ".raSearchStart") return search_;
    if (name == ".cbLocals") return rule_.locals_size;
    if (name == ".cbSavedRegs") return rule_.saved_registers_size;
    if (name == ".cbParams") return rule_.params_size;
    if (name == ".cbCalleeParams") return frame_.callee_params;
    return std::nullopt;
  }

  [[nodiscard]] bool set(std::string_view name, std::uint64_t value) override {
    const auto word = static_cast<std::uint32_t>(value);
    if (auto* place = find_register(context_, name)) {
      *place = word;
      return true;
    }
    for (auto& [own, kept] : own_) {
      if (!own.empty() && own != name) continue;
      own = name;
      kept = word;
      return true;
    }
    return false;
  }

  [[nodiscard]] std::optional<std::uint64_t> load(std::uint64_t address) const override {
    return target_.read_word(static_cast<std::uint32_t>(address), kWordBytes);
  }

  [[nodiscard]] const X86Context& context() const noexcept { return context_; }

 private:
  static constexpr std::size_t kMaxOwnNames = 16;  // $T0, $T1, $L, $P and the like

  const Target& target_;
  const Cursor<X86Context>& frame_;
  const WinFrame& rule_;
  std::uint32_t search_;
  mutable X86Context context_;  // get() looks registers up through find_register()
  std::array<std::pair<std::string_view, std::uint32_t>, kMaxOwnNames> own_{};
};

/// Old records have sizes and no program. The registers that were pushed lie below the locals, ebp
/// first.
std::optional<X86Context> by_sizes(const Target& target,
                                   const Cursor<X86Context>& frame,
                                   const WinFrame& rule) {
  const auto slot = find_return_address(target, frame, rule);
  const auto return_address = target.read_word(slot, kWordBytes);
  if (!return_address) return std::nullopt;
  auto caller = frame.context;
  if (rule.uses_base_pointer) {
    const auto saved =
        frame.context.esp + frame.callee_params + rule.saved_registers_size - 2 * kWordBytes;
    const auto ebp = target.read_word(saved, kWordBytes);
    if (!ebp) return std::nullopt;
    caller.ebp = static_cast<std::uint32_t>(*ebp);
  }
  caller.eip = static_cast<std::uint32_t>(*return_address);
  caller.esp = slot + kWordBytes;
  return caller;
}

}  // namespace

Step<X86Context> unwind_by_win_frame(const Target& target,
                                     const Cursor<X86Context>& frame,
                                     const WinFrame& rule) {
  Cursor<X86Context> caller{frame.context, FrameTrust::Cfi, false};
  caller.callee_params = rule.params_size;
  if (rule.program.empty()) {
    const auto context = by_sizes(target, frame, rule);
    if (!context) return StopReason::NoMemory;
    caller.context = *context;
    return caller;
  }
  ProgramMachine machine(target, frame, rule);
  if (!run_program(rule.program, machine)) return StopReason::BadUnwindInfo;
  caller.context = machine.context();
  return caller;
}

}  // namespace vigil::unwind
