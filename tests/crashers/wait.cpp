// SPDX-License-Identifier: Apache-2.0
#include "crashers/wait.h"

#include <windows.h>

namespace vigil::crasher {

bool wait_for_debugger(std::uint32_t seconds) {
  constexpr DWORD kPollMs = 10;
  const ULONGLONG deadline = ::GetTickCount64() + 1000ull * seconds;
  while (::IsDebuggerPresent() == FALSE) {
    if (::GetTickCount64() >= deadline) return false;
    ::Sleep(kPollMs);  // Windows has no event for it, and nobody ships this program.
  }
  return true;
}

void wait_until_stdin_closes() {
  char byte = 0;
  DWORD read = 0;
  while (::ReadFile(::GetStdHandle(STD_INPUT_HANDLE), &byte, sizeof byte, &read, nullptr) !=
             FALSE &&
         read != 0) {
  }
}

}  // namespace vigil::crasher
