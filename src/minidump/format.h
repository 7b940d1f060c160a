// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/guid.h"
#include "minidump/format_contexts.h"

/// Minidump structures as they lie in the file, with the names of minidumpapiset.h without their
/// prefix. They are packed to 4 bytes there, and so they are here.
namespace vigil::minidump::format {

inline constexpr std::uint32_t kSignature = 0x504d444d;  // MDMP
inline constexpr std::uint16_t kVersion = 0xa793;        // the low half of Header::version

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

struct Memory64List {
  std::uint64_t number_of_memory_ranges;
  std::uint64_t base_rva;
};
static_assert(sizeof(Memory64List) == 16);

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
};
static_assert(sizeof(SystemInfo) == 32);

/// What follows SystemInfo when the processor is an x86; others have CpuOther there.
struct CpuX86 {
  std::array<char, 12> vendor_id;
  std::uint32_t version_information;
  std::uint32_t feature_information;
  std::uint32_t amd_extended_features;
};
static_assert(sizeof(SystemInfo) + sizeof(CpuX86) == 56);

/// Bit n of the first word is set where IsProcessorFeaturePresent(n) is.
struct CpuOther {
  std::array<std::uint64_t, 2> processor_features;
};

struct MiscInfo {
  std::uint32_t size_of_info;
  std::uint32_t flags1;
  std::uint32_t process_id;
  std::uint32_t process_create_time;
  std::uint32_t process_user_time;
  std::uint32_t process_kernel_time;
};
static_assert(sizeof(MiscInfo) == 24);

/// What MiscInfo2 has behind it.
struct MiscInfoPower {
  std::uint32_t processor_max_mhz;
  std::uint32_t processor_current_mhz;
  std::uint32_t processor_mhz_limit;
  std::uint32_t processor_max_idle_state;
  std::uint32_t processor_current_idle_state;
};
static_assert(sizeof(MiscInfo) + sizeof(MiscInfoPower) == 44);

/// What MiscInfo3 has behind that.
struct MiscInfoProtection {
  std::uint32_t process_integrity_level;
  std::uint32_t process_execute_flags;
  std::uint32_t protected_process;
};
static_assert(sizeof(MiscInfo) + sizeof(MiscInfoPower) + sizeof(MiscInfoProtection) == 56);

struct SystemTime {
  std::array<std::uint16_t, 8> fields;
};

/// TIME_ZONE_INFORMATION with its kind before it. A bias is in minutes: UTC = local time + bias.
struct MiscInfoTimeZone {
  std::uint32_t time_zone_id;
  std::int32_t bias;
  std::array<char16_t, 32> standard_name;
  SystemTime standard_date;
  std::int32_t standard_bias;
  std::array<char16_t, 32> daylight_name;
  SystemTime daylight_date;
  std::int32_t daylight_bias;
};
static_assert(sizeof(MiscInfoTimeZone) == 176);

struct XStateConfig {
  std::uint32_t size_of_info;
  std::uint32_t context_size;
  std::uint64_t enabled_features;
  std::array<std::uint64_t, 64> features;
};
static_assert(sizeof(XStateConfig) == 528);

// Where the parts of MiscInfo3, 4 and 5 begin.
inline constexpr std::uint64_t kMiscProtectionAt = 44;
inline constexpr std::uint64_t kMiscTimeZoneAt = kMiscProtectionAt + sizeof(MiscInfoProtection);
inline constexpr std::uint64_t kMiscBuildStringAt = kMiscTimeZoneAt + sizeof(MiscInfoTimeZone);
inline constexpr std::uint64_t kMiscBuildStringBytes = 520;
inline constexpr std::uint64_t kMiscDebuggerBuildAt = kMiscBuildStringAt + kMiscBuildStringBytes;
inline constexpr std::uint64_t kMiscDebuggerBuildBytes = 80;
inline constexpr std::uint64_t kMiscXStateAt = kMiscDebuggerBuildAt + kMiscDebuggerBuildBytes;
inline constexpr std::uint64_t kMiscCookieAt = kMiscXStateAt + sizeof(XStateConfig);
static_assert(kMiscBuildStringAt == 0xe8 && kMiscXStateAt == 0x340 && kMiscCookieAt == 0x550);

inline constexpr std::uint32_t kMiscProcessId = 1;
inline constexpr std::uint32_t kMiscProcessTimes = 2;
inline constexpr std::uint32_t kMiscProcessorPower = 4;
inline constexpr std::uint32_t kMiscIntegrity = 0x10;
inline constexpr std::uint32_t kMiscExecuteFlags = 0x20;
inline constexpr std::uint32_t kMiscTimeZone = 0x40;
inline constexpr std::uint32_t kMiscProtectedProcess = 0x80;
inline constexpr std::uint32_t kMiscBuildString = 0x100;
inline constexpr std::uint32_t kMiscCookie = 0x200;

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
  std::uint64_t rva_of_thread_name;  // 64 bits, packed to 4: an entry is 12 bytes and not 16
};
static_assert(sizeof(ThreadName) == 12);

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

