// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

/// A kernel stack has some dozen KiB; those of DPCs and interrupts are not told of by the thread.
constexpr std::uint64_t kMaxStackBytes = std::uint64_t{1} << 20;

/// What a processor's own registers were: a pointer to them, or the copy in its KPRCB.
snapshot::ThreadContext saved_context(Kernel& kernel, const snapshot::KernelProcessor& processor) {
  const auto& header = kernel.header;
  if (processor.stopped_machine) return parse_context(header, header.context);
  if (processor.prcb == 0) return {};
  const auto usable = [&](const snapshot::ThreadContext& context) {
    const auto ip = snapshot::instruction_pointer(context);
    const auto sp = snapshot::stack_pointer(context);
    return ip && sp && *ip != 0 && *sp != 0;
  };
  if (const auto at = kernel.debugger.offset(0x2bc)) {
    auto context =
        parse_context(header, Fields(kernel.memory.at(processor.prcb + *at, kContextBytes)));
    if (usable(context)) return context;
  }
  const auto at = kernel.debugger.offset(0x338);
  const auto pointer = at ? kernel.pointer(processor.prcb + *at) : std::nullopt;
  if (!pointer || !kernel.is_kernel_address(*pointer)) return {};
  auto context = parse_context(header, Fields(kernel.memory.at(*pointer, kContextBytes)));
  return usable(context) ? context : snapshot::ThreadContext{};
}

snapshot::AddressRange stack_of(const Kernel& kernel, const snapshot::KernelThread& thread) {
  if (kernel.triage != nullptr && kernel.triage->stack_bytes != 0)
    return {kernel.triage->stack_top, kernel.triage->stack_bytes};
  const auto limit = thread.stack_limit.value_or(0), base = thread.stack_base.value_or(0);
  if (limit == 0 || base <= limit || base - limit > kMaxStackBytes) return {};
  return {limit, base - limit};
}

/// Where a thread that does not run left its processor: the KSWITCH_FRAME of x64 that KernelStack
/// points to, behind which the caller of the switch goes on. None: its stack is paged out, or holds
/// no such frame.
snapshot::ThreadContext switched_context(Kernel& kernel,
                                         const snapshot::ModuleMap& modules,
                                         const snapshot::KernelThread& thread) {
  using R = snapshot::Amd64Register;
  constexpr std::uint64_t kFrameBytes = 0x40, kRbp = 0x30, kReturn = 0x38;
  if (kernel.header.cpu != snapshot::Cpu::Amd64 || thread.kernel_stack.value_or(0) == 0) return {};
  const auto at = *thread.kernel_stack;
  const Fields frame(kernel.memory.at(at, kFrameBytes));
  const auto resume = frame.u64(kReturn);
  if (!resume || !modules.find(*resume)) return {};
  snapshot::Amd64Context context;
  context.known = 1U << static_cast<unsigned>(R::Rbp) | 1U << static_cast<unsigned>(R::Rsp);
  context.gpr[static_cast<unsigned>(R::Rbp)] = *frame.u64(kRbp);
  context.gpr[static_cast<unsigned>(R::Rsp)] = at + kFrameBytes;
  context.rip = *resume;
  return context;
}

std::string waiting_name(const snapshot::KernelThread& thread, bool is_current) {
  const auto state = thread.state ? snapshot::thread_state_name(*thread.state) : "";
  const auto reason = thread.wait_reason ? snapshot::wait_reason_name(*thread.wait_reason) : "";
  auto name = thread.image;
  if (!is_current && thread.pid) name += fmt::format(" ({})", *thread.pid);
  for (const auto words : {state, reason})
    if (!words.empty()) name += fmt::format("{}{}", name.empty() ? "" : ", ", words);
  return name;
}

