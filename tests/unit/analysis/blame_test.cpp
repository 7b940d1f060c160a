// SPDX-License-Identifier: Apache-2.0
#include "analysis/blame.h"

#include <gtest/gtest.h>

#include "unit/analysis/sample_crash.h"

namespace vigil::analysis {
namespace {

TEST(SystemModule, IsKnownByNameWhateverItsCase) {
  for (const auto* name :
       {"ntdll.dll", "KERNELBASE.dll", "ucrtbase.dll", "win32u.dll", "USER32.dll", "MSVCP140_1.dll",
        "VCRUNTIME140.dll", "api-ms-win-core-synch-l1-2-0.dll", "libstdc++-6.dll"}) {
    EXPECT_TRUE(is_system_module(name)) << name;
  }
  for (const auto* name : {"orders.dll", "ntdll.dll.exe", "myntdll.dll", "msvc.dll", ""}) {
    EXPECT_FALSE(is_system_module(name)) << name;
  }
}

snapshot::Module driver(std::string path, std::string company = {}) {
  snapshot::Module module;
  module.path = std::move(path);
  module.company = std::move(company);
  return module;
}

TEST(WindowsDriver, IsKnownByItsNameWhereTheDumpHasNoMore) {
  for (const auto* name : {"ntoskrnl.exe", "KbdHid.sys", "IntelTA.sys", "IntelPMT.sys",
                           "E1G6032E.sys", "loop.sys", "BtaMPM.sys"})
    EXPECT_TRUE(is_windows_driver(driver(name))) << name;
  for (const auto* name : {"nvlddmkm.sys", "myfault.sys", ""})
    EXPECT_FALSE(is_windows_driver(driver(name))) << name;
}

TEST(WindowsDriver, LiesWhereWindowsKeepsItsDrivers) {
  for (const auto* path :
       {R"(\SystemRoot\system32\ntoskrnl.exe)", R"(\SystemRoot\System32\DRIVERS\kbdhid.sys)",
        R"(\SystemRoot\System32\DriverStore\FileRepository\umbus.inf_amd64_b7\umbus.sys)",
        R"(\??\C:\Windows\system32\drivers\kbdhid.sys)", R"(D:\Windows\System32\kbdhid.sys)",
        R"(\Device\HarddiskVolume3\Windows\System32\drivers\kbdhid.sys)",
        R"(\WINDOWS\system32\hal.dll)",
        R"(\??\C:\ProgramData\Microsoft\Windows Defender\Definition Updates\MpKslDrv.sys)"})
    EXPECT_TRUE(is_windows_driver(driver(path))) << path;
  for (const auto* path :
       {R"(\??\C:\Program Files\Contoso\kbdhid.sys)", R"(\SystemRoot\Temp\kbdhid.sys)",
        R"(\??\C:\Contoso\Windows\system32\kbdhid.sys)",
        R"(\SystemRoot\system32\..\..\Contoso\kbdhid.sys)", R"(\Device\HarddiskVolume3)",
        R"(\Device\kbdhid.sys)", R"(\??\C:\kbdhid.sys)",
        R"(\SystemRoot\System32\drivers\nvlddmkm.sys)"})
    EXPECT_FALSE(is_windows_driver(driver(path))) << path;
}

TEST(WindowsDriver, IsOfMicrosoftOrOneThatOthersWroteForIt) {
  EXPECT_TRUE(is_windows_driver(driver("kbdhid.sys", "Microsoft Corporation")));
  EXPECT_FALSE(is_windows_driver(driver("kbdhid.sys", "Contoso Ltd.")));
  EXPECT_TRUE(is_windows_driver(driver("E1G6032E.sys", "Intel Corporation")));
}

TEST(Blame, TakesTheInnermostFrameOutsideOfTheSystem) {
  SampleCrash sample(0xc0000005, {0, 0});
  sample.stack().insert(sample.stack().begin(), frame("ntdll.dll", "RtlpHeapFree", 0x10));
  const auto findings = sample.analyze();
  EXPECT_EQ(findings.blamed_thread, 1u);
  EXPECT_EQ(findings.blamed_frame, 1u);
}

TEST(Blame, PassesOverARuntimeThatIsLinkedIn) {
  SampleCrash sample(0xc0000005, {0, 0});
  sample.stack().insert(sample.stack().begin(), frame("OrdersApi.exe", "memcpy", 0x10));
  EXPECT_EQ(sample.analyze().blamed_frame, 1u);
}

TEST(Blame, PassesOverAddressesOutsideOfAnyModule) {
  SampleCrash sample(0xc0000005, {8, 0x1234'0000});
  sample.stack().insert(sample.stack().begin(), frame("", "", 0));
  EXPECT_EQ(sample.analyze().blamed_frame, 1u);
}

TEST(Blame, TakesAGuessOnlyWhenThereIsNothingElse) {
  SampleCrash sample(0xc0000005, {0, 0});
  sample.stack() = {frame("ntdll.dll", "", 0x10, "context"), frame("stale.dll", "", 0x20, "scan"),
                    frame("orders.dll", "", 0x30)};
  EXPECT_EQ(sample.analyze().blamed_frame, 2u);
  sample.stack().pop_back();
  EXPECT_EQ(sample.analyze().blamed_frame, 1u);
}

TEST(Blame, TakesNobodyWhenAllFramesAreTheSystems) {
  SampleCrash sample(0xc0000005, {0, 0});
  sample.stack() = {frame("ntdll.dll", "RtlpHeapFree", 0x10)};
  EXPECT_FALSE(sample.analyze().blamed_frame.has_value());
}

TEST(Blame, HasNoThreadWhenThatOfTheExceptionIsMissing) {
  SampleCrash sample(0xc0000005, {0, 0});
  sample.threads.pop_back();
  const auto findings = sample.analyze();
  EXPECT_FALSE(findings.blamed_thread.has_value());
  EXPECT_EQ(findings.synopsis,
            "OrdersApi.exe 4.2.1 read address 0x0 through a null pointer at 0x7ff80000001a");
}

}  // namespace
}  // namespace vigil::analysis
