// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

/// `vigil.yaml`: every key with its default, unit and limit. The same table makes the commented
/// file in config/ and checks it. An unknown key, a wrong type or unit, or a value out of range is
/// refused with file, line, column and what would be right; nothing is half applied.
namespace vigil::settings {

struct Settings {
  // log
  std::string log_level = "info";             ///< trace, debug, info, warning, error
  std::uint64_t log_max_bytes = 10ull << 20;  ///< Of one log file.
  std::uint32_t log_files = 5;                ///< Kept besides the current one.
  bool event_log = true;  ///< Warnings and errors also go to the Windows Event Log.
  // watch
  Microseconds poll_interval{1'000'000};  ///< Of the process table.
  Microseconds join_window{10'000'000};   ///< How long signals of one death may be apart.
  bool local_dumps = true;                ///< Have WER leave dumps of crashes in the inbox.
  bool aedebug = false;  ///< Register vigil-dumper as the system's AeDebug debugger.
  // capture
  std::uint32_t max_concurrent_captures = 4;
  Microseconds capture_timeout{300'000'000};       ///< Of one dump.
  std::uint64_t min_free_disk_bytes = 1ull << 30;  ///< Below this no dump is taken; rows still are.
  std::uint32_t inbox_max_files = 200;             ///< More waiting in the inbox are refused.
  // analysis
  std::uint32_t analysis_workers = 1;
  Microseconds analysis_timeout{60'000'000};
  std::uint64_t analysis_max_memory_bytes = 512ull << 20;
  std::uint32_t analysis_attempts = 3;  ///< After this many interrupted tries the row is failed.

  // store
  Microseconds keep_dumps{std::chrono::hours(24 * 30)};  ///< Where their rule says nothing else.
  Microseconds keep_rows{std::chrono::hours(24 * 365)};

  // actions
  bool webhooks = false;  ///< What rules want done after a capture is done only where this says so.
  bool restarts = false;
  bool programs = false;

  // symbols
  std::string symbol_path;                  ///< Besides DataPaths::symbols(). Empty: nothing.
  bool fetch_symbols = false;               ///< From the servers of symbol_path.
  Microseconds fetch_timeout{120'000'000};  ///< Of one dump's.

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// Defaults where \p path does not exist. Messages name the file as \p path does. The error of a
/// file that is refused holds all that is wrong with it, a line each: `vigil.yaml:3:5: unknown key
/// 'levle'; did you mean 'level'?`
[[nodiscard]] Result<Settings> load_settings(const std::filesystem::path& path);
/// The same of text. \p file is only for messages.
[[nodiscard]] Result<Settings> parse_settings(std::string_view yaml, const std::string& file);

/// The commented default file: what the service writes when there is none, and config/vigil.yaml.
[[nodiscard]] std::string default_settings_file();

/// The folders and files under one data folder.
struct DataPaths {
  /// Also what messages name the folder of rules by.
  static constexpr const char* kRulesFolder = "rules.d";

  std::filesystem::path root;
  [[nodiscard]] std::filesystem::path settings_file() const { return root / "vigil.yaml"; }
  [[nodiscard]] std::filesystem::path rules_folder() const { return root / kRulesFolder; }
  /// Copies of rule files as they were last in force.
  [[nodiscard]] std::filesystem::path last_good_rules() const { return root / "last-good-rules"; }
  [[nodiscard]] std::filesystem::path inbox() const { return root / "inbox"; }
  [[nodiscard]] std::filesystem::path dumps() const { return root / "dumps"; }
  [[nodiscard]] std::filesystem::path store_file() const { return root / "vigil.db"; }
  [[nodiscard]] std::filesystem::path logs() const { return root / "logs"; }
  [[nodiscard]] std::filesystem::path symbols() const { return root / "symbols"; }
};

}  // namespace vigil::settings
