// SPDX-License-Identifier: Apache-2.0
#include "text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "commands.h"

namespace vigil::cli {
namespace {

constexpr const char* kReplaced = "\xef\xbf\xbd";

TEST(OneLine, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(one_line("größe 日本 💥.exe"), "größe 日本 💥.exe");
}

TEST(OneLine, DisarmsEscapeSequences) {
  EXPECT_EQ(one_line("\x1b]0;owned\x07"), std::string(kReplaced) + "]0;owned" + kReplaced);
  EXPECT_EQ(one_line("\xc2\x9b"
                     "31m"),
            std::string(kReplaced) + "31m");
  EXPECT_EQ(one_line("\xff"), kReplaced);
}

TEST(OneLine, IsOneLine) {
  EXPECT_EQ(one_line("a\nb\tc"), "a b c");
  EXPECT_EQ(one_line("a\xe2\x80\xa8"
                     "b"),
            std::string("a") + kReplaced + "b");
}

TEST(OneLine, DoesNotLetANameTurnTheDirectionRound) {
  EXPECT_EQ(one_line("gpj\xe2\x80\xae"
                     "exe.exe"),
            std::string("gpj") + kReplaced + "exe.exe");
}

TEST(DisplayWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("größe"), 5u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("💥"), 2u);
  EXPECT_EQ(display_width("e\xcc\x81"), 1u);
}

TEST(CutToWidth, SaysThatSomethingIsMissing) {
  EXPECT_EQ(cut_to_width("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to_width("abcdef", 5), "abcd…");
  EXPECT_EQ(cut_to_width("日本語", 5), "日本…");
  EXPECT_EQ(cut_to_width("日本語", 4), "日…");
  EXPECT_EQ(cut_to_width("abc", 1), "…");
  EXPECT_EQ(cut_to_width("abc", 0), "");
}

TEST(InternalError, IsJsonWhereThatWasAskedFor) {
  const auto report = [](const std::vector<std::string>& args) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    EXPECT_EQ(report_internal_error("vector::at", args), ExitCode::Failed);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "vigil: internal error: vector::at\n");
    return testing::internal::GetCapturedStdout();
  };
  EXPECT_EQ(report({"analyze", "a.dmp"}), "");
  const std::string json = R"({"error":{"code":"internal","message":"internal error: vector::at"}})"
                           "\n";
  EXPECT_EQ(report({"analyze", "a.dmp", "--json"}), json);
  EXPECT_EQ(report({"analyze", "--dump-handle=12"}), json);
}

}  // namespace
}  // namespace vigil::cli
