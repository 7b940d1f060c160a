// SPDX-License-Identifier: Apache-2.0
#include "platform/win/child_process.h"

#include <windows.h>

#include <shellapi.h>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "platform/win/pipe.h"
#include "platform/win/processes.h"
#include "platform/win/sandbox.h"
#include "platform/win/security.h"
#include "platform/win/text.h"

namespace vigil::platform {
namespace {

/// As the started program takes its command line apart.
std::vector<std::string> taken_apart(const std::string& line) {
  int count = 0;
  auto** words = ::CommandLineToArgvW(wide_from_utf8(line).c_str(), &count);
  const LocalMemory holder(words);
  std::vector<std::string> result;
  for (int i = 0; i < count; ++i) result.push_back(utf8_from_wide(words[i]));
  return result;
}

TEST(CommandLine, ComesApartIntoWhatItWasMadeFrom) {
  const std::vector<std::string> arguments = {
      "plain", "",           "two words", "quo\"te",        "back\\slash", "ends with\\",
      "\\\"",  "a\\\\\"b c", "tab\there", "D:\\in box\\\\", "käse"};
  auto expected = arguments;
  expected.insert(expected.begin(), "C:\\Program Files\\x.exe");
  EXPECT_EQ(taken_apart(command_line_of(path_from_utf8("C:\\Program Files\\x.exe"), arguments)),
            expected);
}

std::filesystem::path command_interpreter() {
  return std::filesystem::path(L"C:\\windows\\system32\\cmd.exe");
}

TEST(ChildProcess, GivesItsExitCode) {
  const auto child = start_child({.program = command_interpreter(), .arguments = {"/c", "exit 7"}});
  ASSERT_TRUE(child.ok()) << child.error().message();
  ::WaitForSingleObject(child->process.get(), INFINITE);
  EXPECT_EQ(exit_code(child->process.get()).value(), 7u);
}

TEST(ChildProcess, SaysWhichProgramIsNotThere) {
  const auto child = start_child({.program = L"C:\\no such program.exe"});
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().code(), Errc::NotFound);
  EXPECT_NE(child.error().message().find("no such program.exe"), std::string::npos);
}

TEST(ChildProcess, RunsInTheSandboxAndSpeaksThroughItsPipe) {
  const auto token = create_sandbox_token();
  ASSERT_TRUE(token.ok()) << token.error().message();
  const auto job = create_sandbox_job(
      {.memory_bytes = std::uint64_t{256} << 20, .cpu_time = Microseconds{10'000'000}});
  ASSERT_TRUE(job.ok()) << job.error().message();
  auto pipe = create_child_pipe(PipeDirection::FromChild);
  ASSERT_TRUE(pipe.ok()) << pipe.error().message();
  const auto child = start_child({.program = command_interpreter(),
                                  .arguments = {"/c", "echo hello"},
                                  .std_out = pipe->childs.get(),
                                  .token = token->get(),
                                  .job = job->get(),
                                  .background = true,
                                  .hardened = true});
  ASSERT_TRUE(child.ok()) << child.error().message();
  pipe->childs.reset();
  BOOL in_job = FALSE;
  EXPECT_NE(::IsProcessInJob(child->process.get(), job->get(), &in_job), FALSE);
  EXPECT_NE(in_job, FALSE);
  std::array<char, 64> text{};
  OVERLAPPED overlapped{};
  DWORD length = 0;
  ::ReadFile(pipe->ours.get(), text.data(), static_cast<DWORD>(text.size()), nullptr, &overlapped);
  EXPECT_NE(::GetOverlappedResult(pipe->ours.get(), &overlapped, &length, TRUE), FALSE);
  EXPECT_EQ(std::string_view(text.data(), length).substr(0, 5), "hello");
}

TEST(ChildProcess, EndsWithItsJob) {
  auto job = create_kill_on_close_job();
  ASSERT_TRUE(job.ok());
  auto pipe = create_child_pipe(PipeDirection::ToChild);
  ASSERT_TRUE(pipe.ok());
  // It waits for input that does not come.
  const auto child = start_child({.program = command_interpreter(),
                                  .arguments = {"/c", "set /p x="},
                                  .std_in = pipe->childs.get(),
                                  .job = job->get()});
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(::WaitForSingleObject(child->process.get(), 0), DWORD{WAIT_TIMEOUT});
  job->reset();
  EXPECT_EQ(::WaitForSingleObject(child->process.get(), 10'000), WAIT_OBJECT_0);
}

TEST(OpenProcess, RefusesAPidThatIsUsedAgain) {
  const auto start = creation_time(::GetCurrentProcess()).value();
  const ProcessKey other{ProcessId{::GetCurrentProcessId()}, start - Microseconds{1'000'000}};
  const auto process = open_process(other);
  ASSERT_FALSE(process.ok());
  EXPECT_EQ(process.error().code(), Errc::NotFound);
}

TEST(ProcessDetails, KnowsPathAndCommandLine) {
  const auto details = process_details(::GetCurrentProcess(), ProcessId{::GetCurrentProcessId()});
  EXPECT_EQ(ascii_lower(details.path), ascii_lower(utf8_from_path(current_program().value())));
  EXPECT_EQ(details.command_line, utf8_from_wide(::GetCommandLineW()));
}

}  // namespace
}  // namespace vigil::platform
