// SPDX-License-Identifier: Apache-2.0
// Runs in the session of a person, as that person, and says once a second whose windows there do
// not respond. It reads nothing but the end of its input.
#include <windows.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host.h"
#include "platform/win/handle.h"
#include "platform/win/system_library.h"
#include "window_report.h"

namespace vigil::service {
namespace {

constexpr DWORD kEveryMs = 1000;

/// user32, which the service itself never loads: it would make it a program with a desktop.
struct User32 {
  decltype(&::EnumWindows) enum_windows = nullptr;
  decltype(&::IsHungAppWindow) is_hung = nullptr;
  decltype(&::IsWindowVisible) is_visible = nullptr;
  decltype(&::GetWindowThreadProcessId) process_of = nullptr;
  decltype(&::GetClassNameW) class_name = nullptr;

  [[nodiscard]] bool load() {
    using platform::find_function;
    const HMODULE library = platform::system_library(L"user32.dll");
    return library != nullptr && find_function(library, "EnumWindows", enum_windows) &&
           find_function(library, "IsHungAppWindow", is_hung) &&
           find_function(library, "IsWindowVisible", is_visible) &&
           find_function(library, "GetWindowThreadProcessId", process_of) &&
           find_function(library, "GetClassNameW", class_name);
  }
};

/// The window manager shows this one in the place of a window that does not respond.
bool is_ghost(const User32& user32, HWND window) {
  std::array<wchar_t, 16> name{};
  user32.class_name(window, name.data(), static_cast<int>(name.size()));
  return std::wstring_view(name.data()) == L"Ghost";
}

struct Look {
  const User32& user32;
  std::vector<ProcessId> hung;
};

BOOL CALLBACK take_window(HWND window, LPARAM look_pointer) {
  auto& look = *reinterpret_cast<Look*>(look_pointer);
  if (look.user32.is_visible(window) == FALSE || look.user32.is_hung(window) == FALSE) return TRUE;
  DWORD process = 0;
  if (is_ghost(look.user32, window) || look.user32.process_of(window, &process) == 0) return TRUE;
  look.hung.push_back(ProcessId{process});
  return TRUE;
}

std::vector<ProcessId> hung_processes(const User32& user32) {
  Look look{user32, {}};
  user32.enum_windows(take_window, reinterpret_cast<LPARAM>(&look));
  std::ranges::sort(look.hung);
  const auto repeated = std::ranges::unique(look.hung);
  look.hung.erase(repeated.begin(), repeated.end());
  return std::move(look.hung);
}

bool say(HANDLE output, std::string line) {
  line += '\n';
  DWORD written = 0;
  return ::WriteFile(output, line.data(), static_cast<DWORD>(line.size()), &written, nullptr) !=
             FALSE &&
         written == line.size();
}

}  // namespace

ExitCode run_window_helper() {
  User32 user32;
  if (!user32.load()) return ExitCode::Failed;
  const platform::KernelHandle end(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  if (!end) return ExitCode::Failed;
  // Whoever started this one closes its input when it has enough of it, or is gone.
  std::thread([input = ::GetStdHandle(STD_INPUT_HANDLE), &end] {
    std::array<char, 16> anything{};
    DWORD read = 0;
    while (::ReadFile(input, anything.data(), static_cast<DWORD>(anything.size()), &read,
                      nullptr) != FALSE &&
           read > 0) {
    }
    ::SetEvent(end.get());
  }).detach();
  const HANDLE output = ::GetStdHandle(STD_OUTPUT_HANDLE);
  while (say(output, window_report(hung_processes(user32)))) {
    if (::WaitForSingleObject(end.get(), kEveryMs) != WAIT_TIMEOUT) break;
  }
  // The thread that waits for the end holds on to what lies here.
  ::ExitProcess(static_cast<UINT>(ExitCode::Ok));
}

}  // namespace vigil::service
