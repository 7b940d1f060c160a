// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/guid.h"

/// Records of PE images as they lie in the file, with the specification's field names.
namespace vigil::image::format {

inline constexpr std::uint16_t kDosMagic = 0x5a4d;          // MZ
inline constexpr std::uint64_t kDosNewHeaderOffset = 0x3c;  // e_lfanew
inline constexpr std::uint32_t kPeSignature = 0x00004550;   // PE\0\0
inline constexpr std::uint16_t kOptionalMagic32 = 0x10b;
inline constexpr std::uint16_t kOptionalMagic64 = 0x20b;
inline constexpr std::uint16_t kFileIsDll = 0x2000;                // IMAGE_FILE_DLL
inline constexpr std::uint32_t kSectionIsExecutable = 0x20000000;  // IMAGE_SCN_MEM_EXECUTE

struct FileHeader {
  std::uint16_t machine;
  std::uint16_t number_of_sections;
  std::uint32_t time_date_stamp;
  std::uint32_t pointer_to_symbol_table;
  std::uint32_t number_of_symbols;
  std::uint16_t size_of_optional_header;
  std::uint16_t characteristics;
};
static_assert(sizeof(FileHeader) == 20);

/// The part of the optional header that PE32 and PE32+ share, up to the image base.
struct OptionalHeaderStart {
  std::uint16_t magic;
  std::uint8_t major_linker_version;
  std::uint8_t minor_linker_version;
  std::uint32_t size_of_code;
  std::uint32_t size_of_initialized_data;
  std::uint32_t size_of_uninitialized_data;
  std::uint32_t address_of_entry_point;
  std::uint32_t base_of_code;
};
static_assert(sizeof(OptionalHeaderStart) == 24);

/// Behind the image base, which is 4 bytes at 28 in PE32 and 8 bytes at 24 in PE32+, both agree
/// again.
struct OptionalHeaderMiddle {
  std::uint32_t section_alignment;
  std::uint32_t file_alignment;
  std::array<std::uint16_t, 6> versions;
  std::uint32_t win32_version_value;
  std::uint32_t size_of_image;
  std::uint32_t size_of_headers;
  std::uint32_t check_sum;
  std::uint16_t subsystem;
  std::uint16_t dll_characteristics;
};
static_assert(sizeof(OptionalHeaderMiddle) == 40);
inline constexpr std::uint64_t kImageBaseOffset32 = 28;
inline constexpr std::uint64_t kImageBaseOffset64 = 24;
inline constexpr std::uint64_t kOptionalMiddleOffset = 32;
inline constexpr std::uint64_t kNumberOfDirectoriesOffset32 = 92;
inline constexpr std::uint64_t kNumberOfDirectoriesOffset64 = 108;

struct DataDirectory {
  std::uint32_t virtual_address;
  std::uint32_t size;
};
static_assert(sizeof(DataDirectory) == 8);

struct SectionHeader {
  std::array<char, 8> name;
  std::uint32_t virtual_size;
  std::uint32_t virtual_address;
  std::uint32_t size_of_raw_data;
  std::uint32_t pointer_to_raw_data;
  std::uint32_t pointer_to_relocations;
  std::uint32_t pointer_to_linenumbers;
  std::uint16_t number_of_relocations;
  std::uint16_t number_of_linenumbers;
  std::uint32_t characteristics;
};
static_assert(sizeof(SectionHeader) == 40);

struct ExportDirectory {
  std::uint32_t characteristics;
  std::uint32_t time_date_stamp;
  std::uint16_t major_version;
  std::uint16_t minor_version;
  std::uint32_t name;
  std::uint32_t base;
  std::uint32_t number_of_functions;
  std::uint32_t number_of_names;
  std::uint32_t address_of_functions;
  std::uint32_t address_of_names;
  std::uint32_t address_of_name_ordinals;
};
static_assert(sizeof(ExportDirectory) == 40);

/// An x64 exception directory entry. With bit 0 of unwind_info_address set it is the RVA plus one
/// of another entry, which holds.
struct RuntimeFunction {
  std::uint32_t begin_address;
  std::uint32_t end_address;
  std::uint32_t unwind_info_address;
};
static_assert(sizeof(RuntimeFunction) == 12);
inline constexpr std::uint32_t kRuntimeFunctionIndirect = 1;

/// The start of UNWIND_INFO. Codes of 2 bytes follow, an even number of them; then, where the flag
/// says so, the RuntimeFunction that this one is chained to.
struct UnwindInfoHeader {
  std::uint8_t version_and_flags;  // flags in the high 5 bits
  std::uint8_t size_of_prolog;
  std::uint8_t count_of_codes;
  std::uint8_t frame_register_and_offset;
};
static_assert(sizeof(UnwindInfoHeader) == 4);
inline constexpr std::uint8_t kUnwindInfoChained = 4 << 3;  // UNW_FLAG_CHAININFO

struct Arm64RuntimeFunction {
  std::uint32_t begin_address;
  std::uint32_t unwind_data;
};
static_assert(sizeof(Arm64RuntimeFunction) == 8);

struct DebugDirectory {
  std::uint32_t characteristics;
  std::uint32_t time_date_stamp;
  std::uint16_t major_version;
  std::uint16_t minor_version;
  std::uint32_t type;
  std::uint32_t size_of_data;
  std::uint32_t address_of_raw_data;
  std::uint32_t pointer_to_raw_data;
};
static_assert(sizeof(DebugDirectory) == 28);
inline constexpr std::uint32_t kDebugTypeCodeView = 2;
inline constexpr std::uint32_t kDebugTypeRepro = 16;

struct CodeViewRsds {
  std::uint32_t signature;
  Guid guid;
  std::uint32_t age;
};
static_assert(sizeof(CodeViewRsds) == 24);
inline constexpr std::uint32_t kRsds = 0x53445352;

struct CodeViewNb10 {
  std::uint32_t signature;
  std::uint32_t offset;
  std::uint32_t time_date_stamp;
  std::uint32_t age;
};
static_assert(sizeof(CodeViewNb10) == 16);
inline constexpr std::uint32_t kNb10 = 0x3031424e;

struct ResourceDirectory {
  std::uint32_t characteristics;
  std::uint32_t time_date_stamp;
  std::uint16_t major_version;
  std::uint16_t minor_version;
  std::uint16_t number_of_named_entries;
  std::uint16_t number_of_id_entries;
};
static_assert(sizeof(ResourceDirectory) == 16);

struct ResourceEntry {
  std::uint32_t name;
  std::uint32_t offset_to_data;
};
static_assert(sizeof(ResourceEntry) == 8);
inline constexpr std::uint32_t kResourceIsDirectory = 0x80000000;  // in offset_to_data
inline constexpr std::uint32_t kResourceTypeVersion = 16;          // RT_VERSION

struct ResourceDataEntry {
  std::uint32_t offset_to_data;  // an RVA, unlike the other offsets of resources
  std::uint32_t size;
  std::uint32_t code_page;
  std::uint32_t reserved;
};
static_assert(sizeof(ResourceDataEntry) == 16);

/// VS_VERSIONINFO up to and with the start of VS_FIXEDFILEINFO: three words, the key
/// `VS_VERSION_INFO` in UTF-16 with its NUL, padding to 4.
struct VersionInfoStart {
  std::uint16_t length;
  std::uint16_t value_length;
  std::uint16_t type;
  std::array<char16_t, 16> key;
  std::uint16_t padding;
  std::uint32_t signature;
  std::uint32_t struct_version;
  std::uint32_t file_version_ms;
  std::uint32_t file_version_ls;
};
static_assert(sizeof(VersionInfoStart) == 56);
inline constexpr std::uint32_t kFixedFileInfoSignature = 0xfeef04bd;

/// What each block of VS_VERSIONINFO begins with. The key follows, in UTF-16 with its NUL, then the
/// value, then the blocks inside: each from a multiple of 4 on.
struct VersionBlock {
  std::uint16_t length;        // of all of it
  std::uint16_t value_length;  // of text in characters, of other values in bytes
  std::uint16_t type;          // 1: text
};
static_assert(sizeof(VersionBlock) == 6);

}  // namespace vigil::image::format
