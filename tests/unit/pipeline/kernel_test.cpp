// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/pipeline.h"
#include "support/kernel_machine.h"
#include "support/report_schema.h"
#include "support/zstd_builder.h"

/// Reports of machines that were made for it.
namespace vigil::pipeline {
namespace {

using test::KernelCrash;
using test::KernelDumpKind;
using testing::HasSubstr;

report::Report report_of(const std::string& bytes) {
  symbols::Library library({.module_paths = false});
  auto report = analyze(std::make_unique<MemorySource>(ByteView(std::string_view(bytes))), library);
  EXPECT_TRUE(report.ok()) << report.error().message();
  if (!report.ok()) return {};
  test::ReportSchema(VIGIL_SOURCE_DIR).expect_valid(report::to_json(*report, false));
  return std::move(report).take();
}

report::Report report_of(const test::KernelMachine& machine, KernelDumpKind kind) {
  return report_of(machine.dump(kind));
}

class KernelReport : public testing::TestWithParam<std::uint32_t> {};

TEST(KernelReportOfLittleMemory, SaysSoOfASmallDumpToo) {
  auto bytes = test::make_kernel_machine().dump(KernelDumpKind::TriageKernelGenerated);
  const auto report = report_of(bytes);
  EXPECT_FALSE(report.kernel->low_memory);
  // TRIAGE_DUMP64 has at 0x14 where the block of memory's figures lies.
  const auto block = *ByteView(std::string_view(bytes)).read<std::uint32_t>(0x2014);
  constexpr std::size_t kCommit = 0x38, kLimitMaximum = 0x48;
  bytes.replace(block + kCommit, 8, bytes.substr(block + kLimitMaximum, 8));
  EXPECT_TRUE(report_of(bytes).kernel->low_memory);
}

/// The kernel's part of the stack, frame by frame, from where it went wrong outwards.
TEST_P(KernelReport, WalksFromTheFaultOutwards) {
  const auto machine = test::make_kernel_machine({.build = GetParam()});
  const auto report = report_of(machine, KernelDumpKind::BitmapKernel);
  const auto& truth = machine.truth();
  ASSERT_FALSE(report.threads.empty());
  const auto& frames = report.threads.front().frames;
  std::size_t i = 0;
  for (const auto& expected : truth.fault_stack) {
    if (expected.module.empty() || expected.instruction >> 47 == 0) break;
    ASSERT_LT(i, frames.size()) << expected.module << '!' << expected.function;
    const auto& frame = frames[i];
    EXPECT_EQ(frame.module, expected.module) << i;
    // A caller's frame lies within its call.
    EXPECT_LE(expected.instruction - frame.instruction, 1U) << i;
    EXPECT_NE(frame.trust, "scan") << i;
    ++i;
  }
  EXPECT_GE(i, 2U);
  EXPECT_EQ(frames.size(), i) << "what called the kernel has a stack of its own";
  EXPECT_EQ(report.threads.front().stop_reason, "end_of_stack");
  EXPECT_EQ(report.kernel->blame.module, truth.blamed_module);
  EXPECT_FALSE(report.kernel->blame.probable);
  EXPECT_THAT(report.signature.text, HasSubstr("DRIVER_IRQL_NOT_LESS_OR_EQUAL"));
  EXPECT_THAT(report.synopsis, HasSubstr(truth.blamed_module + " is to blame"));
  EXPECT_GE(report.threads.size(), truth.processors.size());
}

/// Those of the process that was current first: what they wait for, and where.
TEST_P(KernelReport, WalksThreadsThatWait) {
  const auto machine = test::make_kernel_machine({.build = GetParam()});
  const auto report = report_of(machine, KernelDumpKind::BitmapKernel);
  const auto& truth = machine.truth();
  std::size_t waiting = 0;
  for (const auto& process : truth.processes) {
    const bool is_current = process.address == truth.crash_process;
    for (const auto& thread : process.threads) {
      if (thread.state != 5) continue;
      ++waiting;
      const auto found = std::ranges::find(report.threads, thread.tid, &report::Thread::thread_id);
      ASSERT_NE(found, report.threads.end()) << thread.tid;
      const auto who =
          is_current ? process.image : fmt::format("{} ({})", process.image, process.pid);
      EXPECT_THAT(found->name, HasSubstr(who + ", waiting, "));
      for (std::size_t i = 0; i < thread.stack.size(); ++i) {
        if (thread.stack[i].instruction >> 47 == 0) break;
        ASSERT_LT(i, found->frames.size());
        EXPECT_LE(thread.stack[i].instruction - found->frames[i].instruction, 1U) << i;
        EXPECT_NE(found->frames[i].trust, "scan") << i;
      }
    }
  }
  EXPECT_GE(waiting, 5U);
  EXPECT_GE(report.threads.size(), truth.processors.size() + waiting);
}

/// A lock says more of what a machine hangs on than a worker that has nothing to do.
TEST(KernelReports, HaveFirstTheThreadsThatWaitForTheKernel) {
  const auto report = report_of(test::make_kernel_machine(), KernelDumpKind::BitmapKernel);
  const auto place = [&report](std::uint32_t tid) {
    return std::ranges::find(report.threads, tid, &report::Thread::thread_id) -
           report.threads.begin();
  };
  constexpr std::uint32_t kOfCurrent = 4252, kForLock = 916, kForWork = 8;
  EXPECT_LT(place(kOfCurrent), place(kForLock));
  EXPECT_LT(place(kForLock), place(kForWork));
  ASSERT_LT(place(kForWork), std::ssize(report.threads));
  EXPECT_EQ(report.threads[static_cast<std::size_t>(place(kForLock))].name,
            "svchost.exe (912), waiting, WrPushLock");
}

INSTANTIATE_TEST_SUITE_P(All, KernelReport, testing::Values(9600, 17763, 19041, 20348, 26100));

TEST(KernelReports, HaveOneSignatureForOneFaultInEveryKindOfDump) {
  const auto machine = test::make_kernel_machine();
  const auto first = report_of(machine, KernelDumpKind::Full).signature.text;
  for (const auto kind : {KernelDumpKind::BitmapFull, KernelDumpKind::Automatic,
                          KernelDumpKind::LiveKernel, KernelDumpKind::LiveComplete})
    EXPECT_EQ(report_of(machine, kind).signature.text, first);
}

TEST(KernelReports, AreTheSameOfPackedDumps) {
  constexpr std::size_t kFrame = 64 << 10;
  const auto bytes = test::make_kernel_machine().dump(KernelDumpKind::BitmapKernel);
  const auto plain = report_of(bytes);
  const auto packed = report_of(test::SeekableZstdBuilder().add(bytes, kFrame).finish());
  EXPECT_EQ(report::to_json(packed, false), report::to_json(plain, false));
  EXPECT_EQ(report::to_json(report_of(test::zstd_frame(bytes)), false),
            report::to_json(plain, false));
}

TEST(KernelReports, SayWhichPartOfAPackedDumpIsDamaged) {
  constexpr std::size_t kFrame = 64 << 10;
  auto bytes = test::make_kernel_machine().dump(KernelDumpKind::Full);
  auto packed = test::SeekableZstdBuilder().add(bytes, kFrame).finish();
  const auto whole = report_of(packed);
  // Nothing of the header's own frame.
  for (auto at = packed.size() / 4; at < packed.size() / 2; ++at) packed[at] = '\0';
  const auto report = report_of(packed);
  EXPECT_EQ(whole.status, "ok");
  EXPECT_EQ(report.status, "partial");
  EXPECT_THAT(report.diagnostics, testing::Contains(HasSubstr("zstd frame at")));
  EXPECT_EQ(report.crash->code, whole.crash->code);
}

TEST(KernelReports, NameTheDriverAlsoInSmallDumps) {
  const auto machine = test::make_kernel_machine();
  for (const auto kind : {KernelDumpKind::TriageClassic, KernelDumpKind::TriageKernelGenerated}) {
    const auto report = report_of(machine, kind);
    EXPECT_EQ(report.kernel->blame.module, machine.truth().blamed_module);
  }
}

TEST(KernelReports, TellOfEachCrash) {
  for (const auto crash : {KernelCrash::DriverIrql, KernelCrash::SystemService,
                           KernelCrash::SystemThread, KernelCrash::SecurityCheck}) {
    const auto machine = test::make_kernel_machine({.crash = crash});
    const auto report = report_of(machine, KernelDumpKind::BitmapKernel);
    EXPECT_EQ(report.kernel->bugcheck.code, machine.truth().bugcheck);
    EXPECT_EQ(report.kernel->blame.module, machine.truth().blamed_module) << report.synopsis;
  }
  const auto machine = test::make_kernel_machine({.crash = KernelCrash::ManuallyStarted});
  const auto report = report_of(machine, KernelDumpKind::BitmapKernel);
  EXPECT_EQ(report.kernel->blame.module, "");
  EXPECT_THAT(report.synopsis, HasSubstr("on purpose"));
}

TEST(KernelReports, NameTheDriverThatHoldsARequest) {
  const auto machine = test::make_kernel_machine({.crash = KernelCrash::PowerState});
  const auto report = report_of(machine, KernelDumpKind::BitmapKernel);
  const auto& truth = machine.truth().irp;
  ASSERT_TRUE(report.kernel->request.has_value());
  EXPECT_EQ(report.kernel->request->address, truth.address);
  EXPECT_EQ(report.kernel->request->device, truth.device);
  EXPECT_EQ(report.kernel->request->driver, truth.driver_name);
  EXPECT_EQ(report.kernel->request->major_function, truth.major);
  EXPECT_EQ(report.kernel->request->minor_function, truth.minor);
  EXPECT_EQ(report.kernel->blame.module, truth.module);
  EXPECT_EQ(report.signature.text, "badnet.sys | DRIVER_POWER_STATE_FAILURE (0x3)");
}

TEST(KernelReports, NameTheProcessThatMustNotEnd) {
  const auto machine = test::make_kernel_machine({.crash = KernelCrash::CriticalProcess});
  const auto report = report_of(machine, KernelDumpKind::BitmapKernel);
  EXPECT_FALSE(report.kernel->blame.process.empty());
  EXPECT_THAT(report.signature.text, HasSubstr("| CRITICAL_PROCESS_DIED"));
}

TEST(KernelReports, LeaveTheEnvironmentOut) {
  const auto machine = test::make_kernel_machine();
  ASSERT_FALSE(machine.truth().peb.secret.empty());
  const auto json = report::to_json(report_of(machine, KernelDumpKind::Full), false);
  EXPECT_THAT(json, HasSubstr("command_line"));
  EXPECT_THAT(json, testing::Not(HasSubstr(machine.truth().peb.secret)));
}

TEST(KernelReports, SayThatTheMachineWentOn) {
  const auto machine = test::make_kernel_machine();
  const auto report = report_of(machine, KernelDumpKind::LiveKernel);
  EXPECT_TRUE(report.kernel->live);
  EXPECT_THAT(report.synopsis, HasSubstr("reported DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xd1)"));
  EXPECT_THAT(report.synopsis, HasSubstr("and went on: "));
  EXPECT_FALSE(report_of(machine, KernelDumpKind::BitmapKernel).kernel->live);
}

TEST(KernelReports, SayThatADebuggerWroteTheDump) {
  const auto machine = test::make_kernel_machine({.bugcheck_code = 0});
  auto bytes = machine.dump(KernelDumpKind::LiveKernel);
  bytes[0x1050] = 0;  // no attribute: the system did not write it itself
  symbols::Library library({.module_paths = false});
  const auto report =
      analyze(std::make_unique<MemorySource>(ByteView(std::string_view(bytes))), library);
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->kernel->live);
  EXPECT_THAT(report->synopsis, HasSubstr("was running when a debugger wrote this dump of it"));
}

/// Whoever made a dump chose the names in it.
TEST(KernelReports, KeepNamesOfSmallDumpsOnALineAndInItsOrder) {
  auto bytes = test::make_kernel_machine().dump(KernelDumpKind::TriageClassic);
  const std::string plain("b\0a\0d\0n\0e\0t\0", 12), hostile("\n\0a\0\x2e\x20n\0\x1b\0t\0", 12);
  for (auto at = bytes.find(plain); at != std::string::npos; at = bytes.find(plain, at))
    bytes.replace(at, plain.size(), hostile);
  symbols::Library library({.module_paths = false});
  const auto report =
      analyze(std::make_unique<MemorySource>(ByteView(std::string_view(bytes))), library);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->kernel->blame.module, HasSubstr(" a\u202en"));
  EXPECT_THAT(report->synopsis, testing::Not(HasSubstr("\n")));
  const auto json = report::to_json(*report, false);
  EXPECT_THAT(json, HasSubstr(" a\\u202en"));
  EXPECT_TRUE(std::ranges::all_of(json, [](char c) { return c >= ' ' && c < 0x7f; }));
  const auto text = report::to_text(*report, {});
  EXPECT_THAT(text, testing::Not(HasSubstr("\u202e")));
  EXPECT_THAT(text, testing::Not(HasSubstr("\x1b")));
}

