// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/analysis.h"
#include "support/byte_builder.h"

namespace vigil::analysis {

/// Captured memory of a test: bytes at addresses.
class FakeMemory final : public snapshot::Memory {
 public:
  void put(std::uint64_t address, std::string bytes) { bytes_[address] = std::move(bytes); }
  [[nodiscard]] ByteView at(std::uint64_t address, std::uint64_t size) override {
    auto behind = bytes_.upper_bound(address);
    if (behind == bytes_.begin()) return {};
    const auto& [base, bytes] = *std::prev(behind);
    return ByteView(std::string_view(bytes)).clamp(address - base, size);
  }

 private:
  std::map<std::uint64_t, std::string> bytes_;
};

/// Frames as a walk gives them, named.
inline report::Frame frame(std::string module,
                           std::string function,
                           std::uint64_t offset,
                           std::string trust = "unwind_info") {
  report::Frame f;
  f.instruction = 0x7ff8'0000'0000 + offset;
  f.module = std::move(module);
  f.module_offset = 0x1000 + offset;
  f.function = std::move(function);
  f.function_offset = f.function.empty() ? 0 : offset;
  f.trust = std::move(trust);
  return f;
}

/// OrdersApi.exe, whose thread 104 died in orders!Cart::total.
struct SampleCrash {
  snapshot::Snapshot snapshot{};
  FakeMemory memory{};
  std::vector<report::Thread> threads{};
  bool is_incomplete = false;

  SampleCrash(std::uint32_t code, std::vector<std::uint64_t> parameters) {
    snapshot.system.cpu = snapshot::Cpu::Amd64;
    snapshot.modules.resize(1);
    snapshot.modules[0].path = "C:\\Orders\\OrdersApi.exe";
    snapshot.modules[0].version = "4.2.1.0";
    auto& exception = snapshot.exception.emplace();
    exception.thread = {104};
    exception.code = code;
    exception.address = 0x7ff8'0000'001a;
    exception.parameters = std::move(parameters);
    threads.resize(2);
    threads[0].thread_id = 100;
    threads[0].frames = {frame("ntdll.dll", "NtWaitForSingleObject", 0x14),
                         frame("OrdersApi.exe", "main", 0x40)};
    threads[1].thread_id = 104;
    threads[1].frames = {frame("orders.dll", "Cart::total", 0x1a),
                         frame("orders.dll", "Cart::checkout", 0x99),
                         frame("kernel32.dll", "BaseThreadInitThunk", 0x14)};
  }

  std::vector<report::Frame>& stack() { return threads[1].frames; }
  Findings analyze() { return analysis::analyze({snapshot, memory, threads, is_incomplete}); }
};

}  // namespace vigil::analysis
