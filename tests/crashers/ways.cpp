// SPDX-License-Identifier: Apache-2.0
#include "crashers/ways.h"

// winsock2.h comes before windows.h.
#include <windows.h>
#include <winsock2.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>
#ifdef _MSC_VER
#include <intrin.h>
#endif

#include "crashers/wait.h"

#define VIGIL_EXPORT extern "C" __declspec(dllexport)

namespace {

using Die = int (*)(std::uint32_t);

constexpr std::uint64_t kMegabyte = 1 << 20;

// No pointer for the compiler to reason about: it would warn, or drop what follows.
volatile int* unmapped(std::uint32_t value) {
  volatile std::uintptr_t address = value;
  return reinterpret_cast<volatile int*>(address);
}

// The import libraries of mingw-w64 10 do not have it.
void name_this_thread(const std::wstring& name) {
  using SetThreadDescriptionFunction = HRESULT(WINAPI*)(HANDLE, PCWSTR);
  const HMODULE kernel = ::GetModuleHandleW(L"kernelbase.dll");
  const auto address = reinterpret_cast<void*>(::GetProcAddress(kernel, "SetThreadDescription"));
  if (address == nullptr) return;
  (void)reinterpret_cast<SetThreadDescriptionFunction>(address)(::GetCurrentThread(), name.c_str());
}

DWORD WINAPI linger_thread(void* number) {
  name_this_thread(L"worker-" + std::to_wstring(reinterpret_cast<std::uintptr_t>(number)));
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
  name_this_thread(L"worker-that-dies");
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
  const std::uint64_t size = value * kMegabyte;
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

VIGIL_EXPORT DWORD WINAPI inner_spin_worker(void*) {
  name_this_thread(L"worker-that-spins");
  for (volatile std::uint64_t round = 0;; round = round + 1) {
  }
}

VIGIL_EXPORT int inner_spin(std::uint32_t value) {
  for (std::uint32_t i = 0; i < value; ++i)
    ::CreateThread(nullptr, 0, inner_spin_worker, nullptr, 0, nullptr);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

VIGIL_EXPORT DWORD WINAPI inner_grow_worker(void* step) {
  constexpr DWORD kPause = 100;
  const auto bytes = static_cast<SIZE_T>(reinterpret_cast<std::uintptr_t>(step) * kMegabyte);
  for (;; ::Sleep(kPause)) {
    auto* memory = ::VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (memory != nullptr) std::memset(memory, 1, bytes);
  }
}

VIGIL_EXPORT int inner_grow(std::uint32_t value) {
  const auto step = reinterpret_cast<void*>(static_cast<std::uintptr_t>(value));
  ::CreateThread(nullptr, 0, inner_grow_worker, step, 0, nullptr);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

/// Listens on port \p value. Answers one request a connection, well or not at all, as \p answers
/// says, until stdin closes.
int serve(std::uint32_t port, bool answers) {
  WSADATA data{};
  ::WSAStartup(MAKEWORD(2, 2), &data);
  const SOCKET listener = ::socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = ::htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, SOMAXCONN) != 0) {
    return 1;
  }
  const auto accept_all = [](void* socket) -> DWORD {
    static constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for (;;) {
      const SOCKET taken = ::accept(reinterpret_cast<SOCKET>(socket), nullptr, nullptr);
      char request[1024];
      if (::recv(taken, request, sizeof request, 0) > 0)
        ::send(taken, kAnswer, sizeof kAnswer - 1, 0);
      ::closesocket(taken);
    }
  };
  if (answers)
    ::CreateThread(nullptr, 0, accept_all, reinterpret_cast<void*>(listener), 0, nullptr);
  std::puts("listening");
  std::fflush(stdout);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

VIGIL_EXPORT int inner_serve(std::uint32_t value) {
  return serve(value, true);
}

VIGIL_EXPORT int inner_stuck_server(std::uint32_t value) {
  return serve(value, false);
}

VIGIL_EXPORT int inner_handles(std::uint32_t value) {
  for (std::uint32_t i = 0; i < value; ++i) ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

/// A window as any program has one.
void show_window() {
  ::CreateWindowExW(0, L"STATIC", L"orders", WS_OVERLAPPEDWINDOW | WS_VISIBLE, 0, 0, 200, 100,
                    nullptr, nullptr, nullptr, nullptr);
}

VIGIL_EXPORT int inner_hung_window(std::uint32_t) {
  show_window();
  std::puts("shown");
  std::fflush(stdout);
  vigil::crasher::wait_until_stdin_closes();
  return 0;
}

VIGIL_EXPORT int inner_window(std::uint32_t) {
  show_window();
  const auto end = [](void*) -> DWORD {
    vigil::crasher::wait_until_stdin_closes();
    ::ExitProcess(0);
  };
  ::CreateThread(nullptr, 0, end, nullptr, 0, nullptr);
  MSG message;
  while (::GetMessageW(&message, nullptr, 0, 0) > 0) ::DispatchMessageW(&message);
  return 0;
}

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

namespace {

SERVICE_STATUS_HANDLE service_status = nullptr;

void report_service(DWORD state, DWORD wait_hint_ms) {
  SERVICE_STATUS status{};
  status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
  status.dwCurrentState = state;
  status.dwControlsAccepted = state == SERVICE_RUNNING ? DWORD{SERVICE_ACCEPT_STOP} : 0;
  status.dwCheckPoint = state == SERVICE_STOP_PENDING ? 1 : 0;
  status.dwWaitHint = wait_hint_ms;
  ::SetServiceStatus(service_status, &status);
}

DWORD service_wait_hint_ms = 0;

/// Says that it stops, and does not, unless it has no wait hint to give.
DWORD WINAPI on_service_control(DWORD control, DWORD, void*, void*) {
  if (control != SERVICE_CONTROL_STOP) return NO_ERROR;
  const auto state = service_wait_hint_ms == 0 ? SERVICE_STOPPED : SERVICE_STOP_PENDING;
  report_service(static_cast<DWORD>(state), service_wait_hint_ms);
  return NO_ERROR;
}

void WINAPI service_main(DWORD, wchar_t** names) {
  service_status = ::RegisterServiceCtrlHandlerExW(names[0], on_service_control, nullptr);
  report_service(SERVICE_RUNNING, 0);
}

}  // namespace

VIGIL_EXPORT int inner_stuck_service(std::uint32_t value) {
  service_wait_hint_ms = value;
  wchar_t name[] = L"";
  const SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {nullptr, nullptr}};
  return ::StartServiceCtrlDispatcherW(table) != FALSE ? 0 : 1;
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
