// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/exception_codes.h"
#include "support/golden.h"
#include "support/minidump_streams.h"
#include "support/report_schema.h"
#include "support/zstd_builder.h"
#include "unit/pipeline/sample_dump.h"
#include "unit/symbols/temp_folder.h"

namespace vigil::pipeline {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const symbols::SymbolPaths kNoFiles = {.module_paths = false};

Result<report::Report> analyze_bytes(const std::string& bytes, const Limits& limits = {}) {
  symbols::Library library(kNoFiles);
  return analyze(std::make_unique<MemorySource>(ByteView(std::string_view(bytes))), library,
                 limits);
}

report::Report report_of(SampleDump& dump, const Limits& limits = {}) {
  const auto bytes = dump.builder.finish();
  auto report = analyze_bytes(bytes, limits);
  EXPECT_TRUE(report.ok()) << report.error().message();
  if (report.ok())
    test::ReportSchema(VIGIL_SOURCE_DIR).expect_valid(report::to_json(*report, false));
  return report.ok() ? std::move(report).take() : report::Report{};
}

std::vector<std::string> places(const report::Thread& thread) {
  std::vector<std::string> result;
  for (const auto& frame : thread.frames) result.push_back(report::place_of(frame));
  return result;
}

TEST(Pipeline, MakesAReportOfACrash) {
  SampleDump dump;
  dump.ended_with(0xc0000005, {0, 0x18});
  dump.builder.comment("taken by hand");
  dump.builder.add_unloaded_module(
      {.base = 0x7ff8'4000'0000, .size = 0x3000, .name = "plugin.dll"});
  dump.builder.add_region({.base = 0x10000, .size = 0x20000});
  dump.builder.add_region({.base = 0x30000, .size = 0x10000, .state = 0x2000});
  auto report = report_of(dump);
  report.analyzer = "vigil";  // without the version, which changes
  const auto folder = std::filesystem::path(VIGIL_SOURCE_DIR) / "tests/golden/report";
  test::expect_golden(folder / "crash.json", report::to_json(report, true) + "\n");
  test::expect_golden(folder / "crash.txt",
                      report::to_text(report, {.color = false, .all_threads = true, .utc = true}));
}

TEST(Pipeline, WalksAndNamesTheStacks) {
  SampleDump dump;
  dump.ended_with(0xc0000094, {});
  const auto report = report_of(dump);
  EXPECT_EQ(report.status, "ok");
  ASSERT_EQ(report.threads.size(), 2u);
  EXPECT_THAT(places(report.threads[1]),
              ElementsAre("orders!Cart::total+0x20", "OrdersApi!main+0x20",
                          "ntdll!RtlUserThreadStart+0x20"));
  EXPECT_EQ(report.threads[1].stop_reason, "end_of_stack");
  EXPECT_EQ(report.threads[1].frames[1].trust, "unwind_info");
  EXPECT_EQ(report.blamed_thread, 1u);
  EXPECT_EQ(report.blamed_frame, 0u);
  EXPECT_EQ(report.signature.text, "orders!Cart::total | INTEGER_DIVIDE_BY_ZERO");
}

TEST(Pipeline, SignsOneFaultTheSameWhereverModulesAreLoaded) {
  SampleDump here, there(0x1'2345'0000);
  here.ended_with(0xc0000005, {0, 0x18});
  there.ended_with(0xc0000005, {0, 0x18});
  EXPECT_EQ(report_of(here).signature, report_of(there).signature);
}

TEST(Pipeline, NamesEachWayToDie) {
  const std::tuple<std::uint32_t, std::vector<std::uint64_t>, const char*, const char*> deaths[] = {
      {0xc0000005, {1, 0}, "exception", "ACCESS_VIOLATION"},
      {0xc00000fd, {1, 0x10'0000}, "exception", "STACK_OVERFLOW"},
      {0xc0000409, {7}, "exception", "FAIL_FAST"},
      {0xe06d7363, {0x19930520, 1, 2, 3}, "exception", "MSVC_CXX_EXCEPTION"},
      {0xc0000094, {}, "exception", "INTEGER_DIVIDE_BY_ZERO"},
      {kExitTrapCode, {3, 1, 0x20474343}, "exit", "GCC_CXX_EXCEPTION"},
      {kExitTrapCode, {0xc0000005, 2, 0}, "exit", "ACCESS_VIOLATION"},
  };
  for (const auto& [code, parameters, kind, name] : deaths) {
    SampleDump dump;
    dump.ended_with(code, parameters);
    const auto report = report_of(dump);
    ASSERT_TRUE(report.crash.has_value());
    EXPECT_EQ(report.crash->kind, kind);
    EXPECT_EQ(report.crash->name, name);
    EXPECT_THAT(report.synopsis, HasSubstr("orders!Cart::total+0x20"));
  }
}

TEST(Pipeline, ReportsAProcessThatHadNotCrashed) {
  SampleDump dump;
  const auto report = report_of(dump);
  EXPECT_FALSE(report.crash.has_value());
  EXPECT_EQ(report.synopsis,
            "OrdersApi.exe 4.2.1 had not crashed when the dump was taken; thread 100 was in "
            "OrdersApi!main+0x20");
}

TEST(Pipeline, WalksTheCrashedThreadEvenWhenItsRecordIsLost) {
  SampleDump dump;
  dump.ended_with(0xc0000094, {});
  dump.builder.exception(
      {.thread = 999,
       .code = 0xc0000094,
       .address = dump.orders + SampleDump::kInFunction,
       .context = SampleDump::context(dump.orders + SampleDump::kInFunction, 0x10)});
  const auto report = report_of(dump);
  ASSERT_EQ(report.threads.size(), 3u);
  EXPECT_EQ(report.threads[2].thread_id, 999u);
  EXPECT_THAT(places(report.threads[2]), Contains("orders!Cart::total+0x20"));
  EXPECT_EQ(report.status, "partial");
  EXPECT_THAT(report.diagnostics,
              Contains("thread 999 of the exception is not in the list of threads"));
}

TEST(Pipeline, LosesNothingWhereAThreadThatEndedIsGone) {
  SampleDump dump;
  dump.builder.exception({.thread = 999, .code = kThreadEndCode, .parameters = {3}});
  const auto report = report_of(dump);
  EXPECT_EQ(report.synopsis,
            "thread 999 of OrdersApi.exe 4.2.1 ended with code 3; the process lived on");
  EXPECT_EQ(report.status, "ok");
  EXPECT_THAT(report.diagnostics, IsEmpty());
}

// Limits.

TEST(Pipeline, WalksTheCrashedThreadFirstWhenTimeIsUp) {
  SampleDump dump;
  dump.ended_with(0xc0000094, {});
  Limits limits;
  limits.time = std::chrono::milliseconds(0);
  const auto report = report_of(dump, limits);
  EXPECT_EQ(report.threads[1].frames.size(), 3u);
  EXPECT_EQ(report.threads[0].stop_reason, "not_walked");
  EXPECT_EQ(report.status, "partial");
  EXPECT_THAT(report.diagnostics,
              Contains("1 threads of 2 were not walked: the limit of time or frames was reached"));
}

TEST(Pipeline, EndsTheWalkOfTheCrashedThreadWhenItsTimeIsUp) {
  SampleDump dump;
  dump.ended_with(0xc0000094, {});
  Limits limits;
  limits.time = limits.crashed_thread_time = std::chrono::milliseconds(0);
  const auto report = report_of(dump, limits);
  EXPECT_THAT(places(report.threads[1]), ElementsAre("orders.dll+0x1120"));
  EXPECT_EQ(report.threads[1].stop_reason, "time_limit");
  EXPECT_EQ(report.status, "partial");
  EXPECT_THAT(report.diagnostics,
              Contains("1 frames have no names: the limit of time was reached"));
  EXPECT_TRUE(report::from_json(report::to_json(report, false)).ok());
}

TEST(Pipeline, ReadsExportsUpToALimitAndSaysSo) {
  SampleDump dump;
  dump.ended_with(0xc0000094, {});
  Limits limits;
  limits.max_export_entries = 2;  // one function and its name
  const auto report = report_of(dump, limits);
  EXPECT_THAT(places(report.threads[1]),
              ElementsAre("orders!Cart::total+0x20", "OrdersApi.exe+0x111f", "ntdll.dll+0x111f"));
  EXPECT_EQ(report.status, "partial");
  EXPECT_THAT(report.diagnostics,
              Contains("the exports of 2 modules were not read, the first is OrdersApi.exe: "
                       "together they have more than 2 entries"));
}

TEST(Pipeline, SaysHowLongACompressedDumpIsUnpacked) {
  SampleDump dump;
  const auto bytes = dump.builder.finish();
  const auto report = analyze_bytes(test::SeekableZstdBuilder().add(bytes, 4096).finish());
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->dump_bytes, bytes.size());
}

TEST(Pipeline, KeepsTheNumberOfFramesWithinItsLimits) {
  SampleDump dump;
  dump.ended_with(0xc0000094, {});
  Limits limits;
  limits.max_frames_per_thread = 2;
  limits.max_frames = 3;
  const auto report = report_of(dump, limits);
  EXPECT_EQ(report.threads[1].frames.size(), 2u);
  EXPECT_EQ(report.threads[1].stop_reason, "frame_limit");
  EXPECT_EQ(report.threads[0].frames.size(), 1u);
}

TEST(Pipeline, WalksThe32BitCodeOfAWow64Process) {
  constexpr std::uint32_t kBase32 = 0x40'0000, kStack32 = 0x20'0000, kThread = 200;
  constexpr std::uint64_t kTeb = 0x7f'0000, kCpuArea = 0x30'0000, kLayer = 0x7ff9'6000'0000;
  SampleDump dump;
  dump.builder.add_module({.base = 0x7ff9'7000'0000, .size = 1, .name = "C:\\Windows\\wow64.dll"});
  test::CodeModule program(test::PeBuilder::kX86);
  program.call_before(0x1120).exports("main", 0x1100);
  dump.builder.add_module({.base = kBase32,
                           .size = test::PeBuilder::kImageSize,
                           .name = "C:\\x86\\Reports.exe",
                           .timestamp = test::PeBuilder::kTimestamp});
  dump.builder.add_memory(kBase32, program.build().mapped());
  dump.builder.add_memory(kTeb + 0x1488, test::ByteBuilder().u64(kCpuArea).bytes());
  dump.builder.add_memory(
      kCpuArea,
      test::ByteBuilder()
          .u32(0)
          .raw(test::x86_context({.ebp = kStack32, .esp = kStack32, .eip = kBase32 + 0x1110}))
          .bytes());
  dump.builder.add_memory(
      kStack32,
      test::ByteBuilder().u32(kStack32 + 8).u32(kBase32 + 0x1120).u32(0).u32(0).fill(64).bytes());
  dump.add_module(kLayer, "C:\\Windows\\System32\\wow64cpu.dll", "layer", {});
  dump.add_thread(kThread, "main", {kLayer, dump.ntdll}, kTeb);
  const auto report = report_of(dump);
  const auto& thread = report.threads.back();
  ASSERT_EQ(thread.thread_id, kThread);
  EXPECT_THAT(places(thread), ElementsAre("wow64cpu!layer+0x20", "Reports!main+0x10",
                                          "Reports!main+0x20", "ntdll!RtlUserThreadStart+0x20"));
  EXPECT_EQ(thread.registers.front().first, "rax");
  EXPECT_THAT(report.diagnostics,
              ElementsAre("the 32-bit stacks of 2 threads are missing: their registers are not in "
                          "the dump"));
}

TEST(Pipeline, WalksThroughCodeThatWasMadeAtRunTime) {
  constexpr std::uint64_t kHeap = 0x21e'4740'0000;
  constexpr std::uint32_t kThread = 200, kInfo = 0x800;
  SampleDump dump;
  test::ByteBuilder heap;
  heap.fill(0x1000, '\x90').patch_raw(kInfo, test::InfoBuilder(4).op(4, 2, 4).build().bytes());
  dump.builder.add_memory(kHeap, heap.bytes());
  test::add_function_tables(dump.builder, {{.minimum = kHeap,
                                            .maximum = kHeap + 0x400,
                                            .base = kHeap,
                                            .entries = {{{0x100, 0x200, kInfo}}}}});
  dump.add_thread(kThread, "jit",
                  {kHeap - SampleDump::kInFunction + 0x140, dump.program, dump.ntdll});
  const auto report = report_of(dump);
  EXPECT_EQ(report.threads.back().stop_reason, "end_of_stack");
  EXPECT_THAT(
      places(report.threads.back()),
      ElementsAre("0x0000021e47400140", "OrdersApi!main+0x20", "ntdll!RtlUserThreadStart+0x20"));
}

TEST(Pipeline, SaysWhichPdbAnImageNamesWhenTheDumpDoesNot) {
  constexpr std::uint32_t kDebug = 0xe000;
  SampleDump dump;
  test::CodeModule module;
  module.function(SampleDump::kFunction, SampleDump::kFunction + 0x80,
                  test::InfoBuilder(4).op(4, 2, 4).build());
  test::ByteBuilder debug;
  debug.u32(0).u32(0).u32(0).u32(2).u32(0x100).u32(kDebug + 28).u32(0);
  debug.raw("RSDS0123456789abcdef").u32(1).c_string("d:\\out\\plugin.pdb");
  auto image = module.build();
  image.section(".debug", kDebug, test::PeBuilder::kReadOnly, debug.bytes());
  image.directory(6, kDebug, 28);
  constexpr std::uint64_t kPlugin = 0x7ffa'0000'0000;
  dump.builder.add_module({.base = kPlugin,
                           .size = test::PeBuilder::kImageSize,
                           .name = "C:\\app\\plugin.dll",
                           .timestamp = test::PeBuilder::kTimestamp});
  dump.builder.add_memory(kPlugin, image.mapped());
  dump.add_thread(200, "plugin", {kPlugin, dump.program, dump.ntdll});
  const auto report = report_of(dump);
  const auto found = std::ranges::find(report.modules, kPlugin, &report::Module::base);
  ASSERT_NE(found, report.modules.end());
  EXPECT_EQ(found->debug_file, "plugin.pdb");
  EXPECT_EQ(found->debug_id, "333231303534373638396162636465661");
}

TEST(Pipeline, KeepsInlinedCallsWithinTheLimitOfAThread) {
  constexpr std::size_t kFrames = 200, kInlined = 20;
  const std::string guid(16, '\x11'), id = "111111111111111111111111111111111";
  std::string sym =
      "MODULE windows x86_64 " + id + " deep.pdb\nINLINE_ORIGIN 0 call\nFUNC 1100 80 0 f\n";
  for (std::size_t i = 0; i < kInlined; ++i)
    sym += "INLINE " + std::to_string(i) + " 1 0 0 1100 80\n";
  const test::TempFolder folder;
  folder.write("deep.sym", sym);
  SampleDump dump;
  const std::uint64_t deep = dump.ntdll + 0x1000'0000;
  dump.add_module(deep, "deep.dll", "f", {}, test::rsds_record(guid, 1, "deep.pdb"));
  dump.add_thread(200, "deep", std::vector<std::uint64_t>(kFrames, deep));
  const auto bytes = dump.builder.finish();
  symbols::Library library({.folders = {folder.path()}, .module_paths = false});
  const auto report =
      analyze(std::make_unique<MemorySource>(ByteView(std::string_view(bytes))), library);
  ASSERT_TRUE(report.ok());
  const auto& frames = report->threads[2].frames;
  EXPECT_EQ(frames.size(), report::kMaxFramesPerThread);
  EXPECT_EQ(std::ranges::count(frames, "f", &report::Frame::function), std::ptrdiff_t{kFrames});
  EXPECT_THAT(report->diagnostics, Contains(HasSubstr("inlined calls are left out")));
  EXPECT_TRUE(report::from_json(report::to_json(*report, false)).ok());
}

TEST(Pipeline, KeepsTheCrashedThreadWhenThereAreTooMany) {
  SampleDump dump;
  dump.ended_with(0xc0000094, {});
  Limits limits;
  limits.max_threads = 1;
  const auto report = report_of(dump, limits);
  ASSERT_EQ(report.threads.size(), 2u);
  EXPECT_EQ(report.threads[1].thread_id, SampleDump::kCrashedThread);
  EXPECT_THAT(report.diagnostics, Contains("1 threads of 2 are left out of the report"));
}

TEST(Pipeline, CutsTextThatTheReportHasNoRoomFor) {
  SampleDump dump;
  dump.ended_with(0xc0000094, {});
  dump.builder.comment(std::string(100'000, 'c'));
  const auto report = report_of(dump);
  EXPECT_LT(report.comment.size(), 10'000u);
  EXPECT_THAT(report.diagnostics, Contains(HasSubstr("cut or left out")));
}

// Every error path follows.

TEST(Pipeline, NamesTheFileThatItCannotRead) {
  symbols::Library library(kNoFiles);
  const auto missing = analyze(std::filesystem::path("/no/such/file.dmp"), library);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), Errc::NotFound);
  EXPECT_THAT(missing.error().message(), HasSubstr("file.dmp"));
  const auto folder = analyze(std::filesystem::temp_directory_path(), library);
  ASSERT_FALSE(folder.ok());
  EXPECT_THAT(folder.error().message(), HasSubstr("folder"));
}

TEST(Pipeline, RefusesWhatIsNoMinidump) {
  EXPECT_EQ(analyze_bytes("").error().code(), Errc::Malformed);
  // A kernel dump whose processor is none that is read.
  EXPECT_EQ(analyze_bytes("PAGEDU64" + std::string(8192, 'x')).error().code(), Errc::Unsupported);
  EXPECT_EQ(analyze_bytes("hello, world, this is a text").error().code(), Errc::Malformed);
}

TEST(Pipeline, SurvivesADumpThatIsCutOffAnywhere) {
  SampleDump dump;
  dump.ended_with(0xc0000005, {0, 0x18});
  const auto bytes = dump.builder.finish();
  for (std::size_t size = 0; size < bytes.size(); size += 1009) {
    const auto report = analyze_bytes(bytes.substr(0, size));
    if (!report.ok()) continue;
    EXPECT_TRUE(report::from_json(report::to_json(*report, false)).ok()) << size;
  }
}

}  // namespace
}  // namespace vigil::pipeline
