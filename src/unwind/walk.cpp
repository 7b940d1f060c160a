// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "unwind/arm64_unwind_info.h"
#include "unwind/fallback.h"
#include "unwind/rules.h"
#include "unwind/step.h"
#include "unwind/unwind.h"

namespace vigil::unwind {
namespace {

using snapshot::Amd64Context;
using snapshot::Arm64Context;
using snapshot::X86Context;

/// Guesses follow from guesses; a stack that needs more of them than this tells nothing.
constexpr std::size_t kMaxScannedFrames = 16;
/// Where nothing else is to be had, as in small dumps of kernels.
constexpr std::size_t kMaxFramesWithoutCode = 64;
/// Symbol files have no addresses beyond.
constexpr std::uint64_t kMaxRva = std::numeric_limits<std::uint32_t>::max();

constexpr auto kRsp = static_cast<std::size_t>(snapshot::Amd64Register::Rsp);
constexpr auto kRbp = static_cast<std::size_t>(snapshot::Amd64Register::Rbp);

Chain chain_of(const Amd64Context& c) {
  return {c.rip, c.gpr[kRsp], c.gpr[kRbp]};
}
Chain chain_of(const X86Context& c) {
  return {c.eip, c.esp, c.ebp};
}
Chain chain_of(const Arm64Context& c) {
  return {c.pc, c.sp, c.x[kArm64Fp]};
}

void set_chain(Amd64Context& c, const Chain& chain) {
  c.rip = chain.pc;
  c.gpr[kRsp] = chain.sp;
  c.gpr[kRbp] = chain.fp;
}
void set_chain(X86Context& c, const Chain& chain) {
  c.eip = static_cast<std::uint32_t>(chain.pc);
  c.esp = static_cast<std::uint32_t>(chain.sp);
  c.ebp = static_cast<std::uint32_t>(chain.fp);
}
void set_chain(Arm64Context& c, const Chain& chain) {
  c.pc = chain.pc;
  c.sp = chain.sp;
  c.x[kArm64Fp] = chain.fp;
}

constexpr ChainRules rules_of(const Amd64Context&) {
  return {.word_bytes = 8, .is_convention = false, .calls_aligned = true};
}
constexpr ChainRules rules_of(const X86Context&) {
  return {.word_bytes = 4, .is_convention = true};
}
constexpr ChainRules rules_of(const Arm64Context&) {
  return {.word_bytes = 8, .is_convention = true, .address_mask = kArm64AddressMask};
}

constexpr image::Machine machine_of(const Amd64Context&) {
  return image::Machine::Amd64;
}
constexpr image::Machine machine_of(const X86Context&) {
  return image::Machine::X86;
}
constexpr image::Machine machine_of(const Arm64Context&) {
  return image::Machine::Arm64;
}

template <class Context>
class Walker {
 public:
  Walker(const WalkRequest& request, const Context& context)
      : target_(request, machine_of(context)),
        frame_{context},
        place_(target_.find(chain_of(context).pc)),
        rules_(request.rules),
        chain_rules_(rules_of(context)),
        max_frames_(request.max_frames) {
    if (request.frame_pointers) chain_rules_.is_convention = true;
    chain_rules_.guess_without_code = request.guess_without_code;
  }

  Walk run() {
    while (walk_.frames.size() < max_frames_) {
      add_frame();
      if (target_.is_late()) {
        walk_.stop = StopReason::TimeLimit;
        return std::move(walk_);
      }
      auto next = find_caller();
      if (const auto* why = std::get_if<StopReason>(&next)) {
        walk_.stop = *why;
        return std::move(walk_);
      }
      frame_ = std::get<Cursor<Context>>(next);
      place_ = find(frame_);
    }
    walk_.stop = StopReason::FrameLimit;
    return std::move(walk_);
  }

 private:
  [[nodiscard]] Target::OptionalPlace find(const Cursor<Context>& frame) const {
    return target_.find(lookup_address(chain_of(frame.context).pc, frame.exact));
  }

  void add_frame() {
    const auto resume = chain_of(frame_.context).pc;
    walk_.frames.push_back({.instruction = lookup_address(resume, frame_.exact),
                            .resume = resume,
                            .trust = frame_.trust,
                            .module = place_ ? place_->module : std::nullopt,
                            .context = frame_.context});
    scanned_ += frame_.trust == FrameTrust::Scan ? 1 : 0;
  }

  Step<Context> find_caller() const {
    // x86 has no tables: what the convention says of frame 0 comes behind what its compiler said.
    constexpr bool kRulesFirst = std::is_same_v<Context, X86Context>;
    auto step = kRulesFirst ? by_rules() : by_tables();
    if (is_settled(step)) return step;
    auto other = kRulesFirst ? by_tables() : by_rules();
    if (is_settled(other)) return other;
    const auto why = std::get<StopReason>(kRulesFirst ? other : step);
    if (place_ && Target::is_thread_start(*place_)) return StopReason::EndOfStack;
    return find_caller_without_tables(why);
  }

  /// A caller, or that there is none.
  static bool is_settled(const Step<Context>& step) {
    const auto* why = std::get_if<StopReason>(&step);
    return why == nullptr || *why == StopReason::EndOfStack;
  }

