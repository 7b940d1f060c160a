// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/pdb/pdb_support.h"

namespace vigil::test {
namespace {

TEST(PdbLocate, NamesAProcedureWithItsFileAndLine) {
  OpenPdb file(Sample().finish());
  const auto location = file.pdb->locate(0x1230);
  ASSERT_TRUE(location);
  EXPECT_EQ(*location, (pdb::Location{.function = "plain",
                                      .rva = 0x1200,
                                      .size = 0x40,
                                      .is_public = false,
                                      .certain = true,
                                      .places = {{"plain", "C:\\src\\main.cpp", 20}}}));
  EXPECT_TRUE(file.pdb->diagnostics().notes().empty());
}

TEST(PdbLocate, IsTheSameHoweverTheBlocksLie) {
  OpenPdb file(Sample().finish());
  for (const std::uint32_t block_size : {512u, 1024u, 4096u}) {
    for (const auto layout : {MsfBuilder::Layout::Contiguous, MsfBuilder::Layout::Backwards}) {
      OpenPdb other(Sample().finish(block_size, layout));
      ASSERT_TRUE(other.pdb.ok());
      for (std::uint32_t rva = 0xff0; rva < 0x2600; rva += 7) {
        ASSERT_EQ(other.pdb->locate(rva), file.pdb->locate(rva)) << rva;
        ASSERT_EQ(other.pdb->frame_data(rva), file.pdb->frame_data(rva)) << rva;
      }
    }
  }
}

TEST(PdbLocate, FollowsInlinedCallsToTheInnermost) {
  OpenPdb file(Sample().finish());
  EXPECT_EQ(file.places(0x1100), "ns::outer C:\\src\\main.cpp:11");
  EXPECT_EQ(file.places(0x1110), "ns::inner C:\\src\\inline.h:8 | ns::outer C:\\src\\main.cpp:12");
  EXPECT_EQ(file.places(0x1118),
            "ns::Box::area C:\\src\\inline.h:40 | ns::inner C:\\src\\inline.h:8 | "
            "ns::outer C:\\src\\main.cpp:12");
  EXPECT_EQ(file.places(0x1120), "ns::inner C:\\src\\inline.h:8 | ns::outer C:\\src\\main.cpp:12");
  EXPECT_EQ(file.places(0x1130), "ns::outer C:\\src\\main.cpp:13");
}

TEST(PdbLocate, HasNoLineForCodeThatNoLineMade) {
  OpenPdb file(Sample().finish());
  EXPECT_EQ(file.places(0x1140), "ns::outer C:\\src\\main.cpp:0");
}

TEST(PdbLocate, NamesThunksAndPartsThatWereMovedAway) {
  OpenPdb file(Sample().finish());
  EXPECT_EQ(file.places(0x1245), "thunk ?:0");
  EXPECT_EQ(file.places(0x1310), "ns::outer C:\\src\\main.cpp:30");
  EXPECT_EQ(file.pdb->locate(0x1310)->rva, 0x1300u);
}

TEST(PdbLocate, TakesTheNearestPublicWhereThereIsNoProcedure) {
  OpenPdb file(Sample().finish());
  const auto location = file.pdb->locate(0x1430);
  ASSERT_TRUE(location);
  EXPECT_EQ(*location, (pdb::Location{.function = "?first@@YAXXZ",
                                      .rva = 0x1420,
                                      .size = 0,
                                      .is_public = true,
                                      .certain = false,
                                      .places = {{"?first@@YAXXZ", "", 0}}}));
  EXPECT_EQ(file.pdb->locate(0x1410)->function, "label");
  EXPECT_EQ(file.pdb->locate(0x2030)->function, "value");
}

TEST(PdbLocate, IsCertainOfAPublicThatBeginsAPieceOfOneFunction) {
  OpenPdb file(Sample().finish());
  const auto inside = file.pdb->locate(0x153f);
  ASSERT_TRUE(inside);
  EXPECT_TRUE(inside->certain);
  EXPECT_EQ(inside->size, 0x40u);
  const auto behind = file.pdb->locate(0x1540);
  ASSERT_TRUE(behind);
  EXPECT_EQ(behind->function, "?second@@YAXXZ");
  EXPECT_FALSE(behind->certain);
  EXPECT_EQ(behind->size, 0u);
}

TEST(PdbLocate, NamesNothingOutsideOfTheSectionsOrBelowTheFirstPublic) {
  OpenPdb file(Sample().finish());
  EXPECT_EQ(file.pdb->locate(0xfff), std::nullopt);
  EXPECT_EQ(file.pdb->locate(0x1000), std::nullopt);
  EXPECT_EQ(file.pdb->locate(0x2500), std::nullopt);
  EXPECT_EQ(file.pdb->locate(0x200f), std::nullopt);
}

TEST(PdbLocate, TakesTheFirstOfFunctionsThatWereFoldedIntoOne) {
  Sample sample;
  sample.symbols.begin_procedure("folded", 1, 0x200, 0x40).end();
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.places(0x1210), "plain C:\\src\\main.cpp:20");
}

TEST(PdbLocate, TakesTheInnermostOfProceduresThatOverlap) {
  Sample sample;
  sample.symbols.begin_procedure("inside", 1, 0x210, 8).end();
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.pdb->locate(0x1214)->function, "inside");
  EXPECT_EQ(file.pdb->locate(0x121c)->function, "plain");
}

