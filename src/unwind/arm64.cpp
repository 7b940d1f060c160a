// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "unwind/arm64_unwind_info.h"
#include "unwind/step.h"

namespace vigil::unwind {
namespace {

using snapshot::Arm64Context;
using Kind = Arm64Operation::Kind;

/// Hardly a function is larger.
constexpr std::uint64_t kMaxFunctionBytes = 16 * 1024;

/// Undoes a prologue by its operations.
class Arm64Unwinder {
 public:
  Arm64Unwinder(const Target& target, const Arm64Context& context)
      : target_(target), context_(context) {}

  bool run(const Arm64Operation& operation) {
    switch (operation.kind) {
      case Kind::Restore:
        if (!load(operation.first, operation.offset)) return false;
        if (!load(operation.second, operation.offset + 8)) return false;
        context_.sp += operation.release;
        return true;
      case Kind::SetFp: context_.sp = context_.x[kArm64Fp] - operation.offset; return true;
      case Kind::SignLr:
      case Kind::Nothing: return true;
    }
    return true;
  }

  [[nodiscard]] bool has_return_address() const noexcept { return has_return_address_; }
  [[nodiscard]] const Arm64Context& context() const noexcept { return context_; }

 private:
  bool load(std::uint8_t number, std::uint64_t offset) {
    if (number == Arm64Operation::kNoRegister) return true;
    const auto value = target_.read64(context_.sp + offset);
    if (!value) return false;
    context_.x[number] = *value;
    has_return_address_ = has_return_address_ || number == kArm64Lr;
    return true;
  }

  const Target& target_;
  Arm64Context context_;
  bool has_return_address_ = false;
};

Cursor<Arm64Context> return_to_link_register(const Arm64Context& context, FrameTrust trust) {
  Cursor<Arm64Context> caller{context, trust, false};
  caller.context.pc = without_signature(context.x[kArm64Lr], kArm64AddressMask);
  return caller;
}

/// The link register still holds the return address.
Step<Arm64Context> unwind_leaf(const Target& target,
                               const Arm64Context& context,
                               StopReason otherwise) {
  auto caller = return_to_link_register(context, FrameTrust::Leaf);
  if (target.follows_call(caller.context.pc) == CallEvidence::No) return otherwise;
  return caller;
}

}  // namespace

Step<Arm64Context> unwind(const Target& target,
                          const Cursor<Arm64Context>& frame,
                          const Target::OptionalPlace& place) {
  if (!place) {
    if (!frame.exact) return StopReason::NotInModule;
    return unwind_leaf(target, frame.context, StopReason::NotInModule);
  }
  if (place->image == nullptr || !place->image->has_unwind_table()) return StopReason::NoImage;
  const auto function = place->image->nearest_arm64_function(place->rva);
  const auto operations =
      function ? arm64_operations(*place->image, *function, place->rva, frame.exact)
               : std::variant<std::vector<Arm64Operation>, StopReason>(StopReason::NoUnwindInfo);
  if (const auto* why = std::get_if<StopReason>(&operations)) {
    const bool leaf = *why == StopReason::NoUnwindInfo && frame.exact;
    return leaf ? unwind_leaf(target, frame.context, *why) : *why;
  }
  Arm64Unwinder unwinder(target, frame.context);
  for (const auto& operation : std::get<std::vector<Arm64Operation>>(operations)) {
    if (!unwinder.run(operation)) return StopReason::NoMemory;
  }
  if (!frame.exact && !unwinder.has_return_address()) return StopReason::NoUnwindInfo;
  return return_to_link_register(unwinder.context(), FrameTrust::UnwindInfo);
}

Step<Arm64Context> return_from_leaf(const Target& target,
                                    const Arm64Context& context,
                                    const Target::Place& place) {
  // Of a function that has called others the register is left from the last call, inside of it.
  // Without its bounds, an address that is far away or in another module is taken for outside.
  auto caller = return_to_link_register(context, FrameTrust::Leaf);
  const auto to = caller.context.pc;
  const auto there = target.find(to - 1);
  if (!there || target.follows_call(to) == CallEvidence::No) return StopReason::NoUnwindInfo;
  const auto distance = std::max(to, context.pc) - std::min(to, context.pc);
  if (there->base == place.base && distance < kMaxFunctionBytes) return StopReason::NoUnwindInfo;
  // The frame record says the same when the function has made one and called nobody yet.
  const auto recorded = target.read64(context.x[kArm64Fp] + sizeof(std::uint64_t));
  if (recorded && without_signature(*recorded, kArm64AddressMask) == to)
    return StopReason::NoUnwindInfo;
  return caller;
}

}  // namespace vigil::unwind
