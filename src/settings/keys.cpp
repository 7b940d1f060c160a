// SPDX-License-Identifier: Apache-2.0
#include "settings/keys.h"

#include <chrono>

#include <fmt/format.h>

#include "yaml/yaml.h"

namespace vigil::settings {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kGiB = 1ull << 30;
constexpr Microseconds kTenYears = 24h * 3650;
constexpr std::string_view kLogLevels[] = {"trace", "debug", "info", "warning", "error"};

using S = Settings;

constexpr Key kKeys[] = {
    {"log", "level", "From which level on messages are written.",
     Choice{&S::log_level, kLogLevels}},
    {"log", "max_size", "When a log file has this size the next one begins.",
     Size{&S::log_max_bytes, kMiB, kGiB}},
    {"log", "files", "How many full log files are kept besides the current one.",
     Count{&S::log_files, 0, 100}},
    {"log", "event_log", "Whether warnings and errors go to the Windows Event Log too.",
     Flag{&S::event_log}},

    {"watch", "poll_interval", "How often the list of processes is looked through for new ones.",
     Duration{&S::poll_interval, 100ms, 1min}},
    {"watch", "join_window",
     "How far apart the signals of one death (dump, exit, event) may come and still be one row.",
     Duration{&S::join_window, 1s, 5min}},
    {"watch", "local_dumps",
     "Whether Windows Error Reporting is told to leave dumps of what the rules want in the inbox\n"
     "(its LocalDumps keys). What they said before is put back when this is false, and when Vigil\n"
     "is uninstalled.",
     Flag{&S::local_dumps}},
    {"watch", "aedebug",
     "Whether vigil-dumper is registered as the system's debugger of crashing programs (AeDebug).",
     Flag{&S::aedebug}},

    {"capture", "max_concurrent",
     "How many dumps are written at the same time; more wait their turn.",
     Count{&S::max_concurrent_captures, 1, 64}},
    {"capture", "timeout", "How long writing one dump may take before it is given up.",
     Duration{&S::capture_timeout, 10s, 24h}},
    {"capture", "min_free_disk",
     "With less free space than this on the disk of the dumps no dump is taken. What happened\n"
     "is recorded all the same.",
     Size{&S::min_free_disk_bytes, 0, 1024 * kGiB}},
    {"capture", "inbox_max_files", "How many files may wait in the inbox folder; more are refused.",
     Count{&S::inbox_max_files, 1, 10'000}},

    {"analysis", "workers", "How many dumps are analysed at the same time.",
     Count{&S::analysis_workers, 1, 16}},
    {"analysis", "timeout", "How long the analysis of one dump may take.",
     Duration{&S::analysis_timeout, 1s, 1h}},
    {"analysis", "max_memory", "How much memory the analysis of one dump may use.",
     Size{&S::analysis_max_memory_bytes, 64 * kMiB, 64 * kGiB}},
    {"analysis", "attempts",
     "How often the analysis of one dump is begun before it counts as failed: a stop of the\n"
     "service or of the machine interrupts it.",
     Count{&S::analysis_attempts, 1, 10}},

    {"store", "keep_dumps",
     "How long a dump is kept; a rule may say something else of its own. The report stays.",
     Duration{&S::keep_dumps, 1h, kTenYears}},
    {"store", "keep_rows", "How long what happened is kept, with its report.",
     Duration{&S::keep_rows, 24h, kTenYears}},

    {"actions", "webhooks", "Whether 'then: { webhook: … }' of a rule is done.",
     Flag{&S::webhooks}},
    {"actions", "restarts",
     "Whether 'then: { restart: … }' of a rule is done: the service is stopped and started, and\n"
     "its process ended where it does not stop.",
     Flag{&S::restarts}},
    {"actions", "programs",
     "Whether 'then: { run: … }' of a rule is done. The program runs as LocalService, without\n"
     "privileges.",
     Flag{&S::programs}},

    {"symbols", "path",
     "Where the symbols of the programs that die are, as debuggers take it: folders and symbol\n"
     "servers, 'D:\\symbols;srv*https://symbols.example.com'. The folder 'symbols' beside this\n"
     "file is looked in first.",
     SymbolPath{&S::symbol_path}},
    {"symbols", "fetch",
     "Whether symbols that an analysis lacks are fetched from the servers of 'path' into that\n"
     "folder. It tells them which programs died here.",
     Flag{&S::fetch_symbols}},
    {"symbols", "fetch_timeout", "How long the symbols of one dump may take to come.",
     Duration{&S::fetch_timeout, 1s, 1h}},
};

struct FormatValue {
  const Settings& settings;
  std::string operator()(const Choice& v) const { return settings.*v.member; }
  std::string operator()(const Flag& v) const { return settings.*v.member ? "true" : "false"; }
  std::string operator()(const Count& v) const { return fmt::format("{}", settings.*v.member); }
  std::string operator()(const Size& v) const { return yaml::format_size(settings.*v.member); }
  std::string operator()(const Duration& v) const { return yaml::format_exact(settings.*v.member); }
  /// In single quotes nothing in it has a meaning, which a backslash would otherwise.
  std::string operator()(const SymbolPath& v) const {
    return fmt::format("'{}'", settings.*v.member);
  }
};

struct FormatRange {
  std::string operator()(const SymbolPath&) const { return "a symbol path"; }
  std::string operator()(const Choice& v) const {
    return fmt::format("one of {}", yaml::join_names(v.values));
  }
  std::string operator()(const Flag&) const { return "true or false"; }
  std::string operator()(const Count& v) const {
    return fmt::format("from {} to {}", v.min, v.max);
  }
  std::string operator()(const Size& v) const {
    return fmt::format("from {} to {}", yaml::format_size(v.min), yaml::format_size(v.max));
  }
  std::string operator()(const Duration& v) const {
    return fmt::format("from {} to {}", yaml::format_exact(v.min), yaml::format_exact(v.max));
  }
};

}  // namespace

std::span<const Key> keys() noexcept {
  return kKeys;
}

std::string format_value(const Key& key, const Settings& settings) {
  return std::visit(FormatValue{settings}, key.value);
}

std::string format_range(const Key& key) {
  return std::visit(FormatRange{}, key.value);
}

}  // namespace vigil::settings
