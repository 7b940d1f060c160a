// SPDX-License-Identifier: Apache-2.0
#include "pdb/types.h"

#include <gtest/gtest.h>

#include "unit/pdb/pdb_support.h"

namespace vigil::test {
namespace {

struct OpenTypes {
  explicit OpenTypes(std::string content)
      : bytes(std::move(content)),
        source(ByteView(std::string_view(bytes))),
        msf(pdb::Msf::open(source)) {
    types = *pdb::Types::open(*msf, msf->stream(2));
    ids = *pdb::Types::open(*msf, msf->stream(4));
  }
  OpenTypes(const OpenTypes&) = delete;
  OpenTypes& operator=(const OpenTypes&) = delete;

  [[nodiscard]] std::string name(std::uint32_t id) { return pdb::inlinee_name(ids, types, id); }

  std::string bytes;
  MemorySource source;
  Result<pdb::Msf> msf;
  pdb::Types types, ids;
};

/// The id of a method of that type.
std::uint32_t method_of(PdbBuilder& builder, std::uint32_t leaf, const ByteBuilder& body) {
  const auto type = builder.type(leaf, body);
  return builder.id(0x1602, ByteBuilder().u32(type).u32(0x1000).c_string("m"));
}

ByteBuilder class_of_size(const ByteBuilder& size) {
  return ByteBuilder().u16(0).u16(0).u32(0).u32(0).u32(0).raw(size.bytes()).c_string("C");
}

TEST(PdbTypes, QualifiesMethodsByEveryKindOfClass) {
  PdbBuilder builder;
  std::vector<std::uint32_t> ids;
  for (const std::uint32_t leaf : {0x1504u, 0x1505u, 0x1519u}) {
    ids.push_back(method_of(builder, leaf, class_of_size(ByteBuilder().u16(8))));
  }
  ids.push_back(
      method_of(builder, 0x1506, ByteBuilder().u16(0).u16(0).u32(0).u16(8).c_string("C")));
  ids.push_back(
      method_of(builder, 0x1507, ByteBuilder().u16(0).u16(0).u32(0).u32(0).c_string("C")));
  for (const std::uint32_t leaf : {0x8000u, 0x8001u, 0x8002u, 0x8003u, 0x8004u, 0x8009u, 0x800au}) {
    const std::size_t width = leaf == 0x8000 ? 1 : leaf < 0x8003 ? 2 : leaf < 0x8009 ? 4 : 8;
    ids.push_back(
        method_of(builder, 0x1505, class_of_size(ByteBuilder().u16(leaf).fill(width, 'x'))));
  }
  OpenTypes file(builder.finish());
  for (const auto id : ids) EXPECT_EQ(file.name(id), "C::m") << id;
}

TEST(PdbTypes, NamesAMethodWithoutItsClassWhereThatIsDamaged) {
  PdbBuilder builder;
  const auto number = method_of(builder, 0x1505, class_of_size(ByteBuilder().u16(0x8005)));
  const auto other = method_of(builder, 0x1002, ByteBuilder().u32(0));
  const auto nowhere = builder.id(0x1602, ByteBuilder().u32(0xffff'0000).u32(0).c_string("m"));
  const auto simple = builder.id(0x1602, ByteBuilder().u32(0x74).u32(0).c_string("m"));
  const auto scope = builder.function_id("f", 0xffff'ffff);
  const auto own_scope = builder.function_id("g", scope + 1);
  OpenTypes file(builder.finish());
  for (const auto id : {number, other, nowhere, simple}) EXPECT_EQ(file.name(id), "m");
  EXPECT_EQ(file.name(scope), "f");
  EXPECT_EQ(file.name(own_scope), "g");
}

TEST(PdbTypes, HasNoNameForWhatIsNoFunction) {
  PdbBuilder builder;
  const auto text = builder.id(0x1605, ByteBuilder().u32(0).c_string("text"));
  const auto short_record = builder.id(0x1601, ByteBuilder().u32(0));
  OpenTypes file(builder.finish());
  EXPECT_EQ(file.name(text), "");
  EXPECT_EQ(file.name(short_record), "");
  EXPECT_EQ(file.name(0xfff), "");
  EXPECT_EQ(file.name(short_record + 1), "");
}

TEST(PdbTypes, FindsRecordsWithAndWithoutSkipPoints) {
  for (const bool index_offsets : {true, false}) {
    PdbBuilder builder;
    builder.index_offsets = index_offsets;
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 3000; ++i) ids.push_back(builder.function_id("f" + std::to_string(i)));
    OpenTypes file(builder.finish());
    for (const int i : {0, 1, 2, 1023, 1024, 1025, 2048, 2999}) {
      EXPECT_EQ(file.name(ids[static_cast<std::size_t>(i)]), "f" + std::to_string(i));
    }
  }
}

TEST(PdbTypes, RefusesAHeaderThatDoesNotFit) {
  PdbBuilder builder;
  builder.types = "short";
  const std::string bytes = builder.finish();
  MemorySource source{ByteView(std::string_view(bytes))};
  const auto msf = pdb::Msf::open(source);
  EXPECT_EQ(pdb::Types::open(*msf, msf->stream(2)).error().code(), Errc::Truncated);
  PdbBuilder large;
  large.types = ByteBuilder().u32(20040203).u32(0xffff).fill(48).bytes();
  const std::string other_bytes = large.finish();
  MemorySource other{ByteView(std::string_view(other_bytes))};
  const auto other_msf = pdb::Msf::open(other);
  EXPECT_EQ(pdb::Types::open(*other_msf, other_msf->stream(2)).error().code(), Errc::Malformed);
}

}  // namespace
}  // namespace vigil::test
