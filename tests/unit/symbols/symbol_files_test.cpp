// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/platform.h"
#include "symbols/symbols.h"
#include "unit/image/pe_builder.h"
#include "unit/pdb/pdb_support.h"
#include "unit/symbols/temp_folder.h"
#include "unit/unwind/fake_process.h"

namespace vigil::symbols {
namespace {

using test::TempFolder;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::uint64_t kMaxIndexBytes = 1 << 20;
constexpr std::string_view kId = "5A9832E5287241C1838ED98914E9B7FF1";

std::string sym_text(std::string_view id = kId) {
  return "MODULE windows x86_64 " + std::string(id) +
         " orders.pdb\nFILE 0 cart.cpp\nINLINE_ORIGIN 0 Item::price\nFUNC 1000 20 0 Cart::total\n"
         "INLINE 0 12 0 0 1008 4\n1000 20 7 0\nPUBLIC 2000 0 ?find@?$Map@H@@QEAAHXZ\n"
         "STACK CFI INIT 1000 20 .cfa: $rsp 8 + .ra: .cfa 8 - ^\n"
         "STACK WIN 4 1000 20 0 0 4 0 0 0 1 $T0 .raSearch =\n";
}

std::vector<snapshot::Module> modules(std::string id = std::string(kId)) {
  snapshot::Module module;
  module.base = 0x10000;
  module.size = 0x10000;
  module.debug_file = "D:\\build\\orders.pdb";
  module.debug_id = std::move(id);
  return {module};
}

std::string name_at(const SymbolPaths& paths, std::uint32_t rva = 0x1000) {
  const auto all = modules();
  Library library(paths);
  SymbolFiles files(all, library);
  const auto symbol = files.locate(0, rva);
  return symbol ? symbol->place.function : "";
}

TEST(SymbolFiles, FindsASymInEachLayout) {
  for (const std::string& name : {"orders.pdb/" + std::string(kId) + "/orders.sym",
                                  "or/orders.pdb/" + std::string(kId) + "/orders.sym",
                                  std::string("orders.sym"), std::string("Orders.SYM")}) {
    const TempFolder folder;
    folder.write(name, sym_text());
    EXPECT_EQ(name_at({.folders = {folder.path()}}), "Cart::total") << name;
  }
}

/// An image at 0x10000 that names `orders.pdb` of kId.
void add_image_with_codeview(test::FakeMemory& memory) {
  constexpr std::uint32_t kDebug = 0x2000;
  test::ByteBuilder debug;
  debug.u32(0).u32(0).u32(0).u32(2).u32(0x100).u32(kDebug + 28).u32(0);
  debug.raw("RSDS").u32(0x5A98'32E5).u16(0x2872).u16(0x41C1);
  for (const unsigned byte : {0x83u, 0x8Eu, 0xD9u, 0x89u, 0x14u, 0xE9u, 0xB7u, 0xFFu})
    debug.u8(byte);
  debug.u32(1).c_string("d:\\out\\orders.pdb");
  test::PeBuilder pe;
  pe.section(".rdata", kDebug, test::PeBuilder::kReadOnly, debug.bytes());
  pe.directory(6, kDebug, 28);
  memory.add(0x10000, pe.mapped());
}

/// Writers that do not look into images, as Wine's debugger, leave the record out of a dump.
TEST(SymbolFiles, AskTheImageWhatTheDumpDoesNotSay) {
  const TempFolder folder;
  folder.write("orders.sym", sym_text());
  test::FakeMemory memory;
  add_image_with_codeview(memory);
  auto all = modules("");
  all[0].debug_file.clear();
  Library library({.folders = {folder.path()}});
  ModuleImages images(all, memory, library);
  SymbolFiles without(all, library);
  EXPECT_FALSE(without.locate(0, 0x1000));
  SymbolFiles files(all, library, &images);
  const auto symbol = files.locate(0, 0x1000);
  ASSERT_TRUE(symbol);
  EXPECT_EQ(symbol->place.function, "Cart::total");
  EXPECT_EQ(files.state(0).debug_file, "orders.pdb");
  EXPECT_EQ(files.state(0).debug_id, kId);
}

TEST(SymbolFiles, BelieveTheDumpBeforeTheImage) {
  const TempFolder folder;
  folder.write("orders.sym", sym_text());
  test::FakeMemory memory;
  add_image_with_codeview(memory);
  const auto all = modules("00000000000000000000000000000000A");
  Library library({.folders = {folder.path()}});
  ModuleImages images(all, memory, library);
  SymbolFiles files(all, library, &images);
  EXPECT_FALSE(files.locate(0, 0x1000));
  EXPECT_EQ(files.state(0).debug_id, "");
}

std::vector<snapshot::Module> many_modules(std::size_t count, std::string_view prefix) {
  std::vector<snapshot::Module> all;
  for (std::size_t i = 0; i < count; ++i) {
    auto& module = all.emplace_back();
    module.debug_file = std::string(prefix) + std::to_string(i) + ".pdb";
    module.debug_id = kId;
  }
  return all;
}

TEST(SymbolFiles, UndecoratesWhatIsPublic) {
  const TempFolder folder;
  folder.write("orders.sym", sym_text());
  EXPECT_EQ(name_at({.folders = {folder.path()}}, 0x2000), "Map<int>::find");
}

TEST(SymbolFiles, LooksForALimitedNumberOfThemInOneDump) {
  const TempFolder folder;
  const auto all = many_modules(Library::kMaxOpenFiles + 1, "m");
  Library library({.folders = {folder.path()}});
  SymbolFiles files(all, library);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_FALSE(files.locate(i, 0x1000));
  EXPECT_TRUE(files.state(all.size() - 2).refused.empty());
  EXPECT_THAT(files.state(all.size() - 1).refused,
              testing::Contains(HasSubstr("a symbol file was not looked for")));
}

TEST(SymbolFiles, ClosesThoseOfEarlierDumps) {
  const TempFolder folder;
  folder.write("orders.sym", sym_text());
  Library library({.folders = {folder.path()}});
  for (const auto* prefix : {"a", "b", "c"}) {
    const auto all = many_modules(Library::kMaxOpenFiles / 2 + 1, prefix);
    SymbolFiles files(all, library);
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_FALSE(files.locate(i, 0x1000));
  }
  const auto last = modules();
  SymbolFiles files(last, library);
  EXPECT_TRUE(files.locate(0, 0x1000));
}

TEST(SymbolFiles, SaysWhatTheSymSays) {
  const TempFolder folder;
  folder.write("orders.sym", sym_text());
  const auto all = modules();
  Library library({.folders = {folder.path()}});
  SymbolFiles files(all, library);
  const auto symbol = files.locate(0, 0x1009);
  ASSERT_TRUE(symbol);
  EXPECT_EQ(symbol->place, (Place{"Cart::total", "cart.cpp", 12}));
  EXPECT_EQ(symbol->inlined, (std::vector<Place>{{"Item::price", "cart.cpp", 7}}));
  EXPECT_EQ(symbol->offset, 9u);
  EXPECT_EQ(symbol->source, SymbolSource::Sym);
  EXPECT_TRUE(symbol->certain);
  EXPECT_FALSE(files.locate(0, 0x2001)->certain);
  EXPECT_TRUE(files.cfi_rules(0, 0x1000));
  EXPECT_EQ(files.win_frame(0, 0x1000)->params_size, 4u);
  EXPECT_EQ(files.state(0).source, SymbolSource::Sym);
}

TEST(SymbolFiles, RefusesAnotherBuildAndGoesOn) {
  const TempFolder first, second;
  first.write("orders.sym", sym_text("00000000000000000000000000000000a"));
  second.write("orders.sym", sym_text());
  const auto all = modules();
  Library library({.folders = {first.path(), second.path()}});
  SymbolFiles files(all, library);
  EXPECT_TRUE(files.locate(0, 0x1000));
  ASSERT_EQ(files.state(0).refused.size(), 1u);
  EXPECT_THAT(files.state(0).refused[0], HasSubstr("is of another build"));
}

TEST(SymbolFiles, PrefersAPdbAndTakesRulesFromTheSym) {
  const auto pdb = test::Sample().finish();
  const auto id = pdb::debug_id(test::OpenPdb(pdb).pdb->identity());
  const TempFolder folder;
  folder.write("orders.pdb", pdb);
  folder.write("orders.sym", sym_text(id));
  const auto all = modules(id);
  Library library({.folders = {folder.path()}});
  SymbolFiles files(all, library);
  const auto symbol = files.locate(0, 0x1110);
  ASSERT_TRUE(symbol);
  EXPECT_EQ(symbol->source, SymbolSource::Pdb);
  EXPECT_EQ(symbol->place, (Place{"ns::outer", "C:\\src\\main.cpp", 12}));
  ASSERT_EQ(symbol->inlined.size(), 1u);
  EXPECT_EQ(symbol->inlined[0].function, "ns::inner");
  EXPECT_TRUE(files.cfi_rules(0, 0x1000));
  EXPECT_EQ(files.state(0).source, SymbolSource::Pdb);
}

TEST(SymbolFiles, SaysWhatOfAPdbIsDamaged) {
  for (const bool damaged : {true, false}) {
    test::Sample sample;
    if (damaged) sample.symbols.patch_u32(0, 99);
    const auto pdb = sample.finish();
    const TempFolder folder;
    folder.write("orders.pdb", pdb);
    const auto all = modules(pdb::debug_id(test::OpenPdb(pdb).pdb->identity()));
    Library library({.folders = {folder.path()}});
    SymbolFiles files(all, library);
    EXPECT_TRUE(files.losses(0).empty());
    EXPECT_TRUE(files.locate(0, 0x1110));
    const auto losses = files.losses(0);
    if (damaged) {
      EXPECT_THAT(losses,
                  ElementsAre(EndsWith("orders.pdb: module 0: symbols: signature 99 and not 4")));
    } else {
      EXPECT_TRUE(losses.empty());
    }
  }
}

TEST(SymbolFiles, RefusesThePdbOfAnotherBuild) {
  const TempFolder folder;
  folder.write("orders.pdb", test::Sample().finish());
  const auto all = modules();
  Library library({.folders = {folder.path()}});
  SymbolFiles files(all, library);
  EXPECT_FALSE(files.locate(0, 0x1110));
  ASSERT_FALSE(files.state(0).refused.empty());
  EXPECT_THAT(files.state(0).refused[0], HasSubstr("is of another build"));
}

TEST(SymbolFiles, FindsNothingForNamesThatLeadElsewhere) {
  const TempFolder folder;
  folder.write("inside/orders.sym", sym_text());
  folder.write("orders.sym", sym_text());
  for (const auto* name : {"", "..", "..\\orders.pdb\\..", "nul", "C:"}) {
    auto all = modules();
    all[0].debug_file = name;
    Library library({.folders = {folder.path() / "inside"}});
    SymbolFiles files(all, library);
    EXPECT_FALSE(files.locate(0, 0x1000)) << name;
  }
}

TEST(IndexCache, KeepsAnIndexAndTakesItTheNextTime) {
  const TempFolder folder;
  folder.write("orders.sym", sym_text());
  const SymbolPaths paths{.folders = {folder.path()}, .index_cache = folder.path() / "new/cache"};
  EXPECT_EQ(name_at(paths), "Cart::total");
  const std::filesystem::directory_iterator entries(paths.index_cache);
  ASSERT_EQ(std::distance(begin(entries), end(entries)), 1);
  EXPECT_EQ(name_at(paths), "Cart::total");
}

TEST(IndexCache, BuildsADamagedIndexAgain) {
  const TempFolder folder;
  folder.write("orders.sym", sym_text());
  const SymbolPaths paths{.folders = {folder.path()}, .index_cache = folder.path() / "cache"};
  EXPECT_EQ(name_at(paths), "Cart::total");
  const auto index = std::filesystem::directory_iterator(paths.index_cache)->path();
  const auto size = std::filesystem::file_size(index);
  std::filesystem::resize_file(index, size / 2);
  EXPECT_EQ(name_at(paths), "Cart::total");
  EXPECT_EQ(std::filesystem::file_size(index), size);
}

TEST(IndexCache, BuildsAnIndexAgainThatLeadsToWrongLines) {
  const TempFolder folder;
  folder.write("orders.sym", sym_text());
  const SymbolPaths paths{.folders = {folder.path()}, .index_cache = folder.path() / "cache"};
  EXPECT_EQ(name_at(paths), "Cart::total");
  const auto index = std::filesystem::directory_iterator(paths.index_cache)->path();
  const auto content = platform::read_file(index, kMaxIndexBytes);
  ASSERT_TRUE(content.ok());
  constexpr std::size_t kFirstFunction = 80, kOffset = kFirstFunction + 8;
  auto damaged = *content;
  damaged[kOffset] = static_cast<char>(damaged[kOffset] + 1);
  ASSERT_TRUE(platform::write_file_atomically(index, damaged).ok());
  EXPECT_EQ(name_at(paths), "Cart::total");
  EXPECT_EQ(*platform::read_file(index, kMaxIndexBytes), *content);
}

TEST(IndexCache, IsDoneWithoutWhereItCannotBeWritten) {
  const TempFolder folder;
  folder.write("orders.sym", sym_text());
  const auto in_the_way = folder.write("file", "");
  EXPECT_EQ(name_at({.folders = {folder.path()}, .index_cache = in_the_way / "cache"}),
            "Cart::total");
}

}  // namespace
}  // namespace vigil::symbols
