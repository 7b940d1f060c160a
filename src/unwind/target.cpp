// SPDX-License-Identifier: Apache-2.0
#include "unwind/target.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "unwind/call_site.h"

namespace vigil::unwind {
namespace {

/// Each thread of Windows runs from the first through the second; what lies below is not a frame.
constexpr std::array<std::string_view, 2> kThreadStarts = {"RtlUserThreadStart",
                                                           "BaseThreadInitThunk"};

/// How much of the stack is looked up once for a whole walk; the rest, word by word. Of a
/// compressed dump it is unpacked whole.
constexpr std::uint64_t kMaxStackViewBytes = 256 * 1024;

constexpr std::uint64_t kArm64InstructionBytes = 4;
/// PE, ELF and Mach-O files all begin with one of at least this size.
constexpr std::uint64_t kFileHeaderBytes = 32;

}  // namespace

Target::Target(const WalkRequest& request, image::Machine machine)
    : request_(&request), machine_(machine) {
  const auto sp = snapshot::stack_pointer(request.context);
  if (!sp || !request.stack.contains(*sp)) return;
  stack_ = request.stack;
  stack_start_ = *sp;
  const auto above = stack_->size - (*sp - stack_->base);
  stack_bytes_ = request.memory.at(*sp, std::min(above, kMaxStackViewBytes));
}

Target::OptionalPlace Target::find(std::uint64_t address) const {
  if (const auto module = request_->module_map.find(address)) {
    const auto base = request_->modules[*module].base;
    return Place{module, base, address - base, request_->images.image(*module)};
  }
  if (request_->generated == nullptr) return std::nullopt;
  const auto found = request_->generated->find(address);
  if (!found) return std::nullopt;
  return Place{std::nullopt, found->base, address - found->base, found->image};
}

bool Target::is_late() const {
  return request_->deadline != nullptr && request_->deadline->has_passed();
}

std::optional<std::uint64_t> Target::read_word(std::uint64_t address, std::uint64_t size) const {
  ByteView bytes;
  if (address >= stack_start_) bytes = stack_bytes_.clamp(address - stack_start_, size);
  if (bytes.size() < size) bytes = request_->memory.at(address, size);
  if (bytes.size() < size) return std::nullopt;
  return size == sizeof(std::uint64_t) ? *bytes.read<std::uint64_t>(0)
                                       : std::uint64_t{*bytes.read<std::uint32_t>(0)};
}

bool Target::in_stack(std::uint64_t address) const noexcept {
  return !stack_ || stack_->contains(address) || address - stack_->base == stack_->size;
}

ByteView Target::code(std::uint64_t address, std::uint64_t size) const {
  const auto place = find(address);
  if (place && place->image != nullptr) {
    const auto bytes = place->image->at(place->rva, size);
    if (bytes.size() == size) return bytes;
  }
  const auto bytes = request_->memory.at(address, size);
  return bytes.size() == size ? bytes : ByteView{};
}

CallEvidence Target::follows_call(std::uint64_t address) const {
  if (address < kLongestCallBytes) return CallEvidence::No;
  // The last byte of the call decides where it is: a call that never returns may end a section.
  if (machine_ == image::Machine::Arm64 && address % kArm64InstructionBytes != 0)
    return CallEvidence::No;
  const auto place = find(address - 1);
  if (place && place->module && place->rva < kFileHeaderBytes) return CallEvidence::No;
  if (!place && stack_ && stack_->contains(address)) return CallEvidence::No;
  if (place && place->image != nullptr && !place->image->is_code(place->rva))
    return CallEvidence::No;
  for (const std::uint64_t size : {kLongestCallBytes, std::uint64_t{4}}) {
    const auto before = code(address - size, size);
    if (!before.empty()) {
      return ends_with_call(machine_, before) ? CallEvidence::Yes : CallEvidence::No;
    }
  }
  return place ? CallEvidence::Unknown : CallEvidence::No;
}

bool Target::may_call(std::uint64_t address) const {
  if (machine_ != image::Machine::Amd64) return true;
  const auto place = find(address - 1);
  if (!place || place->image == nullptr || !place->image->has_unwind_table()) return true;
  return place->image->find_function(place->rva).has_value();
}

bool Target::is_thread_start(const Place& place) {
  if (place.image == nullptr) return false;
  const auto function = place.image->find_function(place.rva);
  if (!function) return false;
  for (const auto name : kThreadStarts) {
    const auto start = image::find_export(*place.image, name);
    if (start && start->forwarder.empty() && start->rva == function->begin) return true;
  }
  return false;
}

}  // namespace vigil::unwind
