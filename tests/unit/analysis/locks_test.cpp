// SPDX-License-Identifier: Apache-2.0
#include "analysis/locks.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// RTL_CRITICAL_SECTION of a 64-bit process.
std::string critical_section(std::int32_t lock_count,
                             std::uint32_t recursion,
                             std::uint64_t owner) {
  return test::ByteBuilder()
      .u64(0)
      .u32(static_cast<std::uint32_t>(lock_count))
      .u32(recursion)
      .u64(owner)
      .u64(0)
      .u64(0)
      .bytes();
}

constexpr std::int32_t kOneWaits = -6;  // locked, one waiter

/// Threads with ids 10, 20, 30, …; each has its stack at its id times 0x10000.
struct SampleHang : SampleCrash {
  explicit SampleHang(std::size_t count) : SampleCrash(0, {}) {
    snapshot.exception.reset();
    threads.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const auto id = static_cast<std::uint32_t>(10 * (i + 1));
      snapshot::Thread thread;
      thread.id = ThreadId{id};
      snapshot::Amd64Context context;
      context.gpr[static_cast<std::size_t>(snapshot::Amd64Register::Rsp)] = stack_of(id);
      thread.context = context;
      snapshot.threads.push_back(thread);
      auto& walked = threads.emplace_back();
      walked.thread_id = id;
      walked.frames = {frame("orders.dll", "work", 0x10)};
    }
  }
  static std::uint64_t stack_of(std::uint32_t id) { return std::uint64_t{id} * 0x10000; }

  /// Thread \p id waits in a critical section at \p lock.
  void wait(std::uint32_t id, std::uint64_t lock) {
    auto& walked = threads[id / 10 - 1];
    walked.frames.insert(walked.frames.begin(),
                         {frame("ntdll.dll", "NtWaitForAlertByThreadId", 0x14),
                          frame("ntdll.dll", "RtlEnterCriticalSection", 0x50)});
    memory.put(stack_of(id), test::ByteBuilder().u64(1).u64(0x123456).u64(lock).bytes());
  }
};

TEST(Locks, FindsOwnerAndWaiters) {
  SampleHang sample(3);
  sample.memory.put(0x55000, critical_section(-10, 2, 30));
  sample.wait(10, 0x55000);
  sample.wait(20, 0x55000);
  const auto findings = sample.analyze();
  ASSERT_EQ(findings.locks.size(), 1u);
  EXPECT_EQ(findings.locks[0].address, 0x55000u);
  EXPECT_EQ(findings.locks[0].owner, 30u);
  EXPECT_EQ(findings.locks[0].recursion, 2u);
  EXPECT_THAT(findings.locks[0].waiters, ElementsAre(10u, 20u));
  EXPECT_THAT(findings.deadlocks, IsEmpty());
  EXPECT_EQ(findings.blamed_thread, 2u);
  EXPECT_EQ(findings.blame_reason,
            "it holds the critical section at 0x55000, which 2 threads wait for");
  EXPECT_EQ(
      findings.synopsis,
      "OrdersApi.exe 4.2.1 had not crashed when the dump was taken; thread 30 is the one to "
      "look at: it holds the critical section at 0x55000, which 2 threads wait for, and was in "
      "orders!work+0x10");
}

TEST(Locks, PrintACircleAsAChain) {
  SampleHang sample(4);
  sample.memory.put(0x55000, critical_section(kOneWaits, 1, 20));
  sample.memory.put(0x66000, critical_section(kOneWaits, 1, 30));
  sample.memory.put(0x77000, critical_section(-10, 1, 10));
  sample.wait(10, 0x55000);
  sample.wait(20, 0x66000);
  sample.wait(30, 0x77000);
  sample.wait(40, 0x77000);
  const auto findings = sample.analyze();
  ASSERT_EQ(findings.deadlocks.size(), 1u);
  EXPECT_THAT(findings.deadlocks[0].threads, ElementsAre(10u, 20u, 30u));
  EXPECT_THAT(findings.deadlocks[0].locks, ElementsAre(0x55000u, 0x66000u, 0x77000u));
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 is in a deadlock: thread 10 waits for a critical section of 20, "
            "which waits for one of 30, which waits for one of 10");
  EXPECT_EQ(findings.blamed_thread, 0u);
}

TEST(Locks, KnowTheLoaderLock) {
  SampleHang sample(2);
  sample.memory.put(0x55000, critical_section(kOneWaits, 1, 20));
  sample.wait(10, 0x55000);
  sample.snapshot.threads[0].teb = 0x8000;
  sample.memory.put(0x8060, test::ByteBuilder().u64(0x9000).bytes());
  sample.memory.put(0x9110, test::ByteBuilder().u64(0x55000).bytes());
  const auto findings = sample.analyze();
  ASSERT_EQ(findings.locks.size(), 1u);
  EXPECT_EQ(findings.locks[0].name, "loader_lock");
  EXPECT_EQ(findings.blame_reason, "it holds the loader lock, which 1 thread waits for");
}

