// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gtest/gtest.h>

#include "eventlog/eventlog.h"

namespace vigil::eventlog {
namespace {

TEST(DotnetText, OfCoreHasTypeAndMessageInOneLine) {
  const auto said = parse_dotnet_text(
      "Application: Orders.exe\nCoreCLR Version: 8.0.23\n.NET Version: 8.0.0\n"
      "Description: The process was terminated due to an unhandled exception.\n"
      "Exception Info: System.InvalidOperationException: no such order\n   at Orders.Main()\n");
  EXPECT_EQ(said.process, "Orders.exe");
  EXPECT_EQ(said.exception, "System.InvalidOperationException: no such order");
}

TEST(DotnetText, OfTheFrameworkHasTheTypeOnly) {
  const auto said = parse_dotnet_text(
      "Application: Orders.exe\r\nFramework Version: v4.0.30319\r\nDescription: unhandled.\r\n"
      "Exception Info: System.NullReferenceException\r\nStack:\r\n   at Orders.Main()\r\n");
  EXPECT_EQ(said.exception, "System.NullReferenceException");
}

TEST(DotnetText, OfFailFastHasAMessage) {
  const auto said = parse_dotnet_text(
      "Application: Orders.exe\nDescription: The application requested process termination.\n"
      "Message: invariant broken\nStack:\n");
  EXPECT_EQ(said.exception, "invariant broken");
}

TEST(DotnetText, WithoutEitherTheDescriptionStandsForIt) {
  const auto said = parse_dotnet_text(
      "Application: Orders.exe\nDescription: The process was terminated due to an internal error "
      "in the .NET Runtime at IP 00007FFB (00007FFA) with exit code 80131506.\n");
  EXPECT_TRUE(said.exception.starts_with("The process was terminated due to an internal error"));
}

TEST(DotnetText, LabelsOfTheFirstLineMayBeTranslated) {
  EXPECT_EQ(parse_dotnet_text("Anwendung: C:\\x\\Orders.exe\n").process, "Orders.exe");
}

TEST(DotnetText, OfAnythingElseIsEmpty) {
  EXPECT_EQ(parse_dotnet_text("").process, "");
  EXPECT_EQ(parse_dotnet_text("nothing to see").process, "");
  EXPECT_LE(parse_dotnet_text("A: " + std::string(100'000, 'x')).process.size(), 1'000u);
}

}  // namespace
}  // namespace vigil::eventlog
