// SPDX-License-Identifier: Apache-2.0
#include "analysis/crash.h"

#include <algorithm>
#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/fast_fail.h"
#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

report::Crash crash_of(SampleCrash& sample) {
  return sample.analyze().crash.value();
}

TEST(Crash, NamesTheExceptionAndItsThread) {
  SampleCrash sample(0xc0000094, {});
  const auto crash = crash_of(sample);
  EXPECT_EQ(crash.kind, "exception");
  EXPECT_EQ(crash.name, "INTEGER_DIVIDE_BY_ZERO");
  EXPECT_EQ(crash.meaning, "integer division by zero");
  EXPECT_EQ(crash.thread_id, 104u);
  EXPECT_EQ(crash.address, 0x7ff8'0000'001au);
}

TEST(Crash, PrintsACodeWithoutANameAsHex) {
  SampleCrash sample(0xe0001234, {});
  EXPECT_EQ(crash_of(sample).name, "0xe0001234");
}

TEST(Crash, DecodesWhatAnAccessViolationWanted) {
  const std::pair<std::uint64_t, const char*> kinds[] = {
      {0, "read"}, {1, "write"}, {8, "execute"}, {7, ""}};
  for (const auto& [kind, name] : kinds) {
    SampleCrash sample(0xc0000005, {kind, 0x1234'5678});
    const auto crash = crash_of(sample);
    EXPECT_EQ(crash.access, name);
    EXPECT_EQ(crash.accessed_address, 0x1234'5678u);
  }
}

TEST(Crash, TellsANullPointerFromOneWithAnOffset) {
  SampleCrash null(0xc0000005, {0, 0});
  EXPECT_THAT(crash_of(null).decoded, ElementsAre("address 0 is a null pointer"));
  SampleCrash offset(0xc0000005, {0, 0x18});
  EXPECT_THAT(crash_of(offset).decoded,
              ElementsAre("address 0x18 is a null pointer and an offset of 0x18"));
}

TEST(Crash, SaysThatTheProcessorHidesAnAddressThatIsNotCanonical) {
  SampleCrash sample(0xc0000005, {0, ~std::uint64_t{0}});
  EXPECT_THAT(
      crash_of(sample).decoded,
      ElementsAre(
          "the address is not known: for one that is not canonical the processor reports -1"));
}

TEST(Crash, LooksTheAccessedAddressUpInUnloadedModulesAndTheMemoryMap) {
  SampleCrash sample(0xc0000005, {8, 0x7ff8'4000'1000});
  sample.snapshot.unloaded_modules = {{0x7ff8'4000'0000, 0x3000, "plugin.dll", 0}};
  snapshot::MemoryRegion free_region;
  free_region.range = {0x7ff8'3000'0000, 0x2000'0000};
  free_region.state = 0x10000;
  sample.snapshot.regions = {free_region};
  EXPECT_THAT(crash_of(sample).decoded,
              ElementsAre("0x7ff840001000 lay in plugin.dll, which had been unloaded",
                          "nothing is mapped there"));
}

TEST(Crash, SaysWhatTheMemoryMapAllows) {
  const std::pair<std::pair<std::uint32_t, std::uint32_t>, const char*> kinds[] = {
      {{0x2000, 0}, "the memory there is reserved and not committed"},
      {{0x1000, 1}, "the memory there allows no access"},
      {{0x1000, 2}, "the memory there is read-only"},
      {{0x1000, 0x20}, "there is code"},
      {{0x1000, 0x104}, "it is a guard page"},
      {{0x1000, 4}, "the memory there may be read and written, and not executed"},
      {{0x1000, 0x40}, "the memory there may be read, written and executed"},
      {{0x1000, 0}, "the memory there has protection 0x0"}};
  for (const auto& [state_and_protect, sentence] : kinds) {
    SampleCrash sample(0xc0000005, {1, 0x20000});
    snapshot::MemoryRegion region;
    region.range = {0x20000, 0x1000};
    region.state = state_and_protect.first;
    region.protect = state_and_protect.second;
    sample.snapshot.regions = {region};
    EXPECT_THAT(crash_of(sample).decoded, ElementsAre(sentence));
  }
}

TEST(Crash, NamesTheFailureBehindAnInPageError) {
  SampleCrash sample(0xc0000006, {0, 0x7ff8'4000'1000, 0xc0000017});
  EXPECT_THAT(crash_of(sample).decoded, Contains("reading the page failed with NO_MEMORY"));
}

TEST(Crash, NamesTheFastFailCode) {
  SampleCrash sample(0xc0000409, {7});
  const auto crash = crash_of(sample);
  EXPECT_EQ(crash.name, "FAIL_FAST");
  EXPECT_THAT(crash.decoded, ElementsAre("fast-fail code 7, FATAL_APP_EXIT",
                                         "abort(), or a fatal error of a C runtime"));
}

TEST(Crash, PassesAFastFailCodeWithoutANameThrough) {
  SampleCrash sample(0xc0000409, {4000});
  EXPECT_THAT(crash_of(sample).decoded, ElementsAre("fast-fail code 4000, without a known name"));
}

TEST(Crash, NarrowsTheAddressesOfA32BitProcess) {
  SampleCrash sample(0xc0000005, {1, 0xffff'ffff'8000'0045});
  sample.snapshot.system.cpu = snapshot::Cpu::X86;
  sample.snapshot.exception->address = 0xffff'ffff'8000'1000;
  const auto crash = crash_of(sample);
  EXPECT_EQ(crash.address, 0x8000'1000u);
  EXPECT_EQ(crash.accessed_address, 0x8000'0045u);
}

TEST(Crash, SaysLessWhenParametersAreMissing) {
  for (const auto code : {0xc0000005u, 0xc0000006u, 0xc0000409u, 0xc00000fdu, 0xe06d7363u,
                          0xe0434352u, 0x20474343u, 0x56494701u}) {
    SampleCrash sample(code, {});
    const auto crash = crash_of(sample);
    EXPECT_FALSE(crash.name.empty()) << code;
    EXPECT_FALSE(crash.accessed_address.has_value()) << code;
  }
}

TEST(Crash, IsNotThereWithoutAnException) {
  SampleCrash sample(0, {});
  sample.snapshot.exception.reset();
  const auto findings = sample.analyze();
  EXPECT_FALSE(findings.crash.has_value());
  EXPECT_EQ(findings.blamed_thread, 0u);
}

/// A dump of Linux, as Breakpad writes them.
struct SampleSignal : SampleCrash {
  explicit SampleSignal(std::uint32_t signal) : SampleCrash(signal, {}) {
    snapshot.system.os = snapshot::Os::Linux;
    snapshot::Amd64Context context;
    context.rip = 0x7ff8'0000'001a;
    snapshot.exception->context = context;
    memory.put(context.rip, std::string("\xc7\x00\x01\x00\x00\x00", 6));  // mov dword ptr [rax], 1
  }
};

TEST(Signal, HasTheAddressOfTheAccessInPlaceOfTheInstructions) {
  SampleSignal sample(11);
  sample.snapshot.exception->address = 0x10;
  std::get<snapshot::Amd64Context>(sample.snapshot.exception->context).gpr[0] = 0x10;
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.crash->name, "SIGSEGV");
  EXPECT_EQ(findings.crash->address, 0x7ff8'0000'001au);
  EXPECT_EQ(findings.crash->accessed_address, 0x10u);
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 wrote to address 0x10 through a null pointer in "
            "orders!Cart::total+0x1a");
}

TEST(Signal, HidesAnAddressThatIsNotCanonicalBehind0) {
  SampleSignal sample(11);
  sample.snapshot.exception->address = 0;
  std::get<snapshot::Amd64Context>(sample.snapshot.exception->context).gpr[0] = 0x6172747320746f6e;
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.crash->accessed_address, 0x6172747320746f6eu);
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 wrote to address 0x6172747320746f6e through a pointer that is the "
            "text \"not stra\" in orders!Cart::total+0x1a");
}

TEST(Crash, OfAnInstructionThatIsNotThereIsACall) {
  SampleCrash sample(0xc0000005, {0, 0x1234'0000});
  sample.snapshot.exception->address = 0x1234'0000;
  sample.stack().insert(sample.stack().begin(), frame("", "", 0));
  sample.stack()[0].instruction = 0x1234'0000;
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 jumped to 0x12340000, where it may not execute, from "
            "orders!Cart::total+0x1a");
}

TEST(Signal, WithoutAnAddressIsNamed) {
  SampleSignal sample(6);
  EXPECT_EQ(sample.analyze().synopsis,
            "OrdersApi.exe 4.2.1 ended with SIGABRT: the program called abort(), in "
            "orders!Cart::total+0x1a");
}

TEST(Signal, IsNoneWhereTheDumpWasAskedFor) {
  SampleSignal sample(0xffff'ffff);
  const auto findings = sample.analyze();
  EXPECT_FALSE(findings.crash.has_value());
  EXPECT_EQ(findings.blamed_thread, 1u);
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 had not crashed when the dump was taken; thread 104 was in "
            "orders!Cart::total+0x1a");
}

TEST(FastFail, HasEachCodeOnceAndInOrder) {
  std::uint64_t last = 0;
  std::size_t count = 0;
  for (std::uint64_t code = 0; code < 100; ++code) {
    const auto* info = find_fast_fail(code);
    if (info == nullptr) continue;
    EXPECT_EQ(info->code, code);
    EXPECT_GE(info->code, last);
    last = code;
    ++count;
  }
  EXPECT_EQ(count, 75u);
  EXPECT_EQ(fast_fail_name(2), "STACK_COOKIE_CHECK_FAILURE");
  EXPECT_EQ(fast_fail_name(16), "");
}

}  // namespace
}  // namespace vigil::analysis
