// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/analysis.h"
#include "analysis/bugcheck.h"

namespace vigil::analysis {
namespace {

using testing::HasSubstr;
using testing::Not;

class NoMemory final : public snapshot::Memory {
 public:
  ByteView at(std::uint64_t, std::uint64_t) override { return {}; }
};

constexpr std::uint64_t kNt = 0xfffff80000000000, kKs = 0xfffff80010000000,
                        kBad = 0xfffff80020000000;

/// A machine with a kernel, a driver of Windows, and one of somebody else's.
struct Machine {
  Machine() {
    snapshot.system.os = snapshot::Os::Windows;
    snapshot.system.cpu = snapshot::Cpu::Amd64;
    snapshot.system.os_build = 20348;
    snapshot.system.product_type = 3;
    add(kNt, "\\SystemRoot\\system32\\ntoskrnl.exe");
    add(kKs, "\\SystemRoot\\System32\\drivers\\ks.sys");
    add(kBad, "\\SystemRoot\\System32\\drivers\\BadNet.sys");
    auto& kernel = snapshot.kernel.emplace();
    kernel.kernel_base = kNt;
    kernel.bugcheck = {0xd1, {0x29, 2, 1, kKs + 0x1ae9}};
    kernel.current_process = 0xffff908b08220080;
    auto& process = kernel.processes.emplace_back();
    process.address = kernel.current_process;
    process.pid = 4304;
    process.image = "audiodg.exe";
    snapshot.exception.emplace().address = kKs + 0x1ae9;
    snapshot.threads.emplace_back();
    threads.emplace_back();
  }
  void add(std::uint64_t base, std::string path) {
    auto& module = snapshot.modules.emplace_back();
    module.base = base;
    module.size = 0x100000;
    module.path = std::move(path);
  }
  void frame(std::uint64_t address, std::string module, std::string trust) {
    auto& frame = threads.front().frames.emplace_back();
    frame.instruction = address;
    frame.module_offset = address & 0xfffff;
    frame.module = std::move(module);
    frame.trust = std::move(trust);
  }
  Findings analyze() {
    NoMemory memory;
    return analysis::analyze({snapshot, memory, threads});
  }

