// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>

#include "snapshot/kernel.h"

namespace vigil::snapshot {
namespace {

/// KTHREAD_STATE (wdm.h and type information of kernels).
constexpr std::array<std::string_view, 10> kStates = {"initialized",
                                                      "ready",
                                                      "running",
                                                      "standby",
                                                      "terminated",
                                                      "waiting",
                                                      "transition",
                                                      "deferred_ready",
                                                      "gate_wait_obsolete",
                                                      "waiting_for_process"};

/// KWAIT_REASON (wdm.h).
constexpr std::array<std::string_view, 41> kReasons = {
    "Executive",        "FreePage",          "PageIn",
    "PoolAllocation",   "DelayExecution",    "Suspended",
    "UserRequest",      "WrExecutive",       "WrFreePage",
    "WrPageIn",         "WrPoolAllocation",  "WrDelayExecution",
    "WrSuspended",      "WrUserRequest",     "WrEventPair",
    "WrQueue",          "WrLpcReceive",      "WrLpcReply",
    "WrVirtualMemory",  "WrPageOut",         "WrRendezvous",
    "WrKeyedEvent",     "WrTerminated",      "WrProcessInSwap",
    "WrCpuRateControl", "WrCalloutStack",    "WrKernel",
    "WrResource",       "WrPushLock",        "WrMutex",
    "WrQuantumEnd",     "WrDispatchInt",     "WrPreempted",
    "WrYieldExecution", "WrFastMutex",       "WrGuardedMutex",
    "WrRundown",        "WrAlertByThreadId", "WrDeferredPreempt",
    "WrPhysicalFault",  "WrIoRing"};

}  // namespace

std::optional<EndedObject> ended_object(const Bugcheck& bugcheck) noexcept {
  constexpr std::uint32_t kCriticalProcessDied = 0xef, kCriticalObjectTermination = 0xf4;
  constexpr std::uint64_t kThreadDied = 1, kProcessType = 3, kThreadType = 6;
  const auto& parameters = bugcheck.parameters;
  switch (bugcheck.base_code()) {
    case kCriticalProcessDied: return EndedObject{parameters[0], parameters[1] == kThreadDied};
    case kCriticalObjectTermination:
      if (parameters[0] != kProcessType && parameters[0] != kThreadType) return std::nullopt;
      return EndedObject{parameters[1], parameters[0] == kThreadType};
    default: return std::nullopt;
  }
}

std::optional<std::uint64_t> named_request(const Bugcheck& bugcheck) noexcept {
  constexpr std::uint32_t kPowerStateFailure = 0x9f, kMultipleCompletions = 0x44;
  constexpr std::uint64_t kBlockedRequest = 3;
  const auto& parameters = bugcheck.parameters;
  switch (bugcheck.base_code()) {
    case kPowerStateFailure:
      return parameters[0] == kBlockedRequest ? std::optional(parameters[3]) : std::nullopt;
    case kMultipleCompletions: return parameters[0];
    default: return std::nullopt;
  }
}

std::string_view thread_state_name(std::uint8_t state) noexcept {
  return state < kStates.size() ? kStates[state] : std::string_view{};
}

std::string_view wait_reason_name(std::uint8_t reason) noexcept {
  return reason < kReasons.size() ? kReasons[reason] : std::string_view{};
}

}  // namespace vigil::snapshot
