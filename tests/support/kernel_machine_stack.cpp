// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_stack.h"

#include <stdexcept>

namespace vigil::test {
namespace {

constexpr std::uint64_t kKernelCs = 0x10, kKernelSs = 0x18, kUserCs = 0x33, kUserSs = 0x2b;

}  // namespace

StackWriter::StackWriter(AddressSpace& space, std::uint64_t top) : space_(&space) {
  registers_.gpr[kRsp] = top;
  registers_.cs = kKernelCs;
  for (std::size_t i = 0; i < registers_.gpr.size(); ++i) {
    if (i != kRsp) registers_.gpr[i] = 0x1111'0000'0000 + 0x1'0000 * i;
  }
}

void StackWriter::push(std::uint64_t value) {
  registers_.gpr[kRsp] -= 8;
  space_->write_u64(rsp(), value);
}

void StackWriter::run_prolog(const KernelFunction& function) {
  const auto change = [this](std::uint8_t reg) {
    registers_.gpr[reg] = 0x2222'0000'0000 + 0x1'0000ull * frames_.size() + reg;
  };
  if (function.prolog == Prolog::ExceptionFrame) {
    registers_.gpr[kRsp] -= kExceptionAllocation;
    for (const auto [reg, slot] : kExceptionSaves) {
      space_->write_u64(rsp() + 8ull * slot, registers_.gpr[reg]);
      change(reg);
    }
  } else if (function.prolog == Prolog::Normal) {
    for (const auto reg : function.pushes) {
      push(registers_.gpr[reg]);
      change(reg);
    }
    registers_.gpr[kRsp] -= function.allocation;
  } else {
    throw std::logic_error(function.name + " is not called");
  }
  if (rsp() % 16 != 0) throw std::logic_error(function.name + " does not align its stack");
  frames_.push_back({&function, rsp(), KernelFunction::kResumeOffset});
  registers_.rip = function.address + KernelFunction::kResumeOffset;
}

void StackWriter::begin(const KernelFunction& function) {
  push(0);
  run_prolog(function);
}

void StackWriter::call(const KernelFunction& function) {
  push(registers_.rip);
  run_prolog(function);
}

void StackWriter::enter(const KernelFunction& function, std::uint32_t offset) {
  push(registers_.rip);
  frames_.push_back({&function, rsp(), offset});
  registers_.rip = function.address + offset;
}

void StackWriter::fault() {
  auto& frame = frames_.back();
  frame.offset = KernelFunction::kFaultOffset;
  registers_.rip = frame.function->address + frame.offset;
}

std::uint64_t StackWriter::trap_frame(const KernelFunction& handler,
                                      const Amd64Registers& at,
                                      std::uint64_t top,
                                      const TrapDetails& details) {
  const auto frame = top - kTrapFrameBytes;
  const bool user = details.previous_mode == 1;
  space_->write_u8(frame + 0x28, details.previous_mode);
  space_->write_u8(frame + 0x29, details.previous_irql);
  space_->write_u32(frame + 0x2c, 0x1f80);
  constexpr std::array<std::array<std::uint16_t, 2>, 7> kSaved{
      {{0, 0x30}, {1, 0x38}, {2, 0x40}, {8, 0x48}, {9, 0x50}, {10, 0x58}, {11, 0x60}}};
  for (const auto [reg, offset] : kSaved) space_->write_u64(frame + offset, at.gpr[reg]);
  space_->write_u64(frame + 0xd0, details.fault_address);
  space_->write_u64(frame + 0x158, at.gpr[kRbp]);
  space_->write_u64(frame + 0x160, details.error_code);
  space_->write_u64(frame + 0x168, at.rip);
  space_->write_u64(frame + 0x170, user ? kUserCs : kKernelCs);
  space_->write_u64(frame + 0x178, at.eflags);
  space_->write_u64(frame + 0x180, at.gpr[kRsp]);
  space_->write_u64(frame + 0x188, user ? kUserSs : kKernelSs);
  registers_ = at;
  registers_.cs = kKernelCs;
  registers_.gpr[kRsp] = frame;
  registers_.gpr[kRbp] = frame + 0x80;
  registers_.rip = handler.address + KernelFunction::kResumeOffset;
  frames_.push_back({&handler, frame, KernelFunction::kResumeOffset});
  return frame;
}

std::uint64_t StackWriter::begin_from_user(const KernelFunction& handler, const StackWriter& user) {
  outer_ = user.frames();
  return trap_frame(handler, user.registers(), rsp(), {.previous_mode = 1});
}

std::uint64_t StackWriter::trap(const KernelFunction& handler, const TrapDetails& details) {
  fault();
  return trap_frame(handler, registers_, rsp() & ~std::uint64_t{15}, details);
}

std::vector<FrameTruth> StackWriter::frames(std::size_t from) const {
  std::vector<FrameTruth> found;
  for (auto i = frames_.size() - from; i-- > 0;) {
    const auto& [function, stack_pointer, offset] = frames_[i];
    found.push_back(
        {function->address + offset, stack_pointer, function->module, function->name, offset});
  }
  found.insert(found.end(), outer_.begin(), outer_.end());
  return found;
}

std::string kernel_context(const Amd64Registers& registers) {
  auto context = ByteBuilder(amd64_context(registers));
  return context.patch_u32(0x34, 0x1f80).patch_u16(0x42, kKernelSs).bytes();
}

std::string exception_record(const RecordTruth& record) {
  ByteBuilder bytes;
  bytes.u32(record.code).u32(record.flags).u64(0).u64(record.exception_address);
  bytes.u32(record.parameters.size()).u32(0);
  for (const auto parameter : record.parameters) bytes.u64(parameter);
  return bytes.seek(0x98).bytes();
}

}  // namespace vigil::test
