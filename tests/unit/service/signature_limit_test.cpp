// SPDX-License-Identifier: Apache-2.0
#include "signature_limit.h"

#include <gtest/gtest.h>

#include "unit/service/workbench.h"

namespace vigil::service {
namespace {

using test::Workbench;

/// Takes one crash all the way to its report, with a dump that is a real file.
store::CaptureId analyzed(Workbench& bench,
                          std::uint32_t pid,
                          const std::string& signature,
                          bool sampled = false) {
  const auto verdict = bench.desk.take(bench.crash(pid)).value();
  const auto now = bench.clock.now();
  const auto name = "dumps/" + std::to_string(pid) + ".dmp";
  std::filesystem::create_directories(bench.folder.path() / "dumps");
  EXPECT_TRUE(
      platform::write_file_atomically(bench.folder.path() / path_from_utf8(name), "MDMP").ok());
  EXPECT_TRUE(bench.store.begin_capture(verdict.id, "x.dmp", name, now).ok());
  if (sampled) {
    const auto sample = "dumps/" + std::to_string(pid) + "-2.dmp";
    EXPECT_TRUE(platform::write_file_atomically(bench.folder.path() / sample, "MDMP").ok());
    EXPECT_TRUE(bench.store.begin_sample(verdict.id, 2, sample, now).ok());
    EXPECT_TRUE(bench.store.sample_ready(verdict.id, 2, 4).ok());
  }
  EXPECT_TRUE(bench.store.dump_ready(verdict.id, 4, now).ok());
  EXPECT_TRUE(bench.store.claim_for_analysis(now).ok());
  store::Store::Findings findings;
  findings.report_json = "{}";
  findings.signature = signature;
  EXPECT_TRUE(bench.store.finish(verdict.id, findings, now).ok());
  return verdict.id;
}

Status apply(Workbench& bench, store::CaptureId id) {
  return apply_signature_limit(
      {bench.store, bench.desk.rules(), bench.clock, bench.log, bench.folder.path()}, id);
}

TEST(SignatureLimit, RemovesTheDumpBeyondTheLimitAndKeepsTheRow) {
  Workbench bench;
  bench.use_rule({.per_signature = 1});
  const auto first = analyzed(bench, 4, "orders!total");
  ASSERT_TRUE(apply(bench, first).ok());
  const auto second = analyzed(bench, 8, "orders!total");
  ASSERT_TRUE(apply(bench, second).ok());
  EXPECT_EQ(bench.store.get(first).value().dump_file, "dumps/4.dmp");
  const auto row = bench.store.get(second).value();
  EXPECT_EQ(row.dump_file, "");
  EXPECT_EQ(row.state, store::State::Done);
  EXPECT_FALSE(std::filesystem::exists(bench.folder.path() / "dumps/8.dmp"));
  EXPECT_TRUE(std::filesystem::exists(bench.folder.path() / "dumps/4.dmp"));
}

TEST(SignatureLimit, RemovesTheSamplesOfTheDumpToo) {
  Workbench bench;
  bench.use_rule({.per_signature = 1});
  ASSERT_TRUE(apply(bench, analyzed(bench, 4, "orders!total")).ok());
  const auto id = analyzed(bench, 8, "orders!total", true);
  const auto sample = bench.folder.path() / "dumps/8-2.dmp";
  ASSERT_TRUE(std::filesystem::exists(sample));
  ASSERT_TRUE(apply(bench, id).ok());
  EXPECT_FALSE(std::filesystem::exists(sample));
  EXPECT_FALSE(std::filesystem::exists(bench.folder.path() / "dumps/8.dmp"));
}

TEST(SignatureLimit, KeepsDumpsOfOtherSignaturesAndOfRulesWithoutTheLimit) {
  Workbench bench;
  bench.use_rule({.per_signature = 1});
  ASSERT_TRUE(apply(bench, analyzed(bench, 4, "orders!total")).ok());
  const auto other = analyzed(bench, 8, "orders!other");
  ASSERT_TRUE(apply(bench, other).ok());
  EXPECT_NE(bench.store.get(other).value().dump_file, "");
  bench.use_rule();
  const auto unlimited = analyzed(bench, 12, "orders!total");
  ASSERT_TRUE(apply(bench, unlimited).ok());
  EXPECT_NE(bench.store.get(unlimited).value().dump_file, "");
}

}  // namespace
}  // namespace vigil::service
