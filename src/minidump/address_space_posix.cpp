// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <limits>
#include <system_error>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "minidump/address_space.h"

namespace vigil::minidump {
namespace {

Error from_errno(std::string_view what, std::uint64_t size) {
  const int code = errno;
  const auto errc = code == ENOMEM ? Errc::LimitExceeded : Errc::Io;
  return Error{errc,
               fmt::format("cannot {} {} bytes of memory: {}", what, size,
                           std::generic_category().message(code)),
               static_cast<std::uint32_t>(code)};
}

}  // namespace

Result<std::unique_ptr<AddressSpace>> AddressSpace::reserve(std::uint64_t size) {
  if (size > std::numeric_limits<std::size_t>::max()) {
    return Error{Errc::LimitExceeded,
                 fmt::format("{} bytes do not fit in this program's memory", size)};
  }
  const auto bytes = static_cast<std::size_t>(size);
  void* memory =
      ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return from_errno("reserve", size);
  return std::unique_ptr<AddressSpace>(new AddressSpace({static_cast<std::byte*>(memory), bytes}));
}

AddressSpace::~AddressSpace() {
  (void)::munmap(bytes_.data(), bytes_.size());  // fails only for wrong arguments
}

Status AddressSpace::commit(std::uint64_t offset, std::uint64_t size) {
  VIGIL_CHECK(offset <= bytes_.size() && size <= bytes_.size() - offset);
  if (size == 0) return {};
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto first = offset / page * page;
  if (::mprotect(bytes_.data() + first, offset + size - first, PROT_READ | PROT_WRITE) != 0) {
    return from_errno("commit", size);
  }
  return {};
}

}  // namespace vigil::minidump
