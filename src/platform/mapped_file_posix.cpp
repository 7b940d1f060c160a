// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf.h"
#include "platform/platform.h"
#include "platform/posix_error.h"

namespace vigil::platform {
namespace {

struct Mapping {
  ByteView bytes;
  std::int64_t modified_ns = 0;
};

/// Maps an open descriptor and closes it: a mapping does not need it.
Result<Mapping> map_and_close(int descriptor, const std::string& name) {
  struct Closer {
    int descriptor;
    ~Closer() { (void)::close(descriptor); }  // read-only: nothing can be lost
  } closer{descriptor};
  struct stat info{};
  if (::fstat(descriptor, &info) != 0) return from_errno(name);
  if (S_ISDIR(info.st_mode))
    return Error{Errc::Malformed, fmt::format("{} is a folder, not a file", name)};
  if (!S_ISREG(info.st_mode))
    return Error{Errc::Malformed, fmt::format("{} is not a regular file", name)};
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  const std::int64_t modified = info.st_mtim.tv_sec * kNanoseconds + info.st_mtim.tv_nsec;
  if (info.st_size == 0) return Mapping{{}, modified};
  const auto size = static_cast<std::size_t>(info.st_size);
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (memory == MAP_FAILED) return from_errno(fmt::format("cannot map {}", name));
  return Mapping{ByteView(std::span(static_cast<const std::byte*>(memory), size)), modified};
}

/// What the calls on mappings take: a writable pointer, for historical reasons. They fail only for
/// wrong arguments.
void* address_of(ByteView bytes) {
  return const_cast<std::byte*>(bytes.bytes().data());
}

}  // namespace

Result<std::unique_ptr<MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe that somebody put in the way must not wait for its other end.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return from_errno(fmt::format("cannot open {}", utf8_from_path(path)));
  VIGIL_TRY_ASSIGN(const auto file, map_and_close(descriptor, utf8_from_path(path)));
  return std::unique_ptr<MappedFile>(new MappedFile(file.bytes, file.modified_ns));
}

Result<std::unique_ptr<MappedFile>> MappedFile::from_native_handle(std::uintptr_t handle) {
  VIGIL_TRY_ASSIGN(const auto file,
                   map_and_close(static_cast<int>(handle), fmt::format("handle {}", handle)));
  return std::unique_ptr<MappedFile>(new MappedFile(file.bytes, file.modified_ns));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) (void)::munmap(address_of(bytes_), bytes_.bytes().size());
}

void MappedFile::expect_sparse_reads() noexcept {
  if (!bytes_.empty()) (void)::madvise(address_of(bytes_), bytes_.bytes().size(), MADV_RANDOM);
}

void MappedFile::prefetch(std::uint64_t offset, std::uint64_t size) noexcept {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto start = offset / page * page;  // madvise takes whole pages
  const auto wanted = bytes_.clamp(start, size + (offset - start));
  if (!wanted.empty()) (void)::madvise(address_of(wanted), wanted.bytes().size(), MADV_WILLNEED);
}

}  // namespace vigil::platform