TEST(PdbLocate, ReadsContributionsOfTheSecondVersion) {
  const Sample sample;
  PdbBuilder builder;
  builder.v2_contributions = true;
  builder.section(0x1000, 0x1000).contribution(1, 0, 0x80, 7).contribution(1, 0x80, 0x400, 0);
  builder.module(sample.symbols.bytes(), "");
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.places(0x1210), "plain ?:0");
}

TEST(PdbLocate, WalksTheRecordsOfAProcedureWhoseEndIsWrong) {
  for (const std::uint32_t end : {0u, 1u, 0x20u, 0xffff'fff0u}) {
    Sample sample;
    // The first procedure comes after the signature and the object's name.
    sample.symbols.patch_u32(4 + 20 + 8, end);
    OpenPdb file(sample.finish());
    EXPECT_EQ(file.places(0x1118), "ns::outer C:\\src\\main.cpp:12") << end;
    EXPECT_EQ(file.places(0x1210), "plain C:\\src\\main.cpp:20") << end;
  }
}

// Every loss follows.

TEST(PdbLocate, KeepsPublicsWhenTheModuleIsDamaged) {
  Sample sample;
  sample.symbols.patch_u32(0, 99);
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.places(0x1110), "?outer@ns@@YAXXZ C:\\src\\main.cpp:12");
  ASSERT_EQ(file.pdb->diagnostics().notes().size(), 1u);
  EXPECT_EQ(file.pdb->diagnostics().notes()[0], "module 0: symbols: signature 99 and not 4");
}

TEST(PdbLocate, KeepsTheProceduresInFrontOfADamagedRecord) {
  Sample sample;
  SymbolBuilder damaged = sample.symbols;
  damaged.record(0x1101, ByteBuilder().u32(0));
  damaged.patch_u32(sample.symbols.bytes().size(), 0x1101'0001);  // a record of one byte
  sample.symbols = damaged;
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.places(0x1210), "plain C:\\src\\main.cpp:20");
  ASSERT_EQ(file.pdb->diagnostics().notes().size(), 1u);
}

TEST(PdbLocate, KeepsProceduresWhenThePublicsAreDamaged) {
  Sample sample;
  sample.builder.publics =
      ByteBuilder(sample.builder.make_publics()).patch_u32(4, 0xffff'ff00).bytes();
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.places(0x1210), "plain C:\\src\\main.cpp:20");
  EXPECT_EQ(file.pdb->locate(0x1430), std::nullopt);
  ASSERT_EQ(file.pdb->diagnostics().notes().size(), 1u);
  EXPECT_THAT(file.pdb->diagnostics().notes()[0],
              testing::StartsWith("publics: an address map of 4294967040 bytes at offset 0x"));
}

TEST(PdbLocate, NamesAFunctionWithoutItsFileWhenTheNamesAreDamaged) {
  Sample sample;
  sample.builder.names = "no names here";
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.places(0x1210), "plain ?:20");
}

TEST(PdbLocate, NotesAModuleThatIsNotInTheList) {
  Sample sample;
  sample.builder.contribution(1, 0x600, 0x10, 9);
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.pdb->locate(0x1608)->function, "?second@@YAXXZ");
  EXPECT_EQ(file.pdb->locate(0x160a)->function, "?second@@YAXXZ");
  EXPECT_EQ(file.pdb->diagnostics().notes().size(), 1u);
}

TEST(PdbLocate, NamesNothingWithoutSections) {
  Sample sample;
  auto dbi = sample.builder.make_dbi();
  sample.builder.dbi = ByteBuilder(dbi).patch_u16(dbi.size() - 12, 0xffff).bytes();
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.pdb->locate(0x1210), std::nullopt);
  ASSERT_EQ(file.pdb->diagnostics().notes().size(), 1u);
  EXPECT_EQ(file.pdb->diagnostics().notes()[0], "sections: there are no section headers");
}

}  // namespace
}  // namespace vigil::test
