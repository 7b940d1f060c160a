// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/pipeline.h"
#include "platform/platform.h"
#include "support/report_schema.h"
#include "unit/pipeline/sample_dump.h"
#include "unit/symbols/temp_folder.h"

namespace vigil::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint32_t kTaken = 1'700'003'600;
constexpr std::uint32_t kWaits = 200, kWorks = 204;

/// Two threads more than in a crash: one that never moves, one that is where \p works says.
SampleDump process(std::uint32_t seconds, std::vector<std::uint64_t> works) {
  SampleDump dump;
  dump.builder.timestamp(kTaken + seconds);
  dump.add_thread(kWaits, "waits", {dump.orders, dump.program, dump.ntdll});
  dump.add_thread(kWorks, "works", std::move(works));
  return dump;
}

class Samples : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, SampleDump dump) {
    const auto path = folder.path() / name;
    EXPECT_TRUE(platform::write_file_atomically(path, dump.builder.finish()).ok());
    return path;
  }
  /// One that says that it is of another process.
  std::filesystem::path write_as(const std::string& name,
                                 std::uint32_t pid,
                                 std::uint32_t created) {
    const auto identity = [](std::uint32_t id, std::uint32_t at) {
      return test::ByteBuilder().u32(id).u32(at).bytes();
    };
    auto bytes = process(5, {layout.program, layout.ntdll}).builder.finish();
    const auto own = identity(4711, 1'700'000'000);
    bytes.replace(bytes.find(own), own.size(), identity(pid, created));
    const auto path = folder.path() / name;
    EXPECT_TRUE(platform::write_file_atomically(path, bytes).ok());
    return path;
  }
  report::Report analyze(const std::filesystem::path& dump,
                         const std::vector<std::filesystem::path>& later,
                         const Limits& limits = {}) {
    symbols::Library library({.module_paths = false});
    std::vector<Sample> samples;
    for (const auto& file : later)
      samples.push_back({.name = file.filename().string(), .file = file});
    auto report = pipeline::analyze(dump, library, limits, samples);
    EXPECT_TRUE(report.ok()) << report.error().message();
    if (!report.ok()) return {};
    test::ReportSchema(VIGIL_SOURCE_DIR).expect_valid(report::to_json(*report, false));
    return std::move(report).take();
  }
  static std::string moved(const report::Report& report, std::uint32_t id) {
    for (const auto& thread : report.threads) {
      if (thread.thread_id == id && thread.movement) return thread.movement->stack;
    }
    return "not said";
  }

  test::TempFolder folder;
  const SampleDump layout{};
  const std::filesystem::path first = write("a.dmp", process(0, {layout.program, layout.ntdll}));
  const std::filesystem::path same = write("b.dmp", process(5, {layout.program, layout.ntdll}));
  const std::filesystem::path elsewhere =
      write("c.dmp", process(10, {layout.orders, layout.program, layout.ntdll}));
};

TEST_F(Samples, ShowWhichThreadMoved) {
  const auto report = analyze(first, {same, elsewhere});
  EXPECT_EQ(report.status, "ok");
  EXPECT_THAT(report.diagnostics, IsEmpty());
  ASSERT_TRUE(report.samples.has_value());
  EXPECT_EQ(report::in_words(*report.samples), "3 samples over 10.0s: 3 of 4 threads did not move");
  EXPECT_EQ(moved(report, kWaits), "same");
  EXPECT_EQ(moved(report, kWorks), "changed");
  const auto text = report::to_text(report, {.color = false, .all_threads = true, .utc = true});
  EXPECT_THAT(text, HasSubstr("did not move in 3 samples"));
  EXPECT_THAT(text, HasSubstr("moved in 3 samples"));
}

TEST_F(Samples, AreInTheSynopsisOfTheThreadThatIsBlamed) {
  EXPECT_THAT(analyze(first, {same, elsewhere}).synopsis,
              HasSubstr("; it did not move in 3 samples"));
}

TEST_F(Samples, ThatAreNoneLeaveTheReportAsItWas) {
  const auto report = analyze(first, {});
  EXPECT_FALSE(report.samples.has_value());
  EXPECT_EQ(moved(report, kWaits), "not said");
}

TEST_F(Samples, ThatCannotBeReadCostADiagnostic) {
  ASSERT_TRUE(platform::write_file_atomically(folder.path() / "bad.dmp", "MDMP and no more").ok());
  const auto report = analyze(first, {folder.path() / "bad.dmp", folder.path() / "none.dmp", same});
  EXPECT_EQ(report.status, "partial");
  EXPECT_THAT(report.diagnostics, ElementsAre(HasSubstr("sample bad.dmp is not used: "),
                                              HasSubstr("sample none.dmp is not used: ")));
  EXPECT_EQ(report.samples->count, 2u);
  EXPECT_THAT(report.synopsis, HasSubstr("had not crashed")) << "the dump itself is whole";
}

TEST_F(Samples, OfAnotherProcessAreNotUsed) {
  const auto report = analyze(
      first, {write_as("d.dmp", 4712, 1'700'000'000), write_as("e.dmp", 4711, 1'700'000'100)});
  EXPECT_THAT(report.diagnostics,
              ElementsAre("sample d.dmp is not used: it is of process 4712, not 4711",
                          "sample e.dmp is not used: it is of another process that had the id 4711 "
                          "too"));
  EXPECT_FALSE(report.samples.has_value());
}

TEST_F(Samples, AreTakenInTheirOrder) {
  const auto report = analyze(same, {elsewhere, first});
  EXPECT_THAT(report.diagnostics,
              ElementsAre("sample a.dmp is not used: it was taken before the one that it follows"));
  EXPECT_EQ(report.samples->span_ms, 5000u);
}

TEST_F(Samples, AreLimitedInNumber) {
  const auto report = analyze(first, std::vector<std::filesystem::path>(kMaxSamples + 2, same));
  EXPECT_THAT(report.diagnostics, ElementsAre("2 samples are left out: the limit is 9"));
  EXPECT_EQ(report.samples->count, 10u);
}

TEST_F(Samples, ThatThereIsNoTimeForSayThatTheyDoNotKnow) {
  const auto report = analyze(first, {same}, {.samples_time = std::chrono::milliseconds(0)});
  EXPECT_EQ(moved(report, kWaits), "unknown");
}

TEST_F(Samples, ThatAreCutAnywhereNeverFailTheAnalysis) {
  const auto whole = process(5, {layout.program, layout.ntdll}).builder.finish();
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 40 + 1) {
    const auto cut = folder.path() / "cut.dmp";
    ASSERT_TRUE(platform::write_file_atomically(cut, whole.substr(0, size)).ok());
    EXPECT_EQ(analyze(first, {cut}).threads.size(), 4u) << size;
  }
}

}  // namespace
}  // namespace vigil::pipeline
