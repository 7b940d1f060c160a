// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/pdb/pdb_support.h"

namespace vigil::test {
namespace {

TEST(PdbIdentity, IsTheGuidWithTheAgeOfTheDebugInformation) {
  OpenPdb file(Sample().finish());
  ASSERT_TRUE(file.pdb.ok());
  EXPECT_EQ(file.pdb->identity().age, 3u);
  EXPECT_EQ(file.pdb->identity().signature, 0x5f00'1234u);
  EXPECT_EQ(pdb::debug_id(file.pdb->identity()),
            "13121110151417161819"
            "1A1B1C1D1E1F"
            "3");
}

TEST(PdbIdentity, HasTheAgeOfTheFileWithoutDebugInformation) {
  Sample sample;
  sample.builder.dbi = "none";
  OpenPdb file(sample.finish());
  ASSERT_TRUE(file.pdb.ok());
  EXPECT_EQ(file.pdb->identity().age, 7u);
  EXPECT_EQ(file.pdb->locate(0x1100), std::nullopt);
  EXPECT_EQ(file.pdb->frame_data(0x1100), std::nullopt);
  ASSERT_EQ(file.pdb->diagnostics().notes().size(), 1u);
  EXPECT_EQ(file.pdb->diagnostics().notes()[0],
            "debug information: needs 64 bytes at offset 0x0 of a stream that has 4 in all");
}

TEST(PdbIdentity, SaysWhatKindOfFileItIs) {
  Sample sample;
  sample.builder.machine = 0x14c;
  sample.builder.dbi_flags = 3;
  sample.builder.features = {20140508, 0x494e'494d};
  OpenPdb file(sample.finish());
  ASSERT_TRUE(file.pdb.ok());
  EXPECT_EQ(
      file.pdb->traits(),
      (pdb::Traits{.machine = 0x14c, .stripped = true, .fastlink = true, .incremental = true}));
}

TEST(PdbIdentity, IsNotFastlinkedWhereNothingSaysSo) {
  Sample sample;
  sample.builder.features = {20091201, 0x494e'494d};  // nothing follows the first
  OpenPdb file(sample.finish());
  ASSERT_TRUE(file.pdb.ok());
  EXPECT_FALSE(file.pdb->traits().fastlink);
}

TEST(PdbIdentity, GoesOnWithoutNames) {
  Sample sample;
  auto info = sample.builder.make_info();
  info.resize(28 + 10);  // in the middle of the strings
  sample.builder.info = info;
  OpenPdb file(sample.finish());
  ASSERT_TRUE(file.pdb.ok());
  EXPECT_EQ(file.places(0x1210), "plain ?:20");
}

TEST(PdbIdentity, RefusesOtherFormatsByName) {
  OpenPdb portable("BSJB" + std::string(100, '\0'));
  EXPECT_EQ(portable.pdb.error().code(), Errc::Unsupported);
  EXPECT_EQ(portable.pdb.error().message(), "pdb: a portable PDB, which is for .NET only");
  OpenPdb old("Microsoft C/C++ program database 2.00\r\n\x1aJG" + std::string(100, '\0'));
  EXPECT_EQ(old.pdb.error().code(), Errc::Unsupported);
  EXPECT_EQ(old.pdb.error().message(), "pdb: a PDB 2.00, as Visual C++ 6 and older write it");
  OpenPdb other("MZ");
  EXPECT_EQ(other.pdb.error().code(), Errc::Malformed);
  OpenPdb nothing("");
  EXPECT_EQ(nothing.pdb.error().code(), Errc::Malformed);
}

TEST(PdbIdentity, RefusesAnInformationStreamThatIsTooShortOrTooOld) {
  Sample sample;
  sample.builder.info = "short";
  EXPECT_EQ(OpenPdb(sample.finish()).pdb.error().message(),
            "pdb: information stream: needs 28 bytes at offset 0x0 of a stream that has 5 in all");
  Sample old;
  old.builder.info = ByteBuilder(old.builder.make_info()).patch_u32(0, 19960307).bytes();
  EXPECT_EQ(OpenPdb(old.finish()).pdb.error().code(), Errc::Unsupported);
}

TEST(PdbIdentity, NotesDebugInformationOfBeforeVisualC5) {
  Sample sample;
  sample.builder.dbi = std::string(64, '\0');
  OpenPdb file(sample.finish());
  ASSERT_TRUE(file.pdb.ok());
  EXPECT_EQ(file.pdb->diagnostics().notes().at(0),
            "debug information: starts with 0x00000000, as before Visual C++ 5");
}

}  // namespace
}  // namespace vigil::test
