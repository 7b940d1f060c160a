// SPDX-License-Identifier: Apache-2.0
#include "kernel_dump_files.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include <windows.h>

#include "platform/win/handle.h"
#include "platform/win/registry.h"
#include "platform/win/text.h"

namespace fs = std::filesystem;

namespace vigil::service {
namespace {

using Sort = KernelDumpFile::Sort;

constexpr std::string_view kCrashControl = "SYSTEM\\CurrentControlSet\\Control\\CrashControl";
constexpr std::string_view kLiveReports =
    "SYSTEM\\CurrentControlSet\\Control\\CrashControl\\LiveKernelReports";
constexpr std::wstring_view kDumpSuffix = L".dmp";

/// Files that are looked at in a folder, and folders in that of live reports: one a component.
constexpr std::size_t kMaxLooked = 10'000, kMaxComponents = 100;

std::wstring expanded(const std::wstring& text) {
  std::wstring result(32'768, L'\0');  // no path is longer
  const auto length =
      ::ExpandEnvironmentStringsW(text.c_str(), result.data(), static_cast<DWORD>(result.size()));
  if (length == 0 || length > result.size()) return {};
  result.resize(length - 1);
  return result;
}

/// \p text as a path on a disk of this machine, or nothing: a share may answer slowly, and somebody
/// else may have it.
fs::path local_path(std::string_view text) {
  auto wide = expanded(platform::wide_from_utf8(text));
  constexpr std::wstring_view kNtPrefix = L"\\??\\";
  if (wide.starts_with(kNtPrefix)) wide.erase(0, kNtPrefix.size());
  const fs::path path(wide);
  const auto root = path.root_path();
  const auto type = ::GetDriveTypeW(root.c_str());
  const bool is_local = type == DRIVE_FIXED || type == DRIVE_REMOVABLE;
  return path.is_absolute() && is_local ? path : fs::path();
}

fs::path value_of(std::string_view key_path, std::string_view name, std::string_view usual) {
  const auto key = platform::RegistryKey::open(key_path);
  if (!key.ok()) return local_path(usual);
  const auto value = key->read_string(name);
  const bool is_there = value.ok() && *value && !(*value)->empty();
  return local_path(is_there ? std::string_view(**value) : usual);
}

bool is_dump(const fs::directory_entry& entry) {
  const auto suffix = entry.path().extension().native();
  return ::CompareStringOrdinal(suffix.data(), static_cast<int>(suffix.size()), kDumpSuffix.data(),
                                static_cast<int>(kDumpSuffix.size()), TRUE) == CSTR_EQUAL;
}

/// Nothing where \p path is no plain file.
std::vector<KernelDumpFile> plain_file(const fs::path& path, Sort sort) {
  WIN32_FILE_ATTRIBUTE_DATA data{};
  constexpr DWORD kNotPlain = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
  if (path.empty() || ::GetFileAttributesExW(path.c_str(), GetFileExInfoStandard, &data) == FALSE ||
      (data.dwFileAttributes & kNotPlain) != 0)
    return {};
  const auto written =
      std::uint64_t{data.ftLastWriteTime.dwHighDateTime} << 32 | data.ftLastWriteTime.dwLowDateTime;
  const auto bytes = std::uint64_t{data.nFileSizeHigh} << 32 | data.nFileSizeLow;
  return {{sort, path, timestamp_from_filetime(written), bytes}};
}

void add(std::vector<KernelDumpFile>& all, std::vector<KernelDumpFile> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<KernelDumpFile> dumps_in(const fs::path& folder, Sort sort) {
  std::vector<KernelDumpFile> found;
  std::error_code error;
  fs::directory_iterator next(folder, error);
  for (std::size_t looked = 0; !error && next != fs::directory_iterator() && looked < kMaxLooked;
       next.increment(error), ++looked) {
    if (is_dump(*next)) add(found, plain_file(next->path(), sort));
  }
  std::ranges::sort(found, std::ranges::greater(), &KernelDumpFile::written);
  if (found.size() > kMaxKernelDumpsOfFolder) found.resize(kMaxKernelDumpsOfFolder);
  return found;
}

/// The folder itself has the full ones, a folder of each component its small ones.
std::vector<KernelDumpFile> live_reports_in(const fs::path& folder) {
  auto found = dumps_in(folder, Sort::Live);
  std::error_code error;
  fs::directory_iterator next(folder, error);
  for (std::size_t looked = 0;
       !error && next != fs::directory_iterator() && looked < kMaxComponents;
       next.increment(error), ++looked) {
    if (next->symlink_status(error).type() == fs::file_type::directory)
      add(found, dumps_in(next->path(), Sort::Live));
  }
  return found;
}

}  // namespace

CrashControl read_crash_control() {
  return {value_of(kCrashControl, "DumpFile", "%SystemRoot%\\MEMORY.DMP"),
          value_of(kCrashControl, "MinidumpDir", "%SystemRoot%\\Minidump"),
          value_of(kLiveReports, "LiveKernelReportsPath", "%SystemRoot%\\LiveKernelReports")};
}

bool is_complete(const KernelDumpFile& dump) {
  const platform::FileHandle file(::CreateFileW(dump.path.c_str(), GENERIC_READ, FILE_SHARE_READ,
                                                nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL,
                                                nullptr));
  BY_HANDLE_FILE_INFORMATION now{};
  if (!file || ::GetFileInformationByHandle(file.get(), &now) == FALSE) return false;
  const auto written =
      std::uint64_t{now.ftLastWriteTime.dwHighDateTime} << 32 | now.ftLastWriteTime.dwLowDateTime;
  return (std::uint64_t{now.nFileSizeHigh} << 32 | now.nFileSizeLow) == dump.bytes &&
         timestamp_from_filetime(written) == dump.written;
}

std::vector<KernelDumpFile> find_kernel_dumps(const CrashControl& where) {
  auto found = plain_file(where.memory_dump, Sort::Memory);
  if (!where.small_dumps.empty()) add(found, dumps_in(where.small_dumps, Sort::Small));
  if (!where.live_reports.empty()) add(found, live_reports_in(where.live_reports));
  // One that has no content is about to be written.
  std::erase_if(found, [](const auto& file) { return file.bytes == 0; });
  return found;
}

}  // namespace vigil::service
