// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <windows.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "platform/read_handle.h"
#include "platform/win/handle.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

HANDLE handle_of(std::intptr_t native) {
  return reinterpret_cast<HANDLE>(native);
}

/// Since 1601; 0 when the file system does not say. It wraps, which does not matter.
std::int64_t modified_ns_of(HANDLE file) {
  FILETIME written{};
  if (::GetFileTime(file, nullptr, nullptr, &written) == FALSE) return 0;
  const auto ticks = std::uint64_t{written.dwHighDateTime} << 32 | written.dwLowDateTime;
  return static_cast<std::int64_t>(ticks * 100);
}

}  // namespace

Result<ReadHandle> ReadHandle::open(const std::filesystem::path& path) {
  auto name = utf8_from_path(path);
  // Without FILE_FLAG_BACKUP_SEMANTICS a folder gives ACCESS_DENIED, which would mislead.
  const DWORD attributes = ::GetFileAttributesW(path.c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    return Error{Errc::Malformed, fmt::format("{} is a folder, not a file", name)};
  }
  FileHandle file(::CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE,
                                nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr));
  if (!file) return from_last_error(fmt::format("cannot open {}", name));
  return adopt(reinterpret_cast<std::intptr_t>(file.release()), std::move(name));
}

Result<ReadHandle> ReadHandle::adopt(std::intptr_t native, std::string name) {
  ReadHandle file(native, std::move(name));
  VIGIL_TRY(file.look());
  return file;
}

ReadHandle::~ReadHandle() {
  if (native_ != kNone) FileHandle(handle_of(native_)).reset();
}

Status ReadHandle::look() {
  LARGE_INTEGER size{};
  if (::GetFileSizeEx(handle_of(native_), &size) == FALSE) return from_last_error(name_);
  size_ = static_cast<std::uint64_t>(size.QuadPart);
  modified_ns_ = modified_ns_of(handle_of(native_));
  return {};
}

std::size_t ReadHandle::read(std::uint64_t offset, std::span<char> to) const noexcept {
  OVERLAPPED place{};
  place.Offset = static_cast<DWORD>(offset);
  place.OffsetHigh = static_cast<DWORD>(offset >> 32);
  constexpr std::size_t kMax = std::numeric_limits<DWORD>::max();
  DWORD done = 0;
  const auto wanted = static_cast<DWORD>(std::min(to.size(), kMax));
  const BOOL good = ::ReadFile(handle_of(native_), to.data(), wanted, &done, &place);
  return good == FALSE ? 0 : done;
}

Result<ByteView> ReadHandle::map() const {
  if (size_ == 0) return ByteView{};  // an empty file cannot be mapped
  const KernelHandle mapping(
      ::CreateFileMappingW(handle_of(native_), nullptr, PAGE_READONLY, 0, 0, nullptr));
  if (!mapping) return from_last_error(fmt::format("cannot map {}", name_));
  const void* memory = ::MapViewOfFile(mapping.get(), FILE_MAP_READ, 0, 0, 0);
  if (memory == nullptr) return from_last_error(fmt::format("cannot map {}", name_));
  return ByteView(
      std::span(static_cast<const std::byte*>(memory), static_cast<std::size_t>(size_)));
}

void unmap(ByteView bytes) noexcept {
  if (!bytes.empty()) ::UnmapViewOfFile(bytes.bytes().data());
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
