// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/analysis.h"

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

TEST(KernelAnalysis, BlamesADriverThatOnlyHasTheNameOfOneOfWindows) {
  Machine machine;
  machine.add(0xfffff80099000000, R"(\??\C:\Program Files\Contoso\kbdhid.sys)");
  machine.snapshot.exception->address = 0xfffff80099001234;
  machine.frame(0xfffff80099001234, "kbdhid.sys", "context");
  const auto findings = machine.analyze();
  EXPECT_EQ(findings.kernel_blame.module, "kbdhid.sys");
  EXPECT_EQ(findings.blame_reason, "the instruction that failed is in it");
  EXPECT_THAT(findings.synopsis, HasSubstr("; kbdhid.sys is to blame: "));
  EXPECT_EQ(findings.signature.text, "kbdhid.sys+0x1234 | DRIVER_IRQL_NOT_LESS_OR_EQUAL");
}

TEST(KernelAnalysis, TellsByWhichAccessTheKernelFailed) {
  Machine machine;
  auto& bugcheck = machine.snapshot.kernel->bugcheck;
  bugcheck = {0xd1, {0x29, 2, 8, kKs}};
  EXPECT_THAT(machine.analyze().synopsis, HasSubstr(", by running 0x29"));
  bugcheck = {0xd3, {0x29, 2, 0, kKs}};
  EXPECT_THAT(machine.analyze().synopsis, HasSubstr(", by reading 0x29"));
  bugcheck = {0x1e, {0xffffffffc0000005, kKs, 1, 0x30}};
  EXPECT_THAT(machine.analyze().synopsis, HasSubstr(", by writing to 0x30"));
  bugcheck = {0x1e, {0xffffffffc0000094, kKs, 1, 0x30}};
  EXPECT_THAT(machine.analyze().synopsis, Not(HasSubstr("0x30")));
}

TEST(KernelAnalysis, SaysThatABugcheckIsUnknown) {
  Machine machine;
  machine.snapshot.kernel->bugcheck = {0x12345, {}};
  const auto findings = machine.analyze();
  EXPECT_THAT(findings.synopsis,
              testing::StartsWith("Windows Server 2022 stopped with an unknown bugcheck, 0x12345 "
                                  "while audiodg.exe (4304) was running"));
  EXPECT_THAT(findings.signature.text, HasSubstr("bugcheck 0x12345"));
}

TEST(KernelAnalysis, GroupsSmallDumpsWithOthers) {
  Machine machine;
  machine.snapshot.kernel->bugcheck = {0x7e, {0xffffffffc0000005, kBad, 0, 0}};
  const auto full = machine.analyze();
  machine.snapshot.kernel->bugcheck.code = 0x1000007e;
  const auto small = machine.analyze();
  EXPECT_EQ(small.signature.text, full.signature.text);
  EXPECT_EQ(small.crash->name, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED_M");
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
  EXPECT_THAT(findings.synopsis, HasSubstr("it failed in ks.sys, by its name Windows' own"));
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

TEST(KernelAnalysis, SaysThatWhatTheBugcheckNamesIsNotInTheDump) {
  Machine machine;
  machine.snapshot.exception.reset();
  const auto reason_of = [&machine](snapshot::Bugcheck bugcheck) {
    machine.snapshot.kernel->bugcheck = bugcheck;
    return machine.analyze().blame_reason;
  };
  constexpr std::uint64_t kObject = 0xffff908b00001000;
  EXPECT_EQ(reason_of({0x9f, {3, 0, 0, kObject}}),
            "the request 0xffff908b00001000, which the bugcheck names, is not in this dump");
  EXPECT_EQ(reason_of({0xef, {kObject, 0, 0, 0}}),
            "the process that ended, 0xffff908b00001000, is not in this dump");
  EXPECT_EQ(reason_of({0xf4, {6, kObject, 0, 0}}),
            "the thread that ended, 0xffff908b00001000, is not in this dump");
  machine.snapshot.kernel->request.emplace();
  EXPECT_EQ(reason_of({0x44, {kObject, 0, 0, 0}}),
            "the driver at whose device the request 0xffff908b00001000 lies is not in this dump");
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

}  // namespace
}  // namespace vigil::analysis
