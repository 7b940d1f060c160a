// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/byte_builder.h"
#include "support/msf_builder.h"
#include "support/pdb_names_builder.h"

/// Lays out program databases for tests: the streams in the container.
namespace vigil::test {

/// Symbol records of one module.
class SymbolBuilder {
 public:
  SymbolBuilder() { bytes_.u32(4); }

  SymbolBuilder& record(std::uint32_t kind, const ByteBuilder& body) {
    ByteBuilder padded = body;
    while ((padded.size() + 4) % 4 != 0) padded.u8(0);
    bytes_.u16(padded.size() + 2).u16(kind).raw(padded.bytes());
    return *this;
  }
  SymbolBuilder& begin_procedure(std::string_view name,
                                 std::uint32_t section,
                                 std::uint32_t offset,
                                 std::uint32_t size,
                                 std::uint32_t kind = 0x1147) {
    open_.push_back(bytes_.size());
    return record(kind, ByteBuilder()
                            .u32(0)
                            .u32(0)
                            .u32(0)
                            .u32(size)
                            .u32(0)
                            .u32(size)
                            .u32(0x1000)
                            .u32(offset)
                            .u16(section)
                            .u8(0)
                            .c_string(name));
  }
  SymbolBuilder& begin_inline_site(std::uint32_t inlinee, std::string_view annotations) {
    open_.push_back(bytes_.size());
    return record(0x114d, ByteBuilder().u32(0).u32(0).u32(inlinee).raw(annotations));
  }
  SymbolBuilder& end(std::uint32_t kind = 0x114f) {
    bytes_.patch_u32(open_.back() + 8, bytes_.size());
    open_.pop_back();
    return record(kind, {});
  }
  SymbolBuilder& end_inline_site() { return end(0x114e); }
  SymbolBuilder& patch_u32(std::size_t offset, std::uint32_t value) {
    bytes_.patch_u32(offset, value);
    return *this;
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_.bytes(); }

 private:
  ByteBuilder bytes_;
  std::vector<std::size_t> open_;
};

/// Line subsections of one module.
class LinesBuilder {
 public:
  struct Line {
    std::uint32_t offset = 0;
    std::uint32_t line = 0;
  };
  struct File {
    std::uint32_t checksum = 0;
    std::vector<Line> lines;
  };

  LinesBuilder& subsection(std::uint32_t kind, const ByteBuilder& body) {
    bytes_.u32(kind).u32(body.size()).raw(body.bytes()).align(4);
    return *this;
  }
  LinesBuilder& lines(std::uint32_t section,
                      std::uint32_t offset,
                      std::uint32_t size,
                      const std::vector<File>& files) {
    ByteBuilder body;
    body.u32(offset).u16(section).u16(0).u32(size);
    for (const auto& file : files) {
      body.u32(file.checksum).u32(file.lines.size()).u32(12 + 8 * file.lines.size());
      for (const auto& line : file.lines) body.u32(line.offset).u32(0x8000'0000 | line.line);
    }
    return subsection(0xf2, body);
  }
  /// Files by their offsets in /names; each takes 8 bytes.
  LinesBuilder& checksums(const std::vector<std::uint32_t>& names) {
    ByteBuilder body;
    for (const auto name : names) body.u32(name).u8(0).u8(0).u16(0);
    return subsection(0xf4, body);
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_.bytes(); }

 private:
  ByteBuilder bytes_;
};

/// A whole database.
class PdbBuilder {
 public:
  static constexpr std::string_view kGuid{
      "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d"
      "\x1e\x1f",
      16};
  static constexpr std::uint32_t kFunction = 2, kComdat = 0x1000;

  PdbBuilder() { names_.u8(0); }

  std::uint32_t age = 3, info_age = 7, signature = 0x5f00'1234, machine = 0x8664, dbi_flags = 0;
  std::vector<std::uint32_t> features{20140508};
  std::string guid{kGuid};
  bool v2_contributions = false, index_offsets = true;
  bool symbol_names = true, type_names = true;  ///< The tables of them.

