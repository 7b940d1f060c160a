// SPDX-License-Identifier: Apache-2.0
#include "kernel_dumps.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workbench.h"

namespace vigil::service {
namespace {

using namespace std::chrono_literals;
using Sort = KernelDumpFile::Sort;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KernelDumpsTest : public ::testing::Test {
 protected:
  KernelDumpsTest() { use_rule(rules::DumpKind::Full); }

  void use_rule(rules::DumpKind dump) {
    rules::Rule rule;
    rule.name = "kernel";
    rule.match.process.any = {"ntoskrnl.exe"};
    rule.when.kind = rules::Condition::Kind::Bugcheck;
    rule.dump = dump;
    bench_.desk.use_rules({{rule}});
  }

  [[nodiscard]] KernelDumps dumps() {
    return KernelDumps({bench_.desk, bench_.clock, bench_.log, bench_.settings,
                        [this](const auto& file) { return file.path != being_written_; }});
  }

  [[nodiscard]] KernelDumpFile file(Sort sort, const std::string& name, Microseconds ago) const {
    return {sort, name, bench_.clock.now() - ago, 4096};
  }

  static std::vector<Sort> sorts(const std::vector<KernelDumps::Job>& jobs) {
    std::vector<Sort> result;
    for (const auto& job : jobs) result.push_back(job.file.sort);
    return result;
  }

  /// The dump of \p job is taken in and its report is made.
  void finish(const KernelDumps::Job& job) {
    const auto now = bench_.clock.now();
    ASSERT_TRUE(bench_.store.begin_capture(job.id, {}, "dumps/x.dmp.zst", now).ok());
    ASSERT_TRUE(bench_.store.dump_ready(job.id, 4096, now).ok());
    ASSERT_TRUE(bench_.store.claim_for_analysis(now).ok());
    store::Store::Findings findings;
    findings.report_json = "{}";
    findings.exception_code = 0x1000'0050;
    ASSERT_TRUE(bench_.store.finish(job.id, findings, now).ok());
  }

  test::Workbench bench_;
  std::filesystem::path being_written_;
};

TEST_F(KernelDumpsTest, TellOfADumpOnce) {
  auto first = dumps();
  const auto jobs = first.take({file(Sort::Memory, "MEMORY.DMP", 5min)});
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(bench_.rows().at(0).kind, store::Kind::Bugcheck);
  EXPECT_EQ(bench_.rows().at(0).seen_by, std::vector{store::Source::CrashControl});
  finish(jobs[0]);
  EXPECT_THAT(first.take({file(Sort::Memory, "MEMORY.DMP", 5min)}), IsEmpty());
  // After the next start nothing is remembered but what the store has.
  EXPECT_THAT(dumps().take({file(Sort::Memory, "MEMORY.DMP", 5min)}), IsEmpty());
  EXPECT_EQ(bench_.rows().size(), 1u);
}

TEST_F(KernelDumpsTest, TellOfTheDumpThatOverwroteAnother) {
  auto watcher = dumps();
  const auto before = watcher.take({file(Sort::Memory, "MEMORY.DMP", 20min)});
  ASSERT_EQ(before.size(), 1u);
  finish(before[0]);
  const auto jobs = watcher.take({file(Sort::Memory, "MEMORY.DMP", 5min)});
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_NE(jobs[0].id, before[0].id);
}

TEST_F(KernelDumpsTest, TakeTheLargeDumpOfAStopBeforeItsSmallOne) {
  const auto jobs = dumps().take(
      {file(Sort::Small, "112226-1-01.dmp", 5min), file(Sort::Memory, "MEMORY.DMP", 4min)});
  EXPECT_THAT(sorts(jobs), ElementsAre(Sort::Memory, Sort::Small));
  EXPECT_EQ(jobs[0].id, jobs[1].id);
  EXPECT_EQ(bench_.rows().size(), 1u);
}

TEST_F(KernelDumpsTest, TellStopsApartThatFollowEachOther) {
  const auto jobs = dumps().take({file(Sort::Small, "112226-1-01.dmp", 25min),
                                  file(Sort::Small, "112226-2-01.dmp", 15min),
                                  file(Sort::Memory, "MEMORY.DMP", 14min)});
  // What the next stop overwrites comes first.
  EXPECT_THAT(sorts(jobs), ElementsAre(Sort::Memory, Sort::Small, Sort::Small));
  EXPECT_EQ(bench_.rows().size(), 2u);
  EXPECT_EQ(jobs[0].id, jobs[1].id) << "the large one is of the last stop";
}

TEST_F(KernelDumpsTest, TakeNoLargeDumpForARuleThatWantsASmallOne) {
  use_rule(rules::DumpKind::Mini);
  const auto jobs = dumps().take(
      {file(Sort::Small, "112226-1-01.dmp", 5min), file(Sort::Memory, "MEMORY.DMP", 4min)});
  EXPECT_THAT(sorts(jobs), ElementsAre(Sort::Small));
  bench_.clock.pass(3h);
  EXPECT_THAT(dumps().take({file(Sort::Memory, "MEMORY.DMP", 11min)}), IsEmpty());
  EXPECT_THAT(bench_.rows().back().reason, HasSubstr("wants a small dump"));
}

TEST_F(KernelDumpsTest, WaitForTheSmallDumpThatARuleWants) {
  use_rule(rules::DumpKind::Mini);
  auto watcher = dumps();
  EXPECT_THAT(watcher.take({file(Sort::Memory, "MEMORY.DMP", 1min)}), IsEmpty());
  bench_.clock.pass(5min);
  ASSERT_TRUE(bench_.desk.skip_overdue().ok());
  EXPECT_EQ(bench_.rows().at(0).state, store::State::Observed);
  const auto jobs = watcher.take({file(Sort::Small, "112226-1-01.dmp", 1min)});
  EXPECT_THAT(sorts(jobs), ElementsAre(Sort::Small));
  EXPECT_EQ(bench_.rows().size(), 1u);
}

TEST_F(KernelDumpsTest, TellOfTheNewestFirstWhereThereAreMany) {
  std::vector<KernelDumpFile> files;
  for (int i = 0; i < 50; ++i)
    files.push_back(file(Sort::Live, "WATCHDOG-" + std::to_string(i) + ".dmp", 1h * (50 - i)));
  auto watcher = dumps();
  const auto jobs = watcher.take(files);
  ASSERT_EQ(jobs.size(), KernelDumps::kAtOnce);
  EXPECT_EQ(jobs.front().file.path, "WATCHDOG-49.dmp");
  EXPECT_EQ(watcher.take(files).front().file.path, "WATCHDOG-29.dmp");
}

TEST_F(KernelDumpsTest, TakeUpAgainWhatAKillCutShort) {
  const auto jobs = dumps().take({file(Sort::Memory, "MEMORY.DMP", 5min)});
  ASSERT_EQ(jobs.size(), 1u);
  const auto now = bench_.clock.now();
  ASSERT_TRUE(bench_.store.begin_capture(jobs[0].id, {}, "dumps/x.dmp.zst", now).ok());
  const store::Store::FileProbe none{.dump_size = [](const auto&) { return std::nullopt; },
                                     .in_inbox = [](const auto&) { return false; }};
  ASSERT_TRUE(bench_.store.recover(none, 3, now).ok());
  EXPECT_EQ(bench_.rows().at(0).state, store::State::Observed);
  EXPECT_EQ(dumps().take({file(Sort::Memory, "MEMORY.DMP", 5min)}).size(), 1u);
}

TEST_F(KernelDumpsTest, KeepALiveReportApart) {
  const auto jobs = dumps().take({file(Sort::Small, "112226-1-01.dmp", 5min),
                                  file(Sort::Live, "WATCHDOG-20261122-0001.dmp", 5min)});
  EXPECT_THAT(sorts(jobs), testing::UnorderedElementsAre(Sort::Small, Sort::Live));
  const auto rows = bench_.rows();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].kind, store::Kind::LiveReport);
}

