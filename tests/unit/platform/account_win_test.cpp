// SPDX-License-Identifier: Apache-2.0
#include "platform/win/account.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "platform/win/processes.h"
#include "platform/win/sessions.h"
#include "platform/win/version.h"

namespace vigil::platform {
namespace {

TEST(AccountNames, AreThoseOfWhomThisProgramRunsAs) {
  const auto user = process_user(ProcessId{::GetCurrentProcessId()});
  ASSERT_TRUE(user.ok());
  const auto names = account_names(user->user);
  ASSERT_EQ(names.size(), 3u);
  EXPECT_TRUE(names[0].ends_with('\\' + names[1])) << names[0];
  EXPECT_FALSE(names[1].empty());
  EXPECT_EQ(names[2], user->user);
  EXPECT_EQ(account_names(user->user), names) << "the second time they are remembered";
}

TEST(AccountNames, OfNobodyThereAreNone) {
  EXPECT_TRUE(account_names("").empty());
  EXPECT_EQ(account_names("no SID"), std::vector<std::string>{"no SID"});
  const std::string nobody = "S-1-5-21-1-2-3-4444";
  EXPECT_EQ(account_names(nobody), std::vector{nobody});
}

TEST(FileVersion, IsFourNumbers) {
  const auto version = file_version(R"(C:\windows\system32\kernel32.dll)");
  EXPECT_EQ(std::ranges::count(version, '.'), 3) << version;
  EXPECT_EQ(version.find_first_not_of("0123456789."), std::string::npos) << version;
}

TEST(FileVersion, IsEmptyWhereThereIsNone) {
  EXPECT_EQ(file_version(""), "");
  EXPECT_EQ(file_version(R"(C:\no-such-file.exe)"), "");
  EXPECT_EQ(file_version(R"(\\server\share\x.exe)"), "") << "nobody else's machine is asked";
  EXPECT_EQ(file_version("kernel32.dll"), "");
}

TEST(PeopleSessions, AreNotThatOfServices) {
  for (const auto session : people_sessions()) EXPECT_NE(session, 0u);
}

}  // namespace
}  // namespace vigil::platform
