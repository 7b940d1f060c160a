// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/byte_builder.h"
#include "support/contexts.h"

/// Builds minidumps for tests: say what is in the process, and finish() gives the bytes of the
/// file.
///
///   MinidumpBuilder dump(MinidumpBuilder::Arch::Amd64);
///   dump.add_module({.base = 0x140000000, .size = 0x5000, .name = "C:\\app\\app.exe"});
///   dump.add_memory(0x140000000, headers_of_app);
///   dump.add_thread({.id = 7, .stack_base = 0x8000, .stack = stack, .context =
///   amd64_context(registers)}); const std::string bytes = dump.finish();
///
/// Offsets are written as numbers of the format's description, not through the reader's structs.
namespace vigil::test {

/// A CodeView record as linkers of today write it; \p guid is its 16 raw bytes.
inline std::string rsds_record(std::string_view guid,
                               std::uint32_t age,
                               std::string_view pdb_path) {
  return ByteBuilder()
      .raw("RSDS")
      .raw(guid.substr(0, 16))
      .seek(20)
      .u32(age)
      .c_string(pdb_path)
      .bytes();
}

class MinidumpBuilder {
 public:
  enum class Arch : std::uint16_t { X86 = 0, Arm = 5, Amd64 = 9, Arm64 = 12 };

  struct ThreadSpec {
    std::uint32_t id = 0;
    std::uint64_t teb = 0;
    std::uint64_t stack_base = 0;  ///< Address of the first byte of \p stack.
    std::string stack{};
    std::string context{};  ///< amd64_context() and its like, or any bytes.
    std::string name{};
    std::uint32_t suspend_count = 0;
    std::uint32_t priority = 0;
    std::optional<std::uint64_t> start_address{};  ///< Given: the thread gets a ThreadInfo record.
    std::uint64_t create_time = 0, kernel_time = 0, user_time = 0;  ///< FILETIME units.
  };

  struct ModuleSpec {
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    std::string name{};
    std::uint32_t timestamp = 0;
    std::uint32_t checksum = 0;
    std::optional<std::array<std::uint16_t, 4>> version{};
    std::string codeview{};  ///< rsds_record() or any bytes.
  };

  struct ExceptionSpec {
    std::uint32_t thread = 0;
    std::uint32_t code = 0;
    std::uint32_t flags = 0;
    std::uint64_t address = 0;
    std::vector<std::uint64_t> parameters{};
    std::string context{};
  };

  struct RegionSpec {
    std::uint64_t base = 0, size = 0, allocation_base = 0;
    std::uint32_t allocation_protect = 4, state = 0x1000, protect = 4, type = 0x20000;
  };

  explicit MinidumpBuilder(Arch arch = Arch::Amd64) : arch_(arch), file_(empty_file()) {}

  MinidumpBuilder& timestamp(std::uint32_t seconds) { return header(20, seconds, 4); }
  MinidumpBuilder& flags(std::uint64_t minidump_type) { return header(24, minidump_type, 8); }
  /// A full dump: memory goes into a Memory64List at the end, and stacks have no offset of their
  /// own.
  MinidumpBuilder& full(bool is_full = true) {
    full_ = is_full;
    return *this;
  }
  MinidumpBuilder& os(std::uint32_t platform,
                      std::uint32_t major,
                      std::uint32_t minor,
                      std::uint32_t build) {
    os_ = {platform, major, minor, build};
    return *this;
  }
  MinidumpBuilder& service_pack(std::string text) {
    service_pack_ = std::move(text);
    return *this;
  }
  /// ProcessorLevel, ProcessorRevision (model << 8 | stepping) and the 24 bytes of the CPU union.
  MinidumpBuilder& cpu(std::uint16_t level, std::uint16_t revision, std::string cpu_union = {}) {
    cpu_level_ = level;
    cpu_revision_ = revision;
    cpu_union_ = std::move(cpu_union);
    return *this;
  }
  /// A MiscInfo of 44 bytes.
  MinidumpBuilder& misc_info(std::uint32_t pid,
                             std::uint32_t create_seconds,
                             std::uint32_t max_mhz = 0) {
    ByteBuilder b;
    b.u32(44).u32(1 | 2 | 4).u32(pid).u32(create_seconds).u32(3).u32(2).u32(max_mhz).seek(44);
    return add_stream(15, b.bytes());
  }
  MinidumpBuilder& without_system_info() {
    system_info_ = false;
    return *this;
  }

