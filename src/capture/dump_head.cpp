// SPDX-License-Identifier: Apache-2.0
#include "capture/dump_head.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "base/minidump_type.h"
#include "capture/appender.h"
#include "capture/format.h"

namespace vigil::capture {
namespace {

using format::LocationDescriptor;
using format::StreamType;
namespace type = minidump_type;

constexpr std::uint64_t kMaxRva = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kMaxStreams = 16;
constexpr std::size_t kMaxExceptionParameters = 15;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

/// The clock of the format: seconds since 1970 in 32 bits.
std::uint32_t time_t_of(Timestamp time) {
  return time.us <= 0 ? 0 : static_cast<std::uint32_t>(time.us / kMicrosecondsPerSecond);
}

/// Lays the streams out one behind the other. What a stream's records point at stands before it.
class HeadBuilder {
 public:
  explicit HeadBuilder(const DumpContent& content) : content_(content), out_(head_.bytes) {}

  Result<DumpHead> build() {
    out_.put(format::Header{});
    head_.bytes.resize(head_.bytes.size() + kMaxStreams * sizeof(format::Directory));
    system_info();
    misc_info();
    if (content_.exception) exception(*content_.exception);
    threads();
    if (has(type::kWithThreadInfo)) thread_infos();
    if (!has(type::kWithoutAuxiliaryState)) thread_names();
    modules();
    if (has(type::kWithUnloadedModules)) unloaded_modules();
    if (has(type::kWithFullMemoryInfo)) regions();
    if (has(type::kWithHandleData)) handles();
    comment();
    VIGIL_TRY(memory());
    header();
    return std::move(head_);
  }

 private:
  [[nodiscard]] bool has(std::uint32_t flag) const { return (content_.flags & flag) != 0; }
  void begin() {
    out_.align();
    stream_rva_ = out_.position();
  }
  void end(StreamType type) {
    directory_.push_back(
        {.stream_type = static_cast<std::uint32_t>(type),
         .location = {.data_size = out_.position() - stream_rva_, .rva = stream_rva_}});
  }

  template <Raw T>
  void counted_list(StreamType type, const std::vector<T>& entries) {
    begin();
    out_.put(static_cast<std::uint32_t>(entries.size()));
    out_.put_all(entries);
    end(type);
  }

  template <Raw T>
  void sized_list(StreamType type, const std::vector<T>& entries) {
    begin();
    out_.put(
        format::SizedListHeader{.size_of_header = sizeof(format::SizedListHeader),
                                .size_of_entry = sizeof(T),
                                .number_of_entries = static_cast<std::uint32_t>(entries.size())});
    out_.put_all(entries);
    end(type);
  }

  void system_info() {
    const auto& system = content_.system;
    const auto service_pack = out_.put_string(system.service_pack);
    begin();
    out_.put(format::SystemInfo{.processor_architecture = format::kArchitectureAmd64,
                                .processor_level = system.processor_level,
                                .processor_revision = system.processor_revision,
                                .number_of_processors = system.processors,
                                .product_type = system.product_type,
                                .major_version = system.major,
                                .minor_version = system.minor,
                                .build_number = system.build,
                                .platform_id = format::kPlatformNt,
                                .csd_version_rva = service_pack,
                                .suite_mask = system.suite_mask,
                                .reserved2 = 0,
                                .processor_features = system.processor_features,
                                .rest_of_union = 0});
    end(StreamType::SystemInfo);
  }

  void misc_info() {
    begin();
    out_.put(format::MiscInfo{.size_of_info = sizeof(format::MiscInfo),
                              .flags1 = format::kMiscProcessId | format::kMiscProcessTimes,
                              .process_id = content_.pid.value,
                              .process_create_time = time_t_of(content_.process_start),
                              .process_user_time = content_.user_seconds,
                              .process_kernel_time = content_.kernel_seconds,
                              .processor_power = {}});
    end(StreamType::MiscInfo);
  }

  void exception(const ExceptionContent& exception) {
    const auto count = std::min(exception.parameters.size(), kMaxExceptionParameters);
    format::ExceptionStream stream{};
    stream.thread_id = exception.thread.value;
    stream.exception_code = exception.code;
    stream.exception_flags = exception.flags;
    stream.exception_record = exception.nested_record;
    stream.exception_address = exception.address;
    stream.number_parameters = static_cast<std::uint32_t>(count);
    std::copy_n(exception.parameters.begin(), count, stream.exception_information.begin());
    stream.thread_context = out_.put_blob(exception.context);
    begin();
    out_.put(stream);
    end(StreamType::Exception);
  }

