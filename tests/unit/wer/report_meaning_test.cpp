// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "wer/wer.h"

namespace vigil::wer {
namespace {

Report of(std::string type, std::size_t place = 0, std::string parameter = {}) {
  Report report;
  report.event_type = std::move(type);
  report.parameters[place] = std::move(parameter);
  return report;
}

TEST(ReportMeaning, GoesByTheTypeOfEvent) {
  EXPECT_EQ(trouble_of(of("APPCRASH")), Trouble::Crash);
  EXPECT_EQ(trouble_of(of("CLR20r3")), Trouble::Crash);
  EXPECT_EQ(trouble_of(of("AppHangB1")), Trouble::Hang);
  EXPECT_EQ(trouble_of(of("LiveKernelEvent")), Trouble::None);
  EXPECT_EQ(trouble_of(of("")), Trouble::None);
}

TEST(ReportMeaning, FindsTheCodeWhereItsTypeHasIt) {
  EXPECT_EQ(exception_code_of(of("APPCRASH", 6, "c0000005")), 0xc000'0005);
  EXPECT_EQ(exception_code_of(of("BEX64", 7, "c0000409")), 0xc000'0409);
  EXPECT_EQ(exception_code_of(of("CLR20r3")), 0xe043'4352);
  EXPECT_FALSE(exception_code_of(of("APPCRASH", 7, "c0000005")));
  EXPECT_FALSE(exception_code_of(of("APPCRASH", 6, "c0000005x")));
  EXPECT_FALSE(exception_code_of(of("APPCRASH", 6, "1c0000005")));
  EXPECT_FALSE(exception_code_of(of("AppHangB1", 6, "c0000005")));
}

TEST(ReportMeaning, ReadsOnlyReportsThatWindowsKeepsForTheMachine) {
  constexpr std::string_view kData = R"(C:\ProgramData)";
  const auto file = [&](std::string_view folder) { return report_file(folder, kData); };
  EXPECT_EQ(file(R"(\\?\C:\ProgramData\Microsoft\Windows\WER\ReportArchive\AppCrash_o_1)"),
            R"(\\?\C:\ProgramData\Microsoft\Windows\WER\ReportArchive\AppCrash_o_1\Report.wer)");
  EXPECT_EQ(file(R"(c:\programdata\microsoft\windows\wer\reportqueue\x)"),
            R"(c:\programdata\microsoft\windows\wer\reportqueue\x\Report.wer)");
  for (const auto* folder :
       {"", "x", R"(C:\Users\anna\AppData\Local\Microsoft\Windows\WER\ReportArchive\x)",
        R"(\\server\ProgramData\Microsoft\Windows\WER\ReportArchive\x)",
        R"(C:\ProgramData\Microsoft\Windows\WER\ReportArchive\)",
        R"(C:\ProgramData\Microsoft\Windows\WER\ReportArchive\..)",
        R"(C:\ProgramData\Microsoft\Windows\WER\ReportArchive\..\..\x)",
        R"(C:\ProgramData\Microsoft\Windows\WER\ReportArchive\a\b)",
        R"(C:\ProgramData\Microsoft\Windows\WER\ReportArchive\a/b)",
        R"(C:\ProgramData\Microsoft\Windows\WER\ReportArchive\a:b)",
        R"(C:\ProgramData\Microsoft\Windows\WER\ReportArchive\a.)",
        R"(C:\ProgramData\Microsoft\Windows\WER\Temp\a)",
        R"(C:\ProgramDataX\Microsoft\Windows\WER\ReportArchive\a)"}) {
    EXPECT_EQ(file(folder), "") << folder;
  }
  EXPECT_EQ(report_file(R"(\Microsoft\Windows\WER\ReportArchive\x)", ""), "");
}

}  // namespace
}  // namespace vigil::wer