  MinidumpBuilder& add_thread(ThreadSpec thread) {
    threads_.push_back(std::move(thread));
    return *this;
  }
  MinidumpBuilder& add_module(ModuleSpec module) {
    modules_.push_back(std::move(module));
    return *this;
  }
  MinidumpBuilder& add_unloaded_module(ModuleSpec module) {
    unloaded_.push_back(std::move(module));
    return *this;
  }
  MinidumpBuilder& add_memory(std::uint64_t address, std::string bytes) {
    memory_.push_back({address, std::move(bytes)});
    return *this;
  }
  MinidumpBuilder& add_region(const RegionSpec& region) {
    regions_.push_back(region);
    return *this;
  }
  MinidumpBuilder& exception(ExceptionSpec exception) {
    exception_ = std::move(exception);
    return *this;
  }
  MinidumpBuilder& comment(std::string_view text) {
    return add_stream(11, ByteBuilder().utf16(text).u16(0).bytes());
  }
  /// Any other stream, or a broken one of those above.
  MinidumpBuilder& add_stream(std::uint32_t type, std::string_view bytes) {
    return add_stream_at(type, place(bytes), bytes.size());
  }
  MinidumpBuilder& add_stream_at(std::uint32_t type, std::uint64_t rva, std::uint64_t size) {
    if (streams_.size() == kDirectoryRoom)
      throw std::logic_error("MinidumpBuilder: too many streams");
    streams_.push_back({type, size, rva});
    return *this;
  }

  /// Puts bytes into the file now and gives their RVA, for streams that are laid out by hand.
  std::uint32_t place(std::string_view bytes) {
    file_.align(4);
    const auto rva = static_cast<std::uint32_t>(file_.size());
    file_.raw(bytes);
    return rva;
  }
  /// A MINIDUMP_STRING: its length in bytes, UTF-16, NUL.
  std::uint32_t place_string(std::string_view text) {
    const auto units = ByteBuilder().utf16(text);
    return place(ByteBuilder().u32(units.size()).raw(units.bytes()).u16(0).bytes());
  }

  /// The bytes of the file. Call it once, last.
  std::string finish() {
    if (system_info_) write_system_info();
    write_modules();
    write_unloaded_modules();
    write_threads();
    write_thread_names();
    write_thread_info();
    write_exception();
    write_regions();
    write_memory();
    file_.patch_u32(8, streams_.size());
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      const auto at = kHeaderBytes + i * kDirectoryEntryBytes;
      file_.patch_u32(at, streams_[i].type).patch_u32(at + 4, streams_[i].size);
      file_.patch_u32(at + 8, streams_[i].rva);
    }
    return file_.bytes();
  }

  /// Where the (first) stream of this type lies in the file: what a corruption test patches around.
  [[nodiscard]] std::size_t stream_offset(std::uint32_t type) const {
    const auto found = std::find_if(streams_.begin(), streams_.end(),
                                    [type](const Stream& stream) { return stream.type == type; });
    if (found == streams_.end()) throw std::logic_error("MinidumpBuilder: no such stream");
    return static_cast<std::size_t>(found->rva);
  }
  [[nodiscard]] std::size_t stream_count() const { return streams_.size(); }

 private:
  struct Stream {
    std::uint32_t type;
    std::uint64_t size, rva;
  };
  struct Block {
    std::uint64_t address;
    std::string bytes;
  };
  struct OsVersion {
    std::uint32_t platform = 2, major = 10, minor = 0, build = 20348;
  };
  static constexpr std::size_t kHeaderBytes = 32;
  static constexpr std::size_t kDirectoryEntryBytes = 12;
  static constexpr std::size_t kDirectoryRoom = 32;

  static ByteBuilder empty_file() {
    ByteBuilder b;
    b.raw("MDMP").u32(0xa793).u32(0).u32(kHeaderBytes).u32(0).u32(0x5f000000).u64(0);
    return b.seek(kHeaderBytes + kDirectoryRoom * kDirectoryEntryBytes);
  }
  MinidumpBuilder& header(std::size_t offset, std::uint64_t value, std::size_t width) {
    width == 4 ? file_.patch_u32(offset, value) : file_.patch_u64(offset, value);
    return *this;
  }

  void write_system_info() {
    const auto csd = place_string(service_pack_);
    ByteBuilder b;
    b.u16(static_cast<std::uint16_t>(arch_)).u16(cpu_level_).u16(cpu_revision_).u8(4).u8(3);
    b.u32(os_.major).u32(os_.minor).u32(os_.build).u32(os_.platform).u32(csd).u32(0);
    add_stream(7, b.raw(cpu_union_).seek(56).bytes());
  }

