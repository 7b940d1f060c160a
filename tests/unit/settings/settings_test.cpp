// SPDX-License-Identifier: Apache-2.0
#include "settings/settings.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/utf.h"
#include "settings/keys.h"

namespace vigil::settings {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string error_of(std::string_view text) {
  const auto settings = parse_settings(text, "vigil.yaml");
  return settings.ok() ? "" : settings.error().message();
}

TEST(Settings, AreTheDefaultsWhereTheFileSaysNothing) {
  for (const auto* text :
       {"", "# nothing\n", "log:\n", "log: {}\n", "log:\nwatch:\ncapture:\nanalysis:\n"}) {
    const auto settings = parse_settings(text, "f");
    ASSERT_TRUE(settings.ok()) << text;
    EXPECT_EQ(*settings, Settings{}) << text;
  }
}

TEST(Settings, TakeEveryKind) {
  const auto settings = parse_settings(
      "log: { level: debug, max_size: 2MiB, files: 0, event_log: false }\n"
      "watch:\n  poll_interval: 500ms\n  aedebug: true\n"
      "capture: { min_free_disk: 0B }\n"
      "symbols: { path: 'D:\\s;srv*https://symbols.example.com', fetch: true }\n",
      "f");
  ASSERT_TRUE(settings.ok()) << settings.error().message();
  Settings expected;
  expected.log_level = "debug";
  expected.log_max_bytes = 2 << 20;
  expected.log_files = 0;
  expected.event_log = false;
  expected.poll_interval = 500ms;
  expected.aedebug = true;
  expected.min_free_disk_bytes = 0;
  expected.symbol_path = "D:\\s;srv*https://symbols.example.com";
  expected.fetch_symbols = true;
  EXPECT_EQ(*settings, expected);
}

TEST(Settings, RefuseASymbolPathThatIsNone) {
  EXPECT_EQ(error_of("symbols:\n  path: 'svr*https://symbols.example.com'\n"),
            "vigil.yaml:2:9: symbol path: 'svr*https://symbols.example.com' begins with 'svr*', "
            "which is not srv*, symsrv* or cache*");
}

TEST(Settings, RefuseToFetchFromNowhere) {
  const std::string complaint =
      "vigil.yaml:2:10: 'path' names no server to fetch from, as srv*https://symbols.example.com "
      "does";
  EXPECT_EQ(error_of("symbols:\n  fetch: true\n"), complaint);
  EXPECT_EQ(error_of("symbols:\n  fetch: true\n  path: 'D:\\symbols'\n"), complaint);
  EXPECT_EQ(error_of("symbols: { fetch: true, path: 'srv*https://symbols.example.com' }\n"), "");
}

TEST(Settings, SayWhatIsWrongWithLineAndColumn) {
  EXPECT_EQ(error_of("log:\n  levle: info\n"),
            "vigil.yaml:2:3: unknown key 'levle'; did you mean 'level'?");
  EXPECT_EQ(error_of("lgo:\n  level: info\n"),
            "vigil.yaml:1:1: unknown key 'lgo'; did you mean 'log'?");
  EXPECT_EQ(error_of("log: { level: inof }\n"),
            "vigil.yaml:1:15: unknown value 'inof'; did you mean 'info'?");
  EXPECT_EQ(error_of("log: { files: many }\n"),
            "vigil.yaml:1:15: expected a whole number, found 'many'");
  EXPECT_EQ(error_of("log: { event_log: on }\n"),
            "vigil.yaml:1:19: expected true or false, found 'on'");
  EXPECT_EQ(error_of("log: { max_size: 10MB }\n"),
            "vigil.yaml:1:18: '10MB' has an unknown unit; did you mean '10MiB'?");
  EXPECT_EQ(error_of("watch: { poll_interval: 5 }\n"),
            "vigil.yaml:1:25: '5' has no unit; a duration is a whole number with one of ms, s, m, "
            "h and d, such as 30s");
  EXPECT_EQ(error_of("log: info\n"),
            "vigil.yaml:1:6: expected a map of level, max_size, files and event_log, found the "
            "text 'info'");
}

TEST(Settings, SayAllThatIsWrongALineEach) {
  EXPECT_EQ(error_of("log:\n  levle: info\n  files: 1000\nx: 1\n"),
            "vigil.yaml:2:3: unknown key 'levle'; did you mean 'level'?\n"
            "vigil.yaml:3:10: '1000' is out of range: from 0 to 100\n"
            "vigil.yaml:4:1: unknown key 'x'; known here: log, watch, capture, analysis, store, "
            "actions and symbols");
}

TEST(Settings, SayWhenTheFileIsNotYaml) {
  EXPECT_EQ(error_of("[log]\nlevel = info\n"),
            "vigil.yaml:2:1: this does not belong to what stands above it; check the indentation");
  EXPECT_EQ(error_of("hello\n"),
            "vigil.yaml:1:1: expected a map of log, watch, capture, analysis, store, actions and "
            "symbols, found "
            "the text 'hello'");
  EXPECT_EQ(error_of("log:\n\tlevel: info\n"),
            "vigil.yaml:2:1: a tab in the indentation; YAML is indented with spaces only");
  EXPECT_EQ(parse_settings("{", "f").error().code(), Errc::Malformed);
}

/// One line of YAML that sets \p key to \p value.
std::string set(const Key& key, std::string_view value) {
  return fmt::format("{}: {{ {}: {} }}\n", key.group, key.name, value);
}

TEST(Settings, HoldEveryRangeAtItsBorders) {
  const auto check = [](const Key& key, auto min, auto max, std::string_view unit) {
    EXPECT_EQ(error_of(set(key, fmt::format("{}{}", min, unit))), "");
    EXPECT_EQ(error_of(set(key, fmt::format("{}{}", max, unit))), "");
    EXPECT_NE(error_of(set(key, fmt::format("{}{}", max + 1, unit))), "");
    if (min == 0) return;
    EXPECT_NE(error_of(set(key, fmt::format("{}{}", min - 1, unit))), "");
  };
  for (const auto& key : keys()) {
    if (const auto* count = std::get_if<Count>(&key.value)) check(key, count->min, count->max, "");
    if (const auto* size = std::get_if<Size>(&key.value)) check(key, size->min, size->max, "B");
    if (const auto* duration = std::get_if<Duration>(&key.value)) {
      check(key, duration->min.count() / 1000, duration->max.count() / 1000, "ms");
    }
  }
}

TEST(Settings, HaveEveryDefaultInItsRange) {
  for (const auto& key : keys())
    EXPECT_EQ(error_of(set(key, format_value(key, Settings{}))), "") << key.name;
}

class LoadSettings : public testing::Test {
 protected:
  LoadSettings() { fs::create_directories(folder_); }
  ~LoadSettings() override { fs::remove_all(folder_); }

