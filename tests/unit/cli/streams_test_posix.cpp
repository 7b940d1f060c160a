// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "console.h"
#include "unit/cli/cli_fixture.h"

namespace vigil::cli {
namespace {

/// The exit code of `vigil completion bash` with stdout made by \p redirect, in a process of its
/// own.
int exit_code_with_stdout(const std::function<int()>& redirect) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::dup2(redirect(), STDOUT_FILENO) < 0) ::_exit(99);
    ::_exit(static_cast<int>(run({"completion", "bash"})));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Streams, AReaderThatWentAwayIsNoError) {
  EXPECT_EQ(exit_code_with_stdout([] {
              int ends[2] = {-1, -1};
              if (::pipe(ends) != 0) return -1;
              ::close(ends[0]);
              return ends[1];
            }),
            0);
}

TEST(Streams, AFullDiskIsAnError) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "there is no /dev/full here";
  EXPECT_EQ(exit_code_with_stdout([] { return ::open("/dev/full", O_WRONLY); }), 1);
}

TEST(Streams, APipeHasNoWidth) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(terminal_width(), std::nullopt);
  (void)testing::internal::GetCapturedStdout();
}

}  // namespace
}  // namespace vigil::cli
