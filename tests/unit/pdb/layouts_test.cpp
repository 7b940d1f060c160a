// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/pdb/pdb_support.h"

/// Where members are in structures.
namespace vigil::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t kU8 = 0x20, kU32 = 0x75, kU64 = 0x77, kPointer64 = 0x603;

/// A partition of memory: the kernel's, in small.
PdbBuilder partition() {
  PdbBuilder builder;
  builder.section(0x1000, 0x1000);
  const auto vp = builder.forward_reference("_VISIBLE");
  const auto files = builder.array(builder.pointer(builder.forward_reference("_FILE")), 16 * 8);
  builder.structure("_PARTITION", 0x40000,
                    FieldsBuilder()
                        .member("Id", kU32, 0)
                        .member("Vp", builder.constant(vp), 0x9000)
                        .member("Flag0", builder.bit_field(kU32, 3, 5), 4));
  builder.structure(
      "_VISIBLE", 0x1000,
      FieldsBuilder()
          .member("NumberOfPagingFiles", kU32, 0x18)
          .member("PagingFile", files, 0x20)
          .member("AvailablePages", kU64, 0xc0)
          .member("Lists", builder.array(builder.forward_reference("_LIST"), 48), 0xc8));
  builder.structure("_LIST", 16, FieldsBuilder().member("Total", kU64, 8));
  return builder;
}

void expect_partition(pdb::Pdb& pdb) {
  const auto available = pdb.find_member("_PARTITION", "Vp.AvailablePages");
  ASSERT_TRUE(available);
  EXPECT_EQ(available->offset, 0x90c0U);
  EXPECT_EQ(available->size, 8U);
  EXPECT_EQ(available->name, "AvailablePages");
  EXPECT_EQ(pdb.find_member("_PARTITION", "Vp.PagingFile[2]")->offset, 0x9030U);
  EXPECT_EQ(pdb.find_member("_PARTITION", "Vp.PagingFile[2]")->size, 8U);
  EXPECT_EQ(pdb.find_member("_PARTITION", "Vp.Lists[1].Total")->offset, 0x90c8U + 16 + 8);
  EXPECT_EQ(pdb.find_member("_VISIBLE", "NumberOfPagingFiles")->size, 4U);
}

TEST(PdbLayouts, FindMembersByTheirPath) {
  OpenPdb file(partition().finish());
  expect_partition(*file.pdb);
  EXPECT_THAT(file.pdb->diagnostics().notes(), IsEmpty());
}

TEST(PdbLayouts, FindNothingByAWrongPath) {
  OpenPdb file(partition().finish());
  for (const auto* path :
       {"", ".", "Vp.", ".Vp", "Vp..AvailablePages", "Vp.availablepages", "Vp.AvailablePages.x",
        "Id.x", "Vp.PagingFile[16]", "Vp.PagingFile[", "Vp.PagingFile[]", "Vp.PagingFile[-1]",
        "Vp.PagingFile[x]", "Vp.PagingFile[99999999999999999999999]", "Vp.PagingFile[0].Size",
        "Vp[0]", "Vp.Lists.Total"})
    EXPECT_FALSE(file.pdb->find_member("_PARTITION", path)) << path;
  EXPECT_FALSE(file.pdb->find_member("_NONE", "Id"));
  EXPECT_FALSE(file.pdb->find_member("_FILE", "Size")) << "it is not defined here";
  EXPECT_FALSE(file.pdb->find_type(""));
  EXPECT_THAT(file.pdb->diagnostics().notes(), IsEmpty());
}

TEST(PdbLayouts, ListTheMembersOfAType) {
  OpenPdb file(partition().finish());
  const auto type = file.pdb->find_type("_PARTITION");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->size, 0x40000U);
  EXPECT_EQ(file.pdb->type_size("_PARTITION"), 0x40000U);
  EXPECT_EQ(file.pdb->type_size("_FILE"), std::nullopt);
  ASSERT_EQ(type->members.size(), 3U);
  EXPECT_EQ(type->members[1].name, "Vp");
  EXPECT_EQ(type->members[1].offset, 0x9000U);
  EXPECT_EQ(type->members[1].size, 0x1000U);
  EXPECT_EQ(type->members[2].bit_count, 3);
  EXPECT_EQ(type->members[2].bit_position, 5);
  EXPECT_EQ(type->members[2].size, 4U);
}

