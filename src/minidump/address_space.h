// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"

namespace vigil::minidump {

/// A contiguous piece of address space. It gets memory where it is committed, and costs none
/// elsewhere.
class AddressSpace {
 public:
  [[nodiscard]] static Result<std::unique_ptr<AddressSpace>> reserve(std::uint64_t size);
  ~AddressSpace();
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  /// Makes the bytes usable, and those that share a page with them; they are zero at first. The
  /// same bytes may be committed again. The range must be inside.
  [[nodiscard]] Status commit(std::uint64_t offset, std::uint64_t size);

  /// All bytes; only committed ones may be touched.
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  explicit AddressSpace(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

}  // namespace vigil::minidump
