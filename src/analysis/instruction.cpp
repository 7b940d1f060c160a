// SPDX-License-Identifier: Apache-2.0
#include "analysis/instruction.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include <Zydis/Zydis.h>
#include <fmt/format.h>

namespace vigil::analysis {
namespace {

/// What decoding an operand needs besides the instruction.
struct Machine {
  const snapshot::ThreadContext& context;
  std::uint64_t teb;
  bool wide;  ///< 64-bit code.
};

using Operands = std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT>;

/// The value of a general register or of the instruction pointer of the next instruction.
std::optional<std::uint64_t> value_of(const Machine& machine,
                                      ZydisRegister reg,
                                      std::uint64_t next_instruction) {
  if (reg == ZYDIS_REGISTER_NONE) return 0;
  if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP) return next_instruction;
  const auto mode = machine.wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LONG_COMPAT_32;
  const auto whole = ZydisRegisterGetLargestEnclosing(mode, reg);
  const auto* name = ZydisRegisterGetString(whole);
  if (name == nullptr) return std::nullopt;
  const auto registers = snapshot::named_registers(machine.context);
  const auto found = std::find_if(registers.begin(), registers.end(),
                                  [name](const auto& known) { return known.name == name; });
  if (found == registers.end()) return std::nullopt;
  constexpr std::uint64_t kLow16 = 0xffff, kLow32 = 0xffff'ffff;
  const auto bits = ZydisRegisterGetWidth(mode, reg);
  if (bits == 16) return found->value & kLow16;
  return bits == 32 ? found->value & kLow32 : found->value;
}

/// What a segment register adds: flat segments nothing, the thread's own the TEB.
std::optional<std::uint64_t> segment_base(const Machine& machine, ZydisRegister segment) {
  if (segment != ZYDIS_REGISTER_FS && segment != ZYDIS_REGISTER_GS) return 0;
  const bool threads_own = segment == (machine.wide ? ZYDIS_REGISTER_GS : ZYDIS_REGISTER_FS);
  return threads_own && machine.teb != 0 ? std::optional(machine.teb) : std::nullopt;
}

std::string access_name(ZydisOperandActions actions) {
  const bool reads = (actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
  const bool writes = (actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
  if (reads && writes) return "readwrite";
  return writes ? "write" : "read";
}

/// push and call write below the stack pointer, which their hidden operand names as it was before.
bool is_below_stack_pointer(const ZydisDecodedInstruction& instruction,
                            const ZydisDecodedOperand& operand) {
  const bool pushes = instruction.meta.category == ZYDIS_CATEGORY_PUSH ||
                      instruction.meta.category == ZYDIS_CATEGORY_CALL;
  return pushes && operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
         (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

std::optional<MemoryOperand> memory_operand(const Machine& machine,
                                            std::uint64_t address,
                                            const ZydisDecodedInstruction& instruction,
                                            const ZydisDecodedOperand& operand) {
  if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || operand.mem.type != ZYDIS_MEMOP_TYPE_MEM)
    return std::nullopt;
  const auto next = address + instruction.length;
  const auto base = value_of(machine, operand.mem.base, next);
  const auto index = value_of(machine, operand.mem.index, next);
  const auto segment = segment_base(machine, operand.mem.segment);
  if (!base || !index || !segment) return std::nullopt;
  constexpr std::uint32_t kBitsPerByte = 8;
  MemoryOperand result;
  result.access.size = operand.size / kBitsPerByte;
  auto target = *base + *index * operand.mem.scale +
                static_cast<std::uint64_t>(operand.mem.disp.value) + *segment;
  if (is_below_stack_pointer(instruction, operand)) target -= result.access.size;
  result.access.address = machine.wide ? target : target & 0xffff'ffff;
  result.access.access = access_name(operand.actions);
  const bool relative =
      operand.mem.base == ZYDIS_REGISTER_RIP || operand.mem.base == ZYDIS_REGISTER_EIP;
  if (operand.mem.base != ZYDIS_REGISTER_NONE && !relative) {
    result.base_name = ZydisRegisterGetString(operand.mem.base);
    result.base = *base;
  }
  return result;
}

/// Intel syntax as debuggers write it: `mov rax, qword ptr [rcx+0x18]`.
class Formatter {
 public:
  explicit Formatter(std::uint64_t address) : address_(address) {
    ZydisFormatterInit(&formatter_, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&formatter_, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
    ZydisFormatterSetProperty(&formatter_, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                              ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(&formatter_, ZYDIS_FORMATTER_PROP_DISP_PADDING,
                              ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(&formatter_, ZYDIS_FORMATTER_PROP_IMM_PADDING,
                              ZYDIS_PADDING_DISABLED);
  }
  [[nodiscard]] std::string text(const ZydisDecodedInstruction& instruction,
                                 const Operands& operands) const {
    std::array<char, kMaxText> buffer{};
    const auto status = ZydisFormatterFormatInstruction(
        &formatter_, &instruction, operands.data(), instruction.operand_count_visible,
        buffer.data(), buffer.size(), address_, nullptr);
    return ZYAN_SUCCESS(status) ? std::string(buffer.data()) : std::string();
  }
  [[nodiscard]] std::string text(const ZydisDecodedInstruction& instruction,
                                 const ZydisDecodedOperand& operand) const {
    std::array<char, kMaxText> buffer{};
    const auto status = ZydisFormatterFormatOperand(
        &formatter_, &instruction, &operand, buffer.data(), buffer.size(), address_, nullptr);
    return ZYAN_SUCCESS(status) ? std::string(buffer.data()) : std::string();
  }

 private:
  static constexpr std::size_t kMaxText = 256;
  ZydisFormatter formatter_{};
  std::uint64_t address_;
};

bool is_division(ZydisMnemonic mnemonic) {
  return mnemonic == ZYDIS_MNEMONIC_DIV || mnemonic == ZYDIS_MNEMONIC_IDIV;
}

/// Where a transfer of control that is not relative goes: its operand, in memory or a register.
std::optional<std::uint64_t> target_of(const Machine& machine,
                                       snapshot::Memory& memory,
                                       const ZydisDecodedInstruction& instruction,
                                       const Operands& operands,
                                       const std::vector<MemoryOperand>& in_memory) {
  const auto category = instruction.meta.category;
  const bool transfers = category == ZYDIS_CATEGORY_CALL || category == ZYDIS_CATEGORY_RET ||
                         category == ZYDIS_CATEGORY_UNCOND_BR;
  if (!transfers || instruction.operand_count == 0) return std::nullopt;
  if (category != ZYDIS_CATEGORY_RET && operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER)
    return value_of(machine, operands[0].reg.value, 0);
  const auto found =
      std::find_if(in_memory.begin(), in_memory.end(),
                   [](const MemoryOperand& operand) { return operand.access.access == "read"; });
  if (found == in_memory.end()) return std::nullopt;
  if (machine.wide) return memory.read<std::uint64_t>(found->access.address);
  return memory.read<std::uint32_t>(found->access.address);
}

/// The registers belong to the fault when they stand at it.
bool stands_at(const snapshot::ThreadContext& context, std::uint64_t address) {
  return snapshot::instruction_pointer(context) == address;
}

}  // namespace

bool is_canonical(std::uint64_t address) noexcept {
  constexpr std::uint64_t kUpperHalf = 0xffff'8000'0000'0000;
  return (address & kUpperHalf) == 0 || (address & kUpperHalf) == kUpperHalf;
}

std::string bytes_at(snapshot::Memory& memory, std::uint64_t address, std::size_t size) {
  std::string text;
  for (const auto byte : memory.at(address, size).bytes()) {
    if (!text.empty()) text += ' ';
    text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  }
  return text;
}

std::optional<Instruction> decode_instruction(snapshot::Memory& memory,
                                              std::uint64_t address,
                                              const snapshot::ThreadContext& context,
                                              std::uint64_t teb) {
  const bool wide = std::holds_alternative<snapshot::Amd64Context>(context);
  if (!wide && !std::holds_alternative<snapshot::X86Context>(context)) return std::nullopt;
  const auto code = memory.at(address, ZYDIS_MAX_INSTRUCTION_LENGTH);
  ZydisDecoder decoder;
  ZydisDecodedInstruction instruction;
  Operands operands;
  const auto mode = wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LONG_COMPAT_32;
  const auto width = wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32;
  if (code.empty() || !ZYAN_SUCCESS(ZydisDecoderInit(&decoder, mode, width)) ||
      !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code.bytes().data(),
                                           static_cast<ZyanUSize>(code.size()), &instruction,
                                           operands.data()))) {
    return std::nullopt;
  }
  const Formatter formatter(address);
  Instruction result;
  result.text = formatter.text(instruction, operands);
  result.bytes = bytes_at(memory, address, instruction.length);
  const auto touches = [](const ZydisDecodedOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM;
  };
  result.touches_no_memory =
      std::none_of(operands.begin(), operands.begin() + instruction.operand_count, touches);
  result.divides = is_division(instruction.mnemonic);
  if (result.divides && instruction.operand_count_visible > 0)
    result.divisor = formatter.text(instruction, operands[0]);
  if (!stands_at(context, address)) return result;
  const Machine machine{context, teb, wide};
  for (std::size_t i = 0; i < instruction.operand_count; ++i) {
    auto operand = memory_operand(machine, address, instruction, operands[i]);
    if (!operand) continue;
    operand->text = formatter.text(instruction, operands[i]);
    result.operands.push_back(*std::move(operand));
  }
  result.target = target_of(machine, memory, instruction, operands, result.operands);
  return result;
}

}  // namespace vigil::analysis