/// How little the wait of a thread says of what a machine hangs on: 0 for what the kernel itself
/// holds, 2 for what most threads always wait for, which is work.
int indifference(const snapshot::KernelThread& thread) {
  constexpr std::string_view kHeld[] = {
      "FreePage",         "PageIn",          "PoolAllocation", "WrFreePage", "WrPageIn",
      "WrPoolAllocation", "WrVirtualMemory", "WrPageOut",      "WrResource", "WrPushLock",
      "WrMutex",          "WrFastMutex",     "WrGuardedMutex", "WrRundown",  "WrPhysicalFault"};
  constexpr std::string_view kWork[] = {"DelayExecution",   "Suspended",        "UserRequest",
                                        "WrDelayExecution", "WrSuspended",      "WrUserRequest",
                                        "WrEventPair",      "WrQueue",          "WrLpcReceive",
                                        "WrKeyedEvent",     "WrAlertByThreadId"};
  const auto is_among = [&](const auto& reasons) {
    const auto name = thread.wait_reason ? snapshot::wait_reason_name(*thread.wait_reason) : "";
    return std::ranges::find(reasons, name) != std::end(reasons);
  };
  if (!thread.wait_reason || is_among(kWork)) return 2;
  return is_among(kHeld) ? 0 : 1;
}

snapshot::Thread waiting_thread(const Kernel& kernel,
                                const snapshot::KernelThread& waiting,
                                const snapshot::ThreadContext& context,
                                bool is_current) {
  snapshot::Thread thread;
  thread.id = ThreadId{waiting.tid.value_or(0)};
  thread.name = waiting_name(waiting, is_current);
  thread.context = context;
  thread.teb = waiting.teb.value_or(0);
  thread.start_address = waiting.start_address.value_or(0);
  thread.priority = waiting.priority.value_or(0);
  thread.stack = stack_of(kernel, waiting);
  return thread;
}

/// Threads that wait, for whoever wants to know what for: those of the process that was current,
/// and of the others those whose wait says most.
void add_waiting_threads(Kernel& kernel, bool of_current) {
  // Of a machine most stacks may be paged out.
  constexpr std::size_t kMaxWaiting = 64, kMaxTried = 1024;
  const auto& state = kernel.state;
  const snapshot::ModuleMap modules(kernel.out.modules);
  std::vector<const snapshot::KernelThread*> order;
  for (const auto& thread : state.threads) {
    const bool is_current = state.current_process != 0 && thread.process == state.current_process;
    if (!thread.processor && is_current == of_current) order.push_back(&thread);
  }
  if (!of_current) {
    // All are of one vector: a defined order.
    std::ranges::sort(order, {}, [](const auto* t) { return std::pair(indifference(*t), t); });
  }
  std::size_t count = 0;
  for (const auto* waiting : std::span(order).first(std::min(order.size(), kMaxTried))) {
    if (count == kMaxWaiting) break;
    const auto context = switched_context(kernel, modules, *waiting);
    if (!snapshot::instruction_pointer(context)) continue;
    ++count;
    kernel.out.threads.push_back(waiting_thread(kernel, *waiting, context, of_current));
  }
}

}  // namespace

void read_current_threads(Kernel& kernel) {
  auto& state = kernel.state;
  std::vector<const snapshot::KernelProcessor*> order;
  order.reserve(state.processors.size());
  for (const auto& processor : state.processors) order.push_back(&processor);
  const auto stopped =
      std::ranges::find_if(order, [](const auto* processor) { return processor->stopped_machine; });
  if (stopped != order.end()) std::rotate(order.begin(), stopped, stopped + 1);
  for (const auto* processor : order) {
    const auto address = processor->current_thread.value_or(0);
    const auto found = std::ranges::find_if(
        state.threads, [address](const auto& thread) { return thread.address == address; });
    snapshot::Thread thread;
    thread.name = fmt::format("processor {}", processor->number);
    thread.context = saved_context(kernel, *processor);
    if (found != state.threads.end()) {
      thread.id = ThreadId{found->tid.value_or(0)};
      thread.teb = found->teb.value_or(0);
      thread.start_address = found->start_address.value_or(0);
      thread.priority = found->priority.value_or(0);
      thread.stack = stack_of(kernel, *found);
      if (!found->image.empty()) thread.name += ", " + found->image;
    }
    kernel.out.threads.push_back(std::move(thread));
  }
  // Without processors the header's registers are all there is.
  if (kernel.out.threads.empty()) {
    snapshot::Thread thread;
    thread.context = parse_context(kernel.header, kernel.header.context);
    if (kernel.triage != nullptr)
      thread.stack = {kernel.triage->stack_top, kernel.triage->stack_bytes};
    kernel.out.threads.push_back(std::move(thread));
  }
  if (!kernel.has_pages()) return;
  add_waiting_threads(kernel, true);
  add_waiting_threads(kernel, false);
}

}  // namespace vigil::kerneldump
