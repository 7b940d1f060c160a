// SPDX-License-Identifier: Apache-2.0
#include "platform/win/pipe.h"

#include <array>
#include <cstdint>
#include <string>

#include <windows.h>

#include <bcrypt.h>

#include <fmt/format.h>
#include <fmt/xchar.h>

#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

constexpr DWORD kPipeBufferBytes = 64 * 1024;

Result<std::wstring> unguessable_name() {
  std::array<std::uint64_t, 2> random{};
  const NTSTATUS status = ::BCryptGenRandom(nullptr, reinterpret_cast<PUCHAR>(random.data()),
                                            sizeof(random), BCRYPT_USE_SYSTEM_PREFERRED_RNG);
  if (status < 0) return from_ntstatus(status, "cannot get random bytes");
  return fmt::format(L"\\\\.\\pipe\\vigil-child-{:016x}{:016x}", random[0], random[1]);
}

}  // namespace

Result<ChildPipe> create_child_pipe(PipeDirection direction) {
  VIGIL_TRY_ASSIGN(const auto name, unguessable_name());
  const bool reading = direction == PipeDirection::FromChild;
  ChildPipe pipe;
  pipe.ours =
      FileHandle(::CreateNamedPipeW(name.c_str(),
                                    (reading ? PIPE_ACCESS_INBOUND : PIPE_ACCESS_OUTBOUND) |
                                        FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                                    PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
                                    kPipeBufferBytes, kPipeBufferBytes, 0, nullptr));
  if (!pipe.ours) return from_last_error("cannot create a pipe to a child process");
  SECURITY_ATTRIBUTES inheritable{sizeof(inheritable), nullptr, TRUE};
  pipe.childs = FileHandle(::CreateFileW(name.c_str(), reading ? GENERIC_WRITE : GENERIC_READ, 0,
                                         &inheritable, OPEN_EXISTING, 0, nullptr));
  if (!pipe.childs) return from_last_error("cannot open a child process's end of a pipe");
  return pipe;
}

}  // namespace vigil::platform
