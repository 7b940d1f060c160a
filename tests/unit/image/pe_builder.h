// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/byte_builder.h"

namespace vigil::test {

/// Lays out PE images for tests, as files and as the loader maps them. Offsets of header fields are
/// fixed, so that a test can damage one by its name below.
class PeBuilder {
 public:
  static constexpr std::uint32_t kCode = 0x60000020, kReadOnly = 0x40000040;
  static constexpr std::uint32_t kAmd64 = 0x8664, kX86 = 0x14c, kArm64 = 0xaa64;
  static constexpr std::uint32_t kTimestamp = 0x5f001234, kImageSize = 0x10000;
  static constexpr std::uint32_t kHeaderBytes = 0x400;
  // Where fields of a PE32+ image lie.
  static constexpr std::size_t kNewHeader = 0x3c, kSignature = 0x80, kSectionCount = 0x86,
                               kOptionalSize = 0x94, kOptionalMagic = 0x98, kSizeOfHeaders = 0xd4,
                               kDirectoryCount = 0x104, kDirectories = 0x108, kSections = 0x188;

  explicit PeBuilder(std::uint32_t machine = kAmd64) : machine_(machine) {}

  PeBuilder& section(std::string_view name,
                     std::uint32_t rva,
                     std::uint32_t flags,
                     std::string bytes) {
    sections_.push_back({std::string(name), rva, flags, std::move(bytes)});
    return *this;
  }
  PeBuilder& directory(std::size_t index, std::uint32_t rva, std::size_t size) {
    directories_.at(index) = {rva, size};
    return *this;
  }

  /// The file: headers, then each section at the next multiple of 512.
  [[nodiscard]] std::string file() const {
    ByteBuilder out = headers();
    out.seek(kHeaderBytes);
    for (const auto& s : sections_) out.raw(s.bytes).align(kFileAlignment);
    return out.bytes();
  }

  /// The image in memory: headers at 0, sections at their RVAs.
  [[nodiscard]] std::string mapped() const {
    ByteBuilder out = headers();
    for (const auto& s : sections_) out.seek(s.rva).raw(s.bytes);
    out.seek(std::max<std::size_t>(out.size(), kImageSize));
    return out.bytes();
  }

 private:
  struct Section {
    std::string name;
    std::uint32_t rva, flags;
    std::string bytes;
  };
  static constexpr std::size_t kFileAlignment = 0x200;

  [[nodiscard]] bool wide() const { return machine_ != kX86; }

  [[nodiscard]] ByteBuilder headers() const {
    ByteBuilder out;
    out.raw("MZ").seek(0x3c).u32(kSignature).seek(kSignature).raw(std::string_view("PE\0\0", 4));
    out.u16(machine_).u16(sections_.size()).u32(kTimestamp).u32(0).u32(0);
    out.u16(wide() ? 240 : 224).u16(0x2022);
    out.u16(wide() ? 0x20b : 0x10b).u16(14).u32(0).u32(0).u32(0).u32(0x1010).u32(0x1000);
    if (wide()) {
      out.u64(0x180000000);
    } else {
      out.u32(0x1000).u32(0x10000000);
    }
    out.u32(0x1000).u32(kFileAlignment).u16(10).u16(0).u16(0).u16(0).u16(10).u16(0).u32(0);
    out.u32(kImageSize).u32(kHeaderBytes).u32(0xabcd).u16(3).u16(0x160);
    for (int i = 0; i < 4; ++i) wide() ? out.u64(0x1000) : out.u32(0x1000);
    out.u32(0).u32(16);
    for (const auto& [rva, size] : directories_) out.u32(rva).u32(size);
    std::size_t offset = kHeaderBytes;
    for (const auto& s : sections_) {
      const auto raw = (s.bytes.size() + kFileAlignment - 1) / kFileAlignment * kFileAlignment;
      out.raw(s.name).fill(8 - s.name.size()).u32(s.bytes.size()).u32(s.rva).u32(raw).u32(offset);
      out.u32(0).u32(0).u16(0).u16(0).u32(s.flags);
      offset += raw;
    }
    return out;
  }

  std::uint32_t machine_;
  std::vector<Section> sections_;
  std::array<std::pair<std::uint32_t, std::size_t>, 16> directories_{};
};

}  // namespace vigil::test
