// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

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
}

}  // namespace vigil::kerneldump
