// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "capture/capture.h"

namespace vigil::capture {
namespace {

TEST(WerDumpName, GivesProgramAndProcessId) {
  const auto name = parse_wer_dump_name("Orders Api.v2.exe.1234.dmp");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->process, "Orders Api.v2.exe");
  EXPECT_EQ(name->pid, ProcessId{1234});
  EXPECT_TRUE(parse_wer_dump_name("a.1.DMP").has_value());
}

TEST(WerDumpName, IsNothingForAnotherShape) {
  for (const char* text :
       {"", ".dmp", "1234.dmp", ".1234.dmp", "a..dmp", "a.exe.dmp", "a.exe.12x.dmp", "a.exe.-1.dmp",
        "a.exe.4294967296.dmp", "a.exe.1234.dmp.zst", "a.exe.1234.dmp ", "a.exe.1234"}) {
    EXPECT_FALSE(parse_wer_dump_name(text).has_value()) << text;
  }
}

TEST(InboxStem, TellsProcessInstancesAndDumpsApart) {
  store::Signal signal;
  signal.process = "OrdersApi.exe";
  signal.pid = {1234};
  signal.at = {0x20};
  signal.process_start = Timestamp{0x10};
  EXPECT_EQ(inbox_stem(signal), "OrdersApi.exe-1234-10-20");
  auto later = signal;
  later.at = {0x21};
  EXPECT_NE(inbox_stem(signal), inbox_stem(later));
  auto other = signal;
  other.process_start.reset();
  EXPECT_NE(inbox_stem(signal), inbox_stem(other));
}

TEST(InboxStem, KeepsOnlyWhatIsPlainInAnyFileName) {
  store::Signal signal;
  signal.process = "..\\gr\xc3\xbc\xc3\x9f*\"\n.exe";
  EXPECT_EQ(inbox_stem(signal), "_._gr_______.exe-0-0-0");
  signal.process = "";
  EXPECT_EQ(inbox_stem(signal), "process-0-0-0");
  signal.process = std::string(5000, 'a');
  EXPECT_LT(inbox_stem(signal).size(), 128u);
}

}  // namespace
}  // namespace vigil::capture