TEST(PdbLayouts, AreThoseOfEveryKindOfRecord) {
  PdbBuilder builder;
  const auto list = builder.fields(FieldsBuilder().member("x", kU8, 3));
  for (const std::uint32_t leaf : {0x1504u, 0x1519u})
    builder.type(leaf, PdbBuilder::aggregate("K" + std::to_string(leaf), 8, list),
                 "K" + std::to_string(leaf));
  builder.union_of("U", 8, FieldsBuilder().member("x", kU8, 3));
  // The newer ones have their properties in 32 bits, and the count where a number may stand.
  for (const std::uint32_t leaf : {0x1608u, 0x1609u, 0x160bu}) {
    ByteBuilder body;
    body.u32(0).u32(list).u32(0).u32(0).u16(1).u16(8).c_string("K" + std::to_string(leaf));
    builder.type(leaf, body, "K" + std::to_string(leaf));
  }
  builder.type(0x160a, ByteBuilder().u32(0).u32(list).u16(1).u16(8).c_string("U2"), "U2");
  OpenPdb file(builder.finish());
  for (const std::string& name :
       {"K" + std::to_string(0x1504), "K" + std::to_string(0x1519), std::string("U"),
        "K" + std::to_string(0x1608), "K" + std::to_string(0x1609), "K" + std::to_string(0x160b),
        std::string("U2")}) {
    const auto type = file.pdb->find_type(name);
    ASSERT_TRUE(type) << name;
    EXPECT_EQ(type->size, 8U) << name;
    EXPECT_EQ(file.pdb->find_member(name, "x")->offset, 3U) << name;
  }
}

TEST(PdbLayouts, SkipWhatIsNoMember) {
  PdbBuilder builder;
  builder.section(0x1000, 0x1000);
  FieldsBuilder fields;
  fields.entry(ByteBuilder().u16(0x1409).u16(0).u32(0x1000));                  // a vtable
  fields.entry(ByteBuilder().u16(0x140c).u16(0).u32(0x1000).u32(8));           // another
  fields.entry(ByteBuilder().u16(0x1401).u16(3).u32(0).u32(0).u16(8).u16(1));  // virtual base
  fields.entry(ByteBuilder().u16(0x1402).u16(3).u32(0).u32(0).u16(8).u16(1));
  fields.entry(ByteBuilder().u16(0x140a).u16(0).u32(0));  // friends
  fields.entry(ByteBuilder().u16(0x150c).u16(0).u32(0).c_string("friend"));
  fields.entry(ByteBuilder().u16(0x1502).u16(3).u16(0x8004).u32(7).c_string("A"));  // enumerator
  fields.entry(ByteBuilder().u16(0x150e).u16(3).u32(kU32).c_string("x"));           // static
  fields.entry(ByteBuilder().u16(0x150f).u16(2).u32(0x1000).c_string("method"));
  fields.entry(ByteBuilder().u16(0x1511).u16(3).u32(0x1000).c_string("plain"));
  fields.entry(ByteBuilder().u16(0x1511).u16(3 | 4 << 2).u32(0x1000).u32(8).c_string("virtual"));
  fields.entry(ByteBuilder().u16(0x1511).u16(3 | 6 << 2).u32(0x1000).u32(8).c_string("pure"));
  fields.entry(ByteBuilder().u16(0x1510).u16(0).u32(kU32).c_string("nested"));
  fields.entry(ByteBuilder().u16(0x1512).u16(3).u32(kU32).c_string("nested2"));
  fields.entry(ByteBuilder().u16(0x1513).u16(3).u32(kU32).c_string("modified"));
  builder.structure("S", 64, fields.member("x", kU64, 48));
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.pdb->find_type("S")->members.size(), 1U);
  EXPECT_EQ(file.pdb->find_member("S", "x")->offset, 48U);
  EXPECT_THAT(file.pdb->diagnostics().notes(), IsEmpty());
}

TEST(PdbLayouts, GoOnInFurtherLists) {
  PdbBuilder builder;
  const auto third = builder.fields(FieldsBuilder().member("c", kU8, 2));
  const auto second = builder.fields(FieldsBuilder().member("b", kU8, 1).continued_in(third));
  builder.structure("S", 3, FieldsBuilder().member("a", kU8, 0).continued_in(second));
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.pdb->find_type("S")->members.size(), 3U);
  EXPECT_EQ(file.pdb->find_member("S", "c")->offset, 2U);
}

TEST(PdbLayouts, LookIntoBaseClasses) {
  PdbBuilder builder;
  const auto inner = builder.structure("Inner", 16, FieldsBuilder().member("x", kU32, 12));
  const auto middle = builder.structure("Middle", 32, FieldsBuilder().base(inner, 16));
  builder.structure("Outer", 64, FieldsBuilder().member("y", kU32, 0).base(middle, 8));
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.pdb->find_member("Outer", "x")->offset, 8U + 16 + 12);
  const auto type = file.pdb->find_type("Outer");
  EXPECT_TRUE(type->members[1].is_base);
  EXPECT_EQ(type->members[1].name, "Middle");
}

/// What is defined in a function is filed under its unique name, and so is what refers to it.
TEST(PdbLayouts, FollowReferencesToTypesOfAFunction) {
  PdbBuilder builder;
  constexpr std::uint32_t kForward = 0x80, kScoped = 0x100, kUnique = 0x200;
  const auto reference =
      builder.type(0x1505, PdbBuilder::aggregate("f::Local", 0, 0, kForward | kScoped | kUnique)
                               .c_string(".?AULocal@?1??f@@"));
  const auto list = builder.fields(FieldsBuilder().member("x", kU32, 4));
  builder.type(
      0x1505,
      PdbBuilder::aggregate("f::Local", 8, list, kScoped | kUnique).c_string(".?AULocal@?1??f@@"),
      ".?AULocal@?1??f@@");
  builder.structure("S", 16, FieldsBuilder().member("local", reference, 8));
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.pdb->find_member("S", "local.x")->offset, 12U);
}

