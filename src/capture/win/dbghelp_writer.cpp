// SPDX-License-Identifier: Apache-2.0
#include "capture/win/dbghelp_writer.h"

#include <dbghelp.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "platform/platform.h"
#include "platform/win/system_library.h"
#include "platform/win/win_error.h"

namespace vigil::capture {
namespace {

using WriteDump = decltype(&::MiniDumpWriteDump);

std::uint64_t size_of(HANDLE file) {
  LARGE_INTEGER size{};
  return ::GetFileSizeEx(file, &size) == FALSE ? 0 : static_cast<std::uint64_t>(size.QuadPart);
}

/// What it calls back for while it writes.
struct Watch {
  const DbghelpRequest& request;
  WrittenByDbghelp written{};
  Status trouble{};
  std::uint64_t next_space_check = 0;

  BOOL on(const MINIDUMP_CALLBACK_INPUT& input, MINIDUMP_CALLBACK_OUTPUT& output) {
    look();
    switch (input.CallbackType) {
      case ThreadCallback:
      case ThreadExCallback: ++written.threads; break;
      case ModuleCallback: ++written.modules; break;
      case CancelCallback:
        output.CheckCancel = TRUE;
        output.Cancel = trouble.ok() ? FALSE : TRUE;
        return TRUE;
      case IncludeThreadCallback:
      case IncludeModuleCallback: break;
      // Nothing to add to any other; an answer would mean something.
      default: return FALSE;
    }
    // Ends the dump where the system does not ask whether to cancel.
    return trouble.ok() ? TRUE : FALSE;
  }

  /// Whether to go on. Free space is asked for after each so many bytes.
  void look() {
    constexpr std::uint64_t kSpaceCheckBytes = 64 << 20;
    if (!trouble.ok()) return;
    if (request.control.cancel.stop_requested()) {
      trouble = Error{Errc::Cancelled, "dump: cancelled"};
      return;
    }
    const auto done = size_of(request.file);
    if (request.control.progress && request.expected_bytes != 0)
      request.control.progress(std::min(done, request.expected_bytes), request.expected_bytes);
    if (request.min_free_bytes == 0 || done < next_space_check) return;
    next_space_check = done + kSpaceCheckBytes;
    const auto free = platform::free_disk_bytes(request.folder);
    if (free.ok() && *free < request.min_free_bytes) {
      trouble = Error{Errc::DiskFull, fmt::format("{} bytes are free, and {} are to stay free",
                                                  *free, request.min_free_bytes)};
    }
  }
};

BOOL CALLBACK on_callback(PVOID watch,
                          PMINIDUMP_CALLBACK_INPUT input,
                          PMINIDUMP_CALLBACK_OUTPUT output) {
  return static_cast<Watch*>(watch)->on(*input, *output);
}

/// The exception in the shape in which it wants it. Points into itself.
class ClientException {
 public:
  explicit ClientException(const ExceptionContent& exception) {
    record_.ExceptionCode = exception.code;
    record_.ExceptionFlags = exception.flags;
    record_.ExceptionAddress =
        reinterpret_cast<void*>(static_cast<std::uintptr_t>(exception.address));
    const auto count =
        std::min<std::size_t>(exception.parameters.size(), EXCEPTION_MAXIMUM_PARAMETERS);
    record_.NumberParameters = static_cast<DWORD>(count);
    std::copy_n(exception.parameters.begin(), count, record_.ExceptionInformation);
    if (exception.context.size() >= sizeof(context_))
      std::memcpy(&context_, exception.context.data(), sizeof(context_));
    information_.ThreadId = exception.thread.value;
    information_.ExceptionPointers = &pointers_;
    information_.ClientPointers = FALSE;
  }
  ClientException(const ClientException&) = delete;
  ClientException& operator=(const ClientException&) = delete;
  [[nodiscard]] MINIDUMP_EXCEPTION_INFORMATION* get() { return &information_; }

 private:
  EXCEPTION_RECORD record_{};
  CONTEXT context_{};
  EXCEPTION_POINTERS pointers_{&record_, &context_};
  MINIDUMP_EXCEPTION_INFORMATION information_{};
};

}  // namespace

Result<WrittenByDbghelp> write_by_dbghelp(const TargetProcess& process,
                                          const DbghelpRequest& request) {
  WriteDump write_dump = nullptr;
  const HMODULE library = platform::system_library(L"dbghelp.dll");
  if (library == nullptr || !platform::find_function(library, "MiniDumpWriteDump", write_dump))
    return Error{Errc::Unsupported, "dbghelp.dll has no MiniDumpWriteDump here"};
  std::optional<ClientException> exception;
  if (request.exception) exception.emplace(*request.exception);
  auto comment = request.comment;
  MINIDUMP_USER_STREAM stream{
      .Type = CommentStreamW,
      .BufferSize = static_cast<ULONG>((comment.size() + 1) * sizeof(char16_t)),
      .Buffer = comment.data()};
  MINIDUMP_USER_STREAM_INFORMATION streams{.UserStreamCount = 1, .UserStreamArray = &stream};
  Watch watch{.request = request};
  MINIDUMP_CALLBACK_INFORMATION callback{.CallbackRoutine = on_callback, .CallbackParam = &watch};
  const BOOL done = write_dump(
      process.handle(), process.pid().value, request.file, static_cast<MINIDUMP_TYPE>(request.mask),
      exception ? exception->get() : nullptr, comment.empty() ? nullptr : &streams, &callback);
  const DWORD code = ::GetLastError();
  VIGIL_TRY(std::move(watch.trouble));
  if (done == FALSE) {
    // It leaves an HRESULT there.
    return platform::from_hresult(
        static_cast<std::int32_t>(code),
        fmt::format("process {}: MiniDumpWriteDump", process.pid().value));
  }
  watch.written.bytes = size_of(request.file);
  return watch.written;
}

}  // namespace vigil::capture
