// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <fmt/format.h>
#include <windows.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "platform/win/handle.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

Result<ByteView> map(const FileHandle& file, const std::string& name) {
  LARGE_INTEGER size{};
  if (::GetFileSizeEx(file.get(), &size) == FALSE) return from_last_error(name);
  if (size.QuadPart == 0) return ByteView{};  // an empty file cannot be mapped
  const KernelHandle mapping(
      ::CreateFileMappingW(file.get(), nullptr, PAGE_READONLY, 0, 0, nullptr));
  if (!mapping) return from_last_error(fmt::format("cannot map {}", name));
  const void* memory = ::MapViewOfFile(mapping.get(), FILE_MAP_READ, 0, 0, 0);
  if (memory == nullptr) return from_last_error(fmt::format("cannot map {}", name));
  return ByteView(
      std::span(static_cast<const std::byte*>(memory), static_cast<std::size_t>(size.QuadPart)));
}

/// Since 1601; 0 when the file system does not say. It wraps, which does not matter.
std::int64_t modified_ns_of(const FileHandle& file) {
  FILETIME written{};
  if (::GetFileTime(file.get(), nullptr, nullptr, &written) == FALSE) return 0;
  const auto ticks = std::uint64_t{written.dwHighDateTime} << 32 | written.dwLowDateTime;
  return static_cast<std::int64_t>(ticks * 100);
}

}  // namespace

Result<std::unique_ptr<MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  const auto name = utf8_from_path(path);
  // Without FILE_FLAG_BACKUP_SEMANTICS a folder gives ACCESS_DENIED, which would mislead.
  const DWORD attributes = ::GetFileAttributesW(path.c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    return Error{Errc::Malformed, fmt::format("{} is a folder, not a file", name)};
  }
  const FileHandle file(::CreateFileW(path.c_str(), GENERIC_READ,
                                      FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr, OPEN_EXISTING,
                                      FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) return from_last_error(fmt::format("cannot open {}", name));
  VIGIL_TRY_ASSIGN(const auto bytes, map(file, name));
  return std::unique_ptr<MappedFile>(new MappedFile(bytes, modified_ns_of(file)));
}

Result<std::unique_ptr<MappedFile>> MappedFile::from_native_handle(std::uintptr_t handle) {
  const FileHandle file(reinterpret_cast<HANDLE>(handle));
  VIGIL_TRY_ASSIGN(const auto bytes, map(file, fmt::format("handle {}", handle)));
  return std::unique_ptr<MappedFile>(new MappedFile(bytes, modified_ns_of(file)));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::UnmapViewOfFile(bytes_.bytes().data());
}

/// Windows reads ahead of page faults in mapped views by a few pages only.
void MappedFile::expect_sparse_reads() noexcept {}

void MappedFile::prefetch(std::uint64_t offset, std::uint64_t size) noexcept {
  const auto wanted = bytes_.clamp(offset, size);
  if (wanted.empty()) return;
  // The function takes a writable pointer, and reads only. A hint: it may fail.
  WIN32_MEMORY_RANGE_ENTRY range{const_cast<std::byte*>(wanted.bytes().data()),
                                 wanted.bytes().size()};
  (void)::PrefetchVirtualMemory(::GetCurrentProcess(), 1, &range, 0);
}

}  // namespace vigil::platform
