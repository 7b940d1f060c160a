// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/byte_builder.h"
#include "support/kernel_machine.h"
#include "unit/kerneldump/made_dump.h"

/// Where the kernel's structures have their fields: by tables that the machine bears out, and by
/// discovery.
namespace vigil::kerneldump {
namespace {

using test::KernelDumpKind;

/// A header that says \p build, of a machine of another.
std::string said_to_be(std::string bytes, std::uint32_t build) {
  bytes[0xc] = static_cast<char>(build & 0xff);
  bytes[0xd] = static_cast<char>(build >> 8);
  return bytes;
}

/// A build that no table has: the debugger data and what is found by it has to do.
TEST(Layouts, AreReadWithoutATable) {
  const auto machine = test::make_kernel_machine();
  const Dump dump(said_to_be(machine.dump(KernelDumpKind::BitmapKernel), 30209));
  ASSERT_NE(dump.dump, nullptr);
  const auto& truth = machine.truth();
  EXPECT_EQ(dump.kernel().offsets, "debugger data and discovery");
  ASSERT_EQ(dump.kernel().processes.size(), truth.processes.size()) << dump.notes();
  std::size_t threads = 0;
  for (std::size_t i = 0; i < truth.processes.size(); ++i) {
    EXPECT_EQ(dump.kernel().processes[i].pid, truth.processes[i].pid);
    EXPECT_EQ(dump.kernel().processes[i].parent, truth.processes[i].parent_pid);
    EXPECT_EQ(dump.kernel().processes[i].image, truth.processes[i].image);
    threads += truth.processes[i].threads.size();
  }
  EXPECT_GE(dump.kernel().threads.size(), threads);
}

/// Of builds 22000 to 22631 the table has other places in ETHREAD than this machine: what it says
/// of processes fits, and threads are looked for.
TEST(Layouts, HaveTheirThreadsLookedForWhereTheTableDoesNotFitThem) {
  const auto machine = test::make_kernel_machine();
  const Dump dump(said_to_be(machine.dump(KernelDumpKind::BitmapKernel), 22621));
  ASSERT_NE(dump.dump, nullptr);
  EXPECT_EQ(dump.kernel().offsets,
            "table for builds 22000 to 22631, which no dump of it has borne out, of threads by "
            "discovery");
  EXPECT_THAT(dump.notes(),
              testing::HasSubstr("those of threads of builds 22000 to 22631 do not fit"));
  expect_processes(dump, machine.truth());
  for (const auto& process : machine.truth().processes) {
    for (const auto& theirs : process.threads) {
      const auto ours = std::ranges::find(dump.kernel().threads, theirs.address,
                                          &snapshot::KernelThread::address);
      ASSERT_NE(ours, dump.kernel().threads.end());
      EXPECT_EQ(ours->pid, theirs.pid);
      EXPECT_EQ(ours->tid, theirs.tid);
    }
  }
}

TEST(Layouts, AreDiscoveredWhereTheTableFitsNoProcess) {
  const auto machine = test::make_kernel_machine();
  const Dump dump(said_to_be(machine.dump(KernelDumpKind::BitmapKernel), 9600));
  ASSERT_NE(dump.dump, nullptr);
  EXPECT_EQ(dump.kernel().offsets, "debugger data and discovery");
  EXPECT_THAT(dump.notes(), testing::HasSubstr("those of build 9600 do not fit this kernel"));
}

TEST(Layouts, SayWhenNoDumpHasBorneATableOut) {
  const auto machine = test::make_kernel_machine({.build = 20348});
  const Dump dump(machine.dump(KernelDumpKind::BitmapKernel));
  ASSERT_NE(dump.dump, nullptr);
  EXPECT_EQ(dump.kernel().offsets, "table for build 20348, which no dump of it has borne out");
  EXPECT_EQ(dump.notes(), "{}");
}

/// Of build 14393 only EPROCESS is known, and not all of that.
TEST(Layouts, OfWindowsServer2016AreReadByWhatIsKnown) {
  const auto machine = test::make_kernel_machine({.build = 14393});
  const Dump dump(machine.dump(KernelDumpKind::BitmapKernel));
  ASSERT_NE(dump.dump, nullptr);
  EXPECT_EQ(dump.kernel().offsets,
            "table for build 14393, which no dump of it has borne out, of threads by discovery");
  EXPECT_EQ(dump.notes(), "{}");
  const auto& truth = machine.truth();
  ASSERT_EQ(dump.kernel().processes.size(), truth.processes.size());
  std::size_t threads = 0;
  for (std::size_t i = 0; i < truth.processes.size(); ++i) {
    EXPECT_EQ(dump.kernel().processes[i].pid, truth.processes[i].pid);
    EXPECT_EQ(dump.kernel().processes[i].image, truth.processes[i].image);
    EXPECT_EQ(dump.kernel().processes[i].create_time,
              timestamp_from_filetime(truth.processes[i].create_time));
    threads += truth.processes[i].threads.size();
  }
  EXPECT_GE(dump.kernel().threads.size(), threads);
}

/// One list of a process's threads is damaged, the other is not.
TEST(Layouts, HaveThreadsInTwoLists) {
  auto machine = test::make_kernel_machine();
  const auto& process = machine.truth().processes.front();
  ASSERT_GE(process.threads.size(), 1U);
  constexpr std::uint64_t kThreadListEntry = 0x4e8;
  for (const auto& thread : process.threads)
    machine.patch_virtual_u64(thread.address + kThreadListEntry + 8, 0);
  const Dump dump(machine.dump(KernelDumpKind::BitmapKernel));
  ASSERT_NE(dump.dump, nullptr);
  expect_threads(dump, machine.truth());
}

/// The head of the list of processes as one more block of a small dump: it leads to the one process
/// that the dump has, and from there out of it.
std::string with_process_list(std::string bytes, std::uint64_t head, std::uint64_t links) {
  constexpr std::uint64_t kTriage = 0x2000, kProcessAt = 0x20, kBlocksAt = 0x78, kLinks = 0x448;
  const auto word = [&bytes](std::uint64_t at) {
    return *ByteView(std::string_view(bytes)).read<std::uint32_t>(at);
  };
  const auto blocks = word(kTriage + kBlocksAt), count = word(kTriage + kBlocksAt + 4);
  const auto process = word(kTriage + kProcessAt);
  const auto list_at = bytes.size(), head_at = list_at + (count + 1) * 16;
  test::ByteBuilder result(bytes);
  result.raw(bytes.substr(blocks, count * 16)).u64(head).u32(head_at).u32(16);
  result.u64(links).u64(links);
  result.patch_u32(kTriage + kBlocksAt, list_at).patch_u32(kTriage + kBlocksAt + 4, count + 1);
  result.patch_u64(process + kLinks, head - 0x100000).patch_u64(process + kLinks + 8, head);
  return result.bytes();
}

TEST(Layouts, OfASmallDumpHaveAListThatLeadsOutOfIt) {
  const auto machine = test::make_kernel_machine({.crash = test::KernelCrash::SystemThread});
  const auto& truth = machine.truth();
  const Dump dump(with_process_list(machine.dump(KernelDumpKind::TriageClassic),
                                    truth.active_processes, truth.crash_process + 0x448));
  ASSERT_NE(dump.dump, nullptr);
  ASSERT_EQ(dump.kernel().processes.size(), 1U);
  EXPECT_EQ(dump.kernel().processes.front().image, "System");
  EXPECT_FALSE(dump.kernel().processes_are_complete);
  EXPECT_EQ(dump.notes(), "{}");
}

}  // namespace
}  // namespace vigil::kerneldump
