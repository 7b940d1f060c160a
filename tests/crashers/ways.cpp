// SPDX-License-Identifier: Apache-2.0
#include "crashers/ways.h"

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#ifdef _MSC_VER
#include <intrin.h>
#endif

#include "crashers/inner.h"
#include "crashers/wait.h"

namespace {

using Die = int (*)(std::uint32_t);

// No pointer for the compiler to reason about: it would warn, or drop what follows.
volatile int* unmapped(std::uint32_t value) {
  volatile std::uintptr_t address = value;
  return reinterpret_cast<volatile int*>(address);
}

DWORD WINAPI linger_thread(void* number) {
  vigil::crasher::name_this_thread(L"worker-" +
                                   std::to_wstring(reinterpret_cast<std::uintptr_t>(number)));
  ::Sleep(INFINITE);
  return 0;
}

}  // namespace

VIGIL_EXPORT int inner_access_violation(std::uint32_t value) {
  *unmapped(value) = 1;
  return 0;
}

VIGIL_EXPORT int inner_stack_overflow(std::uint32_t value) {
  // More than a page, as a large local would be: its probe meets the guard page with room left for
  // the system to tell of it. With small frames Wine ends the thread without a word.
  volatile char frame[8192];
  frame[value % sizeof frame] = 1;
  Die volatile again = inner_stack_overflow;
  return again(value + 1) + frame[value % sizeof frame];
}

VIGIL_EXPORT int inner_fastfail(std::uint32_t value) {
#ifdef _MSC_VER
  __fastfail(value);
#else
  __asm__ volatile("int $0x29" : : "c"(value));
  return 0;
#endif
}

VIGIL_EXPORT int inner_cpp_exception(std::uint32_t value) {
  throw std::runtime_error("nobody catches number " + std::to_string(value));
}

VIGIL_EXPORT int inner_abort(std::uint32_t) {
  std::abort();
}

VIGIL_EXPORT int inner_divide(std::uint32_t value) {
  volatile std::uint32_t zero = 0;
  return static_cast<int>(value / zero);
}

VIGIL_EXPORT int inner_illegal(std::uint32_t) {
#ifdef _MSC_VER
  __ud2();
#else
  __asm__ volatile("ud2");
#endif
  return 0;
}

VIGIL_EXPORT int inner_breakpoint(std::uint32_t) {
  ::DebugBreak();
  return 0;
}

VIGIL_EXPORT int inner_exit(std::uint32_t value) {
  ::ExitProcess(value);
}

VIGIL_EXPORT int inner_terminate(std::uint32_t value) {
  ::TerminateProcess(::GetCurrentProcess(), value);
  return 0;
}

VIGIL_EXPORT DWORD WINAPI inner_thread_crash_worker(void* value) {
  vigil::crasher::name_this_thread(L"worker-that-dies");
  *static_cast<volatile int*>(value) = 1;
  return 0;
}

VIGIL_EXPORT int inner_thread_crash(std::uint32_t value) {
  const auto address = reinterpret_cast<void*>(static_cast<std::uintptr_t>(value));
  const HANDLE thread = ::CreateThread(nullptr, 0, inner_thread_crash_worker, address, 0, nullptr);
  return static_cast<int>(::WaitForSingleObject(thread, INFINITE));
}