  snapshot::Snapshot snapshot;
  std::vector<report::Thread> threads;
};

TEST(Bugcheck, IsNamedAlsoWithTheFlagOfSmallDumps) {
  EXPECT_EQ(bugcheck_name({.code = 0xd1}), "DRIVER_IRQL_NOT_LESS_OR_EQUAL");
  EXPECT_EQ(bugcheck_name({.code = 0x1000007e}), "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED");
  EXPECT_EQ(bugcheck_name({.code = 0x7ffffff}), "bugcheck 0x7ffffff");
}

TEST(Bugcheck, HasItsParametersInWords) {
  const snapshot::Bugcheck bugcheck{0xd1, {0x29, 2, 1, 0xfffff800a56d1ae9}};
  EXPECT_EQ(parameter_in_words(bugcheck, 0), "address that was touched");
  EXPECT_EQ(parameter_in_words(bugcheck, 1), "IRQL at that moment: 2, dispatch");
  EXPECT_EQ(parameter_in_words(bugcheck, 2), "kind of access: write");
  EXPECT_EQ(parameter_in_words({0x7f, {8, 0, 0, 0}}, 0),
            "number of the trap: double fault: mostly a kernel stack that overflowed");
  EXPECT_EQ(parameter_in_words({0x139, {3, 0, 0, 0}}, 0), "what was found: CORRUPT_LIST_ENTRY");
  EXPECT_EQ(parameter_in_words({0x3b, {0xc0000005, 0, 0, 0}}, 0),
            "exception code: ACCESS_VIOLATION");
  EXPECT_EQ(parameter_in_words({0x7ffffff, {}}, 0), "");
}

using Words = std::array<std::string, 4>;
Words words_of(const snapshot::Bugcheck& bugcheck) {
  return {parameter_in_words(bugcheck, 0), parameter_in_words(bugcheck, 1),
          parameter_in_words(bugcheck, 2), parameter_in_words(bugcheck, 3)};
}

TEST(Bugcheck, SaysWhatTheOthersAreByTheFirstParameter) {
  EXPECT_EQ(words_of({0x133, {0, 0x501, 0x500, 0}}),
            (Words{"what took too long: one DPC or interrupt routine took too long",
                   "time that it took, in ticks", "time that one may take, in ticks",
                   "the system's record of the watchdog"}));
  EXPECT_EQ(
      words_of({0x133, {1, 0x1e00, 0, 0}}),
      (Words{"what took too long: the processor spent too much time in all at dispatch level "
             "or above",
             "time that it may spend there, in ticks", "the system's record of the watchdog", ""}));
  EXPECT_EQ(parameter_in_words({0x9f, {4, 300, 0, 0}}, 1), "time that was waited, in seconds");
  EXPECT_EQ(parameter_in_words({0x9f, {3, 0, 0, 0}}, 3), "request that is held (IRP)");
  EXPECT_EQ(parameter_in_words({0x9f, {0x77, 0, 0, 0}}, 3), "depends on the first parameter");
  EXPECT_EQ(parameter_in_words({0x1a, {0x41792, 0, 0, 0}}, 2), "the entry, lower half");
  EXPECT_EQ(parameter_in_words({0x19, {0x21, 0, 0, 0}}, 2), "bytes that it was allocated with");
  EXPECT_EQ(parameter_in_words({0x4e, {0x99, 0, 0, 0}}, 1), "number of the page");
  EXPECT_EQ(parameter_in_words({0xc2, {9, 2, 0, 0}}, 1), "IRQL at that moment: 2, dispatch");
  EXPECT_EQ(parameter_in_words({0xc4, {0x62, 0, 0, 3}}, 3), "allocations that were not freed");
  EXPECT_EQ(parameter_in_words({0x10d, {5, 0, 0, 0}}, 1), "handle");
  EXPECT_EQ(parameter_in_words({0xc4, {0xf6, 4, 0, 0}}, 3), "address in the driver");
  EXPECT_EQ(parameter_in_words({0xc4, {0x20005, 0, 0, 0}}, 3), "depends on the rule");
  EXPECT_EQ(parameter_in_words({0x1a, {0x41283, 0, 0, 0}}, 0),
            "what was found to be wrong: the place in a working set that a page table entry names "
            "is damaged");
}

TEST(Bugcheck, TellsAHardwareErrorByItsSource) {
  EXPECT_EQ(parameter_in_words({0x124, {0, 0, 0, 0}}, 2), "status of the bank, upper half");
  EXPECT_EQ(words_of({0x124, {4, 0, 0, 0}}),
            (Words{"source of the report: PCI Express", "record of the error", "", ""}));
}

TEST(Bugcheck, TellsAStackThatCameBackWrongFromOneThatCouldNotBeRead) {
  EXPECT_EQ(parameter_in_words({0x77, {1, 0, 0, 0}}, 1), "value where the mark should be");
  EXPECT_EQ(words_of({0x77, {0xc000009c, 0xc000009c, 0, 0x1000}}),
            (Words{"status", "status of the transfer", "number of the page file", "place in it"}));
}

TEST(Bugcheck, SaysOfEachParameterWhatItIs) {
  EXPECT_EQ(parameter_in_words({0xd8, {0, 0, 7, 9}}, 2), "entries that are free");
  EXPECT_EQ(parameter_in_words({0x21, {}}, 3), "amount that could not be given back");
  EXPECT_EQ(parameter_in_words({0x12b, {}}, 1), "number of the page");
  EXPECT_EQ(words_of({0x34, {0x50830, 0, 0, 0}}), (Words{"place in its source", "", "", ""}));
  EXPECT_EQ(parameter_in_words({0xcb, {}}, 2), "list of the pages (MDL)");
  EXPECT_EQ(parameter_in_words({0x1ca, {}}, 3), "number of the processor that keeps the clock");
}

TEST(KernelAnalysis, BlamesTheDriverThatTheInstructionIsIn) {
  Machine machine;
  machine.snapshot.exception->address = kBad + 0x1234;
  machine.frame(kBad + 0x1234, "BadNet.sys", "context");
  const auto findings = machine.analyze();
  EXPECT_EQ(findings.kernel_blame.module, "BadNet.sys");
  EXPECT_FALSE(findings.kernel_blame.probable);
  EXPECT_EQ(findings.blamed_frame, 0U);
  EXPECT_EQ(findings.signature.text, "badnet.sys+0x1234 | DRIVER_IRQL_NOT_LESS_OR_EQUAL");
  EXPECT_EQ(findings.synopsis,
            "Windows Server 2022 stopped with DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xd1) while "
            "audiodg.exe (4304) was running: a driver touched memory that is not there, at an IRQL "
            "that forbids waiting for it, by writing to 0x29; BadNet.sys is to blame: the "
            "instruction that failed is in it");
  EXPECT_EQ(findings.crash->kind, "bugcheck");
  EXPECT_EQ(findings.crash->accessed_address, 0x29U);
  EXPECT_EQ(findings.crash->access, "write");
}

TEST(KernelAnalysis, BlamesWhoCalledADriverOfWindows) {
  Machine machine;
  machine.frame(kKs + 0x1ae9, "ks.sys", "context");
  machine.frame(kBad + 0x42, "BadNet.sys", "unwind_info");
  const auto findings = machine.analyze();
  EXPECT_EQ(findings.kernel_blame.module, "BadNet.sys");
  EXPECT_EQ(findings.blamed_frame, 1U);
  EXPECT_EQ(findings.signature.text, "badnet.sys+0x42 | DRIVER_IRQL_NOT_LESS_OR_EQUAL");
}

TEST(KernelAnalysis, CallsProbableWhatOnlyLiesOnTheStack) {
  Machine machine;
  machine.frame(kKs + 0x1ae9, "ks.sys", "context");
  machine.snapshot.kernel->stack_candidates = {kNt + 0x10, kBad + 0x77};
  const auto findings = machine.analyze();
  EXPECT_EQ(findings.kernel_blame.module, "BadNet.sys");
  EXPECT_TRUE(findings.kernel_blame.probable);
  EXPECT_EQ(findings.signature.text, "badnet.sys | DRIVER_IRQL_NOT_LESS_OR_EQUAL");
  EXPECT_THAT(findings.synopsis, HasSubstr("BadNet.sys is probably to blame"));
}

TEST(KernelAnalysis, NamesADriverOfWindowsWhereThereIsNobodyElse) {
  Machine machine;
  machine.frame(kKs + 0x1ae9, "ks.sys", "context");
  const auto findings = machine.analyze();
  EXPECT_EQ(findings.kernel_blame.module, "ks.sys");
  EXPECT_THAT(findings.synopsis, HasSubstr("it failed in ks.sys, which comes with Windows"));
}

TEST(KernelAnalysis, TakesADriverThatAParameterPointsInto) {
  Machine machine;
  machine.snapshot.kernel->bugcheck = {0x116, {1, kBad + 0x500, 0xc000009a, 4}};
  machine.snapshot.exception->address = 0;
  const auto findings = machine.analyze();
  EXPECT_EQ(findings.blame_reason, "parameter 2 points into it");
  EXPECT_EQ(findings.signature.text, "badnet.sys+0x500 | VIDEO_TDR_FAILURE");
}

TEST(KernelAnalysis, NamesTheProcessThatMustNotEnd) {
  Machine machine;
  machine.snapshot.kernel->bugcheck = {0xef, {0xffff908b08220080, 0, 0, 0}};
  machine.snapshot.exception->address = 0;
  machine.snapshot.kernel->stack_candidates = {kBad + 0x77};
  const auto findings = machine.analyze();
  EXPECT_EQ(findings.kernel_blame.process, "audiodg.exe");
  EXPECT_EQ(findings.signature.text, "audiodg.exe | CRITICAL_PROCESS_DIED");
}

TEST(KernelAnalysis, BlamesTheProcessThatEndedAndNotWhoEndedIt) {
  Machine machine;
  machine.frame(kNt + 0x10, "ntoskrnl.exe", "context");
  machine.frame(kBad + 0x1234, "BadNet.sys", "unwind_info");
  machine.snapshot.exception->address = 0;
  auto& ended = machine.snapshot.kernel->processes.emplace_back();
  ended.address = 0xffff908b08330080;
  ended.pid = 652;
  ended.image = "services.exe";
  for (const auto& bugcheck : {snapshot::Bugcheck{0xef, {ended.address, 0, 0, 0}},
                               snapshot::Bugcheck{0xf4, {3, ended.address, 0, 0}}}) {
    machine.snapshot.kernel->bugcheck = bugcheck;
    const auto findings = machine.analyze();
    EXPECT_EQ(findings.kernel_blame.process, "services.exe");
    EXPECT_EQ(findings.kernel_blame.module, "");
    EXPECT_THAT(findings.synopsis, HasSubstr("while audiodg.exe (4304) was running"));
    EXPECT_THAT(findings.synopsis,
                HasSubstr("services.exe is to blame: it is the process that ended, pid 652"));
    EXPECT_THAT(findings.signature.text, testing::StartsWith("services.exe | CRITICAL_"));
  }
}

TEST(KernelAnalysis, TellsAThreadThatEndedFromAProcess) {
  Machine machine;
  machine.snapshot.exception->address = 0;
  auto& thread = machine.snapshot.kernel->threads.emplace_back();
  thread.address = 0xffff908b08440080;
  thread.pid = 560;
  thread.tid = 612;
  thread.image = "csrss.exe";
  for (const auto& bugcheck : {snapshot::Bugcheck{0xef, {thread.address, 1, 0, 0}},
                               snapshot::Bugcheck{0xf4, {6, thread.address, 0, 0}}}) {
    machine.snapshot.kernel->bugcheck = bugcheck;
    const auto findings = machine.analyze();
    EXPECT_EQ(findings.kernel_blame.process, "csrss.exe");
    EXPECT_EQ(findings.blame_reason, "a thread of it ended that must not, 560.612");
  }
}

TEST(KernelAnalysis, BlamesNobodyForHardware) {
  Machine machine;
  machine.frame(kNt + 0x10, "ntoskrnl.exe", "context");
  machine.frame(kBad + 0x1234, "BadNet.sys", "unwind_info");
  machine.snapshot.exception->address = 0;
  machine.snapshot.kernel->stack_candidates = {kBad + 0x77};
  for (const auto& bugcheck :
       {snapshot::Bugcheck{0x124, {0, 0xffff, 0xb2000000, 0x1000}},
        snapshot::Bugcheck{0x101, {0xc, 0, kBad + 0x10, 2}}, snapshot::Bugcheck{0x9c, {0, 0, 0, 0}},
        snapshot::Bugcheck{0x7a, {1, 0xffffffffc000000e, 0, 0}},
        snapshot::Bugcheck{0x77, {0xc0000185, 0xc0000185, 0, 0}},
        snapshot::Bugcheck{0x77, {1, 0, 0, 0}},
        snapshot::Bugcheck{0x1a, {0x41792, 0xffff800000001000, 4, 0}}}) {
    machine.snapshot.kernel->bugcheck = bugcheck;
    const auto findings = machine.analyze();
    EXPECT_EQ(findings.kernel_blame.module, "") << bugcheck.code;
    EXPECT_FALSE(findings.blamed_frame);
    EXPECT_THAT(findings.synopsis, HasSubstr("; nobody is blamed: ")) << bugcheck.code;
  }
  machine.snapshot.kernel->bugcheck = {0x124, {}};
  EXPECT_THAT(machine.analyze().signature.text, HasSubstr("WHEA_UNCORRECTABLE_ERROR (0x0)"));
  EXPECT_EQ(machine.analyze().blame_reason, "the hardware reported this error, and no driver did");
}

TEST(KernelAnalysis, DoesNotCallItTheDiskWhereMemoryWasShort) {
  Machine machine;
  machine.frame(kBad + 0x1234, "BadNet.sys", "context");
  machine.snapshot.exception->address = 0;
  machine.snapshot.kernel->bugcheck = {0x7a, {1, 0xffffffffc000009a, 0, 0}};
  EXPECT_EQ(machine.analyze().kernel_blame.module, "BadNet.sys");
}

TEST(KernelAnalysis, SaysWhyNobodyIsBlamed) {
  Machine machine;
  machine.snapshot.exception->address = 0;
  machine.snapshot.kernel->bugcheck = {0x50, {}};
  EXPECT_EQ(machine.analyze().blame_reason, "this dump has no stack to tell by");
  machine.frame(kNt + 0x10, "ntoskrnl.exe", "context");
  machine.frame(kNt + 0x20, "ntoskrnl.exe", "unwind_info");
  EXPECT_EQ(machine.analyze().blame_reason,
            "no driver but Windows' own is on the stack or among the parameters");
  machine.snapshot.modules.clear();
  EXPECT_THAT(machine.analyze().synopsis,
              testing::EndsWith("; nobody is blamed: this dump does not say which drivers were "
                                "loaded"));
}

TEST(KernelAnalysis, ClaimsNoFrameWhereNoneIsKnown) {
  Machine machine;
  machine.snapshot.modules.clear();
  machine.snapshot.exception->address = 0;
  machine.frame(kNt + 0x10, "", "context");
  const auto findings = machine.analyze();
  EXPECT_EQ(findings.signature.text, "(no stack) | DRIVER_IRQL_NOT_LESS_OR_EQUAL");
  EXPECT_EQ(findings.signature.strict, "(no stack) | DRIVER_IRQL_NOT_LESS_OR_EQUAL write");
}

/// Code of a driver at one place.
class OneInstruction final : public snapshot::Memory {
 public:
  ByteView at(std::uint64_t address, std::uint64_t size) override {
    return address == kKs + 0x1ae9 ? ByteView(std::string_view(code_)).clamp(0, size) : ByteView();
  }

