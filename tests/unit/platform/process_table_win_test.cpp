// SPDX-License-Identifier: Apache-2.0
#include "platform/win/process_table.h"

#include <windows.h>

#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "platform/win/machine.h"
#include "platform/win/processes.h"

namespace vigil::platform {
namespace {

const ProcessRow* own_row(const ProcessTable& table) {
  const ProcessId self{::GetCurrentProcessId()};
  const auto rows = table.rows();
  const auto found =
      std::ranges::find(rows, self, [](const ProcessRow& row) { return row.key.pid; });
  return found == rows.end() ? nullptr : &*found;
}

/// Works for as long as the processor clock needs to see it.
void work() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  volatile std::uint64_t rounds = 0;
  while (std::chrono::steady_clock::now() < until) rounds = rounds + 1;
}

TEST(ProcessTable, HasThisProcessWithItsCreationTime) {
  ProcessTable table;
  ASSERT_TRUE(table.read().ok());
  const auto* self = own_row(table);
  ASSERT_NE(self, nullptr);
  EXPECT_EQ(self->name(), utf8_from_path(current_program().value().filename()));
  EXPECT_EQ(self->key.start, creation_time(::GetCurrentProcess()).value());
  EXPECT_TRUE(open_process(self->key).ok());
}

TEST(ProcessTable, CountsWhatAProcessUses) {
  ProcessTable table;
  ASSERT_TRUE(table.read().ok());
  const auto* before = own_row(table);
  ASSERT_NE(before, nullptr);
  const auto key = before->key;
  const auto cpu = before->cpu;
  work();
  ASSERT_TRUE(table.read().ok());
  const auto* after = own_row(table);
  ASSERT_NE(after, nullptr);
  EXPECT_EQ(after->key, key);
  EXPECT_GT(after->cpu, cpu);
  EXPECT_GT(after->private_bytes, 0u);
  EXPECT_GT(after->working_set, 0u);
  EXPECT_GT(after->handles, 0u);
  EXPECT_GT(after->threads, 0u);
}

TEST(ProcessTable, NamesTheThreadThatWorked) {
  ProcessTable table;
  ASSERT_TRUE(table.read().ok());
  work();
  ASSERT_TRUE(table.read().ok());
  const auto* row = own_row(table);
  ASSERT_NE(row, nullptr);
  const auto threads = table.busiest_threads(row->key, 3);
  ASSERT_FALSE(threads.empty());
  EXPECT_EQ(threads[0].id, ::GetCurrentThreadId());
  EXPECT_LE(threads[0].cpu, threads[0].cpu_total);
  EXPECT_TRUE(table.busiest_threads({row->key.pid, Timestamp{1}}, 3).empty());
}

TEST(Machine, HasProcessorsAndMemory) {
  EXPECT_GT(processor_count(), 0u);
  const auto memory = machine_memory();
  ASSERT_TRUE(memory.ok()) << memory.error().message();
  EXPECT_GT(memory->physical_total, 0u);
  EXPECT_LE(memory->physical_available, memory->physical_total);
}

}  // namespace
}  // namespace vigil::platform
