// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "pdb/c13.h"
#include "unit/pdb/pdb_support.h"

namespace vigil::test {
namespace {

/// A procedure at 0x1100 of 0x80 bytes with these lines.
std::string with_lines(const LinesBuilder& lines) {
  PdbBuilder builder;
  (void)builder.name("a.cpp");
  builder.section(0x1000, 0x1000).contribution(1, 0x100, 0x80, 0);
  SymbolBuilder symbols;
  symbols.begin_procedure("f", 1, 0x100, 0x80).end();
  return builder.module(symbols.bytes(), lines.bytes()).finish();
}

TEST(PdbLines, TakesTheLastLineAtOrBelowOverAllFiles) {
  LinesBuilder lines;
  lines.checksums({1}).lines(1, 0x100, 0x80,
                             {{0, {{0x10, 5}, {0x30, 6}}}, {8, {{0x20, 7}}}, {0, {{0x20, 8}}}});
  OpenPdb file(with_lines(lines));
  EXPECT_EQ(file.places(0x110f), "f ?:0");
  EXPECT_EQ(file.places(0x1110), "f a.cpp:5");
  EXPECT_EQ(file.places(0x112f), "f a.cpp:8");
  EXPECT_EQ(file.places(0x117f), "f a.cpp:6");
}

TEST(PdbLines, FindsRangesThatAreNotInOrder) {
  LinesBuilder lines;
  lines.lines(1, 0x140, 0x40, {{0, {{0, 2}}}})
      .lines(1, 0x100, 0x40, {{0, {{0, 1}}}})
      .checksums({1});
  OpenPdb file(with_lines(lines));
  EXPECT_EQ(file.places(0x1100), "f a.cpp:1");
  EXPECT_EQ(file.places(0x1140), "f a.cpp:2");
}

TEST(PdbLines, PassesOverSubsectionsOfOtherKinds) {
  LinesBuilder lines;
  lines.subsection(0x8000'00f2, ByteBuilder().u8(1)).subsection(0xfd, ByteBuilder().u32(1));
  lines.checksums({1}).lines(1, 0x100, 0x80, {{0, {{0, 5}}}});
  OpenPdb file(with_lines(lines));
  EXPECT_EQ(file.places(0x1100), "f a.cpp:5");
}

TEST(PdbLines, ReadsNumbersWithColumnsBehindThem) {
  LinesBuilder lines;
  ByteBuilder body;
  body.u32(0x100).u16(1).u16(1).u32(0x80);
  body.u32(0).u32(2).u32(12 + 2 * 12).u32(0).u32(5).u32(0x10).u32(6).u32(0).u32(0);
  body.u32(0).u32(1).u32(12 + 12).u32(0x20).u32(7).u32(0);
  lines.checksums({1}).subsection(0xf2, body);
  OpenPdb file(with_lines(lines));
  EXPECT_EQ(file.places(0x1110), "f a.cpp:6");
  EXPECT_EQ(file.places(0x1120), "f a.cpp:7");
}

TEST(PdbLines, KeepsTheRangesInFrontOfDamage) {
  LinesBuilder lines;
  lines.checksums({1}).lines(1, 0x100, 0x40, {{0, {{0, 5}}}});
  const std::string good = lines.bytes();
  for (const std::string& tail :
       {ByteBuilder().u32(0xf2).u32(0xffff'fff0).bytes(),
        ByteBuilder().u32(0xf2).u32(4).u32(0).bytes(), ByteBuilder().u32(0xf6).u32(0).bytes(),
        ByteBuilder().u32(0xf6).u32(20).u32(1).u32(1).u32(0).u32(1).u32(0xffff'ffff).bytes()}) {
    PdbBuilder builder;
    (void)builder.name("a.cpp");
    builder.section(0x1000, 0x1000).contribution(1, 0x100, 0x80, 0);
    SymbolBuilder symbols;
    symbols.begin_procedure("f", 1, 0x100, 0x80).end();
    OpenPdb file(builder.module(symbols.bytes(), good + tail).finish());
    EXPECT_EQ(file.places(0x1100), "f a.cpp:5");
    EXPECT_LE(file.pdb->diagnostics().notes().size(), 1u);
  }
}

TEST(PdbLines, EndsAtABlockThatDoesNotFit) {
  LinesBuilder lines;
  ByteBuilder body;
  body.u32(0x100).u16(1).u16(0).u32(0x80);
  body.u32(0).u32(1).u32(0).u32(0).u32(5);  // a block of no bytes
  lines.checksums({1}).subsection(0xf2, body);
  EXPECT_EQ(OpenPdb(with_lines(lines)).places(0x1100), "f a.cpp:5");
  body.patch_u32(16, 0x4000'0000);  // more lines than there are
  LinesBuilder more;
  more.checksums({1}).subsection(0xf2, body);
  EXPECT_EQ(OpenPdb(with_lines(more)).places(0x1100), "f ?:0");
}

}  // namespace
}  // namespace vigil::test
