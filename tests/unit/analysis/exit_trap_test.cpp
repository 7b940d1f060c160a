// SPDX-License-Identifier: Apache-2.0
#include "analysis/exit_trap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/exception_codes.h"
#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

using ::testing::ElementsAre;

/// The process ended itself: ntdll and the runtime on top of the program's own frames.
struct SampleExit : SampleCrash {
  SampleExit(std::uint64_t code, std::uint64_t last_exception, const char* runtime_function)
      : SampleCrash(kExitTrapCode, {code, 1, last_exception}) {
    stack().insert(stack().begin(),
                   {frame("ntdll.dll", "RtlExitUserProcess", 0), frame("msvcrt.dll", "_exit", 0x20),
                    frame("msvcrt.dll", runtime_function, 0x40)});
  }
};

TEST(ExitTrap, NamesAnExitCodeThatIsACrashCode) {
  SampleExit sample(0xc0000005, 0, "exit");
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.crash->kind, "exit");
  EXPECT_EQ(findings.crash->name, "ACCESS_VIOLATION");
  EXPECT_EQ(findings.crash->code, 0xc0000005u);
  EXPECT_EQ(findings.crash->meaning,
            "the process ended itself with exit code 0xc0000005 (ACCESS_VIOLATION)");
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 ended itself with exit code 0xc0000005 (ACCESS_VIOLATION) in "
            "orders!Cart::total+0x1a");
  EXPECT_EQ(findings.signature.text, "orders!Cart::total | ACCESS_VIOLATION (exit)");
}

TEST(ExitTrap, KnowsAbortByItsFrame) {
  SampleExit sample(3, 0, "abort");
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.crash->name, "ABORT");
  EXPECT_EQ(findings.synopsis, "OrdersApi.exe 4.2.1 called abort() in orders!Cart::total+0x1a");
  EXPECT_THAT(findings.crash->decoded,
              ElementsAre("the process was stopped in RtlExitUserProcess, with exit code 3"));
}

TEST(ExitTrap, TakesExitCode3AloneForNoAbort) {
  SampleExit sample(3, 0, "exit");
  EXPECT_EQ(sample.analyze().crash->name, "EXIT_3");
}

TEST(ExitTrap, KnowsAnUncaughtExceptionByTheLastOneBeforeAbort) {
  SampleExit gcc(3, 0x20474343, "abort");
  EXPECT_EQ(gcc.analyze().crash->name, "GCC_CXX_EXCEPTION");
  EXPECT_EQ(gcc.analyze().crash->code, 0x20474343u);
  EXPECT_EQ(gcc.analyze().crash->exit_code, 3u);
  SampleExit msvc(3, 0xe06d7363, "abort");
  EXPECT_EQ(msvc.analyze().crash->name, "MSVC_CXX_EXCEPTION");
  EXPECT_EQ(
      msvc.analyze().synopsis,
      "OrdersApi.exe 4.2.1 threw a C++ exception that nobody caught in orders!Cart::total+0x1a");
}

TEST(ExitTrap, KnowsAnUncaughtExceptionByTheRuntimeFunctionsOnTheStack) {
  SampleExit sample(3, 0, "abort");
  sample.stack().insert(sample.stack().begin() + 3, frame("OrdersApi.exe", "__cxa_throw", 0x80));
  EXPECT_EQ(sample.analyze().crash->name, "CXX_EXCEPTION");
}

TEST(ExitTrap, TakesAnExceptionThatWasCaughtForNoReasonToExit) {
  SampleExit sample(42, 0x20474343, "exit");
  const auto crash = sample.analyze().crash;
  EXPECT_EQ(crash->name, "EXIT_42");
  EXPECT_THAT(crash->decoded,
              ElementsAre("the process was stopped in RtlExitUserProcess, with exit code 42",
                          "the last exception before that was GCC_CXX_EXCEPTION"));
}

TEST(ExitTrap, NeedsNoStack) {
  SampleCrash sample(kExitTrapCode, {0xffff'ffff, 2, 0});
  sample.threads.clear();
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.crash->name, "EXIT_0xffffffff");
  EXPECT_EQ(findings.signature.text, "(no stack) | EXIT_0xffffffff (exit)");
}

}  // namespace
}  // namespace vigil::analysis
