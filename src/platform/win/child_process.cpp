// SPDX-License-Identifier: Apache-2.0
#include "platform/win/child_process.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <windows.h>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

// PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY, from winbase.h; older headers lack some. Each is
// ALWAYS_ON.
constexpr DWORD64 kDep = 0x01;
constexpr DWORD64 kDepNoAtlThunks = 0x02;
constexpr DWORD64 kSehop = 0x04;
constexpr DWORD64 kForceRelocateImages = 0x1ull << 8;
constexpr DWORD64 kBottomUpAslr = 0x1ull << 16;
constexpr DWORD64 kHighEntropyAslr = 0x1ull << 20;
constexpr DWORD64 kStrictHandleChecks = 0x1ull << 24;
constexpr DWORD64 kExtensionPointDisable = 0x1ull << 32;
constexpr DWORD64 kProhibitDynamicCode = 0x1ull << 36;
constexpr DWORD64 kImageLoadNoRemote = 0x1ull << 52;
constexpr DWORD64 kImageLoadNoLowLabel = 0x1ull << 56;
constexpr DWORD64 kImageLoadPreferSystem32 = 0x1ull << 60;
constexpr DWORD64 kMitigations =
    kDep | kDepNoAtlThunks | kSehop | kForceRelocateImages | kBottomUpAslr | kHighEntropyAslr |
    kStrictHandleChecks | kExtensionPointDisable | kProhibitDynamicCode | kImageLoadNoRemote |
    kImageLoadNoLowLabel | kImageLoadPreferSystem32;

constexpr DWORD kAttributeCount = 2;

/// The attributes of CreateProcess; what it points at must outlive it.
class AttributeList {
 public:
  [[nodiscard]] static Result<AttributeList> create() {
    SIZE_T size = 0;
    ::InitializeProcThreadAttributeList(nullptr, kAttributeCount, 0, &size);
    AttributeList list(size);
    if (::InitializeProcThreadAttributeList(list.get(), kAttributeCount, 0, &size) == FALSE) {
      list.buffer_.clear();
      return from_last_error("cannot make the attributes of a child process");
    }
    return list;
  }
  AttributeList(AttributeList&&) noexcept = default;
  AttributeList& operator=(AttributeList&&) = delete;
  ~AttributeList() {
    if (!buffer_.empty()) ::DeleteProcThreadAttributeList(get());
  }

  [[nodiscard]] LPPROC_THREAD_ATTRIBUTE_LIST get() noexcept {
    return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(buffer_.data());
  }
  [[nodiscard]] bool set(DWORD_PTR attribute, void* value, SIZE_T size) noexcept {
    return ::UpdateProcThreadAttribute(get(), 0, attribute, value, size, nullptr, nullptr) != FALSE;
  }

 private:
  explicit AttributeList(SIZE_T size) : buffer_(size) {}
  std::vector<std::byte> buffer_;
};

/// As CommandLineToArgvW undoes it: backslashes count double before a quote, and nowhere else.
void append_quoted(std::string& line, std::string_view argument) {
  if (!argument.empty() && argument.find_first_of(" \t\n\v\"") == std::string_view::npos) {
    line += argument;
    return;
  }
  line += '"';
  std::size_t backslashes = 0;
  for (const char c : argument) {
    if (c == '\\') {
      ++backslashes;
      continue;
    }
    line.append(c == '"' ? backslashes * 2 + 1 : backslashes, '\\');
    backslashes = 0;
    line += c;
  }
  line.append(backslashes * 2, '\\');
  line += '"';
}

std::wstring environment_variable(const wchar_t* name) {
  const DWORD size = ::GetEnvironmentVariableW(name, nullptr, 0);
  std::wstring value(size, L'\0');
  value.resize(size == 0 ? 0 : ::GetEnvironmentVariableW(name, value.data(), size));
  return value;
}

