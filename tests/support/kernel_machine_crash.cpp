// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "support/kernel_machine_builder.h"

/// The stack of the thread that crashed, from its outermost function to KeBugCheckEx.
namespace vigil::test {
namespace {

constexpr std::uint64_t kBadPointer = 0x20, kBadAddress = 0x28;  // mov eax, [rcx+8]
constexpr std::uint32_t kAccessViolation = 0xc000'0005, kStackBufferOverrun = 0xc000'0409;
/// In the frame of KiDispatchException, which has room for both.
constexpr std::uint64_t kContextAt = 0x80, kRecordAt = 0x600;

void enter_driver(MachineParts& parts, ThreadTruth& thread, StackWriter& stack) {
  auto user = user_stack(parts, parts.spaces.back());
  const auto frame = stack.begin_from_user(parts.nt.at("KiSystemCall64"), user);
  parts.space.write_u64(thread.address + 0x90, frame);
  for (const char* name : {"NtDeviceIoControlFile", "IopXxxControlFile",
                           "IopSynchronousServiceTail", "IofCallDriver"}) {
    stack.call(parts.nt.at(name));
  }
}

/// The fault of badnet.sys, and its trap frame.
void fault_at(MachineParts& parts,
              StackWriter& stack,
              std::string_view function,
              const char* handler) {
  auto& truth = parts.truth;
  stack.call(parts.badnet.at(function));
  const bool read = function == "BadRead";
  stack.set_registers().gpr[kRcx] = read ? kBadPointer : 3;
  stack.fault();
  truth.fault_stack = stack.frames();
  truth.fault_instruction = stack.registers().rip;
  truth.fault_stack_pointer = stack.rsp();
  truth.fault_address = read ? kBadAddress : 0;
  truth.blamed_module = parts.badnet.truth().name;
  const std::uint8_t irql = parts.options.crash == KernelCrash::DriverIrql ? 2 : 0;
  truth.trap_frame = stack.trap(parts.nt.at(handler),
                                {.fault_address = truth.fault_address, .previous_irql = irql});
}

/// The exception that KiDispatchException looks for a handler of.
void dispatch(MachineParts& parts, StackWriter& stack, const Amd64Registers& at_fault) {
  auto& truth = parts.truth;
  stack.call(parts.nt.at("KiExceptionDispatch"));
  stack.call(parts.nt.at("KiDispatchException"));
  truth.context = stack.rsp() + kContextAt;
  truth.exception = {.address = stack.rsp() + kRecordAt,
                     .code = kAccessViolation,
                     .exception_address = truth.fault_instruction,
                     .parameters = {0, kBadAddress}};
  parts.space.write(truth.context, kernel_context(at_fault));
  parts.space.write(truth.exception.address, exception_record(truth.exception));
  stack.call(parts.nt.at("RtlDispatchException"));
  stack.call(parts.nt.at("RtlpExecuteHandlerForException"));
}

void driver_irql(MachineParts& parts, ThreadTruth& thread, StackWriter& stack) {
  enter_driver(parts, thread, stack);
  stack.call(parts.badnet.at("BadDispatch"));
  fault_at(parts, stack, "BadRead", "KiPageFault");
  stack.call(parts.nt.at("KiBugCheckDispatch"));
  parts.truth.bugcheck = 0xd1;
  parts.truth.parameters = {kBadAddress, 2, 0, parts.truth.fault_instruction};
}

/// The registers of the fault are those that the trap frame keeps, with the function's own others.
Amd64Registers at_fault(const StackWriter& trapped, const MachineTruth& truth, std::uint64_t rbp) {
  auto registers = trapped.registers();
  registers.rip = truth.fault_instruction;
  registers.gpr[kRsp] = truth.fault_stack_pointer;
  registers.gpr[kRbp] = rbp;
  return registers;
}

void system_service(MachineParts& parts, ThreadTruth& thread, StackWriter& stack) {
  enter_driver(parts, thread, stack);
  stack.call(parts.badnet.at("BadDispatch"));
  const auto rbp = stack.registers().gpr[kRbp];  // badnet.sys leaves it alone
  fault_at(parts, stack, "BadRead", "KiPageFault");
  dispatch(parts, stack, at_fault(stack, parts.truth, rbp));
  stack.call(parts.nt.at("KiSystemServiceHandler"));
  stack.call(parts.nt.at("KiBugCheckDispatch"));
  parts.truth.bugcheck = 0x3b;
  parts.truth.parameters = {kAccessViolation, parts.truth.fault_instruction, parts.truth.context,
                            0};
}

void system_thread(MachineParts& parts, StackWriter& stack) {
  stack.begin(parts.nt.at("KiStartSystemThread"));
  stack.call(parts.nt.at("PspSystemThreadStartup"));
  stack.call(parts.badnet.at("BadWorker"));
  const auto rbp = stack.registers().gpr[kRbp];
  fault_at(parts, stack, "BadRead", "KiPageFault");
  dispatch(parts, stack, at_fault(stack, parts.truth, rbp));
  stack.call(parts.nt.at("__C_specific_handler"));
  stack.call(parts.nt.at("PspSystemThreadStartup$filt$0"));
  parts.truth.bugcheck = 0x7e;
  parts.truth.parameters = {0xffff'ffff'0000'0000 | kAccessViolation, parts.truth.fault_instruction,
                            parts.truth.exception.address, parts.truth.context};
}

void security_check(MachineParts& parts, ThreadTruth& thread, StackWriter& stack) {
  auto& truth = parts.truth;
  enter_driver(parts, thread, stack);
  stack.call(parts.badnet.at("BadDispatch"));
  fault_at(parts, stack, "BadUnlink", "KiRaiseSecurityCheckFailure");
  stack.call(parts.nt.at("KiFastFailDispatch"));
  truth.exception = {.address = stack.rsp() + 0x30,  // where a KEXCEPTION_FRAME has xmm registers
                     .code = kStackBufferOverrun,
                     .flags = 1,
                     .exception_address = truth.fault_instruction,
                     .parameters = {3}};
  parts.space.write(truth.exception.address, exception_record(truth.exception));
  stack.call(parts.nt.at("KiBugCheckDispatch"));
  truth.bugcheck = 0x139;
  truth.parameters = {3, truth.trap_frame, truth.exception.address, 0};
}

void manually_started(MachineParts& parts, ThreadTruth& thread, StackWriter& stack) {
  enter_driver(parts, thread, stack);
  stack.call(parts.keyboard.at("I8xProcessCrashDump"));
  parts.truth.bugcheck = 0xe2;
  parts.truth.parameters = {};
}

/// One of the processes of the system ends.
void critical_process(MachineParts& parts, ThreadTruth& thread, StackWriter& stack) {
  auto user = user_stack(parts, parts.spaces.back());
  const auto frame = stack.begin_from_user(parts.nt.at("KiSystemCall64"), user);
  parts.space.write_u64(thread.address + 0x90, frame);
  for (const char* name : {"NtTerminateProcess", "PspTerminateProcess", "PspCatchCriticalBreak"}) {
    stack.call(parts.nt.at(name));
  }
  parts.truth.named_process = parts.truth.processes.at(2).address;
  parts.truth.bugcheck = 0xef;
  parts.truth.parameters = {parts.truth.named_process, 0, 0, 0};
}

/// DRIVER_OBJECT, DEVICE_OBJECT and an IRP that lies at the device.
IrpTruth make_irp(MachineParts& parts) {
  constexpr std::uint8_t kPower = 0x16, kSetPower = 2;
  constexpr std::uint64_t kIrpBytes = 0xd0, kStackLocationBytes = 0x48;
  constexpr std::uint32_t kLocations = 3;
  auto& space = parts.space;
  const auto module = parts.badnet.truth();
  IrpTruth irp{.address = parts.pool(kIrpBytes + kLocations * kStackLocationBytes),
               .major = kPower,
               .minor = kSetPower,
               .device = parts.pool(0x150),
               .driver_object = parts.pool(0x150),
               .driver_name = "\\Driver\\badnet",
               .module = module.name};
  space.write_u32(irp.driver_object, 0x0150'0004);
  space.write_u64(irp.driver_object + 0x08, irp.device);
  space.write_u64(irp.driver_object + 0x18, module.base);
  space.write_u32(irp.driver_object + 0x20, module.size);
  parts.unicode_string(irp.driver_object + 0x38, irp.driver_name);
  space.write_u32(irp.device, 0x0150'0003);
  space.write_u64(irp.device + 0x08, irp.driver_object);
  const auto location = irp.address + kIrpBytes + kStackLocationBytes;
  space.write_u32(irp.address, (kIrpBytes + kLocations * kStackLocationBytes) << 16 | 6);
  space.write_u32(irp.address + 0x30, 0xc000'00bb);
  space.write_u8(irp.address + 0x42, kLocations);
  space.write_u8(irp.address + 0x43, 2);
  space.write_u64(irp.address + 0xb8, location);
  space.write_u8(location, irp.major);
  space.write_u8(location + 1, irp.minor);
  space.write_u8(location + 3, 1);  // pending
  space.write_u64(location + 0x28, irp.device);
  return irp;
}

/// A driver holds a power request for too long: a DPC of the idle thread says so.
void power_state(MachineParts& parts, StackWriter& stack) {
  stack.begin(parts.nt.at("KiIdleLoop"));
  for (const char* name : {"KiRetireDpcList", "KiExpireTimer2", "PopIrpWatchdog"}) {
    stack.call(parts.nt.at(name));
  }
  auto& truth = parts.truth;
  truth.irp = make_irp(parts);
  truth.blamed_module = truth.irp.module;
  truth.bugcheck = 0x9f;
  truth.parameters = {3, truth.irp.device, parts.pool(0x40), truth.irp.address};
}

void write_stack(MachineParts& parts, ThreadTruth& thread, StackWriter& stack) {
  switch (parts.options.crash) {
    case KernelCrash::DriverIrql: return driver_irql(parts, thread, stack);
    case KernelCrash::SystemService: return system_service(parts, thread, stack);
    case KernelCrash::SystemThread: return system_thread(parts, stack);
    case KernelCrash::SecurityCheck: return security_check(parts, thread, stack);
    case KernelCrash::ManuallyStarted: return manually_started(parts, thread, stack);
    case KernelCrash::CriticalProcess: return critical_process(parts, thread, stack);
    case KernelCrash::PowerState: return power_state(parts, stack);
  }
  throw std::logic_error("no such crash");
}

}  // namespace

void write_crash_stack(MachineParts& parts, ThreadTruth& thread, std::uint64_t initial_stack) {
  StackWriter stack(parts.space, initial_stack);
  write_stack(parts, thread, stack);
  stack.enter(parts.nt.at("KeBugCheckEx"));
  if (parts.options.bugcheck_code) parts.truth.bugcheck = *parts.options.bugcheck_code;
  auto& registers = stack.set_registers();
  registers.gpr[kRcx] = parts.truth.bugcheck;
  registers.gpr[2] = parts.truth.parameters[0];
  registers.gpr[8] = parts.truth.parameters[1];
  registers.gpr[9] = parts.truth.parameters[2];
  parts.space.write_u64(stack.rsp() + 0x28, parts.truth.parameters[3]);
  parts.bugcheck_registers = registers;
  thread.stack = parts.truth.bugcheck_stack = stack.frames();
  thread.kernel_stack = stack.rsp() - 0x200;
  parts.space.write_u64(thread.address + 0x58, thread.kernel_stack);
  parts.truth.crash_thread = thread.address;
  parts.truth.crash_process = thread.process;
}

StackWriter user_stack(MachineParts& parts, AddressSpace& space) {
  StackWriter stack(space, place::kUserStack);
  stack.begin(parts.ntdll.at("RtlUserThreadStart"));
  stack.call(parts.kernel32.at("BaseThreadInitThunk"));
  stack.call(parts.application.at("mainCRTStartup"));
  stack.call(parts.application.at("main"));
  stack.call(parts.kernel32.at("DeviceIoControl"));
  stack.enter(parts.ntdll.at("NtDeviceIoControlFile"), 0x14);
  return stack;
}

}  // namespace vigil::test