  void threads() {
    std::vector<format::Thread> records;
    records.reserve(content_.threads.size());
    for (const auto& thread : content_.threads) {
      thread_record_rvas_.push_back(
          static_cast<std::uint32_t>(records.size() * sizeof(format::Thread)));
      records.push_back({.thread_id = thread.id.value,
                         .suspend_count = thread.suspend_count,
                         .priority_class = thread.priority_class,
                         .priority = thread.priority,
                         .teb = thread.teb,
                         .stack = stack_in_full_dump(thread),
                         .thread_context = out_.put_blob(thread.context)});
    }
    counted_list(StreamType::ThreadList, records);
    for (auto& rva : thread_record_rvas_)
      rva += stream_rva_ + static_cast<std::uint32_t>(sizeof(std::uint32_t));
  }

  /// With a Memory64 list the stack is found by its address; the descriptor only says how much
  /// there is.
  [[nodiscard]] format::MemoryDescriptor stack_in_full_dump(const ThreadRecord& thread) const {
    if (!content_.memory64) return {.start_of_memory_range = thread.stack.base, .memory = {}};
    return {
        .start_of_memory_range = thread.stack.base,
        .memory = {.data_size = static_cast<std::uint32_t>(std::min(thread.stack.size, kMaxRva)),
                   .rva = 0}};
  }

  void thread_infos() {
    std::vector<format::ThreadInfo> infos;
    infos.reserve(content_.threads.size());
    for (const auto& thread : content_.threads) {
      infos.push_back({.thread_id = thread.id.value,
                       .dump_flags = thread.info_flags,
                       .dump_error = 0,
                       .exit_status = 0,
                       .create_time = thread.create_time,
                       .exit_time = thread.exit_time,
                       .kernel_time = thread.kernel_time,
                       .user_time = thread.user_time,
                       .start_address = thread.start_address,
                       .affinity = thread.affinity});
    }
    sized_list(StreamType::ThreadInfoList, infos);
  }

  void thread_names() {
    std::vector<format::ThreadName> names;
    for (const auto& thread : content_.threads) {
      if (thread.name.empty()) continue;
      names.push_back(
          {.thread_id = thread.id.value, .rva_of_thread_name = out_.put_string(thread.name)});
    }
    counted_list(StreamType::ThreadNames, names);
  }

  void modules() {
    std::vector<format::Module> records;
    records.reserve(content_.modules.size());
    for (const auto& module : content_.modules) {
      records.push_back({.base_of_image = module.base,
                         .size_of_image = module.size,
                         .check_sum = module.checksum,
                         .time_date_stamp = module.timestamp,
                         .module_name_rva = out_.put_string(module.path),
                         .version_info = module.version,
                         .cv_record = module.codeview.empty() ? LocationDescriptor{}
                                                              : out_.put_blob(module.codeview),
                         .misc_record = {},
                         .reserved0 = 0,
                         .reserved1 = 0});
    }
    counted_list(StreamType::ModuleList, records);
  }

  void unloaded_modules() {
    if (content_.unloaded_modules.empty()) return;
    std::vector<format::UnloadedModule> records;
    records.reserve(content_.unloaded_modules.size());
    for (const auto& module : content_.unloaded_modules) {
      records.push_back({.base_of_image = module.base,
                         .size_of_image = module.size,
                         .check_sum = module.checksum,
                         .time_date_stamp = module.timestamp,
                         .module_name_rva = out_.put_string(module.name)});
    }
    sized_list(StreamType::UnloadedModuleList, records);
  }

  void regions() {
    begin();
    out_.put(format::MemoryInfoListHeader{.size_of_header = sizeof(format::MemoryInfoListHeader),
                                          .size_of_entry = sizeof(format::MemoryInfo),
                                          .number_of_entries = content_.regions.size()});
    for (const auto& region : content_.regions) {
      out_.put(format::MemoryInfo{.base_address = region.base,
                                  .allocation_base = region.allocation_base,
                                  .allocation_protect = region.allocation_protect,
                                  .alignment1 = 0,
                                  .region_size = region.size,
                                  .state = region.state,
                                  .protect = region.protect,
                                  .type = region.type,
                                  .alignment2 = 0});
    }
    end(StreamType::MemoryInfoList);
  }

  void handles() {
    if (content_.handles.empty()) return;
    std::vector<format::HandleDescriptor> records;
    records.reserve(content_.handles.size());
    for (const auto& handle : content_.handles) {
      records.push_back({.handle = handle.handle,
                         .type_name_rva = handle.type.empty() ? 0 : out_.put_string(handle.type),
                         .object_name_rva = handle.name.empty() ? 0 : out_.put_string(handle.name),
                         .attributes = handle.attributes,
                         .granted_access = handle.granted_access,
                         .handle_count = handle.handle_count,
                         .pointer_count = handle.pointer_count});
    }
    begin();
    out_.put(format::HandleDataHeader{
        .size_of_header = sizeof(format::HandleDataHeader),
        .size_of_descriptor = sizeof(format::HandleDescriptor),
        .number_of_descriptors = static_cast<std::uint32_t>(records.size()),
        .reserved = 0});
    out_.put_all(records);
    end(StreamType::HandleData);
  }

