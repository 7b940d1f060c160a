// SPDX-License-Identifier: Apache-2.0
#include "analysis/synopsis.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string synopsis_of(std::uint32_t code, std::vector<std::uint64_t> parameters) {
  return SampleCrash(code, std::move(parameters)).analyze().synopsis;
}

TEST(Synopsis, OfAnAccessViolationSaysWhichAddress) {
  const std::string program = "OrdersApi.exe 4.2.1 ", place = " in orders!Cart::total+0x1a";
  EXPECT_EQ(synopsis_of(0xc0000005, {0, 0x18}),
            program + "read address 0x18 through a null pointer" + place);
  EXPECT_EQ(synopsis_of(0xc0000005, {1, 0}),
            program + "wrote to address 0x0 through a null pointer" + place);
  EXPECT_EQ(synopsis_of(0xc0000005, {8, 0}),
            program + "called address 0x0, a null pointer," + place);
  EXPECT_EQ(synopsis_of(0xc0000005, {1, 0x7ff8'0000}),
            program + "wrote to address 0x7ff80000, which it may not write to," + place);
  EXPECT_EQ(synopsis_of(0xc0000005, {0, ~std::uint64_t{0}}),
            program + "accessed memory through a pointer that is no address" + place);
  EXPECT_EQ(
      synopsis_of(0xc0000005, {1, ~std::uint64_t{0}}),
      program + "wrote to address 0xffffffffffffffff (-1), which it may not write to," + place);
  EXPECT_EQ(synopsis_of(0xc0000005, {8, 0x45}),
            program + "called address 0x45, a small number and no address," + place);
  EXPECT_EQ(synopsis_of(0xc0000005, {}),
            program + "accessed memory that it may not access," + place);
}

TEST(Synopsis, OfAJumpToABadAddressSaysWhereItCameFrom) {
  SampleCrash sample(0xc0000005, {8, 0x1234'0000});
  sample.stack().insert(sample.stack().begin(), frame("", "", 0));
  sample.stack()[0].instruction = 0x1234'0000;
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 jumped to 0x12340000, where it may not execute, from "
            "orders!Cart::total+0x1a");
}

TEST(Synopsis, NamesTheCallerWhenTheSystemsCodeFailed) {
  SampleCrash sample(0xc0000005, {0, 0x18});
  sample.stack().insert(sample.stack().begin(), frame("ntdll.dll", "RtlFreeHeap", 0x33));
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 read address 0x18 through a null pointer in "
            "ntdll!RtlFreeHeap+0x33, called from "
            "orders!Cart::total+0x1a");
}

TEST(Synopsis, HasWordsForEachWayToDie) {
  const std::string program = "OrdersApi.exe 4.2.1 ", place = " in orders!Cart::total+0x1a";
  EXPECT_EQ(synopsis_of(0xc00000fd, {1, 0x1000}),
            program + "used up the stack of thread 104" + place);
  EXPECT_EQ(synopsis_of(0xc0000409, {2}),
            program +
                "ended itself at once (fast fail, STACK_COOKIE_CHECK_FAILURE: /GS found an "
                "overflowed stack "
                "buffer)" +
                place);
  EXPECT_EQ(synopsis_of(0xc0000409, {4000}),
            program + "ended itself at once (fast-fail code 4000)" + place);
  EXPECT_EQ(synopsis_of(0xe06d7363, {}),
            program + "threw a C++ exception that nobody caught" + place);
  EXPECT_EQ(synopsis_of(0xc0000094, {}), program + "divided an integer by zero" + place);
  EXPECT_EQ(synopsis_of(0x56494702, {0x10000}),
            program + "loaded a module that a rule names," + place);
  EXPECT_EQ(synopsis_of(0xe0001234, {}), program + "ended with 0xe0001234" + place);
}

TEST(Synopsis, DoesNotSayOfAnExceptionAtFirstChanceThatNobodyHandledIt) {
  const auto said = [](std::uint32_t code, const std::string& comment) {
    SampleCrash sample(code, {});
    sample.snapshot.comment = comment;
    return sample.analyze().synopsis;
  };
  const std::string noted = R"({"at":"2026-01-01","kind":"exception","vigil_version":"0.1.0"})";
  const std::string program = "OrdersApi.exe 4.2.1 ",
                    end = " in orders!Cart::total+0x1a; that was before anybody could handle it";
  EXPECT_EQ(said(0xe0001234, noted), program + "raised 0xe0001234" + end);
  EXPECT_EQ(said(0xe06d7363, noted), program + "threw a C++ exception" + end);
  EXPECT_EQ(said(0xe0434352, noted).find("nobody caught"), std::string::npos);
  const auto forged = R"({"detail":"\"kind\":\"exception\"","kind":"crash","vigil_version":"1"})";
  EXPECT_EQ(said(0xe0001234, forged), program + "ended with 0xe0001234 in orders!Cart::total+0x1a");
}

TEST(Synopsis, SaysWhereAProcessWasThatHadNotCrashed) {
  SampleCrash sample(0, {});
  sample.snapshot.exception.reset();
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 had not crashed when the dump was taken; thread 100 was in "
            "ntdll!NtWaitForSingleObject+0x14, called from OrdersApi!main+0x40");
}