TEST_F(KernelDumpsTest, LeaveAloneWhatIsOld) {
  EXPECT_THAT(dumps().take({file(Sort::Memory, "MEMORY.DMP", 31 * 24h)}), IsEmpty());
  ASSERT_EQ(bench_.rows().size(), 1u);
  EXPECT_EQ(bench_.rows()[0].state, store::State::Skipped);
  EXPECT_THAT(bench_.rows()[0].reason, HasSubstr("older than the 30d"));
  EXPECT_THAT(dumps().take({file(Sort::Memory, "OLD.DMP", 400 * 24h)}), IsEmpty());
  EXPECT_EQ(bench_.rows().size(), 1u) << "its row would be removed at once";
}

TEST_F(KernelDumpsTest, WaitUntilADumpIsWritten) {
  auto watcher = dumps();
  being_written_ = "MEMORY.DMP";
  EXPECT_THAT(watcher.take({file(Sort::Memory, "MEMORY.DMP", 1s)}), IsEmpty());
  EXPECT_THAT(bench_.rows(), IsEmpty());
  being_written_.clear();
  EXPECT_EQ(watcher.take({file(Sort::Memory, "MEMORY.DMP", 1s)}).size(), 1u);
}

TEST_F(KernelDumpsTest, RecordWhatNoRuleWants) {
  bench_.desk.use_rules({});
  EXPECT_THAT(dumps().take({file(Sort::Memory, "MEMORY.DMP", 1min)}), IsEmpty());
  ASSERT_EQ(bench_.rows().size(), 1u);
  EXPECT_EQ(bench_.rows()[0].reason, "no rule matches");
}

TEST_F(KernelDumpsTest, TryAgainAfterAStartWhatWasCutShort) {
  const auto jobs = dumps().take({file(Sort::Memory, "MEMORY.DMP", 5min)});
  ASSERT_EQ(jobs.size(), 1u);
  const auto now = bench_.clock.now();
  ASSERT_TRUE(bench_.store.begin_capture(jobs[0].id, {}, "dumps/x.dmp.zst", now).ok());
  ASSERT_TRUE(bench_.store.skip(jobs[0].id, "no dump: the service stopped", now).ok());
  EXPECT_EQ(dumps().take({file(Sort::Memory, "MEMORY.DMP", 5min)}).size(), 1u);
}

}  // namespace
}  // namespace vigil::service
