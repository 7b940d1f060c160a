// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <optional>

#include "unwind/amd64_epilogue.h"
#include "unwind/amd64_unwind_info.h"
#include "unwind/step.h"

namespace vigil::unwind {
namespace {

using format::Operation;
using snapshot::Amd64Context;
using Frame64 = Cursor<Amd64Context>;

constexpr std::size_t kRsp = static_cast<std::size_t>(snapshot::Amd64Register::Rsp);
constexpr std::uint64_t kWordBytes = sizeof(std::uint64_t);
/// What the processor pushes for an interrupt or exception: rip, cs, eflags, rsp, ss.
constexpr std::uint64_t kMachineFrameRsp = 3 * kWordBytes;

/// Undoes the prologue of one function by its unwind codes.
class PrologueUnwinder {
 public:
  PrologueUnwinder(const Target& target, const image::PeImage& image, const Amd64Context& context)
      : target_(target), image_(image), context_(context) {}

  Step<Amd64Context> run(const image::RuntimeFunction& entry, std::uint64_t rva) {
    auto function = entry;
    for (int i = 0; i < image::kMaxChainedFunctions; ++i) {
      const auto read = read_unwind_info(image_, function.unwind_info);
      if (const auto* why = std::get_if<StopReason>(&read)) return *why;
      const auto& info = std::get<UnwindInfo>(read);
      // The prologues of the functions further along the chain have all run.
      const auto offset = i == 0 ? rva - function.begin : std::uint64_t{info.prologue_size};
      if (i == 0) frame_base_ = find_frame_base(info, offset);
      if (const auto why = undo(info, offset)) return *why;
      if (!info.chained) return finish();
      function = *info.chained;
    }
    return StopReason::BadUnwindInfo;
  }

 private:
  /// Saved registers are addressed from the stack pointer as it was behind the prologue's
  /// allocations, or from the frame register once it is set.
  [[nodiscard]] std::uint64_t find_frame_base(const UnwindInfo& info, std::uint64_t offset) const {
    if (info.frame_register == 0) return context_.gpr[kRsp];
    const auto by_register = context_.gpr[info.frame_register] - info.frame_offset;
    if (offset >= info.prologue_size || info.chained) return by_register;
    for (std::uint64_t i = 0; i < info.codes.size();) {
      const auto operation = info.operation(i);
      if (!operation) break;
      if (operation->kind == Operation::SetFrameRegister && offset >= operation->code_offset) {
        return by_register;
      }
      i += operation->slots;
    }
    return context_.gpr[kRsp];
  }

  /// Undoes what had run of the prologue when \p offset bytes of the function had.
  std::optional<StopReason> undo(const UnwindInfo& info, std::uint64_t offset) {
    for (std::uint64_t i = 0; i < info.codes.size();) {
      const auto operation = info.operation(i);
      if (!operation) return StopReason::BadUnwindInfo;
      const bool had_run = offset >= info.prologue_size || offset >= operation->code_offset;
      if (had_run && !undo(info, *operation)) return StopReason::NoMemory;
      i += operation->slots;
    }
    return std::nullopt;
  }

  bool undo(const UnwindInfo& info, const UnwindOperation& operation) {
    auto& rsp = context_.gpr[kRsp];
    switch (operation.kind) {
      case Operation::PushNonvolatile: {
        if (!load(rsp, context_.gpr[operation.info])) return false;
        rsp += kWordBytes;
        return true;
      }
      case Operation::AllocateLarge:
      case Operation::AllocateSmall: rsp += operation.operand; return true;
      case Operation::SetFrameRegister:
        rsp = context_.gpr[info.frame_register] - info.frame_offset;
        return true;
      case Operation::SaveNonvolatile:
      case Operation::SaveNonvolatileFar:
        return load(frame_base_ + operation.operand, context_.gpr[operation.info]);
      case Operation::PushMachineFrame: return pop_machine_frame(operation.info != 0);
      // Contexts have no vector registers, and the epilogue's codes allocate nothing.
      case Operation::SaveXmm128:
      case Operation::SaveXmm128Far:
      case Operation::Epilogue:
      case Operation::Spare: return true;
    }
    return true;
  }

  bool pop_machine_frame(bool with_error_code) {
    const auto frame = context_.gpr[kRsp] + (with_error_code ? kWordBytes : 0);
    interrupted_ = true;
    return load(frame, context_.rip) && load(frame + kMachineFrameRsp, context_.gpr[kRsp]);
  }

  bool load(std::uint64_t address, std::uint64_t& into) const {
    const auto value = target_.read64(address);
    if (value) into = *value;
    return value.has_value();
  }

  Step<Amd64Context> finish() {
    if (interrupted_) return Frame64{context_, FrameTrust::UnwindInfo, true};
    if (!load(context_.gpr[kRsp], context_.rip)) return StopReason::NoMemory;
    context_.gpr[kRsp] += kWordBytes;
    return Frame64{context_, FrameTrust::UnwindInfo, false};
  }

  const Target& target_;
  const image::PeImage& image_;
  Amd64Context context_;
  std::uint64_t frame_base_ = 0;
  bool interrupted_ = false;
};

/// The return address is on top of the stack: of a function that has not touched it, or that a call
/// through a bad pointer never reached.
Step<Amd64Context> unwind_leaf(const Target& target,
                               const Amd64Context& context,
                               StopReason otherwise) {
  const auto address = target.read64(context.gpr[kRsp]);
  if (!address) return StopReason::NoMemory;
  if (target.follows_call(*address) == CallEvidence::No) return otherwise;
  Frame64 caller{context, FrameTrust::Leaf, false};
  caller.context.rip = *address;
  caller.context.gpr[kRsp] += kWordBytes;
  return caller;
}

Step<Amd64Context> unwind_function(const Target& target,
                                   const Frame64& frame,
                                   const Target::Place& place,
                                   const image::RuntimeFunction& function) {
  if (frame.exact) {
    const auto info = read_unwind_info(*place.image, function.unwind_info);
    if (const auto* why = std::get_if<StopReason>(&info)) return *why;
    const Amd64Function stopped_in{*place.image, function, std::get<UnwindInfo>(info)};
    const auto returned = run_epilogue(target, stopped_in, place.rva, frame.context);
    // The decoder can take an instruction for the end of an epilogue that is none; the caller
    // tells.
    if (returned &&
        (returned->rip == 0 || target.follows_call(returned->rip) != CallEvidence::No)) {
      return Frame64{*returned, FrameTrust::UnwindInfo, false};
    }
  }
  return PrologueUnwinder(target, *place.image, frame.context).run(function, place.rva);
}

}  // namespace

Step<Amd64Context> unwind(const Target& target,
                          const Frame64& frame,
                          const Target::OptionalPlace& place) {
  if (!place) {
    if (!frame.exact) return StopReason::NotInModule;
    return unwind_leaf(target, frame.context, StopReason::NotInModule);
  }
  if (place->image == nullptr || !place->image->has_unwind_table()) return StopReason::NoImage;
  if (const auto function = place->image->find_function(place->rva)) {
    return unwind_function(target, frame, *place, *function);
  }
  // A function without unwind information calls nobody, so only the innermost can be one.
  if (!frame.exact) return StopReason::NoUnwindInfo;
  return unwind_leaf(target, frame.context, StopReason::NoUnwindInfo);
}

}  // namespace vigil::unwind