  std::uint32_t name(std::string_view text) {
    const auto offset = static_cast<std::uint32_t>(names_.size());
    names_.c_string(text);
    return offset;
  }
  PdbBuilder& section(std::uint32_t rva, std::uint32_t size) {
    section_header(sections_, rva, size);
    return *this;
  }
  PdbBuilder& original_section(std::uint32_t rva, std::uint32_t size) {
    section_header(original_sections_, rva, size);
    return *this;
  }
  PdbBuilder& module(std::string symbols, std::string lines) {
    modules_.push_back({std::move(symbols), std::move(lines)});
    return *this;
  }
  PdbBuilder& contribution(std::uint32_t section,
                           std::uint32_t offset,
                           std::uint32_t size,
                           std::uint32_t module,
                           std::uint32_t characteristics = 0) {
    contributions_.u16(section).u16(0).u32(offset).u32(size).u32(characteristics);
    contributions_.u16(module).u16(0).u32(0).u32(0);
    if (v2_contributions) contributions_.u32(0);
    return *this;
  }
  /// In the order of their addresses.
  PdbBuilder& public_symbol(std::string_view name,
                            std::uint32_t section,
                            std::uint32_t offset,
                            std::uint32_t flags = kFunction) {
    address_map_.u32(symbols_.size());
    public_names_.add(name, symbols_.size());
    ByteBuilder body;
    body.u32(flags).u32(offset).u16(section).c_string(name);
    while ((body.size() + 4) % 4 != 0) body.u8(0);
    symbols_.u16(body.size() + 2).u16(0x110e).raw(body.bytes());
    return *this;
  }
  /// Data that is not public.
  PdbBuilder& global(std::string_view name, std::uint32_t section, std::uint32_t offset) {
    global_names_.add(name, symbols_.size());
    ByteBuilder body;
    body.u32(0x74).u32(offset).u16(section).c_string(name);
    while ((body.size() + 4) % 4 != 0) body.u8(0);
    symbols_.u16(body.size() + 2).u16(0x110d).raw(body.bytes());
    has_globals_ = true;
    return *this;
  }
  std::uint32_t type(std::uint32_t leaf, const ByteBuilder& body, std::string_view filed = {}) {
    return types_.add(leaf, body, filed);
  }
  std::uint32_t fields(const FieldsBuilder& fields) { return type(0x1203, fields.body()); }
  std::uint32_t structure(std::string_view name, std::uint64_t size, const FieldsBuilder& list) {
    const auto index = fields(list);
    return type(0x1505, aggregate(name, size, index), name);
  }
  std::uint32_t union_of(std::string_view name, std::uint64_t size, const FieldsBuilder& list) {
    const auto index = fields(list);
    return type(
        0x1506,
        ByteBuilder().u16(1).u16(0).u32(index).raw(FieldsBuilder::number(size)).c_string(name),
        name);
  }
  /// A structure that is defined elsewhere.
  std::uint32_t forward_reference(std::string_view name) {
    return type(0x1505, ByteBuilder().u16(0).u16(0x80).u32(0).u32(0).u32(0).u16(0).c_string(name));
  }
  std::uint32_t pointer(std::uint32_t to) {
    return type(0x1002, ByteBuilder().u32(to).u32(0x1000c));
  }
  std::uint32_t constant(std::uint32_t of) {
    return type(0x1001, ByteBuilder().u32(of).u16(1).u16(0));
  }
  std::uint32_t array(std::uint32_t of, std::uint64_t bytes) {
    return type(0x1503, ByteBuilder().u32(of).u32(0x23).raw(FieldsBuilder::number(bytes)).u8(0));
  }
  std::uint32_t bit_field(std::uint32_t of, std::uint8_t length, std::uint8_t position) {
    return type(0x1205, ByteBuilder().u32(of).u8(length).u8(position));
  }
  [[nodiscard]] static ByteBuilder aggregate(std::string_view name,
                                             std::uint64_t size,
                                             std::uint32_t fields,
                                             std::uint32_t properties = 0) {
    ByteBuilder body;
    body.u16(1).u16(properties).u32(fields).u32(0).u32(0).raw(FieldsBuilder::number(size));
    return body.c_string(name);
  }
  std::uint32_t id(std::uint32_t leaf, const ByteBuilder& body) { return ids_.add(leaf, body); }
  std::uint32_t function_id(std::string_view text, std::uint32_t scope = 0) {
    return id(0x1601, ByteBuilder().u32(scope).u32(0x1000).c_string(text));
  }
  PdbBuilder& frame(std::uint32_t rva, std::uint32_t size, std::uint32_t program) {
    frame_record(frames_, rva, size, program);
    return *this;
  }
  static void frame_record(ByteBuilder& out,
                           std::uint32_t rva,
                           std::uint32_t size,
                           std::uint32_t program) {
    out.u32(rva).u32(size).u32(0x20).u32(8).u32(0x40).u32(program).u16(5).u16(12).u32(7);
  }
  PdbBuilder& old_fpo(std::uint32_t rva, std::uint32_t size, std::uint32_t bits) {
    old_fpo_.u32(rva).u32(size).u32(3).u16(2).u8(6).u8(bits);
    return *this;
  }
  PdbBuilder& omap(std::uint32_t rva, std::uint32_t source) {
    omap_to_source_.u32(rva).u32(source);
    omap_from_source_.u32(source).u32(rva);
    return *this;
  }
  PdbBuilder& omap_to_source(std::uint32_t rva, std::uint32_t source) {
    omap_to_source_.u32(rva).u32(source);
    return *this;
  }

  // The streams, for tests that damage one: what is set here is written instead.
  std::string info, dbi, names, publics, types, ids, globals;

