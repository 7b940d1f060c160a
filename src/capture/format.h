// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

/// The minidump format as Microsoft documents it (minidumpapiset.h): what the writer puts into the
/// file, little-endian and packed to 4. The reader in src/minidump has its own, so that a mistake
/// in one does not agree with itself in the other.
namespace vigil::capture::format {

inline constexpr std::uint32_t kSignature = 0x504d444d;  // "MDMP"
inline constexpr std::uint32_t kVersion = 0xa793;
inline constexpr std::uint16_t kArchitectureAmd64 = 9;
inline constexpr std::uint32_t kPlatformNt = 2;

enum class StreamType : std::uint32_t {
  ThreadList = 3,
  ModuleList = 4,
  MemoryList = 5,
  Exception = 6,
  SystemInfo = 7,
  Memory64List = 9,
  CommentW = 11,
  HandleData = 12,
  UnloadedModuleList = 14,
  MiscInfo = 15,
  MemoryInfoList = 16,
  ThreadInfoList = 17,
  ThreadNames = 24,
};

inline constexpr std::uint32_t kMiscProcessId = 0x1;
inline constexpr std::uint32_t kMiscProcessTimes = 0x2;

#pragma pack(push, 4)

struct Header {
  std::uint32_t signature;
  std::uint32_t version;
  std::uint32_t number_of_streams;
  std::uint32_t stream_directory_rva;
  std::uint32_t check_sum;
  std::uint32_t time_date_stamp;
  std::uint64_t flags;
};
static_assert(sizeof(Header) == 32);

struct LocationDescriptor {
  std::uint32_t data_size;
  std::uint32_t rva;
};
static_assert(sizeof(LocationDescriptor) == 8);

struct Directory {
  std::uint32_t stream_type;
  LocationDescriptor location;
};
static_assert(sizeof(Directory) == 12);

struct MemoryDescriptor {
  std::uint64_t start_of_memory_range;
  LocationDescriptor memory;
};
static_assert(sizeof(MemoryDescriptor) == 16);

struct MemoryDescriptor64 {
  std::uint64_t start_of_memory_range;
  std::uint64_t data_size;
};
static_assert(sizeof(MemoryDescriptor64) == 16);

struct SystemInfo {
  std::uint16_t processor_architecture;
  std::uint16_t processor_level;
  std::uint16_t processor_revision;
  std::uint8_t number_of_processors;
  std::uint8_t product_type;
  std::uint32_t major_version;
  std::uint32_t minor_version;
  std::uint32_t build_number;
  std::uint32_t platform_id;
  std::uint32_t csd_version_rva;
  std::uint16_t suite_mask;
  std::uint16_t reserved2;
  std::array<std::uint64_t, 2> processor_features;
  std::uint64_t rest_of_union;
};
static_assert(sizeof(SystemInfo) == 56);

struct Thread {
  std::uint32_t thread_id;
  std::uint32_t suspend_count;
  std::uint32_t priority_class;
  std::uint32_t priority;
  std::uint64_t teb;
  MemoryDescriptor stack;
  LocationDescriptor thread_context;
};
static_assert(sizeof(Thread) == 48);

struct ThreadName {
  std::uint32_t thread_id;
  std::uint64_t rva_of_thread_name;
};
static_assert(sizeof(ThreadName) == 12);

/// Heads a list whose entries a reader must stride by their stated size.
struct SizedListHeader {
  std::uint32_t size_of_header;
  std::uint32_t size_of_entry;
  std::uint32_t number_of_entries;
};
static_assert(sizeof(SizedListHeader) == 12);

struct ThreadInfo {
  std::uint32_t thread_id;
  std::uint32_t dump_flags;
  std::uint32_t dump_error;
  std::uint32_t exit_status;
  std::uint64_t create_time;
  std::uint64_t exit_time;
  std::uint64_t kernel_time;
  std::uint64_t user_time;
  std::uint64_t start_address;
  std::uint64_t affinity;
};
static_assert(sizeof(ThreadInfo) == 64);

struct Module {
  std::uint64_t base_of_image;
  std::uint32_t size_of_image;
  std::uint32_t check_sum;
  std::uint32_t time_date_stamp;
  std::uint32_t module_name_rva;
  std::array<std::uint8_t, 52> version_info;
  LocationDescriptor cv_record;
  LocationDescriptor misc_record;
  std::uint64_t reserved0;
  std::uint64_t reserved1;
};
static_assert(sizeof(Module) == 108);

struct UnloadedModule {
  std::uint64_t base_of_image;
  std::uint32_t size_of_image;
  std::uint32_t check_sum;
  std::uint32_t time_date_stamp;
  std::uint32_t module_name_rva;
};
static_assert(sizeof(UnloadedModule) == 24);

struct ExceptionStream {
  std::uint32_t thread_id;
  std::uint32_t alignment;
  std::uint32_t exception_code;
  std::uint32_t exception_flags;
  std::uint64_t exception_record;
  std::uint64_t exception_address;
  std::uint32_t number_parameters;
  std::uint32_t unused_alignment;
  std::array<std::uint64_t, 15> exception_information;
  LocationDescriptor thread_context;
};
static_assert(sizeof(ExceptionStream) == 168);

struct MemoryInfoListHeader {
  std::uint32_t size_of_header;
  std::uint32_t size_of_entry;
  std::uint64_t number_of_entries;
};
static_assert(sizeof(MemoryInfoListHeader) == 16);

struct MemoryInfo {
  std::uint64_t base_address;
  std::uint64_t allocation_base;
  std::uint32_t allocation_protect;
  std::uint32_t alignment1;
  std::uint64_t region_size;
  std::uint32_t state;
  std::uint32_t protect;
  std::uint32_t type;
  std::uint32_t alignment2;
};
static_assert(sizeof(MemoryInfo) == 48);

struct HandleDataHeader {
  std::uint32_t size_of_header;
  std::uint32_t size_of_descriptor;
  std::uint32_t number_of_descriptors;
  std::uint32_t reserved;
};
static_assert(sizeof(HandleDataHeader) == 16);

struct HandleDescriptor {
  std::uint64_t handle;
  std::uint32_t type_name_rva;
  std::uint32_t object_name_rva;
  std::uint32_t attributes;
  std::uint32_t granted_access;
  std::uint32_t handle_count;
  std::uint32_t pointer_count;
};
static_assert(sizeof(HandleDescriptor) == 32);

/// MINIDUMP_MISC_INFO_2.
struct MiscInfo {
  std::uint32_t size_of_info;
  std::uint32_t flags1;
  std::uint32_t process_id;
  std::uint32_t process_create_time;
  std::uint32_t process_user_time;
  std::uint32_t process_kernel_time;
  std::array<std::uint32_t, 5> processor_power;
};
static_assert(sizeof(MiscInfo) == 44);

#pragma pack(pop)

}  // namespace vigil::capture::format
