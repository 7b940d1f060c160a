// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "kerneldump/kernel.h"

namespace vigil::kerneldump {
namespace {

constexpr std::uint64_t kProcessorBlockAt = 0x218;  // KDDEBUGGER_DATA64::KiProcessorBlock
constexpr std::uint64_t kMaxPrcbBytes = 1 << 17;

/// A KPRCB: in memory, or as the copy that a triage dump has of one.
class Prcb {
 public:
  Prcb(Kernel& kernel, std::uint64_t address) : kernel_(kernel), address_(address) {}
  Prcb(Kernel& kernel, const Fields& copy) : kernel_(kernel), copy_(copy) {}

  template <Raw T>
  [[nodiscard]] std::optional<T> read(std::uint64_t at) {
    return copy_.empty() ? kernel_.read<T>(address_ + at) : copy_.get<T>(at);
  }
  [[nodiscard]] std::optional<std::uint64_t> pointer(std::uint64_t at) {
    if (kernel_.header.is_64bit) return read<std::uint64_t>(at);
    const auto value = read<std::uint32_t>(at);
    return value ? std::optional<std::uint64_t>(*value) : std::nullopt;
  }
  [[nodiscard]] Fields bytes(std::uint64_t at, std::uint64_t size) {
    return copy_.empty() ? Fields(kernel_.memory.at(address_ + at, size))
                         : Fields(copy_.bytes().clamp(at, size));
  }

