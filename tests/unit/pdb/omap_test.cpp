// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "unit/pdb/pdb_support.h"

namespace vigil::test {
namespace {

/// The sample's code was moved: 0x1100 to 0x5000, 0x1200 to 0x4000, 0x1400 nowhere.
Sample rearranged() {
  Sample sample;
  sample.builder.original_section(0x1000, 0x1000).original_section(0x2000, 0x500);
  sample.builder.omap_to_source(0x3000, 0);
  sample.builder.omap(0x5000, 0x1100).omap(0x4000, 0x1200);
  return sample;
}

TEST(PdbOmap, FollowsCodeBackToWhereTheLinkerPutIt) {
  Sample sample;
  sample.builder.original_section(0x1000, 0x1000);
  sample.builder.omap_to_source(0x3000, 0).omap(0x4000, 0x1100).omap(0x5000, 0x1200);
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.places(0x4000), "ns::outer C:\\src\\main.cpp:11");
  EXPECT_EQ(file.places(0x5010), "plain C:\\src\\main.cpp:20");
  EXPECT_EQ(file.pdb->locate(0x5010)->rva, 0x5000u);
  EXPECT_EQ(file.pdb->frame_data(0x4010)->rva, 0x4010u);
}

TEST(PdbOmap, NamesNothingThatWasNotThereBefore) {
  Sample sample;
  sample.builder.original_section(0x1000, 0x1000);
  sample.builder.omap_to_source(0x3000, 0).omap(0x4000, 0x1100);
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.pdb->locate(0x3010), std::nullopt);
  EXPECT_EQ(file.pdb->locate(0x2010), std::nullopt);
  EXPECT_EQ(file.pdb->frame_data(0x3010), std::nullopt);
}

TEST(PdbOmap, IsNotUsedWithoutTheOriginalSections) {
  Sample sample;
  sample.builder.omap(0x4000, 0x1100);
  OpenPdb file(sample.finish());
  EXPECT_EQ(file.places(0x1210), "plain C:\\src\\main.cpp:20");
}

TEST(PdbOmap, SurvivesAMapThatIsNotInOrder) {
  OpenPdb file(rearranged().finish());
  for (std::uint32_t rva = 0; rva < 0x6000; rva += 0x10) (void)file.pdb->locate(rva);
}

}  // namespace
}  // namespace vigil::test
