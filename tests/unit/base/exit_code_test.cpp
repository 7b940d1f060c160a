// SPDX-License-Identifier: Apache-2.0
#include "base/exit_code.h"

#include <gtest/gtest.h>

namespace vigil {
namespace {

// Scripts depend on these numbers.
static_assert(static_cast<int>(ExitCode::Ok) == 0);
static_assert(static_cast<int>(ExitCode::Failed) == 1);
static_assert(static_cast<int>(ExitCode::Usage) == 2);
static_assert(static_cast<int>(ExitCode::NotFound) == 3);
static_assert(static_cast<int>(ExitCode::Partial) == 4);
static_assert(static_cast<int>(ExitCode::ServiceNotRunning) == 5);
static_assert(static_cast<int>(ExitCode::Denied) == 6);
static_assert(static_cast<int>(ExitCode::RefusedByLimit) == 7);

TEST(ExitCode, FollowsFromTheError) {
  EXPECT_EQ(exit_code_for(Errc::NotFound), ExitCode::NotFound);
  EXPECT_EQ(exit_code_for(Errc::AccessDenied), ExitCode::Denied);
  EXPECT_EQ(exit_code_for(Errc::LimitExceeded), ExitCode::RefusedByLimit);
  for (const auto code : {Errc::Truncated, Errc::Malformed, Errc::Unsupported, Errc::Busy,
                          Errc::Cancelled, Errc::DiskFull, Errc::Io, Errc::Internal}) {
    EXPECT_EQ(exit_code_for(code), ExitCode::Failed) << to_string(code);
  }
}

}  // namespace
}  // namespace vigil
