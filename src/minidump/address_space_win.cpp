// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <fmt/format.h>
#include <windows.h>

#include "minidump/address_space.h"
#include "platform/win/win_error.h"

namespace vigil::minidump {

Result<std::unique_ptr<AddressSpace>> AddressSpace::reserve(std::uint64_t size) {
  if (size > std::numeric_limits<std::size_t>::max()) {
    return Error{Errc::LimitExceeded,
                 fmt::format("{} bytes do not fit in this program's memory", size)};
  }
  const auto bytes = static_cast<std::size_t>(size);
  void* memory = ::VirtualAlloc(nullptr, bytes, MEM_RESERVE, PAGE_NOACCESS);
  if (memory == nullptr) {
    return platform::from_last_error(fmt::format("cannot reserve {} bytes of memory", size));
  }
  return std::unique_ptr<AddressSpace>(new AddressSpace({static_cast<std::byte*>(memory), bytes}));
}

AddressSpace::~AddressSpace() {
  (void)::VirtualFree(bytes_.data(), 0, MEM_RELEASE);  // fails only for wrong arguments
}

Status AddressSpace::commit(std::uint64_t offset, std::uint64_t size) {
  VIGIL_CHECK(offset <= bytes_.size() && size <= bytes_.size() - offset);
  if (size == 0) return {};
  const auto bytes = static_cast<std::size_t>(size);
  if (::VirtualAlloc(bytes_.data() + offset, bytes, MEM_COMMIT, PAGE_READWRITE) == nullptr) {
    return platform::from_last_error(fmt::format("cannot commit {} bytes of memory", size));
  }
  return {};
}

}  // namespace vigil::minidump