/// A dump that is cut off or damaged: its directory still names the exception.
TEST(Synopsis, DoesNotTakeALostExceptionForNone) {
  SampleCrash sample(0, {});
  sample.snapshot.exception.reset();
  sample.snapshot.exception_is_lost = true;
  EXPECT_EQ(sample.analyze().synopsis,
            "what happened to OrdersApi.exe 4.2.1 is lost: the dump's exception cannot be read");
}

TEST(Synopsis, DoesNotCallAProcessHealthyOfWhichPartsAreLost) {
  SampleCrash sample(0, {});
  sample.snapshot.exception.reset();
  sample.is_incomplete = true;
  EXPECT_THAT(
      sample.analyze().synopsis,
      StartsWith("OrdersApi.exe 4.2.1 may have crashed: what can be read of the damaged dump "
                 "does not say"));
}

/// Dumps that error reporting takes, or a person while its window is up.
TEST(Synopsis, KnowsAThreadWhoseExceptionNobodyHandled) {
  SampleCrash sample(0, {});
  sample.snapshot.exception.reset();
  auto filter = frame("kernel32.dll", "UnhandledExceptionFilter", 0x161);
  filter.symbol_source = "exports";
  sample.stack().insert(sample.stack().begin(), filter);
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 was about to crash when the dump was taken: of thread 104, an "
            "exception that nobody handled had come to UnhandledExceptionFilter, and the dump does "
            "not hold it");
  EXPECT_EQ(findings.blamed_thread, 1u);
}

TEST(Synopsis, DoesNotGoByAnExportThatIsFarAwayOrAGuess) {
  for (const bool far_away : {true, false}) {
    SampleCrash sample(0, {});
    sample.snapshot.exception.reset();
    auto filter = frame("kernel32.dll", "UnhandledExceptionFilter", far_away ? 0x2000 : 0x10,
                        far_away ? "unwind_info" : "scan");
    filter.symbol_source = "exports";
    sample.stack().push_back(filter);
    EXPECT_THAT(sample.analyze().synopsis, HasSubstr("had not crashed"));
  }
}

TEST(Synopsis, SaysWhatAUd2IsFor) {
  SampleCrash sample(0xc000001d, {});
  sample.memory.put(0x7ff8'0000'001a, "\x0f\x0b");
  sample.snapshot.exception->context = snapshot::Amd64Context{};
  EXPECT_EQ(
      sample.analyze().synopsis,
      "OrdersApi.exe 4.2.1 ran into a ud2 instruction, which stands where code must never get "
      "to, in orders!Cart::total+0x1a");
}

TEST(Synopsis, SaysWhenAProgramJumpedIntoAStack) {
  SampleCrash sample(0xc0000005, {8, 0x1234'0000});
  sample.snapshot.threads.resize(1);
  sample.snapshot.threads[0].id = {104};
  sample.snapshot.threads[0].stack = {0x1233'f000, 0x2000};
  sample.stack().insert(sample.stack().begin(), frame("", "", 0));
  sample.stack()[0].instruction = 0x1234'0000;
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 jumped to 0x12340000, in the stack of thread 104, from "
            "orders!Cart::total+0x1a");
}

TEST(Synopsis, DoesNotCallAProcessWithoutThreadsHealthy) {
  SampleCrash sample(0, {});
  sample.snapshot.exception.reset();
  sample.threads.clear();
  EXPECT_EQ(sample.analyze().synopsis, "what is left of the dump does not say what happened");
}

TEST(Synopsis, SaysThatADumpWasOnlyAskedFor) {
  EXPECT_EQ(synopsis_of(0x0517a7ed, {}),
            "OrdersApi.exe 4.2.1 had not crashed when a dump was asked for, and was in "
            "orders!Cart::total+0x1a");
}

/// A guess is called one.
TEST(Synopsis, DoubtsACallerThatWasOnlyScannedFor) {
  SampleCrash sample(0xc0000005, {8, 0});
  sample.snapshot.exception->address = 0;
  sample.stack() = {frame("", "", 0, "context"), frame("orders.dll", "Cart::total", 0x1a, "scan")};
  sample.stack()[0].instruction = 0;
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 called address 0x0, a null pointer, probably from "
            "orders!Cart::total+0x1a");
}

TEST(Synopsis, NamesNoPlaceForADllThatIsMissing) {
  EXPECT_EQ(synopsis_of(0xc0000135, {}),
            "OrdersApi.exe 4.2.1 could not start: a DLL that it needs was not found");
}

TEST(Synopsis, DoesNotCallAnEmptyDumpAHealthyProcess) {
  SampleCrash sample(0, {});
  sample.snapshot = {};
  sample.threads.clear();
  EXPECT_EQ(sample.analyze().synopsis, "what is left of the dump does not say what happened");
}

TEST(Synopsis, DoesWithoutModulesAndThreads) {
  SampleCrash sample(0xc0000005, {0, 0x18});
  sample.snapshot.modules.clear();
  sample.threads.clear();
  sample.snapshot.exception->address = 0;
  EXPECT_EQ(sample.analyze().synopsis, "the program read address 0x18 through a null pointer");
}

}  // namespace
}  // namespace vigil::analysis