  fs::path write(std::string_view text) {
    std::ofstream(folder_ / "vigil.yaml", std::ios::binary) << text;
    return folder_ / "vigil.yaml";
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / "vigil_load_settings_test";
};

TEST_F(LoadSettings, ReadsTheFile) {
  EXPECT_EQ(load_settings(write("log: { files: 7 }\n"))->log_files, 7u);
}

TEST_F(LoadSettings, TakesAMissingFileForTheDefaults) {
  EXPECT_EQ(load_settings(folder_ / "none.yaml").value(), Settings{});
}

TEST_F(LoadSettings, NamesTheFileInMessages) {
  const auto path = write("x: 1\n");
  EXPECT_EQ(load_settings(path).error().message().substr(0, utf8_from_path(path).size() + 6),
            utf8_from_path(path) + ":1:1: ");
}

TEST_F(LoadSettings, RefusesAFolderAndALargeFile) {
  EXPECT_EQ(load_settings(folder_).error().message(),
            utf8_from_path(folder_) + ": is a folder, not a file");
  EXPECT_EQ(load_settings(write(std::string(300'000, '\n'))).error().code(), Errc::LimitExceeded);
}

TEST(DataPaths, AreUnderTheRoot) {
  const DataPaths paths{"root"};
  EXPECT_EQ(paths.settings_file(), fs::path("root") / "vigil.yaml");
  EXPECT_EQ(paths.rules_folder(), fs::path("root") / "rules.d");
  EXPECT_EQ(paths.inbox(), fs::path("root") / "inbox");
  EXPECT_EQ(paths.dumps(), fs::path("root") / "dumps");
  EXPECT_EQ(paths.store_file(), fs::path("root") / "vigil.db");
  EXPECT_EQ(paths.logs(), fs::path("root") / "logs");
}

}  // namespace
}  // namespace vigil::settings
