// SPDX-License-Identifier: Apache-2.0
#include "janitor.h"

#include <chrono>
#include <filesystem>

#include <gtest/gtest.h>

#include "unit/service/workbench.h"

namespace vigil::service {
namespace {

using test::Workbench;
namespace fs = std::filesystem;
constexpr auto kDay = std::chrono::hours(24);

struct JanitorBench : Workbench {
  settings::Settings rules_of_the_house;
  Janitor janitor{{store, clock, log, rules_of_the_house, folder.path(),
                   [this]() -> const rules::RuleSet& { return desk.rules(); },
                   [this] { return rules_are_whole; }, [this] { return uptime; }}};
  bool rules_are_whole = true;
  Microseconds uptime{};

  void pass(Microseconds time) {
    clock.pass(time);
    uptime += time;
  }

  /// A dump that lies there, of a crash that is over.
  store::CaptureId dump(std::uint32_t pid) {
    const auto verdict = desk.take(crash(pid)).value();
    const auto name = "dumps/2026/11/" + std::to_string(pid) + "-orders.exe-1.dmp";
    put(name);
    EXPECT_TRUE(store.begin_capture(verdict.id, "x.dmp", name, clock.now()).ok());
    EXPECT_TRUE(store.dump_ready(verdict.id, 4, clock.now()).ok());
    EXPECT_TRUE(store.claim_for_analysis(clock.now()).ok());
    store::Store::Findings findings;
    findings.report_json = "{}";
    EXPECT_TRUE(store.finish(verdict.id, findings, clock.now()).ok());
    return verdict.id;
  }
  void put(const std::string& name) {
    fs::create_directories((folder.path() / name).parent_path());
    ASSERT_TRUE(platform::write_file_atomically(folder.path() / name, "MDMP").ok());
  }
  bool is_there(const std::string& name) { return fs::exists(folder.path() / name); }
  bool sweep() {
    const auto more = janitor.sweep();
    EXPECT_TRUE(more.ok());
    return more.ok() && *more;
  }
};

TEST(Janitor, RemovesADumpWhenItsTimeIsUpAndKeepsItsRow) {
  JanitorBench bench;
  bench.use_rule();
  bench.rules_of_the_house.keep_dumps = 10 * kDay;
  const auto id = bench.dump(4);
  const auto file = bench.store.get(id)->dump_file;
  bench.pass(10 * kDay - std::chrono::seconds(1));
  EXPECT_FALSE(bench.sweep());
  EXPECT_TRUE(bench.is_there(file));
  bench.pass(std::chrono::seconds(1));
  EXPECT_FALSE(bench.sweep());
  EXPECT_FALSE(bench.is_there(file));
  const auto row = *bench.store.get(id);
  EXPECT_EQ(row.state, store::State::Done);
  EXPECT_EQ(row.dump_file, "");
  EXPECT_EQ(row.reason, "dump removed: it was kept for 10d");
  EXPECT_EQ(*bench.store.report_json(id), "{}");
}

TEST(Janitor, RemovesTheSamplesOfADumpWithIt) {
  JanitorBench bench;
  bench.use_rule();
  const auto id = bench.desk.take(bench.crash(4)).value().id;
  const std::string dump = "dumps/2026/11/1-orders.exe-4.dmp.zst",
                    sample = "dumps/2026/11/1-orders.exe-4-2.dmp.zst";
  bench.put(dump);
  bench.put(sample);
  ASSERT_TRUE(bench.store.begin_capture(id, {}, dump, bench.clock.now()).ok());
  ASSERT_TRUE(bench.store.begin_sample(id, 2, sample, bench.clock.now()).ok());
  ASSERT_TRUE(bench.store.sample_ready(id, 2, 4).ok());
  ASSERT_TRUE(bench.store.dump_ready(id, 4, bench.clock.now()).ok());
  ASSERT_TRUE(bench.store.claim_for_analysis(bench.clock.now()).ok());
  ASSERT_TRUE(bench.store.fail(id, "no", false, 1, bench.clock.now()).ok());
  bench.pass(bench.rules_of_the_house.keep_dumps);
  EXPECT_FALSE(bench.sweep());
  EXPECT_FALSE(bench.is_there(dump));
  EXPECT_FALSE(bench.is_there(sample));
  EXPECT_TRUE(bench.store.samples(id)->empty());
}

TEST(Janitor, ARuleKeepsItsDumpsAsItSays) {
  JanitorBench bench;
  bench.use_rule();
  bench.rules_of_the_house.keep_dumps = 10 * kDay;
  auto rules = bench.desk.rules();
  rules.rules[0].keep = 40 * kDay;
  bench.desk.use_rules(rules);
  const auto file = bench.store.get(bench.dump(4))->dump_file;
  bench.pass(39 * kDay);
  EXPECT_FALSE(bench.sweep());
  EXPECT_TRUE(bench.is_there(file));
  rules.rules[0].keep = kDay;
  bench.desk.use_rules(rules);
  EXPECT_FALSE(bench.sweep());
  EXPECT_FALSE(bench.is_there(file));
}

TEST(Janitor, GoesOnWhereTheFileIsGoneAlready) {
  JanitorBench bench;
  bench.use_rule();
  const auto id = bench.dump(4);
  fs::remove(bench.folder.path() / bench.store.get(id)->dump_file);
  bench.pass(bench.rules_of_the_house.keep_dumps);
  EXPECT_FALSE(bench.sweep());
  EXPECT_EQ(bench.store.get(id)->dump_file, "");
}

TEST(Janitor, RemovesRowsWhenTheirTimeIsUpButNotThoseThatALimitCounts) {
  JanitorBench bench;
  bench.use_rule({.lifetime = 5});
  const auto counted = bench.dump(4);
  const auto skipped = bench.desk.take(bench.crash(8)).value().id;
  ASSERT_TRUE(bench.store.skip(skipped, "no dump", bench.clock.now()).ok());
  bench.pass(bench.rules_of_the_house.keep_rows + std::chrono::seconds(1));
  EXPECT_FALSE(bench.sweep());
  EXPECT_FALSE(bench.store.get(skipped).ok());
  EXPECT_TRUE(bench.store.get(counted).ok()) << "a lifetime limit would begin anew";
  bench.use_rule();
  EXPECT_FALSE(bench.sweep());
  EXPECT_FALSE(bench.store.get(counted).ok());
}

TEST(Janitor, LeavesWhatIsUnderWay) {
  JanitorBench bench;
  bench.use_rule();
  const auto waiting = bench.desk.take(bench.crash(4)).value().id;
  bench.pass(bench.rules_of_the_house.keep_rows * 2);
  EXPECT_FALSE(bench.sweep());
  EXPECT_TRUE(bench.store.get(waiting).ok());
}

TEST(Janitor, LeavesFilesThatNoRowNames) {
  JanitorBench bench;
  bench.use_rule();
  bench.put("dumps/2026/11/99-orders.exe-1.dmp.zst");
  bench.pass(bench.rules_of_the_house.keep_rows * 2);
  EXPECT_FALSE(bench.sweep());
  EXPECT_TRUE(bench.is_there("dumps/2026/11/99-orders.exe-1.dmp.zst")) << "the store may be new";
}

TEST(Janitor, LeavesDumpsOfRulesThatItMayNotKnowNow) {
  JanitorBench bench;
  bench.use_rule();
  const auto file = bench.store.get(bench.dump(4))->dump_file;
  bench.desk.use_rules({});
  bench.rules_are_whole = false;
  bench.pass(bench.rules_of_the_house.keep_dumps * 2);
  EXPECT_FALSE(bench.sweep());
  EXPECT_TRUE(bench.is_there(file)) << "a file that is broken now may have kept it for years";
  bench.rules_are_whole = true;
  EXPECT_FALSE(bench.sweep());
  EXPECT_FALSE(bench.is_there(file));
}

TEST(Janitor, RemovesNothingForADayAfterTheClockWasSet) {
  JanitorBench bench;
  bench.use_rule();
  const auto file = bench.store.get(bench.dump(4))->dump_file;
  EXPECT_FALSE(bench.sweep());
  bench.clock.pass(bench.rules_of_the_house.keep_dumps * 2);
  EXPECT_FALSE(bench.sweep());
  EXPECT_TRUE(bench.is_there(file));
  EXPECT_EQ(bench.lines->count("the clock was set"), 1u);
  bench.clock.pass(-bench.rules_of_the_house.keep_dumps * 2);
  EXPECT_FALSE(bench.sweep());
  bench.pass(Janitor::kClockPause);
  EXPECT_FALSE(bench.sweep());
  EXPECT_TRUE(bench.is_there(file)) << "it is set right, and the dump is young";
  bench.pass(bench.rules_of_the_house.keep_dumps);
  EXPECT_FALSE(bench.sweep());
  EXPECT_FALSE(bench.is_there(file));
}

TEST(Janitor, RemovesNoMoreThanSoManyAtOnce) {
  JanitorBench bench;
  bench.use_rule();
  for (std::uint32_t pid = 1; pid <= Janitor::kAtOnce + 10; ++pid) bench.dump(pid * 4);
  bench.pass(bench.rules_of_the_house.keep_dumps);
  EXPECT_TRUE(bench.sweep());
  EXPECT_FALSE(bench.sweep());
  EXPECT_TRUE(bench.store.dumps({}, bench.clock.now(), 1)->empty());
}

}  // namespace
}  // namespace vigil::service
