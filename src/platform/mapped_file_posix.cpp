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
#include "platform/read_handle.h"

namespace vigil::platform {
namespace {

/// Of a file of at most this size all pages are mapped at once: less work than the faults of a few
/// reads.
constexpr std::uint64_t kMappedAtOnce = 256 * 1024;

/// What the calls on mappings take: a writable pointer, for historical reasons. They fail only for
/// wrong arguments.
void* address_of(ByteView bytes) {
  return const_cast<std::byte*>(bytes.bytes().data());
}

}  // namespace

Result<ReadHandle> ReadHandle::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe that somebody put in the way must not wait for its other end.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return from_errno(fmt::format("cannot open {}", utf8_from_path(path)));
  return adopt(descriptor, utf8_from_path(path));
}

Result<ReadHandle> ReadHandle::adopt(std::intptr_t native, std::string name) {
  ReadHandle file(native, std::move(name));
  VIGIL_TRY(file.look());
  return file;
}

ReadHandle::~ReadHandle() {
  if (native_ != kNone) (void)::close(static_cast<int>(native_));  // nothing was written
}

Status ReadHandle::look() {
  struct stat info{};
  if (::fstat(static_cast<int>(native_), &info) != 0) return from_errno(name_);
  if (S_ISDIR(info.st_mode))
    return Error{Errc::Malformed, fmt::format("{} is a folder, not a file", name_)};
  if (!S_ISREG(info.st_mode))
    return Error{Errc::Malformed, fmt::format("{} is not a regular file", name_)};
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  size_ = static_cast<std::uint64_t>(info.st_size);
  modified_ns_ = info.st_mtim.tv_sec * kNanoseconds + info.st_mtim.tv_nsec;
  return {};
}

std::size_t ReadHandle::read(std::uint64_t offset, std::span<char> to) const noexcept {
  std::size_t done = 0;
  while (done < to.size()) {
    const auto got = ::pread(static_cast<int>(native_), to.data() + done, to.size() - done,
                             static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<ByteView> ReadHandle::map() const {
  if (size_ == 0) return ByteView{};
  const int flags = size_ <= kMappedAtOnce ? MAP_PRIVATE | MAP_POPULATE : MAP_PRIVATE;
  void* memory = ::mmap(nullptr, size_, PROT_READ, flags, static_cast<int>(native_), 0);
  if (memory == MAP_FAILED) return from_errno(fmt::format("cannot map {}", name_));
  return ByteView(std::span(static_cast<const std::byte*>(memory), size_));
}

void unmap(ByteView bytes) noexcept {
  if (!bytes.empty()) (void)::munmap(address_of(bytes), bytes.bytes().size());
}

void MappedFile::expect_sparse_reads() noexcept {
  if (!bytes_.empty()) (void)::madvise(address_of(bytes_), bytes_.bytes().size(), MADV_RANDOM);
}

void MappedFile::prefetch(std::uint64_t offset, std::uint64_t size) noexcept {
  if (bytes_.size() <= kMappedAtOnce) return;  // all there
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto start = offset / page * page;  // madvise takes whole pages
  const auto wanted = bytes_.clamp(start, size + (offset - start));
  if (!wanted.empty()) (void)::madvise(address_of(wanted), wanted.bytes().size(), MADV_WILLNEED);
}

}  // namespace vigil::platform
