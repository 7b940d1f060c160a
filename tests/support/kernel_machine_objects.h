// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "support/kernel_machine_builder.h"

/// The objects of processes and threads. Only the parts of `make_kernel_machine` include this.
namespace vigil::test {

inline constexpr std::uint8_t kRunning = 2, kStandby = 3, kWaiting = 5;
inline constexpr std::uint8_t kDelayExecution = 4, kUserRequest = 6, kWrQueue = 15,
                              kWrPushLock = 28;
inline constexpr std::uint64_t kInitialStackGap = 0x50;

struct ProcessSpec {
  std::uint32_t pid = 0, parent = 0, session = 0;
  std::string image{}, path{};
  std::uint8_t protection = 0;
};

struct ThreadSpec {
  std::uint32_t tid = 0;
  std::uint8_t state = kWaiting;
  std::uint8_t wait_reason = kUserRequest;
  std::uint8_t priority = 8;
};

/// The object without its lists.
[[nodiscard]] ProcessTruth make_process(MachineParts& parts,
                                        const ProcessSpec& spec,
                                        const AddressSpace& tables);
/// The object without its lists; the stack is written by others.
ThreadTruth& add_thread(MachineParts& parts, ProcessTruth& process, const ThreadSpec& spec);
/// The stack of a thread of System that waits.
void wait_in_kernel(MachineParts& parts, ThreadTruth& thread);
/// A wait of user code, whose memory is not there.
void wait_from_user(MachineParts& parts, ThreadTruth& thread);
void link_threads(MachineParts& parts, const ProcessTruth& process);

}  // namespace vigil::test