 private:
  Kernel& kernel_;
  std::uint64_t address_ = 0;
  Fields copy_;
};

/// CpuType, CpuID and CpuStep: the family, whether it has CPUID, and model and stepping.
void read_model(Prcb& prcb, const DebuggerData& data, snapshot::KernelProcessor& processor) {
  constexpr std::uint64_t kVendorBytes = 13;
  if (const auto at = data.offset(0x2b8)) {
    const auto family = prcb.read<std::uint8_t>(*at);
    const auto step = prcb.read<std::uint16_t>(*at + 2);
    if (family && *family != 0 && step) {
      processor.family = *family;
      processor.model = static_cast<std::uint16_t>(*step >> 8);
      processor.stepping = static_cast<std::uint16_t>(*step & 0xff);
    }
  }
  if (const auto at = data.offset(0x2ba)) {
    const auto bytes = prcb.bytes(*at, kVendorBytes);
    const auto text = bytes.bytes().text();
    const auto name = text.substr(0, std::min(text.find('\0'), text.size()));
    const bool plain = std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
    if (plain && name.size() < kVendorBytes) processor.vendor = name;
  }
}

/// KSPECIAL_REGISTERS::Cr8 of x64, where the processor's state was saved.
void read_irql(Prcb& prcb, Kernel& kernel, snapshot::KernelProcessor& processor) {
  constexpr std::uint64_t kCr0 = 0, kCr8 = 0xa0, kMaxIrql = 15;
  const auto at = kernel.debugger.offset(0x2f2);
  if (!at || kernel.header.cpu != snapshot::Cpu::Amd64) return;
  const auto cr0 = prcb.read<std::uint64_t>(*at + kCr0), cr8 = prcb.read<std::uint64_t>(*at + kCr8);
  if (!cr0 || *cr0 == 0 || !cr8 || *cr8 > kMaxIrql) return;
  processor.irql = static_cast<std::uint8_t>(*cr8);
  processor.irql_source = "CR8 as it was saved";
}

snapshot::KernelProcessor read_processor(Kernel& kernel, Prcb prcb, std::uint32_t number) {
  constexpr std::uint64_t kNextThread64 = 0x10, kNextThread32 = 8;
  constexpr std::uint32_t kMaxMhz = 20'000, kMaxNumber = 4096;
  const auto& data = kernel.debugger;
  snapshot::KernelProcessor processor;
  processor.number = number;
  // Which one a triage dump has, it says itself; the others stand in order.
  if (const auto at = data.offset(0x2be); at && kernel.triage != nullptr) {
    const auto own = prcb.read<std::uint32_t>(*at);
    if (own && *own < kMaxNumber) processor.number = *own;
  }
  processor.current_thread = prcb.pointer(data.offset(0x2b4).value_or(kernel.pick(8, 4)));
  processor.next_thread = prcb.pointer(kernel.pick(kNextThread64, kNextThread32));
  if (processor.next_thread == 0) processor.next_thread.reset();
  processor.idle_thread = prcb.pointer(data.offset(0x350).value_or(kernel.pick(0x18, 0xc)));
  if (const auto at = data.offset(0x2b6)) {
    const auto mhz = prcb.read<std::uint32_t>(*at);
    if (mhz && *mhz != 0 && *mhz < kMaxMhz) processor.mhz = mhz;
  }
  read_model(prcb, data, processor);
  read_irql(prcb, kernel, processor);
  return processor;
}

/// Whether the registers of the bugcheck lie on the stack of \p thread.
bool owns_context(Kernel& kernel, std::uint64_t thread) {
  const auto sp = snapshot::stack_pointer(parse_context(kernel.header, kernel.header.context));
  const auto limit = kernel.pointer_field(thread, kernel.layout.stack_limit);
  const auto base = kernel.pointer_field(thread, kernel.layout.stack_base);
  return sp && limit && base && *sp >= *limit && *sp < *base;
}

/// The processor that stopped the machine: the one whose thread was in KeBugCheckEx. One that was
/// on a stack for interrupts or DPCs is known by the registers that it saved.
void find_stopped(Kernel& kernel, std::vector<snapshot::KernelProcessor>& processors) {
  for (auto& processor : processors) {
    if (!processor.current_thread || !owns_context(kernel, *processor.current_thread)) continue;
    processor.stopped_machine = true;
    return;
  }
  const auto at = kernel.debugger.offset(0x2bc);
  const auto ip =
      snapshot::instruction_pointer(parse_context(kernel.header, kernel.header.context));
  const auto sp = snapshot::stack_pointer(parse_context(kernel.header, kernel.header.context));
  for (auto& processor : processors) {
    if (!at || !ip || processor.prcb == 0) continue;
    const auto saved =
        parse_context(kernel.header, Fields(kernel.memory.at(processor.prcb + *at, kContextBytes)));
    if (snapshot::instruction_pointer(saved) != ip || snapshot::stack_pointer(saved) != sp)
      continue;
    processor.stopped_machine = true;
    return;
  }
  if (processors.size() == 1) processors.front().stopped_machine = true;
}

void set_current(Kernel& kernel) {
  auto& state = kernel.state;
  const auto stopped = std::ranges::find_if(
      state.processors, [](const auto& processor) { return processor.stopped_machine; });
  if (stopped == state.processors.end() || !stopped->current_thread) return;
  state.current_thread = *stopped->current_thread;
  state.current_process =
      kernel.pointer_field(state.current_thread, kernel.layout.process).value_or(0);
  if (!kernel.is_kernel_address(state.current_process)) state.current_process = 0;
}

}  // namespace

void read_processors(Kernel& kernel) {
  auto& processors = kernel.state.processors;
  if (kernel.triage != nullptr) {
    if (!kernel.triage->prcb.empty()) {
      const Fields copy(kernel.triage->prcb.bytes().clamp(0, kMaxPrcbBytes));
      processors.push_back(read_processor(kernel, Prcb(kernel, copy), 0));
      processors.back().stopped_machine = true;
    }
    set_current(kernel);
    return;
  }
  const auto block = kernel.global(kProcessorBlockAt, "KiProcessorBlock");
  if (!block) return;
  // How many there are may be damaged in the header.
  constexpr std::uint32_t kFewProcessors = 64;
  const auto count = kernel.header.processors == 0 ? kFewProcessors : kernel.header.processors;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto prcb = kernel.pointer(*block + i * kernel.pointer_bytes());
    if (!prcb || !kernel.is_kernel_address(*prcb)) continue;
    auto processor = read_processor(kernel, Prcb(kernel, *prcb), i);
    processor.prcb = *prcb;
    processors.push_back(std::move(processor));
  }
  find_stopped(kernel, processors);
  set_current(kernel);
}

}  // namespace vigil::kerneldump
