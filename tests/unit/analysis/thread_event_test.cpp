// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "analysis/thread_event.h"
#include "base/exception_codes.h"
#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t kInjected = 0x7ff9'0000'0000;

struct StartedThread : SampleCrash {
  explicit StartedThread(std::uint64_t address, std::string path = "C:\\x\\Inject.DLL")
      : SampleCrash(kThreadStartCode, {address}) {
    auto& module = snapshot.modules.emplace_back();
    module.path = std::move(path);
    module.base = kInjected;
    module.size = 0x2000;
  }
};

TEST(ThreadEvent, AnEndHasTheThreadItsCodeAndWhereItWas) {
  SampleCrash sample(kThreadEndCode, {3});
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.synopsis,
            "thread 104 of OrdersApi.exe 4.2.1 ended with code 3, in orders!Cart::total+0x1a; the "
            "process lived on");
  EXPECT_EQ(findings.crash->name, "THREAD_ENDED (3)");
  EXPECT_THAT(findings.crash->decoded,
              ElementsAre("thread 104 ended with code 3; the process lived on"));
  EXPECT_EQ(findings.blamed_thread, 1u);
}

/// Systems differ in what they keep of a thread that has ended.
TEST(ThreadEvent, AnEndOfAThreadThatIsGoneIsToldWithoutItsStack) {
  SampleCrash sample(kThreadEndCode, {0xc000'0005});
  sample.threads.pop_back();
  sample.snapshot.exception->address = 0;
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.synopsis,
            "thread 104 of OrdersApi.exe 4.2.1 ended with code 0xc0000005 (ACCESS_VIOLATION); the "
            "process lived on");
  EXPECT_EQ(findings.signature.text, "(no stack) | THREAD_ENDED (ACCESS_VIOLATION)");
}

TEST(ThreadEvent, AStartHasThePlaceInItsModule) {
  const auto findings = StartedThread(kInjected + 0x1010).analyze();
  EXPECT_EQ(findings.synopsis,
            "thread 104 of OrdersApi.exe 4.2.1 started at Inject.DLL+0x1010, in a module that a "
            "rule names");
  EXPECT_EQ(findings.crash->name, "THREAD_STARTED (inject.dll)");
  EXPECT_THAT(findings.signature.text, HasSubstr("THREAD_STARTED (inject.dll)"));
  EXPECT_THAT(findings.crash->decoded, ElementsAre("thread 104 starts at Inject.DLL+0x1010"));
}

TEST(ThreadEvent, AStartOutsideOfTheModulesHasItsAddress) {
  const auto findings = StartedThread(kInjected + 0x2000).analyze();
  EXPECT_THAT(findings.synopsis, HasSubstr("started at 0x7ff900002000,"));
  EXPECT_EQ(findings.crash->name, "THREAD_STARTED");
}

TEST(ThreadEvent, ARecordWithoutParametersAndANameWithoutEndAreSurvived) {
  SampleCrash sample(kThreadEndCode, {});
  EXPECT_THAT(sample.analyze().synopsis, HasSubstr("ended with code 0,"));
  const auto findings = StartedThread(kInjected, std::string(5000, 'x')).analyze();
  EXPECT_LE(findings.signature.text.size(), kMaxSignatureBytes);
  EXPECT_EQ(findings.crash->name, "THREAD_STARTED (" + std::string(100, 'x') + ")");
}

TEST(ThreadEvent, IsNoneOfAnotherKind) {
  EXPECT_TRUE(is_thread_event({.kind = "exception", .code = kThreadEndCode}));
  EXPECT_FALSE(is_thread_event({.kind = "exit", .code = kThreadEndCode}));
  EXPECT_FALSE(is_thread_event({.kind = "exception", .code = 0x5649'4702}));
}

}  // namespace
}  // namespace vigil::analysis
