// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "unit/pdb/pdb_support.h"

// What is looked at of a large file, since a symbol file has hundreds of megabytes.
namespace vigil::test {
namespace {

constexpr std::uint32_t kModules = 300, kProcedures = 100, kProcedureBytes = 16;

class CountingSource final : public ByteSource {
 public:
  explicit CountingSource(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] Result<ByteView> view(std::uint64_t offset, std::uint64_t size) override {
    seen += size;
    return bytes_.slice(offset, size);
  }
  std::uint64_t seen = 0;

 private:
  ByteView bytes_;
};

/// Procedures one after the other, each with a line and a public.
std::string large_file() {
  PdbBuilder builder;
  builder.section(0x1000, kModules * kProcedures * kProcedureBytes);
  std::uint32_t offset = 0;
  for (std::uint32_t module = 0; module < kModules; ++module) {
    SymbolBuilder symbols;
    LinesBuilder lines;
    builder.contribution(1, offset, kProcedures * kProcedureBytes, module);
    for (std::uint32_t i = 0; i < kProcedures; ++i, offset += kProcedureBytes) {
      const std::string name = "f" + std::to_string(offset);
      symbols.begin_procedure(name, 1, offset, kProcedureBytes).end();
      lines.lines(1, offset, kProcedureBytes, {{0, {{0, i + 1}}}});
      builder.public_symbol("?" + name, 1, offset);
    }
    builder.module(symbols.bytes(), lines.bytes());
  }
  return builder.finish(4096);
}

TEST(PdbCost, OfOneAddressIsThePathToItAndOneModule) {
  const std::string bytes = large_file();
  ASSERT_GT(bytes.size(), 3'000'000u);
  CountingSource source{ByteView(std::string_view(bytes))};
  auto pdb = pdb::Pdb::open(source);
  ASSERT_TRUE(pdb.ok());
  EXPECT_LT(source.seen, 10'000u);
  const auto location = pdb->locate(0x1000 + 12'345 * kProcedureBytes);
  ASSERT_TRUE(location);
  EXPECT_EQ(location->function, "f197520");
  EXPECT_EQ(location->places.at(0).line, 46u);
  // The list of modules has to be read as far as the module's.
  EXPECT_LT(source.seen, 200'000u);
}

TEST(PdbCost, OfTheNextAddressInAModuleIsOnlyThePath) {
  const std::string bytes = large_file();
  CountingSource source{ByteView(std::string_view(bytes))};
  auto pdb = pdb::Pdb::open(source);
  ASSERT_TRUE(pdb.ok());
  (void)pdb->locate(0x1000);
  const auto before = source.seen;
  for (std::uint32_t i = 0; i < kProcedures; ++i) {
    ASSERT_TRUE(pdb->locate(0x1000 + i * kProcedureBytes));
  }
  EXPECT_LT(source.seen - before, kProcedures * 3'000u);
}

TEST(PdbCost, OfANameIsItsBucketAndNoOtherSymbol) {
  const std::string bytes = large_file();
  CountingSource source{ByteView(std::string_view(bytes))};
  auto pdb = pdb::Pdb::open(source);
  ASSERT_TRUE(pdb.ok());
  ASSERT_EQ(pdb->find_name("?f197520"), 0x1000u + 197'520);
  const auto before = source.seen;
  EXPECT_EQ(pdb->find_name("?f16"), 0x1010u);
  EXPECT_EQ(pdb->find_name("?f17"), std::nullopt);
  EXPECT_LT(source.seen - before, 10'000u);
}

TEST(PdbCost, OfATypeIsTheTableOfNamesAndAFewRecords) {
  constexpr std::uint32_t kTypes = 20'000;
  PdbBuilder builder;
  builder.section(0x1000, 0x1000);
  for (std::uint32_t i = 0; i < kTypes; ++i) {
    builder.structure("type_with_a_long_name_" + std::to_string(i), i + 8,
                      FieldsBuilder().member("first_member", 0x77, 0).member("second", 0x75, i));
  }
  const std::string bytes = builder.finish(4096);
  ASSERT_GT(bytes.size(), 2'000'000u);
  CountingSource source{ByteView(std::string_view(bytes))};
  auto pdb = pdb::Pdb::open(source);
  ASSERT_TRUE(pdb.ok());
  EXPECT_EQ(pdb->find_member("type_with_a_long_name_12345", "second")->offset, 12'345u);
  constexpr std::uint64_t kRecords = 2 * kTypes, kValueBytes = 4;
  EXPECT_LT(source.seen, kRecords * kValueBytes + 20'000u);
  // What was found once is known.
  const auto before = source.seen;
  EXPECT_EQ(pdb->find_member("type_with_a_long_name_12345", "first_member")->offset, 0u);
  EXPECT_LT(source.seen - before, 20'000u);
}

/// The same four-letter words in any order come to one hash. Of so many not all are looked at,
/// whatever is asked.
TEST(PdbCost, OfTypesByOneHashHasALimit) {
  constexpr int kTypes = 3000, kQuestions = 50;
  std::vector<std::string> words{"alfa", "beta", "curl", "dual", "east", "fond", "glue", "hood"};
  const auto name = [&words] {
    std::string text;
    for (const auto& word : words) text += word;
    return text;
  };
  PdbBuilder builder;
  builder.section(0x1000, 0x1000);
  for (int i = 0; i < kTypes; ++i, std::ranges::next_permutation(words))
    builder.structure(name(), 8, FieldsBuilder().member("x", 0x75, 4));
  const std::string bytes = builder.finish(4096);
  CountingSource source{ByteView(std::string_view(bytes))};
  auto pdb = pdb::Pdb::open(source);
  ASSERT_TRUE(pdb.ok());
  EXPECT_EQ(pdb->find_type("alfabetacurldualeastfondgluehood")->size, 8u);
  EXPECT_EQ(pdb->find_type("alfabetacurldualeastfondgluehool"), std::nullopt);
  for (int i = 0; i < kQuestions; ++i, std::ranges::next_permutation(words))
    EXPECT_EQ(pdb->find_type(name()), std::nullopt);
  // All records once, and for each question the records in front of a hundred others.
  EXPECT_LT(source.seen, 2 * bytes.size() + kQuestions * 1'000'000u);
}

}  // namespace
}  // namespace vigil::test
