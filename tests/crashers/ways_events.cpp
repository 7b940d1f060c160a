// SPDX-License-Identifier: Apache-2.0
// What only a debugger sees of a program that lives on: exceptions that are handled, what is said
// to a debugger, modules, threads.
#include <cstddef>

#include "crashers/inner.h"
#include "crashers/wait.h"

namespace {

DWORD handled_code = 0;

LONG CALLBACK handle_it(EXCEPTION_POINTERS* pointers) {
  return pointers->ExceptionRecord->ExceptionCode == handled_code ? EXCEPTION_CONTINUE_EXECUTION
                                                                  : EXCEPTION_CONTINUE_SEARCH;
}

}  // namespace

VIGIL_EXPORT int inner_load_module(std::uint32_t) {
  const auto load_all = [](void*) -> DWORD {
    for (;;) {
      if (HMODULE library = ::LoadLibraryW(L"avifil32.dll"); library != nullptr)
        ::FreeLibrary(library);
      ::WaitForSingleObject(::GetCurrentThread(), 200);
    }
  };
  ::CreateThread(nullptr, 0, load_all, nullptr, 0, nullptr);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

namespace {

/// Longer than the dumper's pause between two questions: it has time for what comes next.
constexpr DWORD kPauseMs = 2500;

DWORD WINAPI wait_for_ever(void*) {
  ::Sleep(INFINITE);
  return 0;
}

void kill_worker(std::uint32_t exit_code) {
  const HANDLE worker = ::CreateThread(nullptr, 0, wait_for_ever, nullptr, 0, nullptr);
  ::Sleep(100);
  ::TerminateThread(worker, exit_code);
  ::Sleep(100);
}

}  // namespace

VIGIL_EXPORT int inner_thread_end(std::uint32_t value) {
  kill_worker(value + 1);
  kill_worker(value);
  ::CreateThread(nullptr, 0, wait_for_ever, nullptr, 0, nullptr);
  ::Sleep(kPauseMs);
  ::ExitProcess(value);
}

VIGIL_EXPORT int inner_thread_start(std::uint32_t value) {
  ::CreateThread(nullptr, 0, wait_for_ever, nullptr, 0, nullptr);
  ::Sleep(value);
  const HMODULE library = ::LoadLibraryW(L"avifil32.dll");
  const auto function = ::GetProcAddress(library, "AVIFileInit");
  // It takes nothing and returns nothing, as the system does not mind.
  const auto start = reinterpret_cast<LPTHREAD_START_ROUTINE>(reinterpret_cast<void*>(function));
  ::CreateThread(nullptr, 0, start, nullptr, 0, nullptr);
  ::Sleep(kPauseMs);
  return 0;
}

VIGIL_EXPORT int inner_debug_text(std::uint32_t) {
  const auto say_all = [](void*) -> DWORD {
    for (;;) {
      ::OutputDebugStringW(L"nothing to see here\n");
      ::OutputDebugStringW(L"orders: timeout of the bank\n");
      ::WaitForSingleObject(::GetCurrentThread(), 200);
    }
  };
  ::CreateThread(nullptr, 0, say_all, nullptr, 0, nullptr);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

namespace {

/// What the compiler of Microsoft leaves for one type that is thrown; offsets are from its own
/// beginning, which is given for the base of the image.
struct ThrownType {
  std::uint32_t attributes = 0, unwind = 0, compatible = 0;
  std::uint32_t types = offsetof(ThrownType, count);
  std::uint32_t count = 1;
  std::uint32_t first = offsetof(ThrownType, properties);
  std::uint32_t properties = 0;
  std::uint32_t descriptor = offsetof(ThrownType, table);
  std::uint64_t table = 0, spare = 0;
  char name[32] = ".?AVtimeout_error@orders@@";
};
ThrownType thrown_type;

}  // namespace

VIGIL_EXPORT int inner_msvc_exception(std::uint32_t) {
  constexpr DWORD kCppException = 0xe06d'7363;
  handled_code = kCppException;
  ::AddVectoredExceptionHandler(1, handle_it);
  const auto throw_all = [](void*) -> DWORD {
    for (;;) {
      const auto type = reinterpret_cast<ULONG_PTR>(&thrown_type);
      const ULONG_PTR parameters[] = {0x1993'0520, type, type, type};
      ::RaiseException(kCppException, 0, 4, parameters);
      ::WaitForSingleObject(::GetCurrentThread(), 200);
    }
  };
  ::CreateThread(nullptr, 0, throw_all, nullptr, 0, nullptr);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

VIGIL_EXPORT int inner_first_chance(std::uint32_t value) {
  handled_code = value;
  ::AddVectoredExceptionHandler(1, handle_it);
  const auto raise_all = [](void*) -> DWORD {
    for (;;) {
      ::RaiseException(handled_code, 0, 0, nullptr);
      ::WaitForSingleObject(::GetCurrentThread(), 50);
    }
  };
  ::CreateThread(nullptr, 0, raise_all, nullptr, 0, nullptr);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}
