// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/utf.h"
#include "minidump/streams.h"

namespace vigil::minidump {
namespace {

// While 64-bit code runs in a thread of a 32-bit process, its 32-bit registers are saved in a block
// that TLS slot 1 of the 64-bit TEB points at: two 16-bit numbers, then a CONTEXT for x86.
// Debuggers find them the same way. The slot's place has not moved since Windows XP x64.
constexpr std::uint64_t kTebTlsSlots = 0x1480;
constexpr std::uint64_t kWow64CpuSlot = kTebTlsSlots + 1 * sizeof(std::uint64_t);
constexpr std::uint64_t kContextInCpuArea = 4;

}  // namespace

void find_wow64(snapshot::Snapshot& snapshot, DumpMemory& memory) {
  const auto cpu = snapshot.system.cpu;
  if (cpu != snapshot::Cpu::Amd64 && cpu != snapshot::Cpu::Arm64) return;
  snapshot.process.wow64 = std::ranges::any_of(snapshot.modules, [](const auto& module) {
    return ascii_lower(module.name()) == "wow64.dll";
  });
  if (!snapshot.process.wow64 || cpu != snapshot::Cpu::Amd64) return;
  for (auto& thread : snapshot.threads) {
    if (thread.teb == 0) continue;
    const auto cpu_area = memory.read<std::uint64_t>(thread.teb + kWow64CpuSlot);
    if (!cpu_area) continue;
    thread.wow64_context =
        read_x86_context(memory.at(*cpu_area + kContextInCpuArea, sizeof(format::ContextX86)));
  }
}

}  // namespace vigil::minidump