/// What a program of the system needs to run, and no secret that an administrator put into the
/// service's environment. Names in order, as CreateProcess wants them.
std::wstring small_environment() {
  std::wstring block;
  for (const auto* name : {L"ALLUSERSPROFILE", L"PATH", L"ProgramData", L"SystemDrive",
                           L"SystemRoot", L"TEMP", L"TMP", L"windir"}) {
    const auto value = environment_variable(name);
    if (value.empty()) continue;
    block.append(name).append(L"=").append(value).push_back(L'\0');
  }
  block.push_back(L'\0');
  return block;
}

std::vector<HANDLE> handles_of(const ChildOptions& options) {
  std::vector<HANDLE> handles = options.inherited;
  for (HANDLE handle : {options.std_in, options.std_out, options.std_err}) {
    if (handle != nullptr) handles.push_back(handle);
  }
  // The same handle twice makes CreateProcess fail.
  std::sort(handles.begin(), handles.end());
  handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
  return handles;
}

/// CreateProcess, suspended.
Result<PROCESS_INFORMATION> create(const ChildOptions& options,
                                   AttributeList& attributes,
                                   bool inherit) {
  STARTUPINFOEXW startup{};
  startup.StartupInfo.cb = sizeof(startup);
  startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  startup.StartupInfo.hStdInput = options.std_in;
  startup.StartupInfo.hStdOutput = options.std_out;
  startup.StartupInfo.hStdError = options.std_err;
  startup.lpAttributeList = attributes.get();
  std::wstring desktop = options.desktop != nullptr ? options.desktop : L"";
  if (options.desktop != nullptr) startup.StartupInfo.lpDesktop = desktop.data();
  auto command_line = wide_from_utf8(command_line_of(options.program, options.arguments));
  auto environment = small_environment();
  const auto folder = options.program.parent_path();
  const DWORD flags = CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT |
                      (options.shares_console ? 0 : CREATE_NO_WINDOW) |
                      (options.background ? BELOW_NORMAL_PRIORITY_CLASS : NORMAL_PRIORITY_CLASS);
  PROCESS_INFORMATION info{};
  const BOOL started =
      options.token != nullptr
          ? ::CreateProcessAsUserW(options.token, options.program.c_str(), command_line.data(),
                                   nullptr, nullptr, inherit, flags, environment.data(),
                                   folder.c_str(), &startup.StartupInfo, &info)
          : ::CreateProcessW(options.program.c_str(), command_line.data(), nullptr, nullptr,
                             inherit, flags, environment.data(), folder.c_str(),
                             &startup.StartupInfo, &info);
  if (started == FALSE) {
    return from_last_error(fmt::format("cannot start {}", utf8_from_path(options.program)));
  }
  return info;
}

}  // namespace

std::string command_line_of(const std::filesystem::path& program,
                            const std::vector<std::string>& arguments) {
  // The program's name is taken apart by other rules: it ends at the next quote, whatever is before
  // it.
  std::string line = fmt::format("\"{}\"", utf8_from_path(program));
  for (const auto& argument : arguments) {
    line += ' ';
    append_quoted(line, argument);
  }
  return line;
}

Result<ChildProcess> start_child(const ChildOptions& options) {
  VIGIL_TRY_ASSIGN(auto attributes, AttributeList::create());
  auto handles = handles_of(options);
  if (!handles.empty() && !attributes.set(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles.data(),
                                          handles.size() * sizeof(HANDLE))) {
    return from_last_error("cannot name the handles of a child process");
  }
  ChildProcess child;
  DWORD64 mitigations = kMitigations;
  if (options.hardened) {
    child.mitigations_refused =
        !attributes.set(PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY, &mitigations, sizeof(mitigations));
  }
  VIGIL_TRY_ASSIGN(const auto info, create(options, attributes, !handles.empty()));
  child.process = KernelHandle(info.hProcess);
  child.pid = ProcessId{info.dwProcessId};
  const KernelHandle thread(info.hThread);
  if ((options.job != nullptr &&
       ::AssignProcessToJobObject(options.job, child.process.get()) == FALSE) ||
      ::ResumeThread(thread.get()) == static_cast<DWORD>(-1)) {
    auto error = from_last_error(fmt::format("cannot let {} run", utf8_from_path(options.program)));
    ::TerminateProcess(child.process.get(), 1);
    return error;
  }
  return child;
}

}  // namespace vigil::platform