  [[nodiscard]] std::string finish(std::uint32_t block_size = 512,
                                   MsfBuilder::Layout layout = MsfBuilder::Layout::Contiguous) {
    MsfBuilder msf(block_size, layout);
    msf.stream({});                                          // 0
    msf.stream(info.empty() ? make_info() : info);           // 1
    msf.stream(types.empty() ? make_types() : types);        // 2
    msf.stream(dbi.empty() ? make_dbi() : dbi);              // 3
    msf.stream(ids.empty() ? make_ids() : ids);              // 4
    msf.stream(names.empty() ? make_names() : names);        // 5
    msf.stream(sections_.bytes());                           // 6
    msf.stream(publics.empty() ? make_publics() : publics);  // 7
    msf.stream(symbols_.bytes());                            // 8
    msf.stream(types_.hashes(type_names, index_offsets));    // 9
    msf.stream(ids_.hashes(false, index_offsets));           // 10
    msf.stream(frames_.bytes());                             // 11
    msf.stream(old_fpo_.bytes());                            // 12
    msf.stream(omap_to_source_.bytes());                     // 13
    msf.stream(omap_from_source_.bytes());                   // 14
    msf.stream(original_sections_.bytes());                  // 15
    msf.stream(globals.empty() ? make_globals() : globals);  // 16
    for (const auto& module : modules_) msf.stream(module.symbols + module.lines);
    return msf.finish();
  }

  [[nodiscard]] std::string make_info() const {
    ByteBuilder out;
    out.u32(20000404).u32(signature).u32(info_age).raw(guid);
    const std::string_view strings{"/LinkInfo\0/names", 17};
    out.u32(strings.size()).raw(strings);
    out.u32(2).u32(4).u32(1).u32(3).u32(0);   // entries, capacity, present, deleted
    out.u32(0).u32(0).u32(10).u32(5).u32(0);  // /LinkInfo, /names; one more dword before features
    for (const auto feature : features) out.u32(feature);
    return out.bytes();
  }
  [[nodiscard]] std::string make_names() const {
    ByteBuilder out;
    out.u32(0xeffe'effe).u32(1).u32(names_.size()).raw(names_.bytes());
    return out.bytes();
  }
  [[nodiscard]] std::string make_publics() const {
    // Without one of names, something of odd length stands in its place.
    const std::string table = symbol_names ? public_names_.make() : std::string(6, '\x7f');
    ByteBuilder out;
    out.u32(table.size()).u32(address_map_.size()).u32(0).u32(0).u16(0).u16(0).u32(0).u32(2);
    return out.raw(table).raw(address_map_.bytes()).bytes();
  }
  [[nodiscard]] std::string make_globals() const {
    return symbol_names && has_globals_ ? global_names_.make() : std::string();
  }
  [[nodiscard]] std::string make_types() const { return types_.make(9, type_names, index_offsets); }
  [[nodiscard]] std::string make_ids() const { return ids_.make(10, false, index_offsets); }
  [[nodiscard]] std::string make_dbi() const {
    ByteBuilder list;
    std::uint32_t stream = kFirstModuleStream;
    for (const auto& module : modules_) {
      list.u32(0).fill(28).u16(0).u16(stream++).u32(module.symbols.size()).u32(0);
      list.u32(module.lines.size()).u16(1).u16(0).u32(0).u32(0).u32(0);
      list.c_string("unit.obj").c_string("C:\\build\\unit.obj").align(4);
    }
    ByteBuilder placed;
    placed.u32(0xeffe'0000u + (v2_contributions ? 20140516u : 19970605u));
    placed.raw(contributions_.bytes());
    ByteBuilder out;
    out.u32(0xffff'ffff).u32(19990903).u32(age).u16(16).u16(0x8e00).u16(7).u16(0).u16(8).u16(0);
    out.u32(list.size()).u32(placed.size()).u32(4).u32(8).u32(0).u32(0).u32(22).u32(12);
    out.u16(dbi_flags).u16(machine).u32(0);
    out.raw(list.bytes()).raw(placed.bytes()).fill(4).fill(8).fill(12);
    for (const std::uint32_t number : debug_streams()) out.u16(number);
    return out.bytes();
  }

  static constexpr std::uint32_t kFirstModuleStream = 17;

 private:
  struct Module {
    std::string symbols;
    std::string lines;
  };
  static void section_header(ByteBuilder& out, std::uint32_t rva, std::uint32_t size) {
    out.raw("section").u8(0).u32(size).u32(rva).u32(size).fill(16).u32(0x6000'0020);
  }
  [[nodiscard]] std::vector<std::uint32_t> debug_streams() const {
    const auto number = [](const ByteBuilder& bytes, std::uint32_t stream) {
      return bytes.size() == 0 ? 0xffffu : stream;
    };
    return {number(old_fpo_, 12),
            0xffff,
            0xffff,
            number(omap_to_source_, 13),
            number(omap_from_source_, 14),
            6,
            0xffff,
            0xffff,
            0xffff,
            number(frames_, 11),
            number(original_sections_, 15)};
  }

  ByteBuilder names_, sections_, original_sections_, contributions_, address_map_, symbols_,
      frames_, old_fpo_, omap_to_source_, omap_from_source_;
  TypeStreamBuilder types_, ids_;
  NameTableBuilder public_names_, global_names_;
  bool has_globals_ = false;
  std::vector<Module> modules_;
};

}  // namespace vigil::test
