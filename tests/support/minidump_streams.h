// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/minidump_builder.h"

/// The rarer streams of minidumps, laid out by hand. Each function adds one stream.
namespace vigil::test {

/// One link of what is known of an object: a type of MINIDUMP_HANDLE_OBJECT_INFORMATION, its bytes.
using ObjectInfo = std::pair<std::uint32_t, std::string>;

struct HandleSpec {
  std::uint64_t value = 0;
  std::string type{};
  std::string name{};
  std::uint32_t access = 0x1f0003;
  std::vector<ObjectInfo> infos{};
};

inline std::uint32_t place_object_infos(MinidumpBuilder& dump,
                                        const std::vector<ObjectInfo>& infos) {
  std::uint32_t next = 0;
  for (auto info = infos.rbegin(); info != infos.rend(); ++info) {
    ByteBuilder b;
    b.u32(next).u32(info->first).u32(info->second.size()).raw(info->second);
    next = dump.place(b.bytes());
  }
  return next;
}

/// A HandleDataStream of MINIDUMP_HANDLE_DESCRIPTOR_2 or, with \p descriptor_bytes of 32, of the
/// first version.
inline void add_handles(MinidumpBuilder& dump,
                        const std::vector<HandleSpec>& handles,
                        std::uint32_t descriptor_bytes = 40) {
  ByteBuilder list;
  list.u32(16).u32(descriptor_bytes).u32(handles.size()).u32(0);
  for (const auto& handle : handles) {
    const auto start = list.size();
    const auto type = handle.type.empty() ? 0 : dump.place_string(handle.type);
    const auto name = handle.name.empty() ? 0 : dump.place_string(handle.name);
    list.u64(handle.value).u32(type).u32(name).u32(2).u32(handle.access).u32(3).u32(4);
    if (descriptor_bytes >= 40) list.u32(place_object_infos(dump, handle.infos)).u32(0);
    list.seek(start + descriptor_bytes);
  }
  dump.add_stream(12, list.bytes());
}

/// MUTANT_BASIC_INFORMATION and MUTANT_OWNER_INFORMATION of a 64-bit process.
inline std::vector<ObjectInfo> owned_mutant(std::uint32_t pid, std::uint32_t tid) {
  return {{2, ByteBuilder().u32(0).u8(0).u8(0).u16(0).bytes()},
          {3, ByteBuilder().u64(pid).u64(tid).bytes()}};
}

struct FunctionTableSpec {
  std::uint64_t minimum = 0, maximum = 0, base = 0;
  std::vector<std::array<std::uint32_t, 3>> entries{};  ///< begin, end, unwind information
};

/// A FunctionTableStream of x64, with the padding that MiniDumpWriteDump leaves.
inline void add_function_tables(MinidumpBuilder& dump,
                                const std::vector<FunctionTableSpec>& tables) {
  constexpr std::size_t kNativeBytes = 0x88;
  ByteBuilder b;
  b.u32(24).u32(32).u32(kNativeBytes).u32(12).u32(tables.size()).u32(4).u32(0);
  for (const auto& table : tables) {
    b.u64(table.minimum).u64(table.maximum).u64(table.base).u32(table.entries.size()).u32(4);
    b.fill(kNativeBytes, 'n');
    for (const auto& [begin, end, info] : table.entries) b.u32(begin).u32(end).u32(info);
    b.u32(0);
  }
  dump.add_stream(13, b.bytes());
}

/// A TokenStream of elements with heads of 72 bytes, as Windows writes it today.
inline void add_tokens(MinidumpBuilder& dump, const std::vector<std::uint32_t>& owners) {
  constexpr std::size_t kHeadBytes = 72, kTokenBytes = 80;
  ByteBuilder b;
  b.u32(16 + owners.size() * kTokenBytes).u32(owners.size()).u32(16).u32(kHeadBytes);
  for (const auto owner : owners) {
    const auto start = b.size();
    b.u32(kTokenBytes).u32(owner).u64(0x2d0).seek(start + kTokenBytes);
  }
  dump.add_stream(19, b.bytes());
}

struct SystemMemorySpec {
  std::uint16_t revision = 1, flags = 15;
  std::uint32_t page_size = 4096, physical_pages = 0;
  std::uint64_t available = 0, committed = 0, limit = 0, peak = 0;  ///< Pages.
  std::uint64_t cache = 0, peak_cache = 0;                          ///< Bytes.
};

inline void add_system_memory(MinidumpBuilder& dump, const SystemMemorySpec& spec) {
  ByteBuilder b;
  b.u16(spec.revision).u16(spec.flags).u32(156250).u32(spec.page_size).u32(spec.physical_pages);
  b.seek(0x38).u64(spec.cache).u64(spec.peak_cache);
  b.seek(0x74).u64(spec.available).u64(spec.committed).u64(spec.limit).u64(spec.peak);
  dump.add_stream(21, b.seek(492).bytes());
}

/// A ProcessVmCountersStream of revision 2: the n-th number behind the count of faults is n MiB.
inline void add_vm_counters(MinidumpBuilder& dump, std::uint16_t flags) {
  ByteBuilder b;
  b.u16(2).u16(flags).u32(77);
  for (std::uint64_t n = 1; n <= 18; ++n) b.u64(n << 20);
  dump.add_stream(22, b.bytes());
}

/// A MiscInfo of version 5 with everything said.
inline void add_misc_info_5(MinidumpBuilder& dump, std::string_view build) {
  ByteBuilder b;
  b.u32(1364).u32(0x3f7).u32(4711).u32(1'600'000'000).u32(3).u32(2);
  b.u32(2800).u32(1200).u32(2800).u32(3).u32(1);
  b.u32(0x3000).u32(13).u32(1);
  b.u32(2).i32(-60).utf16("W. Europe Standard Time").seek(0x3c + 4 + 64 + 16).u32(0);
  b.utf16("W. Europe Daylight Time").seek(0x3c + 88 + 64 + 16).i32(-60);
  b.seek(0xe8).utf16(build).seek(0x2f0).utf16("dbgcore.amd64,10.0.20348.1");
  b.seek(0x340).u32(528).u32(2695).u64(0x207).seek(0x550).u32(0xc00c1e).seek(1364);
  dump.add_stream(15, b.bytes());
}

/// A string of Crashpad: its length in bytes, UTF-8, NUL.
inline std::uint32_t place_utf8(MinidumpBuilder& dump, std::string_view text) {
  return dump.place(ByteBuilder().u32(text.size()).c_string(text).bytes());
}

using Dictionary = std::vector<std::pair<std::string, std::string>>;

struct CrashpadModuleSpec {
  std::uint32_t index = 0;
  std::vector<std::string> texts{};
  Dictionary simple{};
  Dictionary objects{};
};

/// Size and RVA of \p bytes, which are placed.
inline std::string location_of(MinidumpBuilder& dump, std::string_view bytes) {
  return ByteBuilder().u32(bytes.size()).u32(dump.place(bytes)).bytes();
}

inline std::string place_dictionary(MinidumpBuilder& dump, const Dictionary& dictionary) {
  ByteBuilder list;
  list.u32(dictionary.size());
  for (const auto& [key, value] : dictionary)
    list.u32(place_utf8(dump, key)).u32(place_utf8(dump, value));
  return location_of(dump, list.bytes());
}

inline std::string place_crashpad_module(MinidumpBuilder& dump, const CrashpadModuleSpec& module) {
  ByteBuilder texts, objects;
  texts.u32(module.texts.size());
  for (const auto& text : module.texts) texts.u32(place_utf8(dump, text));
  objects.u32(module.objects.size() + 1);
  for (const auto& [name, value] : module.objects)
    objects.u32(place_utf8(dump, name)).u16(1).u16(0).u32(place_utf8(dump, value));
  objects.u32(place_utf8(dump, "own")).u16(0x8001).u16(0).u32(place_utf8(dump, "\1\2\3"));
  ByteBuilder info;
  info.u32(1).raw(location_of(dump, texts.bytes())).raw(place_dictionary(dump, module.simple));
  return location_of(dump, info.raw(location_of(dump, objects.bytes())).bytes());
}

inline void add_crashpad(MinidumpBuilder& dump,
                         const Dictionary& annotations,
                         const std::vector<CrashpadModuleSpec>& modules) {
  ByteBuilder links;
  links.u32(modules.size());
  for (const auto& module : modules)
    links.u32(module.index).raw(place_crashpad_module(dump, module));
  ByteBuilder b;
  b.u32(1).u32(0x14fdd8b4).u16(0x4bc3).u16(0x4353).raw("abcdefgh");
  b.u32(0x18b7119e).u16(1).u16(2).raw("ijklmnop");
  b.raw(place_dictionary(dump, annotations)).raw(location_of(dump, links.bytes()));
  dump.add_stream(0x43500001, b.u32(0).u64(0).bytes());
}

inline void add_assertion(MinidumpBuilder& dump, std::string_view expression) {
  ByteBuilder b;
  b.utf16(expression).seek(256).utf16("checkout").seek(512).utf16("cart.cpp").seek(768);
  dump.add_stream(0x47670002, b.u32(42).u32(1).bytes());
}

inline void add_breakpad_info(MinidumpBuilder& dump,
                              std::uint32_t dump_thread,
                              std::uint32_t requesting_thread) {
  dump.add_stream(0x47670001, ByteBuilder().u32(3).u32(dump_thread).u32(requesting_thread).bytes());
}

/// One of each of the above.
inline void add_rare_streams(MinidumpBuilder& dump) {
  add_misc_info_5(dump, "20348.1.amd64fre.fe_release.210507-1500");
  add_handles(dump, {{.value = 4, .type = "Event", .infos = {{6, ByteBuilder().u64(0).bytes()}}},
                     {.value = 8,
                      .type = "Mutant",
                      .name = "\\BaseNamedObjects\\Orders",
                      .infos = owned_mutant(4711, 104)},
                     {.value = 12, .type = "File"}});
  dump.add_stream(18, ByteBuilder().u32(16).u32(8).u32(2).u32(0).u64(1).u64(2).bytes());
  add_function_tables(dump, {{.minimum = 0x21e'4740'0000,
                              .maximum = 0x21e'4741'0000,
                              .base = 0x21e'4740'0000,
                              .entries = {{{0x10, 0x40, 0x100}, {0x40, 0x80, 0x108}}}},
                             {.minimum = 0x1000, .maximum = 0x2000, .base = 0x1000}});
  add_tokens(dump, {4711, 104});
  add_system_memory(dump, {.physical_pages = 0x100000,
                           .available = 0x40000,
                           .committed = 0x80000,
                           .limit = 0x120000,
                           .peak = 0x90000,
                           .cache = 0x1000000,
                           .peak_cache = 0x2000000});
  add_vm_counters(dump, 0x1f);
  add_crashpad(dump, {{"prod", "Orders"}, {"ver", "4.2.1"}},
               {{.index = 0, .texts = {"text"}, .simple = {{"k", "v"}}, .objects = {{"o", "w"}}}});
  add_breakpad_info(dump, 100, 104);
  add_assertion(dump, "total >= 0");
  dump.add_stream(0x47670003, "processor\t: 0\nmodel name\t: Example CPU @ 2.60GHz\n");
  dump.add_stream(0x47670004, "Name:\torders\nPid:\t4711\n");
  dump.add_stream(0x47670005, "DISTRIB_ID=Ubuntu\nDISTRIB_DESCRIPTION=\"Ubuntu 22.04 LTS\"\n");
  dump.add_stream(0x47670007, std::string_view("PASSWORD=hunter2\0", 17));
}

}  // namespace vigil::test
