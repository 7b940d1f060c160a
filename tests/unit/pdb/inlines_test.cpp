// SPDX-License-Identifier: Apache-2.0
#include "pdb/inlines.h"

#include <gtest/gtest.h>

#include "unit/pdb/pdb_support.h"

namespace vigil::test {
namespace {

using std::string_view_literals::operator""sv;

/// A procedure at 0x1100 of 0x80 bytes with one inlined call, whose body begins at line 100.
std::string with_annotations(std::string_view annotations, std::uint32_t kind = 0x114d) {
  PdbBuilder builder;
  builder.section(0x1000, 0x1000).contribution(1, 0x100, 0x80, 0);
  const auto files = builder.name("a.h");
  const auto id = builder.function_id("callee");
  SymbolBuilder symbols;
  symbols.begin_procedure("caller", 1, 0x100, 0x80);
  if (kind == 0x114d) {
    symbols.begin_inline_site(id, annotations).end_inline_site();
  } else {
    symbols.record(kind, ByteBuilder().u32(0).u32(0).u32(id).u32(1).raw(annotations));
    symbols.record(0x114e, {});
  }
  symbols.end();
  LinesBuilder lines;
  lines.checksums({files, files + 2});
  // One entry with two extra files in front of the one that is asked for.
  lines.subsection(0xf6, ByteBuilder()
                             .u32(1)
                             .u32(id + 5)
                             .u32(0)
                             .u32(7)
                             .u32(2)
                             .u32(0)
                             .u32(0)
                             .u32(id)
                             .u32(0)
                             .u32(100)
                             .u32(0));
  return builder.module(symbols.bytes(), lines.bytes()).finish();
}

std::string line_at(std::string_view annotations, std::uint32_t offset) {
  return OpenPdb(with_annotations(annotations)).places(0x1100 + offset);
}

TEST(PdbInlines, RowsEndWhereTheNextOnesBegin) {
  const auto rows = "\x03\x04\x06\x02\x03\x04\x04\x04"sv;  // 4: 100; 8 to 12: 101
  EXPECT_EQ(line_at(rows, 3), "caller ?:0");
  EXPECT_EQ(line_at(rows, 4), "callee a.h:100 | caller ?:0");
  EXPECT_EQ(line_at(rows, 8), "callee a.h:101 | caller ?:0");
  EXPECT_EQ(line_at(rows, 11), "callee a.h:101 | caller ?:0");
  EXPECT_EQ(line_at(rows, 12), "caller ?:0");
}

TEST(PdbInlines, ALengthMovesTheCodeOn) {
  const auto rows = "\x03\x04\x04\x02\x03\x04\x04\x02"sv;  // 4 to 6, 10 to 12
  EXPECT_EQ(line_at(rows, 7), "caller ?:0");
  EXPECT_EQ(line_at(rows, 10), "callee a.h:100 | caller ?:0");
}

TEST(PdbInlines, CodeAndLineMoveInOneStep) {
  const auto rows = "\x0b\x34\x04\x04"sv;  // + 4, line - 1
  EXPECT_EQ(line_at(rows, 4), "callee a.h:99 | caller ?:0");
}

TEST(PdbInlines, LengthAndCodeInOneStepKeepTheCodeWhereTheRowBegins) {
  const auto rows = "\x0c\x02\x04\x06\x02\x0c\x02\x04"sv;  // 4 to 6, 8 to 10
  EXPECT_EQ(line_at(rows, 5), "callee a.h:100 | caller ?:0");
  EXPECT_EQ(line_at(rows, 6), "caller ?:0");
  EXPECT_EQ(line_at(rows, 8), "callee a.h:101 | caller ?:0");
}

TEST(PdbInlines, ReadsNumbersOfTwoAndFourBytes) {
  const auto rows = "\x06\x80\xc8\x03\x04\x06\xc0\x00\x10\x00\x03\x04\x04\x02"sv;
  EXPECT_EQ(line_at(rows, 4), "callee a.h:200 | caller ?:0");
  EXPECT_EQ(line_at(rows, 8), "callee a.h:2248 | caller ?:0");
}

TEST(PdbInlines, ChangesTheFile) {
  const auto rows = "\x05\x08\x03\x04\x04\x02"sv;
  EXPECT_EQ(line_at(rows, 4), "callee h:100 | caller ?:0");
}

TEST(PdbInlines, PassesOverColumnsAndKinds) {
  const auto rows = "\x07\x01\x08\x01\x09\x01\x0a\x01\x0d\x01\x02\x01\x03\x04\x04\x02"sv;
  EXPECT_EQ(line_at(rows, 4), "callee a.h:100 | caller ?:0");
}

TEST(PdbInlines, ReadsSitesOfTheSecondKind) {
  OpenPdb file(with_annotations("\x03\x04\x04\x02", 0x115d));
  EXPECT_EQ(file.places(0x1104), "callee a.h:100 | caller ?:0");
}

TEST(PdbInlines, HasNoLineWhereTheNumberMakesNoSense) {
  EXPECT_EQ(line_at("\x06\xbf\xff\x03\x04\x04\x02"sv, 4), "callee a.h:0 | caller ?:0");
}

TEST(PdbInlines, EndsAtDamagedAnnotations) {
  EXPECT_EQ(line_at("\x03\x04\xff\xff\x04\x02"sv, 4), "caller ?:0");  // no number begins like that
  EXPECT_EQ(line_at("\x03\x04\x04"sv, 4), "caller ?:0");
  EXPECT_EQ(line_at("\x03\xc0"sv, 0), "caller ?:0");
  EXPECT_EQ(line_at("\x00\x03\x04\x04\x02"sv, 4), "caller ?:0");
}

TEST(PdbInlines, LeavesOutCallsThatAreTooDeep) {
  PdbBuilder builder;
  builder.section(0x1000, 0x1000).contribution(1, 0x100, 0x80, 0);
  const auto id = builder.function_id("again");
  SymbolBuilder symbols;
  symbols.begin_procedure("caller", 1, 0x100, 0x80);
  const std::size_t depth = pdb::kMaxInlineDepth + 10;
  for (std::size_t i = 0; i < depth; ++i) symbols.begin_inline_site(id, "\x03\x00\x04\x20"sv);
  for (std::size_t i = 0; i < depth; ++i) symbols.end_inline_site();
  symbols.end();
  OpenPdb file(builder.module(symbols.bytes(), "").finish());
  const auto location = file.pdb->locate(0x1100);
  ASSERT_TRUE(location);
  EXPECT_EQ(location->places.size(), pdb::kMaxInlineDepth + 1);
  ASSERT_EQ(file.pdb->diagnostics().notes().size(), 1u);
  EXPECT_EQ(file.pdb->diagnostics().notes()[0], "caller: calls are inlined deeper than 256");
}

TEST(PdbInlines, KeepsTheCallersOfACallWhoseOwnRowsDoNotCoverIt) {
  PdbBuilder builder;
  builder.section(0x1000, 0x1000).contribution(1, 0x100, 0x80, 0);
  const auto outer = builder.function_id("outer");
  const auto inner = builder.function_id("inner");
  SymbolBuilder symbols;
  symbols.begin_procedure("caller", 1, 0x100, 0x80).begin_inline_site(outer, "\x03\x00\x04\x04"sv);
  symbols.begin_inline_site(inner, "\x03\x10\x04\x04"sv).end_inline_site().end_inline_site().end();
  OpenPdb file(builder.module(symbols.bytes(), "").finish());
  EXPECT_EQ(file.places(0x1110), "inner ?:0 | outer ?:0 | caller ?:0");
}

}  // namespace
}  // namespace vigil::test
