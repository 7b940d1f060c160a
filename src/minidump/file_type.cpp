// SPDX-License-Identifier: Apache-2.0
#include "minidump/file_type.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/utf.h"
#include "base/words.h"

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
    Magic{"\xcf\xfa\xed\xfe"sv, "a 64-bit Mach-O file, such as a macOS core dump"},
    Magic{"\xce\xfa\xed\xfe"sv, "a 32-bit Mach-O file, such as a macOS core dump"},
    Magic{"\xca\xfe\xba\xbe"sv, "a universal Mach-O or a Java class file"},
    Magic{"-----BEGIN BREAKPAD MICRODUMP-----"sv, "a Breakpad microdump"},
    Magic{"MODULE "sv, "a Breakpad symbol file"},
    Magic{"PK\3\4"sv, "a ZIP archive"},
    Magic{"\x1f\x8b"sv, "compressed with gzip"},
    Magic{"7z\xbc\xaf\x27\x1c"sv, "a 7z archive"},
    Magic{"Rar!\x1a\x07"sv, "a RAR archive"},
    Magic{"BZh"sv, "compressed with bzip2"},
    Magic{"\x04\x22\x4d\x18"sv, "compressed with LZ4"},
    Magic{"\xfd"
          "7zXZ"sv,
          "compressed with xz"},
    Magic{"MSCF"sv, "a cabinet archive"},
    Magic{"Microsoft C/C++ MSF 7.00"sv, "a PDB"},
    Magic{"BSJB"sv, "a portable PDB"},
    Magic{"ElfFile\0"sv, "an event log"},
    Magic{"regf"sv, "a registry hive"},
    Magic{"JAVA PROFILE"sv, "a Java heap dump"},
    Magic{"%PDF"sv, "a PDF"},
    Magic{"{"sv, "JSON, perhaps a report"},
    Magic{"MZ"sv, "a Windows program or library"},
};

/// Text that error pages, logs and reports begin with, in any case and behind blanks.
constexpr std::array kOtherTexts = {
    Magic{"<!doctype html"sv, "a web page, perhaps an error page of a server"},
    Magic{"<html"sv, "a web page, perhaps an error page of a server"},
    Magic{"<?xml"sv, "XML"},
    Magic{"version=1\r\neventtype="sv, "a report of Windows Error Reporting (.wer)"},
};

constexpr auto kMinidump = "MDMP"sv;
constexpr auto kZstd = "\x28\xb5\x2f\xfd"sv;
// Of sixteen kinds of skippable frames, any may come first.
constexpr auto kZstdSkippableTail = "\x2a\x4d\x18"sv;
constexpr unsigned char kZstdSkippableFirst = 0x50;

constexpr std::uint64_t kLongestMagic = 64;

constexpr auto kElf =
    "\x7f"
    "ELF"sv;
/// Where an ELF file of either width says what it is for, and its number for a core dump.
constexpr std::uint64_t kElfTypeAt = 16;
constexpr std::uint16_t kElfCore = 4;

bool is_zstd(std::string_view start) {
  if (start.starts_with(kZstd)) return true;
  return start.size() > kZstdSkippableTail.size() &&
         (static_cast<unsigned char>(start[0]) & 0xf0) == kZstdSkippableFirst &&
         start.substr(1).starts_with(kZstdSkippableTail);
}

std::string_view elf_kind(ByteView start) {
  const auto type = start.read<std::uint16_t>(kElfTypeAt);
  return type.ok() && *type == kElfCore ? "an ELF core dump, such as Linux writes"
                                        : "an ELF file: a program or library of Linux";
}

/// Text in UTF-16 with a byte order mark, as tools of Windows write it, is looked at without its
/// zeros.
std::string plain_start(std::string_view start) {
  constexpr auto kUtf16Mark = "\xff\xfe"sv, kUtf8Mark = "\xef\xbb\xbf"sv;
  std::string text;
  if (start.starts_with(kUtf16Mark)) {
    for (std::size_t i = kUtf16Mark.size(); i < start.size(); i += 2) text += start[i];
  } else {
    text = start.substr(start.starts_with(kUtf8Mark) ? kUtf8Mark.size() : 0);
  }
  const auto first = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  return ascii_lower(std::string_view(text).substr(first));
}

/// What another known kind of file is; empty for one that is not known.
std::string_view other_kind(ByteView start) {
  const auto bytes = start.text();
  if (bytes.starts_with(kElf)) return elf_kind(start);
  for (const auto& magic : kOtherFiles) {
    if (bytes.starts_with(magic.bytes)) return magic.what;
  }
  const auto text = plain_start(bytes);
  for (const auto& magic : kOtherTexts) {
    if (text.starts_with(magic.bytes)) return magic.what;
  }
  return {};
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
  if (file.size() == 0) return Error{Errc::Malformed, "file is empty"};
  VIGIL_TRY_ASSIGN(const auto head,
                   file.view(0, std::min<std::uint64_t>(file.size(), kLongestMagic)));
  const auto start = head.text();
  if (start.starts_with(kMinidump)) return FileType::Minidump;
  if (is_zstd(start)) return FileType::Zstd;
  if (const auto kind = other_kind(head); !kind.empty()) {
    return Error{Errc::Unsupported, fmt::format("file is {}, and not a minidump", kind)};
  }
  if ("PAGEDU64"sv.starts_with(start) || "PAGEDUMP"sv.starts_with(start)) {
    return Error{Errc::Truncated,
                 fmt::format("file ends within the first {} of a kernel dump: it is cut off",
                             counted(start.size(), "byte"))};
  }
  if (std::ranges::all_of(start, [](char c) { return c == '\0'; })) {
    return Error{Errc::Malformed,
                 "file begins with zeros only: it was never written, or its disk lost it"};
  }
  constexpr std::size_t kShown = 8;
  return Error{Errc::Malformed,
               fmt::format("file is no dump: it begins with {}, and not with MDMP, as a minidump, "
                           "or with PAGEDU64 or PAGEDUMP, as a kernel dump",
                           hex(start.substr(0, kShown)))};
}

}  // namespace vigil::minidump