  void comment() {
    if (content_.comment.empty()) return;
    begin();
    out_.put_bytes(std::as_bytes(std::span(content_.comment)));
    out_.put(char16_t{0});
    end(StreamType::CommentW);
  }

  Status memory() {
    for (const auto& range : content_.memory) head_.memory_bytes += range.size;
    return content_.memory64 ? memory64_list() : memory_list();
  }

  /// The list is the head's last part and the data follows at once, so its own size gives the
  /// data's place.
  Status memory64_list() {
    begin();
    const auto list_bytes =
        2 * sizeof(std::uint64_t) + content_.memory.size() * sizeof(format::MemoryDescriptor64);
    out_.put(std::uint64_t{content_.memory.size()});
    out_.put(std::uint64_t{stream_rva_ + list_bytes});
    for (const auto& range : content_.memory) {
      out_.put(
          format::MemoryDescriptor64{.start_of_memory_range = range.base, .data_size = range.size});
    }
    end(StreamType::Memory64List);
    return check_reach(head_.bytes.size());
  }

  Status memory_list() {
    begin();
    const auto list_bytes =
        sizeof(std::uint32_t) + content_.memory.size() * sizeof(format::MemoryDescriptor);
    const std::uint64_t data = stream_rva_ + list_bytes;
    VIGIL_TRY(check_reach(data + head_.memory_bytes));
    std::vector<format::MemoryDescriptor> records;
    records.reserve(content_.memory.size());
    auto rva = static_cast<std::uint32_t>(data);
    for (const auto& range : content_.memory) {
      const auto size = static_cast<std::uint32_t>(range.size);
      records.push_back(
          {.start_of_memory_range = range.base, .memory = {.data_size = size, .rva = rva}});
      rva += size;
    }
    for (std::size_t i = 0; i < content_.threads.size(); ++i) place_stack(i, records);
    counted_list(StreamType::MemoryList, records);
    return {};
  }

  /// A thread's stack is a part of some dumped range; its descriptor shares the bytes.
  void place_stack(std::size_t thread, const std::vector<format::MemoryDescriptor>& ranges) {
    const auto& stack = content_.threads[thread].stack;
    const auto above = std::ranges::upper_bound(ranges, stack.base, {},
                                                &format::MemoryDescriptor::start_of_memory_range);
    if (stack.size == 0 || above == ranges.begin()) return;
    const auto& range = *(above - 1);
    const auto inside = stack.base - range.start_of_memory_range;
    if (inside > range.memory.data_size || stack.size > range.memory.data_size - inside) return;
    patch(thread_record_rvas_[thread] + offsetof(format::Thread, stack),
          format::MemoryDescriptor{
              .start_of_memory_range = stack.base,
              .memory = {.data_size = static_cast<std::uint32_t>(stack.size),
                         .rva = range.memory.rva + static_cast<std::uint32_t>(inside)}});
  }

  template <Raw T>
  void patch(std::size_t offset, const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    std::copy(bytes.begin(), bytes.end(),
              head_.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  }

  static Status check_reach(std::uint64_t size) {
    if (size <= kMaxRva) return {};
    return Error{Errc::LimitExceeded,
                 fmt::format("dump: {} bytes lie beyond what its 32-bit offsets reach", size)};
  }

  void header() {
    VIGIL_CHECK(directory_.size() <= kMaxStreams);
    patch(0, format::Header{.signature = format::kSignature,
                            .version = format::kVersion,
                            .number_of_streams = static_cast<std::uint32_t>(directory_.size()),
                            .stream_directory_rva = sizeof(format::Header),
                            .check_sum = 0,
                            .time_date_stamp = time_t_of(content_.taken_at),
                            .flags = content_.flags});
    for (std::size_t i = 0; i < directory_.size(); ++i) {
      patch(sizeof(format::Header) + i * sizeof(format::Directory), directory_[i]);
    }
  }

  const DumpContent& content_;
  DumpHead head_;
  Appender out_;
  std::uint32_t stream_rva_ = 0;
  std::vector<format::Directory> directory_;
  std::vector<std::uint32_t> thread_record_rvas_;
};

}  // namespace

Result<DumpHead> lay_out(const DumpContent& content) {
  return HeadBuilder(content).build();
}

}  // namespace vigil::capture
