// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "symbols/symbols.h"
#include "unit/unwind/fake_process.h"

namespace vigil::symbols {
namespace {

using test::ByteBuilder;
using test::CodeModule;
using test::FakeProcess;
using test::InfoBuilder;
using test::PeBuilder;

/// An export at 0x1100, whose function is 0x1100 to 0x1180; another function from 0x1200 on; a part
/// of the first one at 0x1300.
CodeModule module(std::string_view name = "_ZN6orders4Cart5totalEv") {
  CodeModule result;
  const auto info = result.add_info(InfoBuilder(0).build());
  result.function(0x1100, 0x1180, InfoBuilder(0).build());
  result.function(0x1200, 0x1280, InfoBuilder(0).build());
  result.function(0x1300, 0x1380, InfoBuilder(0).chained(0x1100, 0x1180, info).build());
  return result.exports(name, 0x1100);
}

struct Names {
  explicit Names(const CodeModule& module) : symbolizer(process) {
    process.module(FakeProcess::kBase, module.build().mapped());
  }
  FakeProcess process;
  Symbolizer symbolizer;
};

TEST(Symbolizer, NamesAFunctionByItsExport) {
  Names names(module());
  const auto symbol = names.symbolizer.name(0, 0x1123);
  ASSERT_TRUE(symbol.has_value());
  EXPECT_EQ(symbol->place.function, "orders::Cart::total");
  EXPECT_EQ(symbol->decorated, "_ZN6orders4Cart5totalEv");
  EXPECT_EQ(symbol->offset, 0x23u);
  EXPECT_EQ(to_string(symbol->source), "exports");
  EXPECT_TRUE(symbol->certain);
}

TEST(Symbolizer, DoesNotNameAnotherFunctionAfterAnExportBelowIt) {
  Names names(module());
  EXPECT_FALSE(names.symbolizer.name(0, 0x1234).has_value());
  EXPECT_FALSE(names.symbolizer.name(0, 0x10ff).has_value());
}

TEST(Symbolizer, DoesNotNameALeafAfterTheFunctionBeforeIt) {
  Names names(module());
  EXPECT_FALSE(names.symbolizer.name(0, 0x1190).has_value());
}

TEST(Symbolizer, NamesALeafByItsOwnExportAndSaysThatItMayBeAnother) {
  CodeModule leaf = module();
  Names names(leaf.exports("leaf", 0x1188));
  const auto symbol = names.symbolizer.name(0, 0x1190);
  ASSERT_TRUE(symbol.has_value());
  EXPECT_EQ(symbol->place.function, "leaf");
  EXPECT_FALSE(symbol->certain);
}

TEST(Symbolizer, NamesAPartOfAFunctionAfterTheFunction) {
  Names names(module());
  const auto symbol = names.symbolizer.name(0, 0x1310);
  ASSERT_TRUE(symbol.has_value());
  EXPECT_EQ(symbol->place.function, "orders::Cart::total");
  EXPECT_EQ(symbol->offset, 0x210u);
}

TEST(Symbolizer, IsNeverCertainOfX86) {
  CodeModule code(PeBuilder::kX86);
  Names names(code.exports("_f@12", 0x1100));
  const auto symbol = names.symbolizer.name(0, 0x1123);
  ASSERT_TRUE(symbol.has_value());
  EXPECT_EQ(symbol->place.function, "f");
  EXPECT_FALSE(symbol->certain);
}

TEST(Symbolizer, NamesNothingFarBehindAnExportOfX86) {
  CodeModule code(PeBuilder::kX86);
  Names names(code.exports("f", 0x1000));
  EXPECT_TRUE(names.symbolizer.name(0, 0x1fff).has_value());
  EXPECT_FALSE(names.symbolizer.name(0, 0x2001).has_value());
}

TEST(Symbolizer, NamesAnExportWithoutNameByItsOrdinal) {
  CodeModule code = module();
  ByteBuilder bytes(code.build().mapped());
  bytes.patch_u32(CodeModule::kExports + 24, 0);  // no names
  FakeProcess process;
  process.module(FakeProcess::kBase, bytes.bytes());
  Symbolizer symbolizer(process);
  EXPECT_EQ(symbolizer.name(0, 0x1123)->place.function, "Ordinal1");
}

TEST(Symbolizer, ReadsExportsUpToItsLimit) {
  FakeProcess process;
  for (std::uint64_t i = 0; i < 3; ++i)
    process.module(FakeProcess::kBase + i * 0x10'0000, module().build().mapped());
  Symbolizer symbolizer(process, nullptr, 4);  // a function and a name of each module
  EXPECT_TRUE(symbolizer.name(2, 0x1123).has_value());
  EXPECT_TRUE(symbolizer.name(0, 0x1123).has_value());
  EXPECT_TRUE(symbolizer.left_out().empty());
  EXPECT_FALSE(symbolizer.name(1, 0x1123).has_value());
  EXPECT_FALSE(symbolizer.name(1, 0x1123).has_value());
  EXPECT_EQ(symbolizer.left_out(), std::vector<std::size_t>{1});
  EXPECT_TRUE(symbolizer.name(2, 0x1123).has_value());
}

TEST(Symbolizer, NamesNothingWithoutImageOrExports) {
  FakeProcess process;
  CodeModule code;
  process.module_without_image(FakeProcess::kBase);
  process.module(FakeProcess::kBase + 0x10'0000, code.build().mapped());
  Symbolizer symbolizer(process);
  EXPECT_FALSE(symbolizer.name(0, 0x1000).has_value());
  EXPECT_FALSE(symbolizer.name(1, 0x1000).has_value());
}

}  // namespace
}  // namespace vigil::symbols
