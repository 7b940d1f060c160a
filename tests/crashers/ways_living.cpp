// SPDX-License-Identifier: Apache-2.0
// Programs that live on and are in trouble: they use up what there is, or do not answer.
#include <cstdio>
#include <cstring>

#include "crashers/inner.h"
#include "crashers/wait.h"

VIGIL_EXPORT DWORD WINAPI inner_spin_worker(void*) {
  vigil::crasher::name_this_thread(L"worker-that-spins");
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
  const auto bytes =
      static_cast<SIZE_T>(reinterpret_cast<std::uintptr_t>(step) * vigil::crasher::kMegabyte);
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
