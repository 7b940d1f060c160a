// SPDX-License-Identifier: Apache-2.0
// The bytes are read back by offsets typed from the format's documentation, not by the writer's
// structs.
#include "capture/dump_head.h"

#include <cstring>

#include <gtest/gtest.h>

#include "base/utf.h"
#include "unit/capture/fakes.h"

namespace vigil::capture {
namespace {

using testing::bytes_of;

class Reader {
 public:
  explicit Reader(const std::vector<std::byte>& bytes) : bytes_(bytes) {}

  template <class T>
  [[nodiscard]] T at(std::size_t offset) const {
    T value{};
    EXPECT_LE(offset + sizeof(T), bytes_.size());
    if (offset + sizeof(T) <= bytes_.size()) std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  [[nodiscard]] std::uint32_t u32(std::size_t offset) const { return at<std::uint32_t>(offset); }
  [[nodiscard]] std::uint64_t u64(std::size_t offset) const { return at<std::uint64_t>(offset); }
  [[nodiscard]] std::string text(std::size_t offset, std::size_t size) const {
    EXPECT_LE(offset + size, bytes_.size());
    return {reinterpret_cast<const char*>(bytes_.data()) + offset, size};
  }
  [[nodiscard]] std::string string(std::size_t rva) const {
    std::u16string units(u32(rva) / 2, u'\0');
    for (std::size_t i = 0; i < units.size(); ++i) units[i] = at<char16_t>(rva + 4 + 2 * i);
    EXPECT_EQ(at<char16_t>(rva + 4 + 2 * units.size()), u'\0');
    return utf8_from_utf16(units).text;
  }
  /// Offset of the stream of \p type, 0 when there is none.
  [[nodiscard]] std::size_t stream(std::uint32_t type, std::uint32_t* size = nullptr) const {
    for (std::uint32_t i = 0; i < u32(8); ++i) {
      const auto entry = u32(12) + 12 * i;
      if (u32(entry) != type) continue;
      if (size != nullptr) *size = u32(entry + 4);
      return u32(entry + 8);
    }
    return 0;
  }

 private:
  const std::vector<std::byte>& bytes_;
};

DumpContent example() {
  DumpContent content;
  content.flags = 0x1964;
  content.taken_at = {1'700'000'000'000'000};
  content.pid = {4242};
  content.process_start = {1'600'000'000'000'000};
  content.user_seconds = 11;
  content.kernel_seconds = 12;
  content.system.processors = 8;
  content.system.major = 10;
  content.system.build = 20348;
  content.system.service_pack = u"sp";
  content.system.processor_features = {0x1234, 0x5678};
  content.threads.push_back(
      {.id = {1}, .teb = 0x7000, .stack = {0x2100, 0x80}, .context = bytes_of("CONTEXT-1")});
  content.threads.push_back(
      {.id = {2}, .stack = {0x9000, 0x10}, .context = bytes_of("CONTEXT-2"), .name = u"worker"});
  content.threads[1].start_address = 0x140001000;
  content.threads[1].create_time = 77;
  ModuleRecord module{
      .base = 0x140000000, .size = 0x5000, .checksum = 3, .timestamp = 4, .path = u"C:\\a.exe"};
  module.codeview = bytes_of("RSDS-record");
  module.version[0] = 0xbd;
  content.modules.push_back(module);
  content.regions.push_back(
      {.base = 0x2000, .size = 0x1000, .allocation_base = 0x2000, .state = 0x1000, .protect = 4});
  content.memory = {{0x1000, 0x10}, {0x2000, 0x1000}};
  return content;
}

TEST(DumpHead, HasAHeaderAndADirectoryWithinTheBytes) {
  const auto head = lay_out(example());
  ASSERT_TRUE(head.ok());
  const Reader reader(head.value().bytes);
  EXPECT_EQ(reader.text(0, 4), "MDMP");
  EXPECT_EQ(reader.u32(4), 0xa793u);
  EXPECT_EQ(reader.u32(20), 1'700'000'000u);
  EXPECT_EQ(reader.u64(24), 0x1964u);
  for (std::uint32_t i = 0; i < reader.u32(8); ++i) {
    const auto entry = reader.u32(12) + 12 * i;
    EXPECT_NE(reader.u32(entry), 0u);
    EXPECT_LE(reader.u32(entry + 4) + std::uint64_t{reader.u32(entry + 8)},
              head.value().bytes.size());
  }
  EXPECT_EQ(head.value().memory_bytes, 0x1010u);
  EXPECT_EQ(head.value().file_size(), head.value().bytes.size() + 0x1010);
}

TEST(DumpHead, SaysWhichSystemAndProcess) {
  const auto head = lay_out(example());
  const Reader reader(head.value().bytes);
  const auto system = reader.stream(7);
  EXPECT_EQ(reader.at<std::uint16_t>(system), 9);
  EXPECT_EQ(reader.at<std::uint8_t>(system + 6), 8);
  EXPECT_EQ(reader.u32(system + 8), 10u);
  EXPECT_EQ(reader.u32(system + 0x10), 20348u);
  EXPECT_EQ(reader.u32(system + 0x14), 2u);
  EXPECT_EQ(reader.string(reader.u32(system + 0x18)), "sp");
  EXPECT_EQ(reader.u64(system + 0x20), 0x1234u);
  const auto misc = reader.stream(15);
  EXPECT_EQ(reader.u32(misc), 44u);
  EXPECT_EQ(reader.u32(misc + 4), 3u);
  EXPECT_EQ(reader.u32(misc + 8), 4242u);
  EXPECT_EQ(reader.u32(misc + 12), 1'600'000'000u);
  EXPECT_EQ(reader.u32(misc + 16), 11u);
  EXPECT_EQ(reader.u32(misc + 20), 12u);
}

TEST(DumpHead, GivesEachThreadItsContextNameAndTimes) {
  const auto head = lay_out(example());
  const Reader reader(head.value().bytes);
  const auto threads = reader.stream(3);
  ASSERT_EQ(reader.u32(threads), 2u);
  const auto second = threads + 4 + 48;
  EXPECT_EQ(reader.u32(second), 2u);
  EXPECT_EQ(reader.text(reader.u32(second + 0x2c), reader.u32(second + 0x28)), "CONTEXT-2");
  EXPECT_EQ(reader.u64(threads + 4 + 0x10), 0x7000u);
  const auto names = reader.stream(24);
  ASSERT_EQ(reader.u32(names), 1u);
  EXPECT_EQ(reader.u32(names + 4), 2u);
  EXPECT_EQ(reader.string(static_cast<std::size_t>(reader.u64(names + 8))), "worker");
  const auto infos = reader.stream(17);
  EXPECT_EQ(reader.u32(infos), 12u);
  EXPECT_EQ(reader.u32(infos + 4), 64u);
  EXPECT_EQ(reader.u32(infos + 8), 2u);
  EXPECT_EQ(reader.u64(infos + 12 + 64 + 0x10), 77u);
  EXPECT_EQ(reader.u64(infos + 12 + 64 + 0x30), 0x140001000u);
}

TEST(DumpHead, PutsAStackWhereItsRangeLies) {
  const auto head = lay_out(example());
  const Reader reader(head.value().bytes);
  const auto memory = reader.stream(5);
  ASSERT_EQ(reader.u32(memory), 2u);
  EXPECT_EQ(reader.u64(memory + 4), 0x1000u);
  EXPECT_EQ(reader.u32(memory + 4 + 12), head.value().bytes.size());
  EXPECT_EQ(reader.u32(memory + 4 + 16 + 8), 0x1000u);
  const auto range_rva = reader.u32(memory + 4 + 16 + 12);
  EXPECT_EQ(range_rva, head.value().bytes.size() + 0x10);
  const auto stack = reader.stream(3) + 4 + 0x18;
  EXPECT_EQ(reader.u64(stack), 0x2100u);
  EXPECT_EQ(reader.u32(stack + 8), 0x80u);
  EXPECT_EQ(reader.u32(stack + 12), range_rva + 0x100);
}

TEST(DumpHead, ClaimsNoBytesForAStackThatIsNotInTheDump) {
  const auto head = lay_out(example());
  const Reader reader(head.value().bytes);
  const auto stack = reader.stream(3) + 4 + 48 + 0x18;
  EXPECT_EQ(reader.u32(stack + 8), 0u);
  EXPECT_EQ(reader.u32(stack + 12), 0u);
}

TEST(DumpHead, ListsModulesWithWhatASymbolStoreAsksFor) {
  const auto head = lay_out(example());
  const Reader reader(head.value().bytes);
  const auto modules = reader.stream(4);
  ASSERT_EQ(reader.u32(modules), 1u);
  const auto module = modules + 4;
  EXPECT_EQ(reader.u64(module), 0x140000000u);
  EXPECT_EQ(reader.u32(module + 8), 0x5000u);
  EXPECT_EQ(reader.u32(module + 12), 3u);
  EXPECT_EQ(reader.u32(module + 16), 4u);
  EXPECT_EQ(reader.string(reader.u32(module + 20)), "C:\\a.exe");
  EXPECT_EQ(reader.at<std::uint8_t>(module + 24), 0xbd);
  EXPECT_EQ(reader.text(reader.u32(module + 0x50), reader.u32(module + 0x4c)), "RSDS-record");
}

TEST(DumpHead, DescribesMemoryRegions) {
  const auto head = lay_out(example());
  const Reader reader(head.value().bytes);
  const auto list = reader.stream(16);
  EXPECT_EQ(reader.u32(list), 16u);
  EXPECT_EQ(reader.u32(list + 4), 48u);
  EXPECT_EQ(reader.u64(list + 8), 1u);
  EXPECT_EQ(reader.u64(list + 16), 0x2000u);
  EXPECT_EQ(reader.u64(list + 16 + 0x18), 0x1000u);
  EXPECT_EQ(reader.u32(list + 16 + 0x20), 0x1000u);
  EXPECT_EQ(reader.u32(list + 16 + 0x24), 4u);
}

TEST(DumpHead, HasOptionalStreamsOnlyWithContent) {
  auto content = example();
  const auto bare = lay_out(content);
  for (const std::uint32_t type : {6u, 9u, 11u, 12u, 14u})
    EXPECT_EQ(Reader(bare.value().bytes).stream(type), 0u);
  content.comment = u"why";
  content.handles.push_back({.handle = 0x44, .type = u"Event", .granted_access = 3});
  content.unloaded_modules.push_back({.base = 0x5000, .size = 0x10, .name = u"gone.dll"});
  const auto head = lay_out(content);
  const Reader reader(head.value().bytes);
  std::uint32_t size = 0;
  EXPECT_EQ(reader.at<char16_t>(reader.stream(11, &size)), u'w');
  EXPECT_EQ(size, 8u);
  const auto handles = reader.stream(12);
  EXPECT_EQ(reader.u32(handles), 16u);
  EXPECT_EQ(reader.u32(handles + 4), 32u);
  EXPECT_EQ(reader.u32(handles + 8), 1u);
  EXPECT_EQ(reader.u64(handles + 16), 0x44u);
  EXPECT_EQ(reader.string(reader.u32(handles + 16 + 8)), "Event");
  EXPECT_EQ(reader.u32(handles + 16 + 12), 0u);
  const auto unloaded = reader.stream(14);
  EXPECT_EQ(reader.u32(unloaded + 4), 24u);
  EXPECT_EQ(reader.string(reader.u32(unloaded + 12 + 20)), "gone.dll");
}

TEST(DumpHead, KeepsFifteenExceptionParametersAndTheContext) {
  auto content = example();
  content.exception = {
      .thread = {2}, .code = 0xc0000005, .address = 0x1234, .context = bytes_of("FAULT")};
  content.exception->parameters.assign(20, 7);
  const auto head = lay_out(content);
  const Reader reader(head.value().bytes);
  std::uint32_t size = 0;
  const auto stream = reader.stream(6, &size);
  EXPECT_EQ(size, 168u);
  EXPECT_EQ(reader.u32(stream), 2u);
  EXPECT_EQ(reader.u32(stream + 8), 0xc0000005u);
  EXPECT_EQ(reader.u64(stream + 0x18), 0x1234u);
  EXPECT_EQ(reader.u32(stream + 0x20), 15u);
  EXPECT_EQ(reader.u64(stream + 0x28 + 14 * 8), 7u);
  EXPECT_EQ(reader.text(reader.u32(stream + 0xa4), reader.u32(stream + 0xa0)), "FAULT");
}

TEST(DumpHead, OfAFullDumpEndsWhereItsMemoryBegins) {
  auto content = example();
  content.memory64 = true;
  content.memory = {{0x1000, 0x10}, {0x2000, 5ull << 32}};
  const auto head = lay_out(content);
  ASSERT_TRUE(head.ok());
  const Reader reader(head.value().bytes);
  const auto list = reader.stream(9);
  EXPECT_EQ(reader.u64(list), 2u);
  EXPECT_EQ(reader.u64(list + 8), head.value().bytes.size());
  EXPECT_EQ(reader.u64(list + 16 + 16), 0x2000u);
  EXPECT_EQ(reader.u64(list + 16 + 24), 5ull << 32);
  EXPECT_EQ(reader.stream(5), 0u);
  const auto stack = reader.stream(3) + 4 + 0x18;
  EXPECT_EQ(reader.u64(stack), 0x2100u);
  EXPECT_EQ(reader.u32(stack + 8), 0x80u);
  EXPECT_EQ(reader.u32(stack + 12), 0u);
}

TEST(DumpHead, RefusesAMiniDumpThatItsOffsetsCannotReach) {
  auto content = example();
  content.memory = {{0x1000, 5ull << 30}};
  const auto head = lay_out(content);
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().code(), Errc::LimitExceeded);
}

}  // namespace
}  // namespace vigil::capture
