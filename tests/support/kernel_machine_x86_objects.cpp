// SPDX-License-Identifier: Apache-2.0
#include "support/kernel_machine_x86.h"

#include <utility>

#include "support/contexts.h"

/// The processes of the 32-bit machine with a thread each, and a stack of frame pointers with the
/// trap frame of 0xD1 on it.
namespace vigil::test {

ProcessTruth& Builder32::process(std::uint32_t pid,
                                 std::uint32_t parent,
                                 std::string name,
                                 std::uint32_t root) {
  const auto at = pool(x86::kEprocessSize);
  space_.u8(at, 3);
  for (const std::uint32_t head : {0x08u, 0x10u, 0x2cu, x86::kThreadList}) link(at + head, {});
  space_.u32(at + 0x18, root);
  space_.u64(at + x86::kCreate, x86::kTime - x86::kRunning + pid);
  space_.u32(at + x86::kPid, pid);
  space_.u32(at + x86::kParent, parent);
  name.resize(15, '\0');
  space_.write(at + x86::kImageName, name);
  space_.u32(at + x86::kExitStatus, 0x103);
  m_.truth.processes.push_back({.address = at,
                                .pid = pid,
                                .parent_pid = parent,
                                .image = name.c_str(),
                                .create_time = x86::kTime - x86::kRunning + pid,
                                .directory_table = root});
  return m_.truth.processes.back();
}

ThreadTruth Builder32::thread(const ProcessTruth& owner, std::uint32_t tid, std::uint8_t state) {
  const auto bottom = x86::kStacks + 0x8000 * m_.stacks_used++;
  space_.allocate(bottom, x86::kStackBytes);
  const auto at = pool(x86::kEthreadSize);
  ThreadTruth truth{.address = at,
                    .process = owner.address,
                    .pid = owner.pid,
                    .tid = tid,
                    .state = state,
                    .wait_reason = state == 5 ? std::uint8_t{6} : std::uint8_t{0},
                    .priority = 9,
                    .stack_base = bottom + x86::kStackBytes,
                    .stack_limit = bottom,
                    .create_time = owner.create_time + tid};
  space_.u8(at, 6);
  space_.u32(at + 0x28, truth.stack_base - 0x10);
  space_.u32(at + 0x2c, truth.stack_limit);
  space_.u32(at + 0x50, owner.address);
  space_.u8(at + 0x57, truth.priority);
  space_.u8(at + 0x68, state);
  space_.u32(at + 0x150, owner.address);
  space_.u8(at + 0x187, truth.wait_reason);
  space_.u32(at + 0x190, truth.stack_base);
  space_.u64(at + x86::kThreadCreate, truth.create_time);
  space_.u32(at + x86::kCid, owner.pid);
  space_.u32(at + x86::kCid + 4, tid);
  link(at + x86::kIrpList, {});
  return truth;
}

FrameTruth Builder32::frame(std::uint32_t address, std::uint32_t pointer, const char* function) {
  const char* module = address >= x86::kDriver ? "badnet.sys" : "ntoskrnl.exe";
  return {.instruction = address, .stack_pointer = pointer, .module = module, .function = function};
}

/// Frame pointers from the top down: a system service, the driver, KiTrap0E with its trap frame,
/// KeBugCheckEx. The stack pointers of these frames are their frame pointers.
void Builder32::crash(ThreadTruth& thread) {
  const auto top = static_cast<std::uint32_t>(thread.stack_base) - 0x200;
  constexpr std::uint32_t kFault = x86::kDriver + 0x1060, kReturn = x86::kKernel + 0x3456;
  const std::uint32_t outer = top, driver = top - 0x40;
  space_.u32(outer, 0);
  space_.u32(outer + 4, 0);
  space_.u32(driver, outer);
  space_.u32(driver + 4, kReturn);
  const auto trap = driver - 0x20 - x86::kTrapFrameBytes;
  space_.u32(trap, driver);  // DbgEbp and DbgEip: the frame pointers go on through the trap frame
  space_.u32(trap + 4, kFault);
  space_.u32(trap + 0x38, 0x23);
  space_.u32(trap + 0x60, driver);
  space_.u32(trap + 0x64, 0);
  space_.u32(trap + 0x68, kFault);
  space_.u32(trap + 0x6c, 8);
  space_.u32(trap + 0x70, 0x1'0246);
  constexpr std::uint32_t kBugCheck = x86::kKernel + 0x5000, kTrap0E = x86::kKernel + 0x6123;
  const auto innermost = trap - 0x40;
  space_.u32(innermost, trap);
  space_.u32(innermost + 4, kTrap0E);
  auto& truth = m_.truth;
  truth.bugcheck = 0xd1;
  truth.parameters = {0x28, 2, 0, kFault};
  truth.trap_frame = trap;
  truth.fault_instruction = kFault;
  truth.fault_stack_pointer = trap + 0x74;
  truth.fault_address = 0x28;
  truth.blamed_module = "badnet.sys";
  truth.crash_thread = thread.address;
  truth.crash_process = thread.process;
  truth.bugcheck_stack = {frame(kBugCheck, innermost, "KeBugCheckEx"),
                          frame(kTrap0E, trap, "KiTrap0E"), frame(kFault, driver, "BadRead"),
                          frame(kReturn, outer, "IofCallDriver")};
  truth.fault_stack = {truth.bugcheck_stack[2], truth.bugcheck_stack[3]};
  thread.stack = truth.bugcheck_stack;
  thread.kernel_stack = innermost - 0x20;
  X86Registers registers;
  registers.eip = kBugCheck;
  registers.esp = static_cast<std::uint32_t>(thread.kernel_stack);
  registers.ebp = innermost;
  context_ = x86_context(registers);
  space_.u32(static_cast<std::uint32_t>(thread.address) + 0x30, thread.kernel_stack);
}

/// What KiSwapContext leaves: a frame pointer chain above the saved registers.
void Builder32::waiting(ThreadTruth& thread) {
  const auto ebp = static_cast<std::uint32_t>(thread.stack_base) - 0x100;
  space_.u32(ebp, 0);
  space_.u32(ebp + 4, 0);
  const auto kernel_stack = ebp - 0x30;
  space_.u32(kernel_stack + 0x0c, ebp);
  space_.u32(kernel_stack + 0x1c, x86::kKernel + 0x7999);  // of KiSwapContext
  space_.u32(kernel_stack + 8, x86::kKernel + 0x7788);     // the return address of SwapContext
  thread.kernel_stack = kernel_stack;
  thread.stack = {frame(x86::kKernel + 0x7788, kernel_stack + 0x0c, "KiSwapContext"),
                  frame(x86::kKernel + 0x7999, ebp, "KiSwapThread")};
  space_.u32(static_cast<std::uint32_t>(thread.address) + 0x30, kernel_stack);
}

void Builder32::peb(PaeSpace& space) {
  space.allocate(x86::kTebAddress, 0x2000, true);
  auto& truth = m_.truth.peb;
  truth.address = x86::kPebAddress;
  truth.image_base = 0x0040'0000;
  truth.os_build = 7601;
  space.u32(x86::kPebAddress + 0x08, truth.image_base);
  space.u32(x86::kPebAddress + 0x64, 1);
  space.u32(x86::kPebAddress + 0xa4, 6);
  space.u32(x86::kPebAddress + 0xa8, 1);
  space.u16(x86::kPebAddress + 0xac, truth.os_build);
  m_.truth.teb.address = x86::kTebAddress;
  m_.truth.teb.peb = x86::kPebAddress;
  space.u32(x86::kTebAddress + 0x18, x86::kTebAddress);
  space.u32(x86::kTebAddress + 0x30, x86::kPebAddress);
}

void Builder32::processes() {
  spaces_.reserve(4);
  process(4, 0, "System", space_.root());
  spaces_.push_back(space_.fork());
  process(272, 4, "smss.exe", spaces_.back().root());
  spaces_.push_back(space_.fork());
  auto& last = process(1820, 1500, "contoso.exe", spaces_.back().root());
  peb(spaces_.back());
  last.peb = x86::kPebAddress;
  space_.u32(static_cast<std::uint32_t>(last.address) + x86::kPeb, x86::kPebAddress);
  std::vector<std::uint32_t> links;
  for (auto& owner : m_.truth.processes) {
    const bool crashes = owner.pid == 1820;
    auto made = thread(owner, owner.pid + 4, crashes ? 2 : 5);
    if (crashes) {
      made.teb = x86::kTebAddress;
      space_.u32(static_cast<std::uint32_t>(made.address) + 0x88, x86::kTebAddress);
      crash(made);
    } else {
      waiting(made);
    }
    const auto at = static_cast<std::uint32_t>(owner.address);
    const auto thread_at = static_cast<std::uint32_t>(made.address);
    owner.threads.push_back(made);
    owner.active_threads = 1;
    link(at + 0x2c, {thread_at + 0x1e0});
    link(at + x86::kThreadList, {thread_at + x86::kThreadEntry});
    space_.u32(at + x86::kActiveThreads, 1);
    links.push_back(at + x86::kLinks);
  }
  link(process_list_, links);
  m_.truth.directory_table = m_.truth.processes.back().directory_table;
}

}  // namespace vigil::test
