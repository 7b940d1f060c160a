// SPDX-License-Identifier: Apache-2.0
// vigil-dumper: one process, one dump. It is started by the service, by the system for a process
// that has crashed, or by a person.
#include <windows.h>
// shellapi.h needs windows.h before it.
#include <shellapi.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/exit_code.h"
#include "base/utf.h"
#include "base/version.h"
#include "capture/capture.h"
#include "platform/platform.h"

namespace {

using vigil::ExitCode;

struct LocalFree {
  void operator()(void* memory) const noexcept { ::LocalFree(memory); }
};

// The C runtime's argv has been through a code page; only Windows itself still has what was typed.
std::vector<std::string> arguments() {
  int count = 0;
  const std::unique_ptr<wchar_t*, LocalFree> words(
      ::CommandLineToArgvW(::GetCommandLineW(), &count));
  std::vector<std::string> result;
  for (int i = 1; words != nullptr && i < count; ++i) {
    const std::wstring_view word(words.get()[i]);
    result.push_back(vigil::utf8_from_utf16(std::u16string(word.begin(), word.end())).text);
  }
  return result;
}

void say(std::string_view text) {
  fmt::print(stderr, "vigil-dumper: {}\n", text);
}

void print_path(const std::filesystem::path& path) {
  fmt::print("{}\n", vigil::utf8_from_path(path));
}

/// Ctrl+C ends the work in good order. A handler gets no argument, so what it stops stands here.
std::stop_source& interruption() {
  static std::stop_source source;
  return source;
}

BOOL WINAPI on_console_event(DWORD event) {
  if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) return FALSE;
  interruption().request_stop();
  return TRUE;
}

/// A line that is written over while the dump grows; only for a person who watches.
class ProgressLine {
 public:
  explicit ProgressLine(bool shown) : shown_(shown) {}
  ~ProgressLine() {
    if (last_percent_ >= 0) std::fputs("\r                    \r", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void operator()(std::uint64_t done, std::uint64_t total) {
    constexpr std::uint64_t kHundred = 100;
    const int percent =
        total < kHundred ? 0 : static_cast<int>(std::min(done / (total / kHundred), kHundred));
    if (!shown_ || percent == last_percent_) return;
    last_percent_ = percent;
    fmt::print(stderr, "\rwriting {:3} %", percent);
  }

 private:
  bool shown_;
  int last_percent_ = -1;
};

ExitCode run(const std::vector<std::string>& args) {
  using namespace vigil;
  const auto asked = [&](std::string_view option) {
    return std::ranges::find(args, option) != args.end();
  };
  if (asked("--help")) {
    fmt::print("{}", capture::dumper_usage());
    return ExitCode::Ok;
  }
  if (asked("--version")) {
    fmt::print("vigil-dumper {}\n", kVersion);
    return ExitCode::Ok;
  }
  const auto options = capture::parse_command_line(args);
  if (!options.ok()) {
    say(options.error().message());
    return ExitCode::Usage;
  }
  ::SetConsoleCtrlHandler(on_console_event, TRUE);
  Status done;
  {
    ProgressLine progress(platform::stderr_is_terminal());
    done = capture::run_dumper(options.value(),
                               {.say = say,
                                .progress = [&](auto now, auto total) { progress(now, total); },
                                .written = print_path,
                                .cancel = interruption().get_token()});
  }
  if (done.ok()) return ExitCode::Ok;
  say(done.error().message());
  return exit_code_for(done.error().code());
}

}  // namespace

int main() {
  // A dumper that crashes must not bring up another, to dump it.
  ::SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
  try {
    return static_cast<int>(run(arguments()));
  } catch (const std::exception& e) {
    say(e.what());
    return static_cast<int>(ExitCode::Failed);
  }
}
