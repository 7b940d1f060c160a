// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/symbol_path.h"

namespace vigil {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Path = std::filesystem::path;

std::vector<SymbolPathElement> elements(std::string_view text) {
  auto parsed = parse_symbol_path(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? std::move(parsed).take() : std::vector<SymbolPathElement>();
}

TEST(SymbolPath, IsFoldersBetweenSemicolons) {
  const auto path = elements(" one ;;two words;");
  ASSERT_EQ(path.size(), 2u);
  EXPECT_THAT(path[0].folders, ElementsAre(Path("one")));
  EXPECT_THAT(path[1].folders, ElementsAre(Path("two words")));
  EXPECT_EQ(path[0].server, "");
}

TEST(SymbolPath, HasServersWithTheirCaches) {
  const auto path = elements(
      "srv*near*far*https://symbols.example.com/a;SRV*http://b.example.com;"
      "symsrv*symsrv.dll*cache*https://c.example.com;srv**https://d.example.com");
  ASSERT_EQ(path.size(), 4u);
  EXPECT_THAT(path[0].folders, ElementsAre(Path("near"), Path("far")));
  EXPECT_EQ(path[0].server, "https://symbols.example.com/a");
  EXPECT_THAT(path[1].folders, IsEmpty());
  EXPECT_EQ(path[1].server, "http://b.example.com");
  EXPECT_THAT(path[2].folders, ElementsAre(Path("cache")));
  EXPECT_EQ(path[2].server, "https://c.example.com");
  EXPECT_THAT(path[3].folders, IsEmpty());
  EXPECT_EQ(path[3].server, "https://d.example.com");
}

TEST(SymbolPath, KnowsCachesAndBareServers) {
  const auto path = elements("cache*here;https://e.example.com");
  ASSERT_EQ(path.size(), 2u);
  EXPECT_THAT(path[0].folders, ElementsAre(Path("here")));
  EXPECT_EQ(path[1].server, "https://e.example.com");
}

TEST(SymbolPath, OfNothingIsEmpty) {
  EXPECT_TRUE(elements("").empty());
  EXPECT_TRUE(elements(" ; ;").empty());
}

TEST(SymbolPath, NamesTheElementThatMakesNoSense) {
  const auto keyword = parse_symbol_path("ok;svr*cache*https://symbols.example.com");
  ASSERT_FALSE(keyword.ok());
  EXPECT_EQ(keyword.error().code(), Errc::Malformed);
  EXPECT_THAT(keyword.error().message(), HasSubstr("'svr*cache*https://symbols.example.com'"));
  const auto behind = parse_symbol_path("srv*https://symbols.example.com*cache");
  ASSERT_FALSE(behind.ok());
  EXPECT_THAT(behind.error().message(), HasSubstr("behind the server"));
}

}  // namespace
}  // namespace vigil
