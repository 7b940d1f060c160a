// SPDX-License-Identifier: Apache-2.0
#include "analysis/cxx_type.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/utf.h"

namespace vigil::analysis {
namespace {

constexpr std::uint64_t kMaxTypeName = 512;

/// Where the structures of a throw keep what is read here. On 64-bit systems their pointers are
/// offsets of 32 bits from the base of the image that throws.
constexpr std::uint64_t kThrowInfoTypeArray = 12;  // pCatchableTypeArray
constexpr std::uint64_t kTypeArrayFirst = 4;       // arrayOfCatchableTypes[0]: the type itself
constexpr std::uint64_t kCatchableTypePointer = 4;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

std::string undecorate_type(std::string_view decorated) {
  constexpr std::size_t kPrefix = 4;  // .?AV of a class, .?AU of a struct
  const bool plain = (decorated.starts_with(".?AV") || decorated.starts_with(".?AU")) &&
                     decorated.ends_with("@@") && decorated.size() > kPrefix + 2;
  if (!plain) return std::string(decorated);
  auto scopes = decorated.substr(kPrefix, decorated.size() - kPrefix - 2);
  const bool words =
      std::all_of(scopes.begin(), scopes.end(), [](char c) { return is_word(c) || c == '@'; });
  if (!words) return std::string(decorated);
  std::string result;
  while (true) {
    const auto at = scopes.rfind('@');
    if (at == std::string_view::npos) return result.append(scopes);
    result.append(scopes.substr(at + 1)).append("::");
    scopes = scopes.substr(0, at);
  }
}

std::string read_msvc_type(snapshot::Cpu cpu,
                           snapshot::Memory& memory,
                           const std::vector<std::uint64_t>& parameters) {
  constexpr std::size_t kThrowInfo = 2, kImageBase = 3;
  const bool wide = cpu == snapshot::Cpu::Amd64 || cpu == snapshot::Cpu::Arm64;
  if (parameters.size() <= (wide ? kImageBase : kThrowInfo)) return {};
  const std::uint64_t base = wide ? parameters[kImageBase] : 0;
  const auto follow = [&](std::uint64_t address) -> std::optional<std::uint64_t> {
    const auto offset = memory.read<std::uint32_t>(address);
    return offset && *offset != 0 ? std::optional(base + *offset) : std::nullopt;
  };
  const auto types = follow(parameters[kThrowInfo] + kThrowInfoTypeArray);
  const auto first = types ? follow(*types + kTypeArrayFirst) : std::nullopt;
  const auto descriptor = first ? follow(*first + kCatchableTypePointer) : std::nullopt;
  if (!descriptor) return {};
  const std::uint64_t name = *descriptor + (wide ? 16 : 8);  // behind two pointers
  const auto text = memory.at(name, kMaxTypeName).c_string(0, kMaxTypeName);
  return text.ok() ? printable_utf8(undecorate_type(*text)) : std::string();
}

}  // namespace vigil::analysis
