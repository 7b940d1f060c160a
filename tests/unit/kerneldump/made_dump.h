// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kerneldump/kerneldump.h"
#include "support/kernel_machine.h"

/// Dumps of made machines as they are read, held against what their maker says of them.
namespace vigil::kerneldump {

/// A dump and the bytes that it reads.
struct Dump {
  explicit Dump(std::string file) : bytes(std::move(file)) {
    auto parsed = KernelDump::parse(ByteView(std::string_view(bytes)));
    EXPECT_TRUE(parsed.ok()) << parsed.error().message();
    if (parsed.ok()) dump = std::move(parsed).take();
  }
  const snapshot::Snapshot& snapshot() const { return dump->snapshot(); }
  const snapshot::KernelState& kernel() const { return *dump->snapshot().kernel; }
  std::string notes() const { return testing::PrintToString(dump->diagnostics().notes()); }

  std::string bytes;
  std::unique_ptr<KernelDump> dump;
};

inline void expect_processes(const Dump& dump, const test::MachineTruth& truth) {
  const auto& processes = dump.kernel().processes;
  ASSERT_EQ(processes.size(), truth.processes.size()) << dump.notes();
  EXPECT_TRUE(dump.kernel().processes_are_complete);
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const auto& ours = processes[i];
    const auto& theirs = truth.processes[i];
    EXPECT_EQ(ours.address, theirs.address);
    EXPECT_EQ(ours.pid, theirs.pid);
    EXPECT_EQ(ours.parent, theirs.parent_pid);
    EXPECT_THAT(ours.image, testing::StartsWith(theirs.image));
    EXPECT_EQ(ours.threads, theirs.active_threads) << theirs.image;
    EXPECT_EQ(ours.directory_table, theirs.directory_table);
    EXPECT_EQ(ours.peb.value_or(0), theirs.peb);
    if (theirs.pid != 4) {
      EXPECT_EQ(ours.session, theirs.session) << theirs.image;
    }
    EXPECT_EQ(ours.create_time, timestamp_from_filetime(theirs.create_time));
  }
}

inline void expect_threads(const Dump& dump, const test::MachineTruth& truth) {
  for (const auto& process : truth.processes) {
    for (const auto& theirs : process.threads) {
      const auto ours = std::ranges::find(dump.kernel().threads, theirs.address,
                                          &snapshot::KernelThread::address);
      ASSERT_NE(ours, dump.kernel().threads.end()) << process.image << ' ' << theirs.tid;
      EXPECT_EQ(ours->process, theirs.process);
      EXPECT_EQ(ours->pid, theirs.pid);
      EXPECT_EQ(ours->tid, theirs.tid);
      EXPECT_EQ(ours->state, theirs.state);
      if (theirs.state == 5) {
        EXPECT_EQ(ours->wait_reason, theirs.wait_reason);
      }
      EXPECT_EQ(ours->priority, theirs.priority);
      EXPECT_EQ(ours->teb.value_or(0), theirs.teb);
      EXPECT_EQ(ours->stack_base, theirs.stack_base);
      EXPECT_EQ(ours->stack_limit, theirs.stack_limit);
      EXPECT_EQ(ours->kernel_stack, theirs.kernel_stack);
      EXPECT_EQ(ours->start_address.value_or(0), theirs.win32_start_address);
      EXPECT_EQ(ours->context_switches, theirs.context_switches);
      EXPECT_THAT(ours->image, testing::StartsWith(process.image));
    }
  }
}

}  // namespace vigil::kerneldump
