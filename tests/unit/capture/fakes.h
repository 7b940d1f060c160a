// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "capture/sink.h"
#include "capture/target_memory.h"

namespace vigil::capture::testing {

/// Memory in pages; what was never written to cannot be read.
class FakeMemory final : public TargetMemory {
 public:
  void write(std::uint64_t address, std::string_view bytes) {
    while (!bytes.empty()) {
      auto& page = pages_[address / kPageBytes];
      page.resize(kPageBytes);
      const auto inside = static_cast<std::size_t>(address % kPageBytes);
      const auto part = std::min<std::size_t>(bytes.size(), kPageBytes - inside);
      std::memcpy(page.data() + inside, bytes.data(), part);
      bytes.remove_prefix(part);
      address += part;
    }
  }
  template <class T>
  void write_value(std::uint64_t address, T value) {
    std::string bytes(sizeof(T), '\0');
    std::memcpy(bytes.data(), &value, sizeof(T));
    write(address, bytes);
  }
  void remove_page(std::uint64_t address) { pages_.erase(address / kPageBytes); }

  [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> out) override {
    ++reads;
    while (!out.empty()) {
      const auto page = pages_.find(address / kPageBytes);
      if (page == pages_.end()) return false;
      const auto inside = static_cast<std::size_t>(address % kPageBytes);
      const auto part = std::min<std::size_t>(out.size(), kPageBytes - inside);
      std::memcpy(out.data(), page->second.data() + inside, part);
      out = out.subspan(part);
      address += part;
    }
    return true;
  }

  int reads = 0;

 private:
  std::map<std::uint64_t, std::vector<std::byte>> pages_;
};

/// Keeps what is written; fails with \p failure once more than \p room bytes came.
class FakeSink final : public Sink {
 public:
  FakeSink() = default;
  FakeSink(std::size_t room, Errc failure) : room_(room), failure_(failure) {}

  Status write(std::span<const std::byte> bytes) override {
    if (bytes.size() > room_ - text.size()) return Error{failure_, "the sink failed"};
    for (const auto byte : bytes) text.push_back(static_cast<char>(byte));
    return {};
  }
  Status finish() override {
    finished = true;
    return {};
  }

  std::string text;
  bool finished = false;

 private:
  std::size_t room_ = std::size_t{1} << 40;
  Errc failure_ = Errc::Io;
};

inline std::vector<std::byte> bytes_of(std::string_view text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

/// Bytes that look random and are always the same.
inline std::string noise(std::size_t size, std::uint32_t seed = 1) {
  std::string text(size, '\0');
  for (auto& c : text) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return text;
}

}  // namespace vigil::capture::testing
