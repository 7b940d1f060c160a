// SPDX-License-Identifier: Apache-2.0
#include "unwind/amd64_epilogue.h"

#include <cstddef>

namespace vigil::unwind {
namespace {

using format::Operation;
using snapshot::Amd64Context;

constexpr std::size_t kRsp = static_cast<std::size_t>(snapshot::Amd64Register::Rsp);
/// Room for the longest epilogue: a stack adjustment, sixteen pops with prefix, a jump.
constexpr std::uint64_t kMaxEpilogueBytes = 64;

bool pop(const Target& target, Amd64Context& context, std::uint64_t& into) {
  const auto value = target.read64(context.gpr[kRsp]);
  if (!value) return false;
  into = *value;
  context.gpr[kRsp] += sizeof(std::uint64_t);
  return true;
}

/// Decodes and runs the few instructions that an epilogue may consist of.
class EpilogueDecoder {
 public:
  EpilogueDecoder(const Target& target,
                  const Amd64Function& function,
                  std::uint64_t rva,
                  const Amd64Context& context)
      : target_(target),
        function_(function),
        start_(rva),
        context_(context),
        code_(function.image.at(rva, kMaxEpilogueBytes)) {}

  std::optional<Amd64Context> run() {
    release_stack();
    while (pop_register()) {
    }
    if (failed_ || !leaves_function()) return std::nullopt;
    if (!pop(target_, context_, context_.rip)) return std::nullopt;
    return context_;
  }

 private:
  /// The byte at \p distance from here; 0, which starts nothing of interest, behind the end.
  [[nodiscard]] std::uint8_t byte(std::uint64_t distance) const {
    const auto value = code_.read<std::uint8_t>(position_ + distance);
    return value.ok() ? *value : std::uint8_t{0};
  }
  template <Raw T>
  [[nodiscard]] std::int64_t signed_at(std::uint64_t distance) const {
    const auto value = code_.read<T>(position_ + distance);
    return value.ok() ? std::int64_t{*value} : 0;
  }

  /// `add rsp, imm` or `lea rsp, [frame register + displacement]`, at most one and first.
  void release_stack() {
    if (byte(0) == 0x48 && byte(1) == 0x83 && byte(2) == 0xc4) {
      adjust(context_.gpr[kRsp], signed_at<std::int8_t>(3), 4);
    } else if (byte(0) == 0x48 && byte(1) == 0x81 && byte(2) == 0xc4) {
      adjust(context_.gpr[kRsp], signed_at<std::int32_t>(3), 7);
    } else if ((byte(0) & 0xfe) == 0x48 && byte(1) == 0x8d && function_.info.frame_register != 0) {
      const auto base = static_cast<std::size_t>((byte(0) & 1) << 3 | (byte(2) & 7));
      if (base != function_.info.frame_register) return;
      if ((byte(2) & 0xf8) == 0x60) adjust(context_.gpr[base], signed_at<std::int8_t>(3), 4);
      if ((byte(2) & 0xf8) == 0xa0) adjust(context_.gpr[base], signed_at<std::int32_t>(3), 7);
    }
  }
  void adjust(std::uint64_t base, std::int64_t by, std::uint64_t instruction_bytes) {
    context_.gpr[kRsp] = base + static_cast<std::uint64_t>(by);
    position_ += instruction_bytes;
  }

  bool pop_register() {
    const bool prefixed = (byte(0) & 0xf0) == 0x40;
    const std::uint8_t opcode = prefixed ? byte(1) : byte(0);
    if ((opcode & 0xf8) != 0x58) return false;
    const auto number =
        static_cast<std::size_t>((prefixed ? (byte(0) & 1) << 3 : 0) | (opcode & 7));
    if (number == kRsp) return false;
    if (!pop(target_, context_, context_.gpr[number])) {
      failed_ = true;
      return false;
    }
    position_ += prefixed ? 2 : 1;
    return true;
  }

  [[nodiscard]] bool leaves_function() const {
    const bool repeat = byte(0) == 0xf2 || byte(0) == 0xf3;  // bnd ret, rep ret
    const std::uint8_t opcode = repeat ? byte(1) : byte(0);
    if (opcode == 0xc3 || opcode == 0xc2) return true;
    if (byte(0) == 0xeb) return is_tail_call(2 + signed_at<std::int8_t>(1));
    if (byte(0) == 0xe9) return is_tail_call(5 + signed_at<std::int32_t>(1));
    if (byte(0) == 0xff && byte(1) == 0x25) return true;  // jmp [rip + displacement]
    // With REX.W a compiler says that an indirect jump ends the function; without, it is a switch.
    return (byte(0) & 0xf8) == 0x48 && byte(1) == 0xff && (byte(2) & 0x38) == 0x20;
  }