VIGIL_EXPORT int inner_threads(std::uint32_t value) {
  for (std::uintptr_t number = 1; number <= value; ++number) {
    ::CreateThread(nullptr, 0, linger_thread, reinterpret_cast<void*>(number), 0, nullptr);
  }
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

VIGIL_EXPORT int inner_linger(std::uint32_t) {
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

VIGIL_EXPORT int inner_secrets(std::uint32_t) {
  volatile char on_stack[64] = {};
  auto* in_heap = new char[64]();
  std::snprintf(in_heap, 64, "secret-of-the-%s", "heap");
  for (std::size_t i = 0; in_heap[i] != '\0'; ++i) on_stack[i] = in_heap[i];
  const char* const where = "stack";
  for (std::size_t i = 0; i < 6; ++i) on_stack[14 + i] = where[i];
  vigil::crasher::wait_until_stdin_closes();
  return on_stack[0] + in_heap[0];
}

VIGIL_EXPORT int inner_big(std::uint32_t value) {
  const std::uint64_t size = value * vigil::crasher::kMegabyte;
  auto* memory = static_cast<volatile std::uint64_t*>(
      ::VirtualAlloc(nullptr, static_cast<SIZE_T>(size), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
  if (memory == nullptr) return 1;
  // Numbers that a compressor cannot guess; the same ones each time.
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (std::uint64_t i = 0; i < size / sizeof state; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    memory[i] = state;
  }
  std::puts("filled");
  std::fflush(stdout);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

VIGIL_EXPORT int inner_big_crash(std::uint32_t value) {
  (void)inner_big(value);
  return inner_access_violation(0x10);
}

namespace vigil::crasher {

std::span<const Way> ways() {
  constexpr std::uint32_t kNearNull = 0x10;
  constexpr std::uint32_t kFatalAppExit = 7;
  static constexpr std::array kWays = {
      Way{"access_violation", "write to the address --value", kNearNull, inner_access_violation},
      Way{"stack_overflow", "recurse without end", 0, inner_stack_overflow},
      Way{"fastfail", "int 29h with --value", kFatalAppExit, inner_fastfail},
      Way{"cpp_exception", "throw what nobody catches", 1, inner_cpp_exception},
      Way{"abort", "call abort()", 0, inner_abort},
      Way{"divide", "divide --value by zero", 1, inner_divide},
      Way{"illegal", "run an undefined instruction", 0, inner_illegal},
      Way{"breakpoint", "call DebugBreak() without a debugger", 0, inner_breakpoint},
      Way{"exit", "ExitProcess(--value)", 0, inner_exit},
      Way{"terminate", "TerminateProcess(self, --value)", 1, inner_terminate},
      Way{"thread_crash", "write to --value in a second thread", kNearNull, inner_thread_crash},
      Way{"threads", "start --value named threads, wait until stdin closes", 8, inner_threads},
      Way{"linger", "wait until stdin closes", 0, inner_linger},
      Way{"secrets", "keep a secret on the stack and one in the heap, until stdin closes", 0,
          inner_secrets},
      Way{"spin", "--value threads that never rest, until stdin closes", 1, inner_spin},
      Way{"grow", "commit --value MB more ten times a second, until stdin closes", 1, inner_grow},
      Way{"serve", "answer HTTP on port --value, until stdin closes", 8080, inner_serve},
      Way{"stuck_server", "listen on port --value and never answer, until stdin closes", 8080,
          inner_stuck_server},
      Way{"window", "show a window and serve it, until stdin closes", 0, inner_window},
      Way{"hung_window", "show a window and never serve it, until stdin closes", 0,
          inner_hung_window},
      Way{"first_chance", "raise --value and handle it, again and again, until stdin closes",
          0xe000'0001, inner_first_chance},
      Way{"msvc_exception", "throw orders::timeout_error and handle it, until stdin closes", 0,
          inner_msvc_exception},
      Way{"debug_text", "say a line to a debugger again and again, until stdin closes", 0,
          inner_debug_text},
      Way{"load_module", "load avifil32.dll again and again, until stdin closes", 0,
          inner_load_module},
      Way{"thread_end", "end a thread with one more than --value, one with --value, then itself", 7,
          inner_thread_end},
      Way{"thread_start", "start a thread in itself and after --value ms one in avifil32.dll", 100,
          inner_thread_start},
      Way{"stuck_service", "as a service: never stop, with a wait hint of --value ms; 0: stop",
          1000, inner_stuck_service},
      Way{"handles", "open --value handles, wait until stdin closes", 1000, inner_handles},
      Way{"big", "commit and fill --value MB, wait until stdin closes", 64, inner_big},
      Way{"big_crash", "the same, and then an access violation", 64, inner_big_crash},
  };
  return kWays;
}

}  // namespace vigil::crasher
