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

}  // namespace
}  // namespace vigil::test