TEST(Locks, KnowTheCountsOfOlderSystems) {
  SampleHang sample(2);
  sample.memory.put(0x55000, critical_section(1, 1, 20));
  sample.wait(10, 0x55000);
  EXPECT_EQ(sample.analyze().locks.size(), 1u);
}

TEST(Locks, AreWhatLooksLikeOneInEveryField) {
  const std::string not_locks[] = {critical_section(kOneWaits, 1, 99),             // nobody's
                                   critical_section(kOneWaits, 1, 10),             // its own
                                   critical_section(kOneWaits, 1, 0x1'0000'0014),  // no thread id
                                   critical_section(kOneWaits, 0, 20),             // not entered
                                   critical_section(kOneWaits, 0xffff'ffff, 20),   // no count
                                   critical_section(-1, 1, 20),                    // free
                                   critical_section(-2, 1, 20),                    // nobody waits
                                   critical_section(-5, 1, 20),                    // not locked
                                   critical_section(0, 1, 20),  // nobody waits, the old way
                                   critical_section(0x7fff'ffff, 1, 20),
                                   critical_section(static_cast<std::int32_t>(0x8000'0000), 1, 20),
                                   critical_section(kOneWaits, 1, 20).substr(0, 39),
                                   std::string()};
  for (const auto& bytes : not_locks) {
    SampleHang sample(2);
    sample.memory.put(0x55000, bytes);
    sample.wait(10, 0x55000);
    EXPECT_THAT(sample.analyze().locks, IsEmpty());
  }
}

TEST(Locks, AreNotLookedForWhereNobodyWaitsForOne) {
  SampleHang sample(2);
  sample.memory.put(0x55000, critical_section(kOneWaits, 1, 20));
  sample.memory.put(sample.stack_of(10), test::ByteBuilder().u64(0x55000).bytes());
  EXPECT_THAT(sample.analyze().locks, IsEmpty());
}

TEST(Locks, EndWhateverTheCircle) {
  SampleHang sample(300);
  for (std::uint32_t i = 1; i <= 300; ++i) {
    const auto lock = 0x1000'0000ull + std::uint64_t{i} * 0x100;
    sample.memory.put(lock, critical_section(kOneWaits, 1, i == 300 ? 1500 : 10 * i + 10));
    sample.wait(10 * i, lock);
  }
  const auto findings = sample.analyze();
  EXPECT_LE(findings.locks.size(), report::kMaxLocks);
  EXPECT_LE(findings.deadlocks.size(), 1u);
}

TEST(Culprit, IsTheThreadThatUsedTheTime) {
  SampleHang sample(3);
  sample.snapshot.threads[0].user_time = std::chrono::milliseconds(300);
  sample.snapshot.threads[1].user_time = std::chrono::milliseconds(11'800);
  sample.snapshot.threads[1].kernel_time = std::chrono::milliseconds(500);
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.blamed_thread, 1u);
  EXPECT_EQ(findings.blame_reason, "it used 12.3 s of CPU time, 98 % of what all threads used");
}

TEST(Culprit, IsNoThreadThatWaitsOrIsNotFarAhead) {
  SampleHang waits(3);
  waits.snapshot.threads[1].user_time = std::chrono::seconds(12);
  waits.threads[1].frames.insert(waits.threads[1].frames.begin(),
                                 frame("ntdll.dll", "NtWaitForSingleObject", 0x14));
  EXPECT_EQ(waits.analyze().blamed_thread, 0u);
  SampleHang level(3);
  level.snapshot.threads[1].user_time = std::chrono::seconds(12);
  level.snapshot.threads[2].user_time = std::chrono::seconds(9);
  EXPECT_EQ(level.analyze().blamed_thread, 0u);
  EXPECT_EQ(level.analyze().blame_reason, "");
}

TEST(Culprit, BearsTimesThatCannotBe) {
  SampleHang sample(2);
  for (auto& thread : sample.snapshot.threads) {
    thread.user_time = Microseconds::max();
    thread.kernel_time = Microseconds::min();
  }
  EXPECT_EQ(sample.analyze().blamed_thread, 0u);
}

TEST(Culprit, IsElseTheFirstWithCodeOfTheProgram) {
  SampleHang sample(2);
  sample.threads[0].frames = {frame("ntdll.dll", "NtWaitForSingleObject", 0x14)};
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.blamed_thread, 1u);
  EXPECT_EQ(findings.blame_reason, "it is the first with code of the program on its stack");
}

}  // namespace
}  // namespace vigil::analysis
