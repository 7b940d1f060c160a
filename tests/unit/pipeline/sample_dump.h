// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/minidump_builder.h"
#include "unit/unwind/fake_process.h"

namespace vigil::pipeline {

/// A dump with its images inside: OrdersApi.exe calls orders.dll, which is where it ends. Each
/// module is one function of 0x80 bytes at 0x1100, exported; each frame takes 0x30 bytes of stack
/// with its return address.
struct SampleDump {
  static constexpr std::uint64_t kStack = 0x10'0000, kFrameBytes = 0x30;
  static constexpr std::uint32_t kFunction = 0x1100, kInFunction = 0x1120;
  static constexpr std::uint32_t kMainThread = 100, kCrashedThread = 104;

  std::uint64_t program, orders, ntdll;
  test::MinidumpBuilder builder{};

  explicit SampleDump(std::uint64_t slide = 0)
      : program(0x7ff6'0000'0000 + slide),
        orders(0x7ff8'1000'0000 + slide),
        ntdll(0x7ff9'2000'0000 + slide) {
    builder.timestamp(1'700'003'600).misc_info(4711, 1'700'000'000, 2600).cpu(6, 0x6a06);
    add_module(program, "C:\\Program Files\\Orders\\OrdersApi.exe", "main", {{4, 2, 1, 0}});
    add_module(orders, "C:\\Program Files\\Orders\\orders.dll", "_ZN4Cart5totalEv", {});
    add_module(ntdll, "C:\\Windows\\System32\\ntdll.dll", "RtlUserThreadStart", {});
    add_thread(kMainThread, "main", {program, ntdll});
    add_thread(kCrashedThread, "worker", {orders, program, ntdll});
  }

  void add_module(std::uint64_t base,
                  std::string path,
                  std::string_view function,
                  std::optional<std::array<std::uint16_t, 4>> version,
                  std::string codeview = {}) {
    test::CodeModule module;
    module.function(kFunction, kFunction + 0x80, test::InfoBuilder(4).op(4, 2, 4).build());
    module.call_before(kInFunction).exports(function, kFunction);
    builder.add_module({.base = base,
                        .size = test::PeBuilder::kImageSize,
                        .name = std::move(path),
                        .timestamp = test::PeBuilder::kTimestamp,
                        .version = version,
                        .codeview = std::move(codeview)});
    builder.add_memory(base, module.build().mapped());
  }

  /// A thread that is in the functions of \p modules, innermost first.
  void add_thread(std::uint32_t id,
                  std::string name,
                  const std::vector<std::uint64_t>& modules,
                  std::uint64_t teb = 0) {
    test::ByteBuilder stack;
    for (std::size_t i = 1; i < modules.size(); ++i)
      stack.seek(i * kFrameBytes - 8).u64(modules[i] + kInFunction);
    stack.seek(modules.size() * kFrameBytes + 0x100);
    const std::uint64_t base = kStack + std::uint64_t{id} * 0x10000;
    builder.add_thread({.id = id,
                        .teb = teb,
                        .stack_base = base,
                        .stack = stack.bytes(),
                        .context = context(modules.front() + kInFunction, base),
                        .name = std::move(name)});
  }

  static std::string context(std::uint64_t rip, std::uint64_t rsp) {
    test::Amd64Registers registers;
    registers.gpr[4] = rsp;
    registers.rip = rip;
    return test::amd64_context(registers);
  }

  /// The end of the thread kCrashedThread.
  SampleDump& ended_with(std::uint32_t code, std::vector<std::uint64_t> parameters) {
    builder.exception(
        {.thread = kCrashedThread,
         .code = code,
         .address = orders + kInFunction,
         .parameters = std::move(parameters),
         .context = context(orders + kInFunction, kStack + kCrashedThread * 0x10000)});
    return *this;
  }
};

}  // namespace vigil::pipeline