  /// A jump out of the function, or back to its start: a call of itself.
  [[nodiscard]] bool is_tail_call(std::int64_t distance) const {
    const std::uint64_t to = start_ + position_ + static_cast<std::uint64_t>(distance);
    const auto& entry = function_.entry;
    if (to >= entry.begin && to < entry.end) return to == entry.begin && !function_.info.chained;
    const auto other = function_.image.find_function(to);
    if (!other) return true;
    const auto home = function_.image.primary_function(entry);
    return to == home.begin || function_.image.primary_function(*other).begin != home.begin;
  }

  const Target& target_;
  const Amd64Function& function_;
  std::uint64_t start_;
  Amd64Context context_;
  ByteView code_;
  std::uint64_t position_ = 0;
  bool failed_ = false;
};

/// How far \p rva is behind the start of the epilogue it is in, by the codes of version 2.
std::optional<std::uint64_t> epilogue_position(const Amd64Function& function, std::uint64_t rva) {
  const auto& codes = function.info.codes;
  const auto is_epilogue = [&](std::uint64_t i) {
    return i < codes.size() &&
           static_cast<Operation>(codes[i].operation_and_info & 0xf) == Operation::Epilogue;
  };
  if (!is_epilogue(0)) return std::nullopt;
  const std::uint64_t size = codes[0].code_offset;
  const std::uint64_t from_end = std::uint64_t{function.entry.end} - rva;  // rva is inside
  const auto within = [&](std::uint64_t offset) {
    return from_end <= offset && offset - from_end < size;
  };
  // The first code has the size of every epilogue and says whether one ends the function.
  if ((codes[0].operation_and_info >> 4 & 1) != 0 && within(size)) return size - from_end;
  for (std::uint64_t i = 1; is_epilogue(i); ++i) {
    const auto offset =
        std::uint64_t{codes[i].code_offset} | std::uint64_t{codes[i].operation_and_info} >> 4 << 8;
    if (offset == 0) break;
    if (within(offset)) return offset - from_end;
  }
  return std::nullopt;
}

/// An epilogue of version 2 is only pops and the return; the codes of the pushes say which.
std::optional<Amd64Context> run_coded_epilogue(const Target& target,
                                               const UnwindInfo& info,
                                               std::uint64_t position,
                                               Amd64Context context) {
  std::uint64_t at = 0;  // of the pop that undoes the push, from the start of the epilogue
  for (std::uint64_t i = 0; i < info.codes.size();) {
    const auto operation = info.operation(i);
    if (!operation) return std::nullopt;
    i += operation->slots;
    if (operation->kind == Operation::PushNonvolatile) {
      if (at >= position && !pop(target, context, context.gpr[operation->info]))
        return std::nullopt;
      at += operation->info < 8 ? 1u : 2u;
    } else if (operation->kind == Operation::AllocateSmall && operation->info == 0 && at > 0) {
      if (at >= position) context.gpr[kRsp] += sizeof(std::uint64_t);  // pop of a scratch register
      at += 1;
    } else if (operation->kind == Operation::PushMachineFrame) {
      return std::nullopt;  // no return instruction: the codes undo it better
    }
  }
  if (!pop(target, context, context.rip)) return std::nullopt;
  return context;
}

bool pushes_anything(const UnwindInfo& info) {
  for (std::uint64_t i = 0; i < info.codes.size();) {
    const auto operation = info.operation(i);
    if (!operation) return false;
    if (operation->kind == Operation::PushNonvolatile) return true;
    i += operation->slots;
  }
  return false;
}

}  // namespace

std::optional<Amd64Context> run_epilogue(const Target& target,
                                         const Amd64Function& function,
                                         std::uint64_t rva,
                                         const Amd64Context& context) {
  if (function.info.version == 1) return EpilogueDecoder(target, function, rva, context).run();
  const auto position = epilogue_position(function, rva);
  if (!position) return std::nullopt;
  if (pushes_anything(function.info) || !function.info.chained) {
    return run_coded_epilogue(target, function.info, *position, context);
  }
  const auto primary =
      read_unwind_info(function.image, function.image.primary_function(function.entry).unwind_info);
  const auto* info = std::get_if<UnwindInfo>(&primary);
  if (info == nullptr) return std::nullopt;
  return run_coded_epilogue(target, *info, *position, context);
}

}  // namespace vigil::unwind