  void write_modules() {
    if (modules_.empty()) return;
    ByteBuilder list;
    list.u32(modules_.size());
    for (const auto& module : modules_) {
      const auto name = place_string(module.name);
      const auto codeview = module.codeview.empty() ? 0 : place(module.codeview);
      const auto start = list.size();
      list.u64(module.base).u32(module.size).u32(module.checksum).u32(module.timestamp).u32(name);
      if (module.version) {
        const auto& v = *module.version;
        list.u32(0xfeef04bd).u32(0x10000).u16(v[1]).u16(v[0]).u16(v[3]).u16(v[2]);
      }
      list.seek(start + 0x4c).u32(module.codeview.size()).u32(codeview).seek(start + 108);
    }
    add_stream(4, list.bytes());
  }

  void write_unloaded_modules() {
    if (unloaded_.empty()) return;
    ByteBuilder list;
    list.u32(12).u32(24).u32(unloaded_.size());
    for (const auto& module : unloaded_) {
      list.u64(module.base).u32(module.size).u32(module.checksum).u32(module.timestamp);
      list.u32(place_string(module.name));
    }
    add_stream(14, list.bytes());
  }

  void write_threads() {
    if (threads_.empty()) return;
    ByteBuilder list;
    list.u32(threads_.size());
    for (const auto& thread : threads_) {
      const auto context = thread.context.empty() ? 0 : place(thread.context);
      std::uint32_t stack = 0;
      if (full_ && !thread.stack.empty()) {
        memory_.push_back({thread.stack_base, thread.stack});
      } else if (!thread.stack.empty()) {
        stack = place(thread.stack);
      }
      list.u32(thread.id).u32(thread.suspend_count).u32(0x20).u32(thread.priority).u64(thread.teb);
      list.u64(thread.stack_base).u32(thread.stack.size()).u32(stack);
      list.u32(thread.context.size()).u32(context);
    }
    add_stream(3, list.bytes());
  }

  void write_thread_names() {
    ByteBuilder list;
    std::uint32_t count = 0;
    for (const auto& thread : threads_) {
      if (thread.name.empty()) continue;
      ++count;
      list.u32(thread.id).u64(place_string(thread.name));
    }
    if (count != 0) add_stream(24, ByteBuilder().u32(count).raw(list.bytes()).bytes());
  }

  void write_thread_info() {
    ByteBuilder list;
    std::uint32_t count = 0;
    for (const auto& thread : threads_) {
      if (!thread.start_address) continue;
      ++count;
      list.u32(thread.id).u32(0).u32(0).u32(0x103).u64(thread.create_time).u64(0);
      list.u64(thread.kernel_time).u64(thread.user_time).u64(*thread.start_address).u64(0xff);
    }
    if (count != 0)
      add_stream(17, ByteBuilder().u32(12).u32(64).u32(count).raw(list.bytes()).bytes());
  }

  void write_exception() {
    if (!exception_) return;
    const auto context = exception_->context.empty() ? 0 : place(exception_->context);
    ByteBuilder b;
    b.u32(exception_->thread).u32(0).u32(exception_->code).u32(exception_->flags).u64(0);
    b.u64(exception_->address).u32(exception_->parameters.size()).u32(0);
    for (const auto parameter : exception_->parameters) b.u64(parameter);
    add_stream(6, b.seek(0xa0).u32(exception_->context.size()).u32(context).bytes());
  }

  void write_regions() {
    if (regions_.empty()) return;
    ByteBuilder list;
    list.u32(16).u32(48).u64(regions_.size());
    for (const auto& region : regions_) {
      list.u64(region.base).u64(region.allocation_base).u32(region.allocation_protect).u32(0);
      list.u64(region.size).u32(region.state).u32(region.protect).u32(region.type).u32(0);
    }
    add_stream(16, list.bytes());
  }

  void write_memory() {
    if (memory_.empty()) return;
    ByteBuilder list;
    if (!full_) {
      list.u32(memory_.size());
      for (const auto& block : memory_) {
        list.u64(block.address).u32(block.bytes.size()).u32(place(block.bytes));
      }
      add_stream(5, list.bytes());
      return;
    }
    file_.align(4);
    const auto list_bytes = 16 + 16 * memory_.size();
    list.u64(memory_.size()).u64(file_.size() + list_bytes);
    for (const auto& block : memory_) list.u64(block.address).u64(block.bytes.size());
    add_stream(9, list.bytes());
    for (const auto& block : memory_) file_.raw(block.bytes);
  }

  Arch arch_;
  ByteBuilder file_;
  bool full_ = false;
  bool system_info_ = true;
  OsVersion os_;
  std::string service_pack_;
  std::uint16_t cpu_level_ = 6, cpu_revision_ = 0x5507;
  std::string cpu_union_;
  std::vector<Stream> streams_;
  std::vector<ThreadSpec> threads_;
  std::vector<ModuleSpec> modules_, unloaded_;
  std::vector<Block> memory_;
  std::vector<RegionSpec> regions_;
  std::optional<ExceptionSpec> exception_;
};

}  // namespace vigil::test