inline constexpr std::uint32_t kThreadWritingThread = 2;
inline constexpr std::uint32_t kThreadExited = 4;
inline constexpr std::uint32_t kThreadInvalidInfo = 8;
inline constexpr std::uint32_t kThreadInvalidContext = 0x10;

struct VsFixedFileInfo {
  std::uint32_t signature;
  std::uint32_t struct_version;
  std::uint32_t file_version_ms;
  std::uint32_t file_version_ls;
  std::array<std::uint32_t, 9> rest;
};
static_assert(sizeof(VsFixedFileInfo) == 52);
inline constexpr std::uint32_t kVsFixedFileInfoSignature = 0xfeef04bd;

struct Module {
  std::uint64_t base_of_image;
  std::uint32_t size_of_image;
  std::uint32_t check_sum;
  std::uint32_t time_date_stamp;
  std::uint32_t module_name_rva;
  VsFixedFileInfo version_info;
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

inline constexpr std::uint32_t kCodeViewRsds = 0x53445352;
inline constexpr std::uint32_t kCodeViewNb10 = 0x3031424e;
inline constexpr std::uint32_t kCodeViewElfBuildId = 0x4270454c;

struct CodeViewRsds {
  std::uint32_t signature;
  Guid guid;
  std::uint32_t age;  // the PDB's path follows
};
static_assert(sizeof(CodeViewRsds) == 24);

struct CodeViewNb10 {
  std::uint32_t signature;
  std::uint32_t offset;
  std::uint32_t time_date_stamp;
  std::uint32_t age;  // the PDB's path follows
};
static_assert(sizeof(CodeViewNb10) == 16);

/// The head of lists that say how large their head and their entries are.
struct ListHeader {
  std::uint32_t size_of_header;
  std::uint32_t size_of_entry;
};

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

struct HandleDataStream {
  std::uint32_t size_of_header;
  std::uint32_t size_of_descriptor;
  std::uint32_t number_of_descriptors;
  std::uint32_t reserved;
};
static_assert(sizeof(HandleDataStream) == 16);

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

/// What HandleDescriptor2 has behind it.
struct HandleDescriptorObject {
  std::uint32_t object_info_rva;
  std::uint32_t reserved0;
};
static_assert(sizeof(HandleDescriptor) + sizeof(HandleDescriptorObject) == 40);

/// A link in the chain of what is known of an object. Behind it lies what the system itself says of
/// such objects, laid out for the pointers of the process.
struct HandleObjectInformation {
  std::uint32_t next_info_rva;
  std::uint32_t info_type;
  std::uint32_t size_of_info;
};
static_assert(sizeof(HandleObjectInformation) == 12);

inline constexpr std::uint32_t kThreadInformation1 = 1;     // THREAD_BASIC_INFORMATION
inline constexpr std::uint32_t kMutantInformation1 = 2;     // MUTANT_BASIC_INFORMATION
inline constexpr std::uint32_t kMutantInformation2 = 3;     // MUTANT_OWNER_INFORMATION
inline constexpr std::uint32_t kProcessInformation1 = 4;    // PROCESS_BASIC_INFORMATION
inline constexpr std::uint32_t kProcessInformation2 = 5;    // the same, with its size before it
inline constexpr std::uint32_t kEventInformation1 = 6;      // EVENT_BASIC_INFORMATION
inline constexpr std::uint32_t kSectionInformation1 = 7;    // SECTION_BASIC_INFORMATION
inline constexpr std::uint32_t kSemaphoreInformation1 = 8;  // SEMAPHORE_BASIC_INFORMATION

/// The head of the list of handle operations; the entries are those of the application verifier.
struct HandleOperationList {
  std::uint32_t size_of_header;
  std::uint32_t size_of_entry;
  std::uint32_t number_of_entries;
  std::uint32_t reserved;
};
static_assert(sizeof(HandleOperationList) == 16);

/// Behind the header and its padding lie the tables one after the other, each a descriptor, the
/// system's own descriptor, the entries, padding.
struct FunctionTableStream {
  std::uint32_t size_of_header;
  std::uint32_t size_of_descriptor;
  std::uint32_t size_of_native_descriptor;
  std::uint32_t size_of_function_entry;
  std::uint32_t number_of_descriptors;
  std::uint32_t size_of_align_pad;
};
static_assert(sizeof(FunctionTableStream) == 24);

struct FunctionTableDescriptor {
  std::uint64_t minimum_address;
  std::uint64_t maximum_address;
  std::uint64_t base_address;
  std::uint32_t entry_count;
  std::uint32_t size_of_align_pad;
};
static_assert(sizeof(FunctionTableDescriptor) == 32);

struct TokenInfoList {
  std::uint32_t token_list_size;
  std::uint32_t token_list_entries;
  std::uint32_t list_header_size;
  std::uint32_t element_header_size;
};
static_assert(sizeof(TokenInfoList) == 16);

struct TokenInfoHeader {
  std::uint32_t token_size;  // of the whole element
  std::uint32_t token_id;    // of the process or thread
  std::uint64_t token_handle;
};
static_assert(sizeof(TokenInfoHeader) == 16);

struct SystemBasicInformation {
  std::uint32_t timer_resolution;
  std::uint32_t page_size;
  std::uint32_t number_of_physical_pages;
  std::uint32_t lowest_physical_page_number;
  std::uint32_t highest_physical_page_number;
  std::uint32_t allocation_granularity;
  std::uint64_t minimum_user_mode_address;
  std::uint64_t maximum_user_mode_address;
  std::uint64_t active_processors_affinity_mask;
  std::uint32_t number_of_processors;
};
static_assert(sizeof(SystemBasicInformation) == 52);

struct SystemFileCacheInformation {
  std::uint64_t current_size;
  std::uint64_t peak_size;
  std::uint32_t page_fault_count;
  std::uint64_t minimum_working_set;
  std::uint64_t maximum_working_set;
  std::uint64_t current_size_including_transition_in_pages;
  std::uint64_t peak_size_including_transition_in_pages;
  std::uint32_t transition_re_purpose_count;
  std::uint32_t flags;
};
static_assert(sizeof(SystemFileCacheInformation) == 60);

struct SystemBasicPerformance {
  std::uint64_t available_pages;
  std::uint64_t committed_pages;
  std::uint64_t commit_limit;
  std::uint64_t peak_commitment;
};
static_assert(sizeof(SystemBasicPerformance) == 32);

struct SystemMemoryInfo {
  std::uint16_t revision;
  std::uint16_t flags;
  SystemBasicInformation basic_info;
  SystemFileCacheInformation file_cache_info;
  SystemBasicPerformance basic_perf_info;  // 344 bytes of performance counters follow
};
static_assert(offsetof(SystemMemoryInfo, basic_perf_info) == 0x74);
inline constexpr std::uint16_t kSystemMemoryBasicPerf = 2;

struct ProcessVmCounters {
  std::uint16_t revision;
  std::uint16_t flags;  // of revision 2
  std::uint32_t page_fault_count;
  std::uint64_t peak_working_set_size;
  std::uint64_t working_set_size;
  std::uint64_t quota_peak_paged_pool_usage;
  std::uint64_t quota_paged_pool_usage;
  std::uint64_t quota_peak_non_paged_pool_usage;
  std::uint64_t quota_non_paged_pool_usage;
  std::uint64_t pagefile_usage;
  std::uint64_t peak_pagefile_usage;
};
static_assert(sizeof(ProcessVmCounters) == 72);

/// What revision 1 has behind that.
struct ProcessVmCounters1Rest {
  std::uint64_t private_usage;
};
static_assert(sizeof(ProcessVmCounters) + sizeof(ProcessVmCounters1Rest) == 80);

/// What revision 2 has there.
struct ProcessVmCounters2Rest {
  std::uint64_t peak_virtual_size;
  std::uint64_t virtual_size;
  std::uint64_t private_usage;
  std::uint64_t private_working_set_size;
  std::uint64_t shared_commit_usage;
  std::uint64_t job_shared_commit_usage;
  std::uint64_t job_private_commit_usage;
  std::uint64_t job_peak_private_commit_usage;
  std::uint64_t job_private_commit_limit;
  std::uint64_t job_total_commit_limit;
};
static_assert(sizeof(ProcessVmCounters) + sizeof(ProcessVmCounters2Rest) == 152);

inline constexpr std::uint16_t kVmCounters = 1;
inline constexpr std::uint16_t kVmVirtualSize = 2;
inline constexpr std::uint16_t kVmCountersEx = 4;
inline constexpr std::uint16_t kVmCountersEx2 = 8;
inline constexpr std::uint16_t kVmJob = 0x10;

inline constexpr std::size_t kMaxExceptionParameters = 15;

struct Exception {
  std::uint32_t exception_code;
  std::uint32_t exception_flags;
  std::uint64_t exception_record;
  std::uint64_t exception_address;
  std::uint32_t number_parameters;
  std::uint32_t unused_alignment;
  std::array<std::uint64_t, kMaxExceptionParameters> exception_information;
};
static_assert(sizeof(Exception) == 152);

struct ExceptionStream {
  std::uint32_t thread_id;
  std::uint32_t alignment;
  Exception exception_record;
  LocationDescriptor thread_context;
};
static_assert(sizeof(ExceptionStream) == 168);

#pragma pack(pop)

}  // namespace vigil::minidump::format