 private:
  std::string code_ = "\x43\x89\x14\x01";  // mov [r9+r8*1], edx
};

TEST(KernelAnalysis, ComputesTheAddressThatTheRecordDoesNotGive) {
  using R = snapshot::Amd64Register;
  Machine machine;
  machine.snapshot.kernel->bugcheck = {0x7e, {0xffffffffc0000005, kKs + 0x1ae9, 0, 0}};
  machine.snapshot.kernel->fault_source = snapshot::FaultSource::ContextRecord;
  auto& exception = *machine.snapshot.exception;
  exception.code = 0xc0000005;
  exception.parameters = {1, ~std::uint64_t{0}};
  snapshot::Amd64Context context;
  context.rip = kKs + 0x1ae9;
  context.gpr[static_cast<unsigned>(R::R8)] = 0xffff9b0003360008;
  context.gpr[static_cast<unsigned>(R::R9)] = 0x44;
  exception.context = context;
  OneInstruction memory;
  const auto findings = analysis::analyze({machine.snapshot, memory, machine.threads});
  EXPECT_EQ(findings.crash->accessed_address, 0xffff9b000336004cU);
  ASSERT_TRUE(findings.crash->adjusted_address);
  EXPECT_EQ(findings.crash->adjusted_address->kind, "computed");
  EXPECT_EQ(findings.crash->adjusted_address->address, 0xffff9b000336004cU);
  EXPECT_THAT(findings.synopsis, HasSubstr("by writing to 0xffff9b000336004c, for which the record "
                                           "gives -1"));
}

TEST(KernelAnalysis, NamesTheTrueAddressWhereItIsNotCanonical) {
  using R = snapshot::Amd64Register;
  Machine machine;
  machine.snapshot.kernel->bugcheck = {0x7e, {0xffffffffc0000005, kKs + 0x1ae9, 0, 0}};
  machine.snapshot.kernel->fault_source = snapshot::FaultSource::ContextRecord;
  auto& exception = *machine.snapshot.exception;
  exception.code = 0xc0000005;
  exception.parameters = {0, ~std::uint64_t{0}};
  snapshot::Amd64Context context;
  context.rip = kKs + 0x1ae9;
  context.gpr[static_cast<unsigned>(R::R8)] = 0x4141414141414141;
  exception.context = context;
  OneInstruction memory;
  const auto findings = analysis::analyze({machine.snapshot, memory, machine.threads});
  EXPECT_EQ(findings.crash->adjusted_address->kind, "non-canonical");
  EXPECT_EQ(findings.crash->accessed_address, 0x4141414141414141U);
}

TEST(KernelAnalysis, BlamesNobodyWhereSomebodyAskedForTheDump) {
  Machine machine;
  machine.frame(kBad + 0x1234, "BadNet.sys", "context");
  machine.snapshot.kernel->bugcheck = {0xe2, {}};
  const auto findings = machine.analyze();
  EXPECT_EQ(findings.kernel_blame.module, "");
  EXPECT_THAT(findings.synopsis, HasSubstr("on purpose, by keys of the keyboard or by a debugger"));
  EXPECT_THAT(findings.synopsis, Not(HasSubstr("to blame")));
  machine.snapshot.kernel->bugcheck = {};
  EXPECT_THAT(machine.analyze().synopsis, HasSubstr("nothing has failed"));
}

TEST(KernelAnalysis, SaysThatTheMachineWentOn) {
  Machine machine;
  machine.frame(kBad + 0x1234, "BadNet.sys", "context");
  auto& kernel = *machine.snapshot.kernel;
  kernel.live = true;
  kernel.bugcheck = {0x117, {0, kBad + 0x500, 0, 0}};
  EXPECT_THAT(machine.analyze().synopsis,
              testing::StartsWith("Windows Server 2022 reported VIDEO_TDR_TIMEOUT_DETECTED (0x117) "
                                  "while audiodg.exe (4304) was running and went on: "));
  kernel.bugcheck = {0x161, {}};
  EXPECT_EQ(machine.analyze().synopsis,
            "Windows Server 2022 wrote this dump of itself on request while it was running, and "
            "went on: nothing has failed");
}

TEST(KernelAnalysis, SaysThatADebuggerWroteTheDump) {
  Machine machine;
  auto& kernel = *machine.snapshot.kernel;
  kernel.by_debugger = true;
  EXPECT_THAT(machine.analyze().synopsis,
              HasSubstr("stopped with DRIVER_IRQL_NOT_LESS_OR_EQUAL (0xd1) while audiodg.exe "
                        "(4304) was running, and a debugger wrote this dump: "));
  kernel.bugcheck = {};
  EXPECT_EQ(machine.analyze().synopsis,
            "Windows Server 2022 was running when a debugger wrote this dump of it, and could go "
            "on: nothing has failed");
}

TEST(KernelAnalysis, TellsFaultsOfOneBugcheckApart) {
  Machine machine;
  machine.frame(kBad + 0x1234, "BadNet.sys", "context");
  machine.snapshot.exception->address = kBad + 0x1234;
  machine.snapshot.kernel->bugcheck = {0x7e, {0xffffffffc0000094, kBad + 0x1234, 0, 0}};
  EXPECT_THAT(machine.analyze().signature.text, HasSubstr("(INTEGER_DIVIDE_BY_ZERO)"));
  machine.snapshot.kernel->bugcheck = {0x9f, {3, 0, 0, 0}};
  EXPECT_THAT(machine.analyze().signature.text, HasSubstr("DRIVER_POWER_STATE_FAILURE (0x3)"));
}

TEST(KernelAnalysis, KnowsTheKindsOfAccessOfEachBugcheck) {
  EXPECT_EQ(access_in_words(0x50, 0), "read");
  EXPECT_EQ(access_in_words(0x50, 1), "write") << "before Windows 10";
  EXPECT_EQ(access_in_words(0x50, 2), "write");
  EXPECT_EQ(access_in_words(0x50, 0x10), "execute");
  EXPECT_EQ(access_in_words(0xd1, 2), "execute");
  EXPECT_EQ(access_in_words(0xd1, 8), "execute");
  EXPECT_EQ(access_in_words(0xd1, 7), "");
}

}  // namespace
}  // namespace vigil::analysis
