// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "settings/keys.h"
#include "settings/settings.h"

namespace vigil::settings {
namespace {

std::string read(const char* folder, const char* name) {
  std::ifstream stream(std::filesystem::path(VIGIL_SOURCE_DIR) / folder / name, std::ios::binary);
  EXPECT_TRUE(stream) << name;
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The default file with every key put in force.
std::string uncommented(std::string text) {
  for (std::size_t at = 0; (at = text.find("\n  #", at)) != std::string::npos; ++at) {
    if (text[at + 4] != ' ') text.erase(at + 3, 1);
  }
  return text;
}

TEST(DefaultFile, IsTheOneInConfig) {
  EXPECT_EQ(default_settings_file(), read("config", "vigil.yaml"));
}

TEST(DefaultFile, IsReadAsTheDefaults) {
  const auto settings = parse_settings(default_settings_file(), "f");
  ASSERT_TRUE(settings.ok()) << settings.error().message();
  EXPECT_EQ(*settings, Settings{});
}

TEST(DefaultFile, WithItsKeysInForceIsReadAsTheDefaultsToo) {
  const auto text = uncommented(default_settings_file());
  for (const auto& key : keys())
    EXPECT_NE(text.find(fmt::format("\n  {}: ", key.name)), std::string::npos) << key.name;
  const auto settings = parse_settings(text, "f");
  ASSERT_TRUE(settings.ok()) << settings.error().message();
  EXPECT_EQ(*settings, Settings{});
}

TEST(DefaultFile, FitsAHundredColumns) {
  std::istringstream lines(default_settings_file());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(SettingsPage, HasARowForEveryKey) {
  const auto page = read("docs/formats", "settings.md");
  for (const auto& key : keys()) {
    const auto row = fmt::format("| `{}.{}` | {} | {} |", key.group, key.name,
                                 format_value(key, Settings{}), format_range(key));
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace vigil::settings
