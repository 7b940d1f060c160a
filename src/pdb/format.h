// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/guid.h"

/// Records of PDB files as they lie in their streams.
namespace vigil::pdb::format {

// The container: a file system of numbered streams in blocks of one size.

inline constexpr std::string_view kMsf7Magic{"Microsoft C/C++ MSF 7.00\r\n\x1a\x44\x53\0\0\0", 32};
inline constexpr std::string_view kMsf2Magic{"Microsoft C/C++ program database 2.00"};
inline constexpr std::string_view kPortableMagic{"BSJB"};

/// After the magic. The numbers of the blocks that hold the numbers of the directory's blocks
/// follow.
struct SuperBlock {
  std::uint32_t block_size;
  std::uint32_t free_block_map;
  std::uint32_t block_count;
  std::uint32_t directory_size;
  std::uint32_t unknown;
};
static_assert(sizeof(SuperBlock) == 20);

inline constexpr std::uint32_t kNilStreamSize = 0xffff'ffff;
inline constexpr std::uint16_t kNilStream = 0xffff;

inline constexpr std::uint32_t kInfoStream = 1;
inline constexpr std::uint32_t kTpiStream = 2;
inline constexpr std::uint32_t kDbiStream = 3;
inline constexpr std::uint32_t kIpiStream = 4;

// Stream 1.

struct InfoHeader {
  std::uint32_t version;
  std::uint32_t signature;
  std::uint32_t age;
  Guid guid;
};
static_assert(sizeof(InfoHeader) == 28);
inline constexpr std::uint32_t kInfoVersionVc70 = 20000404;
inline constexpr std::uint32_t kFeatureVc110 = 20091201;       // nothing follows
inline constexpr std::uint32_t kFeatureMinimal = 0x494e'494d;  // MINI: /DEBUG:FASTLINK

struct NamesHeader {
  std::uint32_t signature;
  std::uint32_t version;
  std::uint32_t size;
};
static_assert(sizeof(NamesHeader) == 12);
inline constexpr std::uint32_t kNamesSignature = 0xeffe'effe;

// Stream 3.

struct DbiHeader {
  std::uint32_t signature;  // -1
  std::uint32_t version;
  std::uint32_t age;
  std::uint16_t globals_stream;
  std::uint16_t toolchain;
  std::uint16_t publics_stream;
  std::uint16_t pdb_dll_version;
  std::uint16_t symbols_stream;
  std::uint16_t pdb_dll_rebuild;
  std::uint32_t modules_size;
  std::uint32_t contributions_size;
  std::uint32_t section_map_size;
  std::uint32_t sources_size;
  std::uint32_t type_servers_size;
  std::uint32_t mfc_type_server;
  std::uint32_t debug_headers_size;
  std::uint32_t edit_and_continue_size;
  std::uint16_t flags;
  std::uint16_t machine;
  std::uint32_t padding;
};
static_assert(sizeof(DbiHeader) == 64);
inline constexpr std::uint32_t kDbiSignature = 0xffff'ffff;
inline constexpr std::uint16_t kDbiIncremental = 1;
inline constexpr std::uint16_t kDbiStripped = 2;

struct Contribution {
  std::uint16_t section;
  std::uint16_t padding1;
  std::uint32_t offset;
  std::uint32_t size;
  std::uint32_t characteristics;
  std::uint16_t module;
  std::uint16_t padding2;
  std::uint32_t data_crc;
  std::uint32_t reloc_crc;
};
static_assert(sizeof(Contribution) == 28);
inline constexpr std::uint32_t kSectionIsComdat = 0x1000;  // of characteristics
inline constexpr std::uint32_t kContributionsV1 = 0xeffe'0000 + 19970605;
inline constexpr std::uint32_t kContributionsV2 = 0xeffe'0000 + 20140516;
inline constexpr std::uint32_t kContributionV2Bytes = 32;

/// The names of the module and of its object file follow, and padding to 4.
struct ModuleInfo {
  std::uint32_t unused1;
  Contribution first_contribution;
  std::uint16_t flags;
  std::uint16_t stream;
  std::uint32_t symbols_size;
  std::uint32_t c11_size;
  std::uint32_t c13_size;
  std::uint16_t source_file_count;
  std::uint16_t padding;
  std::uint32_t unused2;
  std::uint32_t source_file_name;
  std::uint32_t pdb_file_name;
};
static_assert(sizeof(ModuleInfo) == 64);

/// Stream numbers in the optional debug header, by place.
enum class DebugHeader : std::uint32_t {
  OldFpo = 0,
  OmapToSource = 3,
  OmapFromSource = 4,
  Sections = 5,
  NewFpo = 9,
  OriginalSections = 10,
};

struct SectionHeader {
  std::array<char, 8> name;
  std::uint32_t virtual_size;
  std::uint32_t virtual_address;
  std::uint32_t size_of_raw_data;
  std::array<std::uint32_t, 3> file_offsets;
  std::array<std::uint16_t, 2> counts;
  std::uint32_t characteristics;
};
static_assert(sizeof(SectionHeader) == 40);

struct Omap {
  std::uint32_t from;
  std::uint32_t to;  // 0: went nowhere
};
static_assert(sizeof(Omap) == 8);

struct FpoData {
  std::uint32_t start;
  std::uint32_t size;
  std::uint32_t locals;  // in dwords
  std::uint16_t params;  // in dwords
  std::uint8_t prologue;
  std::uint8_t bits;  // registers:3 has_seh:1 uses_base_pointer:1 reserved:1 kind:2
};
static_assert(sizeof(FpoData) == 16);

struct FrameData {
  std::uint32_t start;
  std::uint32_t size;
  std::uint32_t locals;
  std::uint32_t params;
  std::uint32_t stack_max;
  std::uint32_t program;  // in /names
  std::uint16_t prologue;
  std::uint16_t saved_registers;
  std::uint32_t flags;
};
static_assert(sizeof(FrameData) == 32);
inline constexpr std::uint32_t kFrameHasSeh = 1;
inline constexpr std::uint32_t kFrameHasCppEh = 2;
inline constexpr std::uint32_t kFrameIsFunctionStart = 4;

// The publics stream. The hash table follows, then the address map: offsets of records in the
// symbol stream, by address.

struct PublicsHeader {
  std::uint32_t hash_size;
  std::uint32_t address_map_size;
  std::uint32_t thunk_count;
  std::uint32_t thunk_size;
  std::uint16_t thunk_section;
  std::uint16_t padding;
  std::uint32_t thunk_offset;
  std::uint32_t section_count;
};
static_assert(sizeof(PublicsHeader) == 28);

// The table that leads from a name to symbols: in the publics stream behind its header, in the
// globals stream from its start. This, the entries, then which buckets there are, a bit each, and
// for each of these where its entries begin.

struct NameTableHeader {
  std::uint32_t signature;  // -1
  std::uint32_t version;
  std::uint32_t entries_size;
  std::uint32_t buckets_size;
};
static_assert(sizeof(NameTableHeader) == 16);
inline constexpr std::uint32_t kNameTableSignature = 0xffff'ffff;
inline constexpr std::uint32_t kNameTableVersion = 0xeffe'0000 + 19990810;
inline constexpr std::uint32_t kNameBuckets = 4096;
inline constexpr std::uint32_t kNameBucketWords = (kNameBuckets + 32) / 32;
/// Where the entries of a bucket begin is written for entries as a 32-bit linker had them in
/// memory.
inline constexpr std::uint32_t kNameEntryBytesInMemory = 12;

struct NameEntry {
  std::uint32_t offset;  // in the symbol stream, and 1
  std::uint32_t references;
};
static_assert(sizeof(NameEntry) == 8);

// Symbol records.

struct RecordHeader {
  std::uint16_t size;  // of what follows this field
  std::uint16_t kind;
};
static_assert(sizeof(RecordHeader) == 4);

enum class Symbol : std::uint16_t {
  End = 0x0006,
  Thunk32 = 0x1102,
  LData32 = 0x110c,
  GData32 = 0x110d,
  Pub32 = 0x110e,
  LProc32 = 0x110f,
  GProc32 = 0x1110,
  SepCode = 0x1132,
  LProc32Id = 0x1146,
  GProc32Id = 0x1147,
  InlineSite = 0x114d,
  InlineSiteEnd = 0x114e,
  ProcIdEnd = 0x114f,
  LProc32Dpc = 0x1155,
  LProc32DpcId = 0x1156,
  InlineSite2 = 0x115d,
};

/// Data is laid out as publics are.
struct Pub32 {
  std::uint32_t flags;  // of data: its type
  std::uint32_t offset;
  std::uint16_t section;
  std::array<char, 2> name_start;
};
static_assert(sizeof(Pub32) == 12);
inline constexpr std::uint64_t kPub32NameOffset = 10;

struct Proc32 {
  std::uint32_t parent;
  std::uint32_t end;
  std::uint32_t next;
  std::uint32_t size;
  std::uint32_t debug_start;
  std::uint32_t debug_end;
  std::uint32_t type;
  std::uint32_t offset;
  std::uint16_t section;
  std::uint8_t flags;
  char name_start;
};
static_assert(sizeof(Proc32) == 36);
inline constexpr std::uint64_t kProc32NameOffset = 35;

struct Thunk32 {
  std::uint32_t parent;
  std::uint32_t end;
  std::uint32_t next;
  std::uint32_t offset;
  std::uint16_t section;
  std::uint16_t size;
};
static_assert(sizeof(Thunk32) == 20);
inline constexpr std::uint64_t kThunk32NameOffset = 21;  // a byte for its kind comes before

struct SepCode {
  std::uint32_t parent;
  std::uint32_t end;
  std::uint32_t size;
  std::uint32_t flags;
  std::uint32_t offset;
  std::uint32_t parent_offset;
  std::uint16_t section;
  std::uint16_t parent_section;
};
static_assert(sizeof(SepCode) == 28);

struct InlineSite {
  std::uint32_t parent;
  std::uint32_t end;
  std::uint32_t inlinee;
};
static_assert(sizeof(InlineSite) == 12);
inline constexpr std::uint64_t kInlineSite2AnnotationsOffset = 16;  // a count comes before

// Subsections of a module's lines ("C13").

struct SubsectionHeader {
  std::uint32_t kind;
  std::uint32_t size;
};
static_assert(sizeof(SubsectionHeader) == 8);

enum class Subsection : std::uint32_t {
  Lines = 0xf2,
  FileChecksums = 0xf4,
  FrameData = 0xf5,
  InlineeLines = 0xf6,
};

struct LinesHeader {
  std::uint32_t offset;
  std::uint16_t section;
  std::uint16_t flags;
  std::uint32_t size;
};
static_assert(sizeof(LinesHeader) == 12);
inline constexpr std::uint16_t kLinesHaveColumns = 1;

struct LineBlock {
  std::uint32_t file;  // in the file checksums
  std::uint32_t line_count;
  std::uint32_t size;  // with this header
};
static_assert(sizeof(LineBlock) == 12);

struct Line {
  std::uint32_t offset;
  std::uint32_t bits;  // line:24 more lines:7 statement:1
};
static_assert(sizeof(Line) == 8);
inline constexpr std::uint32_t kLineMask = 0x00ff'ffff;
inline constexpr std::uint32_t kLineNeverStepInto = 0x00fe'efee;
inline constexpr std::uint32_t kLineAlwaysStepInto = 0x00f0'0f00;

struct InlineeLine {
  std::uint32_t inlinee;
  std::uint32_t file;
  std::uint32_t line;
};
static_assert(sizeof(InlineeLine) == 12);
inline constexpr std::uint32_t kInlineesHaveExtraFiles = 1;  // of the subsection's first dword

/// The opcodes of an inline site's annotations.
enum class Annotation : std::uint32_t {
  End = 0,
  CodeOffset = 1,
  ChangeCodeOffsetBase = 2,
  ChangeCodeOffset = 3,
  ChangeCodeLength = 4,
  ChangeFile = 5,
  ChangeLineOffset = 6,
  ChangeLineEndDelta = 7,
  ChangeRangeKind = 8,
  ChangeColumnStart = 9,
  ChangeColumnEndDelta = 10,
  ChangeCodeOffsetAndLineOffset = 11,
  ChangeCodeLengthAndCodeOffset = 12,
  ChangeColumnEnd = 13,
};

// Type streams.

struct TypesHeader {
  std::uint32_t version;
  std::uint32_t header_size;
  std::uint32_t first_index;
  std::uint32_t end_index;
  std::uint32_t records_size;
  std::uint16_t hash_stream;
  std::uint16_t hash_aux_stream;
  std::uint32_t hash_key_size;
  std::uint32_t hash_buckets;
  std::uint32_t hash_values_offset;
  std::uint32_t hash_values_size;
  std::uint32_t index_offsets_offset;
  std::uint32_t index_offsets_size;
  std::uint32_t hash_adjusters_offset;
  std::uint32_t hash_adjusters_size;
};
static_assert(sizeof(TypesHeader) == 56);

struct IndexOffset {
  std::uint32_t index;
  std::uint32_t offset;
};
static_assert(sizeof(IndexOffset) == 8);

enum class Leaf : std::uint16_t {
  Modifier = 0x1001,
  Pointer = 0x1002,
  FieldList = 0x1203,
  BitField = 0x1205,
  Array = 0x1503,
  Class = 0x1504,
  Structure = 0x1505,
  Union = 0x1506,
  Enum = 0x1507,
  Interface = 0x1519,
  FuncId = 0x1601,
  MFuncId = 0x1602,
  StringId = 0x1605,
  Class2 = 0x1608,
  Structure2 = 0x1609,
  Union2 = 0x160a,
  Interface2 = 0x160b,
};

/// What a list of fields has in it.
enum class Field : std::uint16_t {
  BaseClass = 0x1400,
  VirtualBase = 0x1401,
  IndirectVirtualBase = 0x1402,
  Continuation = 0x1404,
  FunctionTable = 0x1409,
  FriendClass = 0x140a,
  FunctionTableAt = 0x140c,
  Enumerator = 0x1502,
  FriendFunction = 0x150c,
  Member = 0x150d,
  StaticMember = 0x150e,
  Methods = 0x150f,
  NestedType = 0x1510,
  OneMethod = 0x1511,
  NestedTypeEx = 0x1512,
  ModifiedMember = 0x1513,
  BaseInterface = 0x151a,
};

// Properties of a class.
inline constexpr std::uint32_t kForwardReference = 0x80;
inline constexpr std::uint32_t kScoped = 0x100;
inline constexpr std::uint32_t kHasUniqueName = 0x200;

}  // namespace vigil::pdb::format
