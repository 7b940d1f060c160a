// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/pdb/pdb_support.h"

namespace vigil::test {
namespace {

TEST(PdbFrames, HasTheProgramAndTheNumbers) {
  OpenPdb file(Sample().finish());
  const auto frame = file.pdb->frame_data(0x1100);
  ASSERT_TRUE(frame);
  EXPECT_EQ(*frame, (pdb::FrameData{.rva = 0x1100,
                                    .size = 0x80,
                                    .locals = 0x20,
                                    .params = 8,
                                    .saved_registers = 12,
                                    .prologue = 5,
                                    .stack_max = 0x40,
                                    .program = std::string(Sample::kProgram),
                                    .has_seh = true,
                                    .has_cpp_eh = true,
                                    .is_function_start = true}));
}

TEST(PdbFrames, TakesTheSmallestPieceAround) {
  OpenPdb file(Sample().finish());
  EXPECT_EQ(file.pdb->frame_data(0x1118)->rva, 0x1110u);
  EXPECT_EQ(file.pdb->frame_data(0x1120)->rva, 0x1100u);
  EXPECT_EQ(file.pdb->frame_data(0x1180), std::nullopt);
  EXPECT_EQ(file.pdb->frame_data(0x10ff), std::nullopt);
}

TEST(PdbFrames, ReadsTheOldRecordsToo) {
  OpenPdb file(Sample().finish());
  const auto frame = file.pdb->frame_data(0x1410);
  ASSERT_TRUE(frame);
  EXPECT_EQ(*frame, (pdb::FrameData{.rva = 0x1400,
                                    .size = 0x20,
                                    .locals = 12,
                                    .params = 8,
                                    .saved_registers = 12,
                                    .prologue = 6,
                                    .stack_max = 0,
                                    .program = {},
                                    .kind = pdb::FrameData::Kind::Standard,
                                    .uses_base_pointer = true,
                                    .has_seh = true}));
  EXPECT_EQ(file.pdb->frame_data(0x1420), std::nullopt);
}

TEST(PdbFrames, ReadsThoseOfAModuleRelativeToTheirBase) {
  Sample sample;
  ByteBuilder body;
  body.u32(0x1000);
  PdbBuilder::frame_record(body, 0x210, 8, 0);
  sample.lines.subsection(0xf5, body);
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.pdb->frame_data(0x1214)->rva, 0x1210u);
  EXPECT_EQ(file.pdb->frame_data(0x1218), std::nullopt);
}

TEST(PdbFrames, HasNoProgramWhoseNameIsOutsideOfTheNames) {
  Sample sample;
  sample.builder.frame(0x1200, 0x10, 0xffff'ff00);
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.pdb->frame_data(0x1208)->program, "");
}

}  // namespace
}  // namespace vigil::test
