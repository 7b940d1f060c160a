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
  truth.nt_global_flag = 0x400;
  truth.being_debugged = true;
  truth.process_heap = 0x0015'0000;
  truth.subsystem_data = 0x7717'0040;
  truth.session = 1;
  space.u8(x86::kPebAddress + 0x02, 1);
  space.u32(x86::kPebAddress + 0x08, truth.image_base);
  space.u32(x86::kPebAddress + 0x14, truth.subsystem_data);
  space.u32(x86::kPebAddress + 0x18, truth.process_heap);
  space.u32(x86::kPebAddress + 0x64, 1);
  space.u32(x86::kPebAddress + 0x68, truth.nt_global_flag);
  space.u32(x86::kPebAddress + 0xa4, 6);
  space.u32(x86::kPebAddress + 0xa8, 1);
  space.u16(x86::kPebAddress + 0xac, truth.os_build);
  space.u32(x86::kPebAddress + 0x1d4, truth.session);
  user_texts(space);
  teb(space);
}

/// The process parameters, and the loader's lists with the program alone, behind the PEB.
void Builder32::user_texts(PaeSpace& space) {
  constexpr std::uint32_t kParameters = x86::kPebAddress + 0x400, kLoader = kParameters + 0x100;
  constexpr std::uint32_t kEntry = kLoader + 0x40;
  auto& truth = m_.truth.peb;
  auto next = kEntry + 0x100;
  const auto text = [&](std::uint32_t at, const std::string& words) {
    const auto units = ByteBuilder().utf16(words).bytes();
    space.u16(at, units.size());
    space.u16(at + 2, units.size());
    space.u32(at + 4, next);
    space.write(next, units);
    next += static_cast<std::uint32_t>(units.size());
    return words;
  };
  truth.process_parameters = kParameters;
  space.u32(x86::kPebAddress + 0x10, kParameters);
  truth.current_directory = text(kParameters + 0x24, "C:\\Contoso\\");
  truth.dll_path = text(kParameters + 0x30, "C:\\Contoso;C:\\Windows");
  truth.image_path = text(kParameters + 0x38, "C:\\Contoso\\contoso.exe");
  truth.command_line = text(kParameters + 0x40, "contoso.exe -k orders");
  truth.window_title = text(kParameters + 0x70, "Orders");
  truth.desktop = text(kParameters + 0x78, "WinSta0\\Default");
  truth.ldr = kLoader;
  truth.loader_initialized = true;
  truth.load_first = truth.load_last = kEntry;
  truth.initialization_first = truth.initialization_last = kEntry + 0x10;
  space.u32(x86::kPebAddress + 0x0c, kLoader);
  space.u8(kLoader + 4, 1);
  for (const std::uint32_t list : {0x00U, 0x08U, 0x10U}) {
    for (const std::uint32_t link : {0U, 4U}) {
      space.u32(kLoader + 0x0c + list + link, kEntry + list);
      space.u32(kEntry + list + link, kLoader + 0x0c + list);
    }
  }
  truth.modules.push_back({"contoso.exe", truth.image_path, truth.image_base, 0x6000, 0x5f00'0001});
  space.u32(kEntry + 0x18, truth.image_base);
  space.u32(kEntry + 0x20, 0x6000);
  text(kEntry + 0x24, truth.image_path);
  space.u32(kEntry + 0x44, 0x5f00'0001);
}

void Builder32::teb(PaeSpace& space) {
  auto& truth = m_.truth.teb;
  constexpr auto kAt = x86::kTebAddress;
  truth = {.address = kAt,
           .stack_base = 0x0013'0000,
           .stack_limit = 0x0012'c000,
           .peb = x86::kPebAddress,
           .thread_local_storage = 0x0015'0a00,
           .pid = 1820,
           .tid = 1824,
           .last_error = 2,
           .last_status = 0xc000'0022,
           .owned_locks = 3,
           .hard_error_mode = 1,
           .exception_list = 0x0012'ffc4,
           .subsystem_tib = 0x11,
           .fiber_data = 0x1e00,
           .user_pointer = 0x33,
           .environment_pointer = 0x44,
           .rpc_handle = 0x55};
  const std::uint64_t words[] = {truth.exception_list,
                                 truth.stack_base,
                                 truth.stack_limit,
                                 truth.subsystem_tib,
                                 truth.fiber_data,
                                 truth.user_pointer,
                                 truth.address,
                                 truth.environment_pointer,
                                 truth.pid,
                                 truth.tid,
                                 truth.rpc_handle,
                                 truth.thread_local_storage,
                                 truth.peb,
                                 truth.last_error,
                                 truth.owned_locks};
  auto at = kAt;
  for (const auto word : words) {
    space.u32(at, word);
    at += 4;
  }
  space.u32(kAt + 0xbf4, truth.last_status);
  space.u32(kAt + 0xf28, truth.hard_error_mode);
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
