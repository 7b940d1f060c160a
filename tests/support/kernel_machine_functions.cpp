// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_builder.h"

/// The code of a made machine: names that a reader knows, with the frames that they have.
namespace vigil::test {
namespace {

using namespace std::string_literals;

constexpr std::uint8_t kRbx = 3, kRbpRegister = 5, kRsi = 6, kRdi = 7, kR14 = 14;

KernelFunction trap(std::string name, Prolog prolog) {
  return {.name = std::move(name), .prolog = prolog};
}

KernelFunction exported(std::string name) {
  return {.name = std::move(name), .pushes = {kRbx, kRdi}, .allocation = 0x38, .exported = true};
}

/// `mov rax, [rcx+offset]; ret`
std::string getter(std::uint32_t offset) {
  return "\x48\x8b\x81"s + little_endian(offset, 4) + "\xc3"s;
}

void add_traps(ImageBuilder& nt) {
  nt.function({.name = "KiSystemStartup"});
  nt.function({.name = "KeBugCheckEx", .exported = true});
  nt.function(trap("KiPageFault", Prolog::TrapWithCode));
  nt.function(trap("KiGeneralProtectionFault", Prolog::TrapWithCode));
  nt.function(trap("KiRaiseSecurityCheckFailure", Prolog::TrapNoCode));
  nt.function(trap("KiSystemCall64", Prolog::TrapNoCode));
  for (const char* name :
       {"KiBugCheckDispatch", "KiFastFailDispatch", "KiExceptionDispatch", "KiSwapContext"}) {
    nt.function(trap(name, Prolog::ExceptionFrame));
  }
  nt.function({.name = "KiDispatchException",
               .pushes = {kRbpRegister, kRbx, kRsi, kRdi},
               .allocation = 0x708});
  nt.function(
      {.name = "RtlDispatchException", .pushes = {kRbx, kRsi, kRdi, kR14}, .allocation = 0x128});
  nt.function({.name = "RtlpExecuteHandlerForException"});
  nt.function({.name = "KiSystemServiceHandler"});
  nt.function(
      {.name = "__C_specific_handler", .pushes = {kRbx}, .allocation = 0x40, .exported = true});
  nt.function(
      {.name = "PspSystemThreadStartup$filt$0", .pushes = {kRbpRegister}, .allocation = 0x30});
}

void add_scheduler(ImageBuilder& nt) {
  // rbp at 0x30 and the return address at 0x38 of a KSWITCH_FRAME
  nt.function({.name = "SwapContext", .pushes = {kRbpRegister}, .allocation = 0x30});
  nt.function({.name = "KiSwapThread", .pushes = {kRbx, kRsi}, .allocation = 0x88});
  nt.function({.name = "KiCommitThreadWait", .pushes = {kRbx}, .allocation = 0x60});
  for (const char* name : {"KeWaitForSingleObject", "KeRemoveQueueEx", "KeDelayExecutionThread",
                           "KeWaitForMultipleObjects", "IofCallDriver"}) {
    nt.function(exported(name));
  }
  for (const char* name : {"NtWaitForSingleObject", "NtDeviceIoControlFile", "IopXxxControlFile",
                           "IopSynchronousServiceTail", "NtDelayExecution"}) {
    nt.function({.name = name, .pushes = {kRbx, kR14}, .allocation = 0x58});
  }
  for (const char* name : {"NtTerminateProcess", "PspTerminateProcess", "PspCatchCriticalBreak",
                           "PopIrpWatchdog", "KiExpireTimer2", "KiRetireDpcList"}) {
    nt.function({.name = name, .pushes = {kRbx, kRdi}, .allocation = 0x48});
  }
  nt.function({.name = "KiStartSystemThread"});
  nt.function({.name = "PspSystemThreadStartup", .pushes = {kRbx}, .allocation = 0x50});
  nt.function({.name = "ExpWorkerThread", .pushes = {kRbx, kRbpRegister}, .allocation = 0x48});
  nt.function({.name = "KiIdleLoop"});
  nt.function({.name = "PoIdle", .pushes = {kRbx, kRdi}, .allocation = 0x78});
}

void add_drivers(MachineParts& parts) {
  parts.hal.function({.name = "HalInitSystem", .exported = true});
  parts.hal.leaf("HalProcessorIdle", "\xf4\xc3"s);
  parts.disk.function({.name = "DriverEntry"});
  parts.disk.function({.name = "DiskIdlePoll", .pushes = {kRbx}, .allocation = 0x30});
  parts.keyboard.function({.name = "DriverEntry"});
  parts.keyboard.function({.name = "I8xProcessCrashDump", .pushes = {kRbx}, .allocation = 0x40});
  auto& bad = parts.badnet;
  bad.function({.name = "DriverEntry"});
  bad.function({.name = "BadDispatch", .pushes = {kRbx, kRsi}, .allocation = 0x48});
  // mov eax, [rcx+8]
  bad.function(
      {.name = "BadRead", .pushes = {kRdi}, .allocation = 0x30, .fault_code = "\x8b\x41\x08"});
  // mov ecx, 3 has run; int 29h
  bad.function({.name = "BadUnlink", .allocation = 0x28, .fault_code = "\xcd\x29"});
  bad.function({.name = "BadWorker", .pushes = {kRbx}, .allocation = 0x40});
}

void add_user_code(MachineParts& parts) {
  parts.application.function({.name = "mainCRTStartup", .allocation = 0x38});
  parts.application.function({.name = "main", .pushes = {kRbx}, .allocation = 0x70});
  parts.kernel32.function({.name = "BaseThreadInitThunk", .exported = true});
  parts.kernel32.function(exported("DeviceIoControl"));
  parts.kernel32.function(exported("WaitForSingleObject"));
  parts.ntdll.function({.name = "RtlUserThreadStart", .exported = true});
  // mov r10, rcx; mov eax, 7; test byte ptr [7ffe0308h], 1; jne; syscall; ret
  parts.ntdll.leaf(
      "NtDeviceIoControlFile",
      "\x4c\x8b\xd1\xb8\x07\0\0\0\xf6\x04\x25\x08\x03\xfe\x7f\x01\x75\x03\x0f\x05\xc3"s);
  parts.ntdll.leaf(
      "NtWaitForSingleObject",
      "\x4c\x8b\xd1\xb8\x04\0\0\0\xf6\x04\x25\x08\x03\xfe\x7f\x01\x75\x03\x0f\x05\xc3"s);
}

}  // namespace

void add_functions(MachineParts& parts) {
  add_traps(parts.nt);
  add_scheduler(parts.nt);
  const auto& layout = parts.layout;
  parts.nt.leaf("PsGetProcessId", getter(layout.pid));
  parts.nt.leaf("PsGetProcessPeb", getter(layout.peb));
  parts.nt.leaf("PsGetProcessInheritedFromUniqueProcessId", getter(layout.parent));
  // lea rax, [rcx+offset]
  parts.nt.leaf("PsGetProcessImageFileName",
                "\x48\x8d\x81"s + little_endian(layout.image_name, 4) + "\xc3"s);
  parts.nt.leaf("PsGetThreadId", getter(layout.cid + 8));
  add_drivers(parts);
  add_user_code(parts);
}

void write_images(MachineParts& parts) {
  for (const auto* image : {&parts.nt, &parts.hal, &parts.disk, &parts.badnet, &parts.keyboard}) {
    image->write(parts.space);
  }
}

}  // namespace vigil::test
