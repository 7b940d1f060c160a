// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "parsed.h"
#include "support/minidump_streams.h"
#include "support/zstd_builder.h"

/// One valid dump with everything in it, damaged in every way that can be listed. What is left must
/// be read or refused without a crash, which the sanitizers see, and nothing of it may be
/// unbounded.
namespace vigil::minidump {
namespace {

using test::ByteBuilder;
using test::MinidumpBuilder;

constexpr Limits kLimits{.max_unpacked_bytes = std::uint64_t{16} << 20};

/// The part of a CONTEXT that is read; the rest would only make these tests slow.
constexpr std::size_t kContextHeadBytes = 0x110;

MinidumpBuilder everything(MinidumpBuilder::Arch arch, bool full) {
  MinidumpBuilder builder(arch);
  std::string context;
  switch (arch) {
    case MinidumpBuilder::Arch::X86:
      context = test::x86_context({.esp = 0x8010, .eip = 0x401000});
      break;
    case MinidumpBuilder::Arch::Arm64:
      context = test::arm64_context({.sp = 0x8010, .pc = 0x401000});
      break;
    case MinidumpBuilder::Arch::Arm:
    case MinidumpBuilder::Arch::Amd64: context = test::amd64_context({.rip = 0x401000}); break;
  }
  context.resize(kContextHeadBytes);
  builder.full(full).service_pack("SP").comment("comment").misc_info(1, 2, 3);
  builder.add_thread({.id = 1,
                      .teb = 0x7000,
                      .stack_base = 0x8000,
                      .stack = std::string(48, 's'),
                      .context = context,
                      .name = "main",
                      .start_address = 0x401000});
  builder.add_thread(
      {.id = 2, .stack_base = 0x9000, .stack = std::string(48, 's'), .context = context});
  builder.add_module({.base = 0x400000,
                      .size = 0x1000,
                      .name = "app.exe",
                      .version = {{1, 2, 3, 4}},
                      .codeview = test::rsds_record("0123456789abcdef", 1, "a.pdb")});
  builder.add_module(
      {.base = 0x500000, .size = 0x1000, .name = "wow64.dll", .codeview = "LEpB0123456789abcdef"});
  builder.add_unloaded_module({.base = 0x600000, .size = 0x1000, .name = "gone.dll"});
  builder.add_memory(0x400000, "MZ image")
      .add_memory(0x7000 + 0x1488, ByteBuilder().u64(0xa000).bytes());
  builder.add_memory(0xa000, ByteBuilder().u32(0).raw(test::x86_context({.eip = 5})).bytes());
  builder.add_region({.base = 0x400000, .size = 0x1000});
  return builder.exception({.thread = 1,
                            .code = 0xc0000005,
                            .address = 0x401000,
                            .parameters = {0, 1},
                            .context = context});
}

std::string rare_streams(MinidumpBuilder::Arch arch) {
  MinidumpBuilder builder(arch);
  test::add_rare_streams(builder);
  return builder.finish();
}

std::vector<std::string> dumps() {
  using enum MinidumpBuilder::Arch;
  return {everything(Amd64, false).finish(),
          everything(Amd64, true).finish(),
          everything(X86, false).finish(),
          everything(Arm64, false).finish(),
          rare_streams(Amd64),
          rare_streams(X86)};
}

/// Reads all that a dump offers, as analysis does.
void use(std::string_view bytes) {
  // A copy of its own, of its exact size: a read behind it is an error that AddressSanitizer sees.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const auto dump =
      Minidump::parse(ByteView(std::string_view(exact.data(), exact.size())), kLimits);
  if (!dump.ok()) {
    ASSERT_FALSE(dump.error().message().empty());
    return;
  }
  auto& memory = (*dump)->memory();
  const auto& snapshot = (*dump)->snapshot();
  unsigned sum = 0;
  for (const auto& thread : snapshot.threads) {
    ASSERT_LE(thread.stack.size, bytes.size());
    const auto stack = memory.at(thread.stack.base, thread.stack.size);
    for (const auto byte : stack.bytes()) sum += std::to_integer<unsigned>(byte);
  }
  for (const auto& module : snapshot.modules) {
    for (const auto byte : memory.at(module.base, 4096).bytes())
      sum += std::to_integer<unsigned>(byte);
  }
  for (const auto& table : snapshot.function_tables) {
    ASSERT_EQ(table.entries.size(), table.size() * table.entry_size);
    for (const auto byte : table.entries.bytes()) sum += std::to_integer<unsigned>(byte);
  }
  for (const auto& handle : snapshot.handles.list) {
    ASSERT_TRUE(handle.type == snapshot::Handle::kNone ||
                handle.type < snapshot.handles.types.size());
    ASSERT_TRUE(handle.object == snapshot::Handle::kNone ||
                handle.object < snapshot.handles.objects.size());
  }
  ASSERT_NE(sum, 1u);
}

TEST(Corruption, SurvivesTruncationAtEveryLength) {
  for (const auto& dump : dumps()) {
    for (std::size_t size = 0; size < dump.size(); ++size)
      use(std::string_view(dump).substr(0, size));
  }
}

TEST(Corruption, SurvivesEveryWordAtItsExtremesAndOffByOne) {
  for (const auto& dump : dumps()) {
    for (std::size_t at = 0; at + 4 <= dump.size(); at += 4) {
      const std::uint32_t value = *ByteView(std::string_view(dump)).read<std::uint32_t>(at);
      const auto size = static_cast<std::uint32_t>(dump.size());
      for (const std::uint32_t bad : {0u, ~0u, 0x7fffffffu, value + 1, value - 1, size, size - 1}) {
        if (bad != value) use(ByteBuilder(dump).patch_u32(at, bad).bytes());
      }
    }
  }
}

TEST(Corruption, SurvivesEveryByteOfACompressedDump) {
  const auto dump = dumps().at(1);
  const auto packed = test::SeekableZstdBuilder().add(dump, 512).finish();
  for (std::size_t size = 0; size < packed.size(); size += 3)
    use(std::string_view(packed).substr(0, size));
  for (std::size_t at = 0; at < packed.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      auto bad = packed;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      use(bad);
    }
  }
}

}  // namespace
}  // namespace vigil::minidump
