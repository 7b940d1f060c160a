// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <windows.h>
// shellapi.h needs windows.h before it.
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "base/utf.h"

namespace vigil::cli {
namespace {

struct LocalFree {
  void operator()(void* memory) const noexcept { ::LocalFree(memory); }
};

std::u16string_view as_utf16(const wchar_t* text) {
  static_assert(sizeof(wchar_t) == sizeof(char16_t));
  return reinterpret_cast<const char16_t*>(text);
}

/// A console takes this many characters at once for sure.
constexpr std::size_t kMaxConsoleWrite = 8'000;

bool write_console(HANDLE console, std::string_view text) {
  const auto utf16 = utf16_from_utf8(text);
  for (std::size_t at = 0; at < utf16.size();) {
    const auto size = std::min(utf16.size() - at, kMaxConsoleWrite);
    DWORD written = 0;
    if (!::WriteConsoleW(console, utf16.data() + at, static_cast<DWORD>(size), &written, nullptr) ||
        written == 0) {
      return false;
    }
    at += written;
  }
  return true;
}

}  // namespace

// The C runtime's argv has been through a code page; only Windows itself still has what was typed.
std::vector<std::string> arguments(int /*argc*/, char** /*argv*/) {
  int count = 0;
  const std::unique_ptr<wchar_t*, LocalFree> words(
      ::CommandLineToArgvW(::GetCommandLineW(), &count));
  std::vector<std::string> result;
  if (words == nullptr) return result;
  for (int i = 1; i < count; ++i) result.push_back(utf8_from_utf16(as_utf16(words.get()[i])).text);
  return result;
}

void prepare_streams() {
  // A stream that is closed has no descriptor; writing to it fails later, where that is noticed.
  (void)::_setmode(::_fileno(stdout), _O_BINARY);
  (void)::_setmode(::_fileno(stderr), _O_BINARY);
}

std::optional<std::size_t> terminal_width() {
  CONSOLE_SCREEN_BUFFER_INFO info{};
  if (!::GetConsoleScreenBufferInfo(::GetStdHandle(STD_OUTPUT_HANDLE), &info)) return std::nullopt;
  const int width = info.srWindow.Right - info.srWindow.Left + 1;
  if (width < 2) return std::nullopt;
  return static_cast<std::size_t>(width - 1);  // A full line makes some consoles add an empty one.
}

bool write_text(std::FILE* stream, std::string_view text) {
  const HANDLE handle = ::GetStdHandle(stream == stderr ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE);
  DWORD mode = 0;
  if (::GetConsoleMode(handle, &mode)) return write_console(handle, text);
  const bool whole =
      std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
  // errno of a broken pipe is EINVAL here, like that of much else; the system's own number tells.
  const DWORD error = ::GetLastError();
  return whole || error == ERROR_BROKEN_PIPE || error == ERROR_NO_DATA;
}

std::string environment(const std::string& name) {
  const auto wide = utf16_from_utf8(name);
  const auto* units = reinterpret_cast<const wchar_t*>(wide.c_str());
  std::wstring value(::GetEnvironmentVariableW(units, nullptr, 0), L'\0');
  if (value.empty()) return {};
  value.resize(::GetEnvironmentVariableW(units, value.data(), static_cast<DWORD>(value.size())));
  return utf8_from_utf16(as_utf16(value.c_str())).text;
}

struct InterruptCatcher::Impl {
  std::stop_source stop;

  /// Windows tells a handler nothing but which key it was.
  static std::atomic<Impl*>& current() {
    static std::atomic<Impl*> impl{nullptr};
    return impl;
  }
  static BOOL WINAPI on_control(DWORD /*which*/) {
    auto* impl = current().load();
    return impl != nullptr && impl->stop.request_stop() ? TRUE : FALSE;  // the second: not caught
  }
};

InterruptCatcher::InterruptCatcher(std::stop_source stop)
    : impl_(std::make_unique<Impl>(Impl{std::move(stop)})) {
  Impl::current() = impl_.get();
  // Without it Ctrl-C ends the process, as it does anyway.
  (void)::SetConsoleCtrlHandler(&Impl::on_control, TRUE);
}

InterruptCatcher::~InterruptCatcher() {
  (void)::SetConsoleCtrlHandler(&Impl::on_control, FALSE);
  Impl::current() = nullptr;
}

}  // namespace vigil::cli
