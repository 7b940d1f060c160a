// SPDX-License-Identifier: Apache-2.0
#include "minidump/file_type.h"

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace vigil::minidump {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  std::string_view what;
};

/// What people hand to a dump reader by mistake. The first one that fits counts.
constexpr std::array kOtherFiles = {
    Magic{"PAGEDU64"sv, "a 64-bit kernel dump"},
    Magic{"PAGEDUMP"sv, "a 32-bit kernel dump"},
    Magic{"PMDM"sv, "a big-endian minidump"},
    Magic{"\x7f"
          "ELF"sv,
          "an ELF file, such as a Linux core dump"},
    Magic{"PK\3\4"sv, "a ZIP archive"},
    Magic{"\x1f\x8b"sv, "compressed with gzip"},
    Magic{"7z\xbc\xaf\x27\x1c"sv, "a 7z archive"},
    Magic{"\xfd"
          "7zXZ"sv,
          "compressed with xz"},
    Magic{"MSCF"sv, "a cabinet archive"},
    Magic{"Microsoft C/C++ MSF 7.00"sv, "a PDB"},
    Magic{"MZ"sv, "a Windows program or library"},
};

constexpr auto kMinidump = "MDMP"sv;
constexpr auto kZstd = "\x28\xb5\x2f\xfd"sv;
// Of sixteen kinds of skippable frames, any may come first.
constexpr auto kZstdSkippableTail = "\x2a\x4d\x18"sv;
constexpr unsigned char kZstdSkippableFirst = 0x50;

constexpr std::uint64_t kLongestMagic = 24;

bool is_zstd(std::string_view start) {
  if (start.starts_with(kZstd)) return true;
  return start.size() > kZstdSkippableTail.size() &&
         (static_cast<unsigned char>(start[0]) & 0xf0) == kZstdSkippableFirst &&
         start.substr(1).starts_with(kZstdSkippableTail);
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes)
    fmt::format_to(std::back_inserter(text), "{:02x} ", static_cast<unsigned char>(c));
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace

Result<FileType> identify(ByteSource& file) {
  const auto start = file.clamp(0, kLongestMagic).text();
  if (start.empty()) return Error{Errc::Malformed, "file is empty"};
  if (start.starts_with(kMinidump)) return FileType::Minidump;
  if (is_zstd(start)) return FileType::Zstd;
  for (const auto& magic : kOtherFiles) {
    if (start.starts_with(magic.bytes)) {
      return Error{Errc::Unsupported, fmt::format("file is {}, and not a minidump", magic.what)};
    }
  }
  constexpr std::size_t kShown = 8;
  return Error{Errc::Malformed,
               fmt::format("file is not a minidump: it begins with {}, and not with MDMP",
                           hex(start.substr(0, kShown)))};
}

}  // namespace vigil::minidump
