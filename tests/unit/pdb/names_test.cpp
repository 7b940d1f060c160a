// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/pdb/pdb_support.h"

/// From the names of globals to where they are.
namespace vigil::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// Enough names for buckets with several.
PdbBuilder many_names() {
  PdbBuilder builder;
  builder.section(0x1000, 0x10000).section(0x20000, 0x1000);
  for (std::uint32_t i = 0; i < 3000; ++i)
    builder.public_symbol("Name" + std::to_string(i), 1, i * 16);
  builder.global("private_data", 2, 0x20).global("Name7", 2, 0x40);
  return builder;
}

void expect_names(OpenPdb& file) {
  EXPECT_EQ(file.pdb->find_name("Name0"), 0x1000U);
  EXPECT_EQ(file.pdb->find_name("Name1"), 0x1010U);
  EXPECT_EQ(file.pdb->find_name("Name2999"), 0x1000U + 2999 * 16);
  EXPECT_EQ(file.pdb->find_name("private_data"), 0x20020U);
  EXPECT_EQ(file.pdb->find_name("Name7"), 0x1070U) << "the public one";
}

TEST(PdbNames, LeadToPublicSymbolsAndData) {
  OpenPdb file(many_names().finish());
  expect_names(file);
  EXPECT_THAT(file.pdb->diagnostics().notes(), IsEmpty());
}

TEST(PdbNames, AreToldApartByEveryLetterOfThem) {
  OpenPdb file(many_names().finish());
  for (const std::string name : {"name0", "Name", "Name00", "Name3000", "NAME1", ""})
    EXPECT_EQ(file.pdb->find_name(name), std::nullopt) << name;
  EXPECT_THAT(file.pdb->diagnostics().notes(), IsEmpty());
}

TEST(PdbNames, MayLackTheUnderscoreThatX86PutsInFront) {
  PdbBuilder builder;
  builder.section(0x1000, 0x100).public_symbol("_MmPages", 1, 0x10);
  EXPECT_EQ(OpenPdb(builder.finish()).pdb->find_name("MmPages"), std::nullopt);
  builder.machine = 0x14c;
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.pdb->find_name("MmPages"), 0x1010U);
  EXPECT_EQ(file.pdb->find_name("_MmPages"), 0x1010U);
}

TEST(PdbNames, OfNoSectionAreNowhere) {
  PdbBuilder builder;
  builder.section(0x1000, 0x100);
  builder.public_symbol("outside", 1, 0x100).public_symbol("absolute", 9, 0x10);
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.pdb->find_name("outside"), std::nullopt);
  EXPECT_EQ(file.pdb->find_name("absolute"), std::nullopt);
}

/// Of images that were rearranged after linking, where the data went.
TEST(PdbNames, FollowRearrangedImages) {
  PdbBuilder builder;
  builder.section(0x8000, 0x1000).original_section(0x1000, 0x1000).omap(0x8000, 0x1000);
  builder.public_symbol("moved", 1, 0x30);
  EXPECT_EQ(OpenPdb(builder.finish()).pdb->find_name("moved"), 0x8030U);
}

TEST(PdbNames, AreLookedForOneByOneWithoutATable) {
  auto builder = many_names();
  builder.symbol_names = false;
  OpenPdb file(builder.finish());
  expect_names(file);
  ASSERT_EQ(file.pdb->diagnostics().notes().size(), 1U);
  EXPECT_THAT(file.pdb->diagnostics().notes().front(), HasSubstr("hash table is damaged"));
}

/// Where in the stream of publics: behind its header of 28 bytes, 16 of the table, the entries, the
/// map of buckets in 516, where the buckets begin.
struct Damage {
  const char* what;
  std::size_t at;
  std::uint32_t value;
};
constexpr std::size_t kTable = 28, kEntries = kTable + 16, kMap = kEntries + 3000 * 8;

class PdbNameTable : public testing::TestWithParam<Damage> {};

TEST_P(PdbNameTable, ThatIsDamagedCostsNoName) {
  auto builder = many_names();
  ByteBuilder publics(builder.make_publics());
  const auto& damage = GetParam();
  for (std::size_t i = 0; i < 3000; ++i) {
    // All of one kind, so that whatever is asked for meets it.
    const bool every_entry = damage.at == kEntries;
    if (i == 0 || every_entry) publics.patch_u32(damage.at + i * 8, damage.value);
  }
  builder.publics = publics.bytes();
  OpenPdb file(builder.finish());
  expect_names(file);
  EXPECT_THAT(file.pdb->diagnostics().notes(),
              testing::Contains(HasSubstr("hash table is damaged")))
      << damage.what;
}

INSTANTIATE_TEST_SUITE_P(All,
                         PdbNameTable,
                         testing::Values(Damage{"signature", kTable, 0},
                                         Damage{"version", kTable + 4, 7},
                                         Damage{"entries", kTable + 8, 0x7fff'fff8},
                                         Damage{"buckets", kTable + 12, 516},
                                         Damage{"no buckets", kTable + 12, 0},
                                         Damage{"a bucket more", kMap + 512, 0xffff'ffff},
                                         Damage{"no entry", kEntries, 0},
                                         Damage{"no symbol", kEntries, 0xffff'fff0},
                                         Damage{"another's symbol", kEntries, 1}));

/// What is asked of names in a whole file, at each length of it, ends.
TEST(PdbNames, SurviveAFileThatIsCutOff) {
  PdbBuilder builder;
  builder.section(0x1000, 0x1000).public_symbol("a", 1, 0).public_symbol("b", 1, 0x10);
  const auto bytes = builder.global("c", 1, 0x20).finish();
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    MemorySource source(ByteView(std::string_view(bytes).substr(0, size)));
    auto pdb = pdb::Pdb::open(source);
    if (!pdb.ok()) continue;
    for (const auto* name : {"a", "b", "c", "d"}) {
      const auto rva = pdb->find_name(name);
      EXPECT_TRUE(!rva || (*rva >= 0x1000 && *rva < 0x2000));
    }
  }
}

}  // namespace
}  // namespace vigil::test
