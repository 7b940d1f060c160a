// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "minidump/minidump.h"
#include "support/minidump_builder.h"

namespace vigil::minidump {

/// A dump that was read, with its bytes. A dump that is refused throws: such tests call parse
/// themselves.
struct Parsed {
  explicit Parsed(std::string file_bytes, const Limits& limits = {})
      : bytes(std::move(file_bytes)) {
    auto result = Minidump::parse(ByteView(std::string_view(bytes)), limits);
    if (!result.ok()) throw std::runtime_error(result.error().message());
    dump = std::move(result).take();
  }
  explicit Parsed(test::MinidumpBuilder& builder) : Parsed(builder.finish()) {}
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;

  [[nodiscard]] const snapshot::Snapshot& snapshot() const { return dump->snapshot(); }
  [[nodiscard]] const std::vector<std::string>& notes() const {
    return dump->diagnostics().notes();
  }
  [[nodiscard]] std::string_view memory(std::uint64_t address, std::uint64_t size) {
    return dump->memory().at(address, size).text();
  }

  std::string bytes;
  std::unique_ptr<Minidump> dump;
};

/// The failure of a dump that is refused.
inline Error refusal(std::string_view bytes) {
  auto result = Minidump::parse(ByteView(bytes));
  if (result.ok()) throw std::logic_error("the dump was read");
  return std::move(result).take_error();
}

}  // namespace vigil::minidump
