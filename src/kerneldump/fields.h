// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/byte_view.h"

namespace vigil::kerneldump {

/// What fills the fields of a dump header that its writer left alone: the text "PAGE", repeated.
inline constexpr std::uint32_t kFiller32 = 0x45474150;
inline constexpr std::uint64_t kFiller64 = 0x4547415045474150;

/// Fields of a structure by their offsets, in bytes that somebody else owns. What lies behind its
/// end is absent.
class Fields {
 public:
  Fields() = default;
  explicit Fields(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  [[nodiscard]] std::uint64_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] ByteView bytes() const noexcept { return bytes_; }

  template <Raw T>
  [[nodiscard]] std::optional<T> get(std::uint64_t offset) const {
    const auto value = bytes_.read<T>(offset);
    return value.ok() ? std::optional<T>(*value) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::uint8_t> u8(std::uint64_t at) const {
    return get<std::uint8_t>(at);
  }
  [[nodiscard]] std::optional<std::uint16_t> u16(std::uint64_t at) const {
    return get<std::uint16_t>(at);
  }
  [[nodiscard]] std::optional<std::uint32_t> u32(std::uint64_t at) const {
    return get<std::uint32_t>(at);
  }
  [[nodiscard]] std::optional<std::uint64_t> u64(std::uint64_t at) const {
    return get<std::uint64_t>(at);
  }

  /// The same for a field of a header: absent where only filler stands.
  [[nodiscard]] std::optional<std::uint32_t> filled32(std::uint64_t at) const {
    const auto value = u32(at);
    return value == kFiller32 ? std::nullopt : value;
  }
  [[nodiscard]] std::optional<std::uint64_t> filled64(std::uint64_t at) const {
    const auto value = u64(at);
    return value == kFiller64 ? std::nullopt : value;
  }

 private:
  ByteView bytes_;
};

}  // namespace vigil::kerneldump