  Step<Context> by_tables() const { return checked(unwind(target_, frame_, place_)); }

  Step<Context> by_rules() const {
    if (rules_ == nullptr || !place_ || !place_->module || place_->rva > kMaxRva)
      return StopReason::NoUnwindInfo;
    const auto rva = static_cast<std::uint32_t>(place_->rva);
    if constexpr (std::is_same_v<Context, X86Context>) {
      if (const auto rule = rules_->win_frame(*place_->module, rva))
        return checked(unwind_by_win_frame(target_, frame_, *rule));
    }
    const auto rules = rules_->cfi_rules(*place_->module, rva);
    if (!rules) return StopReason::NoUnwindInfo;
    return checked(unwind_by_cfi(target_, frame_, *rules));
  }

  Step<Context> checked(Step<Context> step) const {
    if (std::holds_alternative<StopReason>(step)) return step;
    if (const auto wrong = objection_to(std::get<Cursor<Context>>(step))) return *wrong;
    return step;
  }

  /// Why \p caller cannot be a caller of the frame, if so; EndOfStack when it says that there is
  /// none.
  [[nodiscard]] std::optional<StopReason> objection_to(const Cursor<Context>& caller) const {
    const auto from = chain_of(frame_.context);
    const auto to = chain_of(caller.context);
    if (to.pc == 0 || is_call_of_program(from.pc, caller)) return StopReason::EndOfStack;
    if (to.sp < from.sp || (to.sp == from.sp && !may_keep_stack(caller)))
      return StopReason::NoProgress;
    if (!target_.in_stack(to.sp) || to.sp % chain_rules_.word_bytes != 0) {
      return StopReason::OutsideStack;
    }
    const auto place = find(caller);
    if (!place) {
      const bool dynamic_code = target_.follows_call(to.pc) == CallEvidence::Yes;
      return dynamic_code ? std::nullopt : std::optional(StopReason::NotInModule);
    }
    if (place->image != nullptr && !place->image->is_code(place->rva))
      return StopReason::NotInModule;
    return std::nullopt;
  }

  /// Where a program called the kernel, its registers were kept whole: the kernel's stack ends, and
  /// the program's is another.
  [[nodiscard]] static bool is_call_of_program(std::uint64_t pc, const Cursor<Context>& caller) {
    constexpr unsigned kUpperHalf = 63, kUserBits = 47;
    const auto to = chain_of(caller.context);
    return pc >> kUpperHalf != 0 && caller.exact && to.pc >> kUserBits == 0 &&
           to.sp >> kUserBits == 0;
  }

  /// Only a function that keeps its return address in a register leaves the stack as it was, and
  /// only where it was stopped.
  [[nodiscard]] bool may_keep_stack(const Cursor<Context>& caller) const {
    return machine_of(frame_.context) == image::Machine::Arm64 && frame_.exact && !caller.exact;
  }

  Step<Context> find_caller_without_tables(StopReason why) const {
    if constexpr (std::is_same_v<Context, Arm64Context>) {
      if (frame_.exact && place_) {
        auto step = checked(return_from_leaf(target_, frame_.context, *place_));
        if (std::holds_alternative<Cursor<Context>>(step)) return step;
      }
    }
    const auto chain = chain_of(frame_.context);
    const auto pointed = follow_frame_pointer(target_, chain, chain_rules_);
    if (const auto* next = std::get_if<Chain>(&pointed))
      return caller(*next, FrameTrust::FramePointer);
    if (std::get<StopReason>(pointed) == StopReason::EndOfStack) return StopReason::EndOfStack;
    const bool chain_ended =
        chain_rules_.is_convention && chain.fp == 0 && frame_.trust == FrameTrust::FramePointer;
    if (chain_ended) return StopReason::EndOfStack;
    const auto most = chain_rules_.guess_without_code ? kMaxFramesWithoutCode : kMaxScannedFrames;
    if (scanned_ < most) {
      if (const auto next = scan_stack(target_, chain, chain_rules_))
        return caller(*next, FrameTrust::Scan);
      if (target_.is_late()) return StopReason::TimeLimit;
    }
    return why;
  }

  [[nodiscard]] Cursor<Context> caller(const Chain& chain, FrameTrust trust) const {
    Cursor<Context> result{frame_.context, trust, false};
    set_chain(result.context, chain);
    return result;
  }

  Target target_;
  Cursor<Context> frame_;
  Target::OptionalPlace place_;  // of frame_
  breakpad::FrameRuleSource* rules_;
  ChainRules chain_rules_;
  std::size_t max_frames_;
  std::size_t scanned_ = 0;
  Walk walk_;
};

}  // namespace

Walk walk_stack(const WalkRequest& request) {
  if (const auto* context = std::get_if<Amd64Context>(&request.context)) {
    return Walker(request, *context).run();
  }
  if (const auto* context = std::get_if<X86Context>(&request.context)) {
    return Walker(request, *context).run();
  }
  if (const auto* context = std::get_if<Arm64Context>(&request.context)) {
    return Walker(request, *context).run();
  }
  return {};
}

}  // namespace vigil::unwind