TEST(KernelReports, AreMadeOfCompressedDumpsToo) {
  const auto machine = test::make_kernel_machine();
  const auto bytes = machine.dump(KernelDumpKind::BitmapKernel);
  constexpr std::size_t kFrameBytes = 1 << 16;
  const auto seekable = test::SeekableZstdBuilder().add(bytes, kFrameBytes).finish();
  for (const auto& file : {seekable, test::zstd_frame(bytes)}) {
    symbols::Library library({.module_paths = false});
    const auto report =
        analyze(std::make_unique<MemorySource>(ByteView(std::string_view(file))), library);
    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_EQ(report->status, "ok") << testing::PrintToString(report->diagnostics);
    EXPECT_EQ(report->dump_bytes, bytes.size());
    EXPECT_EQ(report->kernel->blame.module, machine.truth().blamed_module);
    EXPECT_EQ(report->kernel->processes.size(), machine.truth().processes.size());
  }
}

TEST(KernelReports, OfACompressedDumpSayWhatIsDamagedInIt) {
  const auto bytes = test::make_kernel_machine().dump(KernelDumpKind::BitmapKernel);
  auto file = test::zstd_frame(bytes);
  file.resize(file.size() / 2);
  symbols::Library library({.module_paths = false});
  const auto report =
      analyze(std::make_unique<MemorySource>(ByteView(std::string_view(file))), library);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->status, "partial");
  EXPECT_THAT(report->diagnostics.front(), HasSubstr("compressed dump: "));
}

TEST(KernelReports, OfASoundSmallDumpAreWhole) {
  const auto machine = test::make_kernel_machine();
  for (const auto kind : {KernelDumpKind::TriageClassic, KernelDumpKind::TriageKernelGenerated}) {
    const auto report = report_of(machine, kind);
    EXPECT_EQ(report.status, "ok") << testing::PrintToString(report.diagnostics);
  }
}

TEST(KernelReports, OfAHeaderAloneSayWhatItHas) {
  const auto machine = test::make_kernel_machine();
  const auto report = report_of(machine, KernelDumpKind::Header);
  EXPECT_EQ(report.status, "partial");
  EXPECT_THAT(report.diagnostics, testing::ElementsAre("the dump is its header, and no more"));
  EXPECT_EQ(report.kernel->bugcheck.code, 0xd1U);
  EXPECT_THAT(report.synopsis, HasSubstr("DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xd1)"));
}

}  // namespace
}  // namespace vigil::pipeline