TEST(PdbLayouts, KnowHowLargeTypesAre) {
  PdbBuilder builder;
  const auto enumeration =
      builder.type(0x1507, ByteBuilder().u16(0).u16(0).u32(0x74).u32(0).c_string("E"));
  const auto old_pointer = builder.type(0x1002, ByteBuilder().u32(kU8).u32(0xa));
  const auto function = builder.type(0x1008, ByteBuilder().u32(3).u32(0).u32(0));
  const std::vector<std::pair<std::uint32_t, std::uint64_t>> types = {
      {0x10, 1},
      {0x30, 1},
      {0x71, 2},
      {0x11, 2},
      {0x74, 4},
      {0x22, 4},
      {0x40, 4},
      {0x41, 8},
      {0x13, 8},
      {0x42, 10},
      {0x78, 16},
      {0x44, 6},
      {0x403, 4},
      {0x674, 8},
      {kPointer64, 8},
      {3, 0},
      {0x103, 0},
      {enumeration, 4},
      {old_pointer, 4},
      {builder.pointer(kU8), 8},
      {function, 0},
      {builder.array(kU32, 0x12340), 0x12340},
      {builder.constant(enumeration), 4},
      {0xffff'ffff, 0}};
  FieldsBuilder fields;
  for (std::size_t i = 0; i < types.size(); ++i)
    fields.member("m" + std::to_string(i), types[i].first, i);
  builder.structure("S", 64, fields);
  OpenPdb file(builder.finish());
  for (std::size_t i = 0; i < types.size(); ++i)
    EXPECT_EQ(file.pdb->find_member("S", "m" + std::to_string(i))->size, types[i].second) << i;
}

// Without a table of names, and with one that is damaged, records are read through.

TEST(PdbLayouts, AreFoundWithoutATableOfNames) {
  auto builder = partition();
  builder.type_names = false;
  OpenPdb file(builder.finish());
  expect_partition(*file.pdb);
  EXPECT_THAT(file.pdb->diagnostics().notes(), IsEmpty()) << "files need not have one";
  EXPECT_FALSE(file.pdb->find_type("_FILE"));
}

/// The value of `_PARTITION` is that of another bucket, or of none that there is.
TEST(PdbLayouts, AreFoundWhereTheTableOfNamesIsDamaged) {
  const auto bucket_of = [](std::string_view name) {
    return pdb_name_hash(name) % TypeStreamBuilder::kBuckets;
  };
  for (const std::uint32_t value : {bucket_of("_VISIBLE"), 0xffff'ffffu}) {
    auto builder = partition();
    ByteBuilder bytes(builder.finish());
    const auto at = bytes.bytes().find(ByteBuilder().u32(bucket_of("_PARTITION")).bytes());
    ASSERT_NE(at, std::string::npos);
    OpenPdb file(bytes.patch_u32(at, value).bytes());
    EXPECT_TRUE(file.pdb->find_type("_VISIBLE"));
    EXPECT_FALSE(file.pdb->find_type("_NONE"));
    expect_partition(*file.pdb);
    EXPECT_THAT(file.pdb->diagnostics().notes(),
                testing::Contains(HasSubstr("table of names is damaged")));
  }
}

// Records that lead nowhere, or in a circle.

TEST(PdbLayouts, EndWhereListsGoRoundInACircle) {
  PdbBuilder builder;
  // The list goes on in itself: it is the first record.
  builder.structure("S", 8, FieldsBuilder().member("a", kU8, 0).continued_in(0x1000));
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.pdb->find_member("S", "a")->offset, 0U);
  EXPECT_FALSE(file.pdb->find_member("S", "b"));
}

TEST(PdbLayouts, EndWhereTypesGoRoundInACircle) {
  PdbBuilder builder;
  const auto itself = builder.constant(0x1000);
  const auto bit = builder.bit_field(0x1001, 1, 0);
  // A base of itself: its list is the third record, and it the fourth.
  builder.structure("S", 8,
                    FieldsBuilder().member("a", itself, 0).member("b", bit, 1).base(0x1003, 0));
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.pdb->find_member("S", "a")->size, 0U);
  EXPECT_EQ(file.pdb->find_member("S", "b")->size, 0U);
  EXPECT_FALSE(file.pdb->find_member("S", "c"));
  EXPECT_FALSE(file.pdb->find_member("S", "a.b"));
}

TEST(PdbLayouts, SayWhichMembersAreDamaged) {
  PdbBuilder builder;
  FieldsBuilder fields;
  fields.member("a", kU8, 0).entry(ByteBuilder().u16(0x7777).u32(0)).member("b", kU8, 1);
  builder.structure("S", 8, fields);
  OpenPdb file(builder.finish());
  EXPECT_EQ(file.pdb->find_type("S")->members.size(), 1U);
  EXPECT_THAT(file.pdb->diagnostics().notes(),
              testing::Contains(HasSubstr("the members of S are damaged")));
}

}  // namespace
}  // namespace vigil::test
