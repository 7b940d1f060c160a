// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/byte_source.h"
#include "pdb/pdb.h"
#include "support/pdb_builder.h"

namespace vigil::test {

/// A database with the bytes it reads.
struct OpenPdb {
  explicit OpenPdb(std::string content)
      : bytes(std::move(content)),
        source(ByteView(std::string_view(bytes))),
        pdb(pdb::Pdb::open(source)) {}
  OpenPdb(const OpenPdb&) = delete;
  OpenPdb& operator=(const OpenPdb&) = delete;

  /// `inner inline.h:8 | outer main.cpp:12`, with `?` for what is not known; empty: nothing there.
  [[nodiscard]] std::string places(std::uint32_t rva) {
    std::string text;
    const auto location = pdb->locate(rva);
    if (!location) return text;
    for (const auto& place : location->places) {
      if (!text.empty()) text += " | ";
      text += place.function.empty() ? "?" : place.function;
      text += ' ';
      text += place.file.empty() ? "?" : place.file;
      text += ':' + std::to_string(place.line);
    }
    return text;
  }

  std::string bytes;
  MemorySource source;
  Result<pdb::Pdb> pdb;
};

/// A small database with every part: code at 0x1000, of which 0x1100 is a procedure with inlined
/// calls, 0x1200 one without, 0x1240 a thunk, 0x1300 a part of the first, and 0x1400 public only.
struct Sample {
  static constexpr std::string_view kProgram = "$T0 $ebp = $eip $T0 4 + ^ =";

  PdbBuilder builder;
  std::uint32_t inner_id = 0;
  std::uint32_t method_id = 0;
  SymbolBuilder symbols;
  LinesBuilder lines;

  Sample() {
    builder.section(0x1000, 0x1000).section(0x2000, 0x500);
    const auto main_file = builder.name("C:\\src\\main.cpp");
    const auto inline_file = builder.name("C:\\src\\inline.h");
    const auto program = builder.name(kProgram);
    const auto box = builder.type(
        0x1505,
        ByteBuilder().u16(0).u16(0).u32(0).u32(0).u32(0).u16(0x8003).u32(70000).c_string("ns::Box"),
        "ns::Box");
    const auto scope = builder.id(0x1605, ByteBuilder().u32(0).c_string("ns"));
    inner_id = builder.function_id("inner", scope);
    method_id = builder.id(0x1602, ByteBuilder().u32(box).u32(0x1000).c_string("area"));
    add_symbols();
    add_lines(main_file, inline_file);
    builder.contribution(1, 0x100, 0x300, 0);
    builder.contribution(1, 0x400, 0x80, 1).contribution(1, 0x500, 0x40, 1, PdbBuilder::kComdat);
    builder.public_symbol("?outer@ns@@YAXXZ", 1, 0x100).public_symbol("label", 1, 0x400, 0);
    builder.public_symbol("?first@@YAXXZ", 1, 0x420).public_symbol("data", 1, 0x420, 0);
    builder.public_symbol("?second@@YAXXZ", 1, 0x500).public_symbol("value", 2, 0x10, 0);
    builder.global("global", 2, 0x20);
    add_types();
    builder.frame(0x1100, 0x80, program).frame(0x1110, 0x10, 0);
    builder.old_fpo(0x1400, 0x20, 0xc0 | 0x10 | 0x08 | 3);
  }

  void add_types() {
    const auto base = builder.structure("_BASE", 8, FieldsBuilder().member("inherited", 0x75, 4));
    const auto more = builder.fields(FieldsBuilder().member("Last", 0x603, 0x300));
    const auto visible = builder.forward_reference("_VISIBLE");
    const auto flag = builder.bit_field(0x75, 3, 5);
    builder.structure("_PARTITION", 0x400,
                      FieldsBuilder()
                          .base(base, 0)
                          .member("Vp", builder.constant(visible), 0x100)
                          .member("Flag", flag, 0x10)
                          .continued_in(more));
    const auto files = builder.array(builder.pointer(0x75), 0x80);
    builder.structure(
        "_VISIBLE", 0x200,
        FieldsBuilder().member("AvailablePages", 0x77, 0x28).member("PagingFile", files, 0x30));
    builder.union_of("_UNION", 0x12345678, FieldsBuilder().member("a", 0x20, 0));
  }

  void add_symbols() {
    symbols.record(0x1101, ByteBuilder().u32(0).c_string("unit.obj"));
    symbols.begin_procedure("ns::outer", 1, 0x100, 0x80);
    symbols.begin_inline_site(inner_id, "\x06\x04\x03\x10\x04\x20");  // line + 2, 0x10 to 0x30
    using std::string_view_literals::operator""sv;
    symbols.begin_inline_site(method_id, "\x03\x18\x04\x08\x00"sv);  // 0x18 to 0x20
    symbols.end_inline_site().end_inline_site().end();
    symbols.begin_procedure("plain", 1, 0x200, 0x40, 0x110f).end(6);
    symbols.record(
        0x1102,
        ByteBuilder().u32(0).u32(0).u32(0).u32(0x240).u16(1).u16(6).u8(0).c_string("thunk"));
    symbols.record(6, {});
    symbols.record(
        0x1132, ByteBuilder().u32(0).u32(0).u32(0x20).u32(0).u32(0x300).u32(0x100).u16(1).u16(1));
    symbols.record(6, {});
  }

  void add_lines(std::uint32_t main_file, std::uint32_t inline_file) {
    lines.checksums({main_file, inline_file});
    lines.lines(
        1, 0x100, 0x80,
        {{0, {{0, 10}, {0, 11}, {0x10, 12}, {0x30, 13}, {0x40, 0xf0'0f00}}}, {8, {{0x50, 99}}}});
    lines.lines(1, 0x200, 0x40, {{0, {{0, 20}}}});
    lines.lines(1, 0x300, 0x20, {{0, {{0, 30}}}});
    lines.subsection(
        0xf6, ByteBuilder().u32(0).u32(inner_id).u32(8).u32(6).u32(method_id).u32(8).u32(40));
  }

  [[nodiscard]] std::string finish(std::uint32_t block_size = 512,
                                   MsfBuilder::Layout layout = MsfBuilder::Layout::Contiguous) {
    builder.module(symbols.bytes(), lines.bytes()).module("", "");
    return builder.finish(block_size, layout);
  }
};

/// Asks for everything: nothing may end the process, whatever the bytes.
inline void read_everything(ByteSource& source) {
  auto pdb = pdb::Pdb::open(source);
  if (!pdb.ok()) return;
  (void)pdb::debug_id(pdb->identity());
  for (const std::uint32_t rva :
       {0x1118u, 0x1150u, 0x1242u, 0x1310u, 0x1430u, 0x1510u, 0x2020u, 0xffff'ffffu}) {
    (void)pdb->locate(rva);
    (void)pdb->frame_data(rva);
  }
  for (const auto* name : {"?outer@ns@@YAXXZ", "value", "label", "global", "none"})
    (void)pdb->find_name(name);
  for (const auto* type : {"ns::Box", "_PARTITION", "_VISIBLE", "_UNION", "none"})
    (void)pdb->find_type(type);
  for (const auto* path : {"Vp.AvailablePages", "Vp.PagingFile[2]", "Flag", "inherited", "none"})
    (void)pdb->find_member("_PARTITION", path);
}

}  // namespace vigil::test
